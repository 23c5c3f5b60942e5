import { connect } from 'node:net'
import { expect, it } from 'vitest'
import { HeldStore } from '../support/delayed-store.ts'
import { ackPacket, pingreqPacket, publishPacket, subscribePacket } from '../support/wire-packets.ts'
import { answering, startBroker } from './started-broker.ts'

it('a WebSocket upgrade that is refused and reset at once ends nothing but itself', async () => {
  const broker = await startBroker()
  for (let time = 0; time < 20; time++) {
    await new Promise<void>((resolve) => {
      const socket = connect(broker.webSocketPort, '127.0.0.1', () => {
        const lines = ['GET / HTTP/1.1', 'Host: x', 'Connection: Upgrade', 'Upgrade: websocket']
        socket.write(
          `${lines.join('\r\n')}\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
          () => socket.resetAndDestroy(),
        )
      })
      socket.on('error', () => {})
      socket.on('close', () => resolve())
    })
  }
  await (await broker.client({ transport: 'websocket' })).barrier()
})

it('[MQTT5-4.3.3-10] a repeat at QoS 2 is answered as a repeat though the right was taken away meanwhile', async () => {
  const authorizer = { epoch: 0, allowed: true, authorize: () => authorizer.allowed }
  const broker = await startBroker({}, { authorizer })
  const publisher = await broker.client()
  publisher.send(publishPacket(5, 'a', 'first', { qos: 2, packetId: 1 }))
  expect((await publisher.next('pubrec')).reasonCode).toBeLessThan(0x80)
  authorizer.allowed = false
  authorizer.epoch++
  publisher.send(publishPacket(5, 'a', 'first', { qos: 2, packetId: 1, dup: true }))
  expect((await publisher.next('pubrec')).reasonCode).toBeLessThan(0x80)
  publisher.send(ackPacket('pubrel', 1))
  expect((await publisher.next('pubcomp')).reasonCode ?? 0).toBe(0)
})

it('a client that floods PINGREQ and reads nothing is not read any more, and leaves when its keep alive is over', async () => {
  const broker = await startBroker({ limits: { maximumOutboxBytes: 64 * 1024 } })
  const socket = connect(broker.port, '127.0.0.1')
  const isClosed = new Promise<void>((resolve) => socket.on('close', () => resolve()))
  socket.on('error', () => {})
  socket.pause()
  socket.write(Buffer.from([0x10, 0x0f, 0, 4, ...Buffer.from('MQTT'), 4, 2, 0, 10, 0, 3, ...Buffer.from('bad')]))
  const pings = Buffer.concat(Array.from({ length: 32_768 }, () => pingreqPacket))
  const gauges = () => broker.broker.statistics.gauges()
  while (gauges().outboxBytes < 64 * 1024) {
    if (socket.writableLength < 4 * 1024 * 1024) socket.write(pings)
    await new Promise((resolve) => setImmediate(resolve))
  }
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve))
  expect(gauges().outboxBytes).toBeLessThan(1024 * 1024)
  for (let time = 0; time < 3; time++) await broker.advance(15_100)
  await broker.advance(6_000) // what it will not read is given up
  socket.resume()
  await isClosed
  expect(gauges().connections).toBe(0)
})

it('filters that match nothing among many retained messages hold up nobody', async () => {
  const broker = await startBroker()
  const publisher = await broker.client()
  for (let index = 0; index < 20_000; index++)
    publisher.send(publishPacket(5, `big/${index % 100}/${index}`, 'x', { qos: 0, retain: true }))
  await publisher.barrier()
  const greedy = await broker.client()
  const filters = Array.from({ length: 50 }, (_, index) => ({ topicFilter: `+/+/no${index}` }))
  greedy.send(subscribePacket(5, 1, [...filters, { topicFilter: 'big/1/1' }]))
  // with the walks done in one turn, its retained message would be on its way before anybody else is answered
  await greedy.next('suback')
  await publisher.barrier()
  expect(greedy.received.some((packet) => packet.kind === 'publish')).toBe(false)
  expect((await greedy.next('publish')).topicName).toBe('big/1/1')
})

it('a live message that was dropped does not keep the retained one from being sent', async () => {
  const broker = await startBroker({ limits: { receiveMaximum: 4000 } })
  const publisher = await broker.client()
  for (let index = 0; index < 3000; index++)
    publisher.send(publishPacket(5, `r/${index}`, 'kept', { qos: 1, packetId: index + 1, retain: true }))
  await publisher.barrier()
  const resumed = {
    clientId: 'resumed',
    cleanStart: false,
    properties: { sessionExpiryInterval: 60, receiveMaximum: 10 },
  }
  const first = await broker.client(resumed)
  first.send(subscribePacket(5, 1, [{ topicFilter: 'r/#', qos: 1 }]))
  await first.next('publish')
  await first.abort()
  await broker.settle()
  await publisher.publish('r/2999', 'live, dropped', { qos: 0 })
  await publisher.barrier()
  expect(broker.drops('offline-qos0')).toBeGreaterThan(0)
  const again = await broker.client({ ...resumed, autoAcknowledge: true })
  const seen = new Set<string>()
  while (!seen.has('r/2999')) seen.add((await again.next('publish')).topicName)
})

it('messages of a shared subscription that wait are not overtaken, and one that nobody may receive holds up none', async () => {
  const authorizer = {
    epoch: 0,
    authorize: (_client: unknown, access: { action: string; topicName?: string }) =>
      !(access.action === 'receive' && access.topicName === 'x/secret'),
  }
  const broker = await startBroker({}, { authorizer })
  const durable = { clientId: 'member', cleanStart: false, properties: { sessionExpiryInterval: 60 } }
  const member = await broker.client(durable)
  await member.subscribe({ topicFilter: '$share/g/x/#', qos: 1 })
  await member.abort()
  await broker.settle()
  const publisher = await broker.client()
  await publisher.publish('x/secret', 'never', { qos: 1 })
  for (const payload of ['1', '2', '3']) await publisher.publish('x/open', payload, { qos: 1 })
  const back = await broker.client(durable)
  await publisher.publish('x/open', '4', { qos: 1 })
  expect((await back.publishes(4)).map((packet) => String(packet.payload))).toEqual(['1', '2', '3', '4'])
  expect(broker.drops('not-authorized')).toBe(1)
})

it('PUBACK for a message that waits in a durable group waits for its commit', async () => {
  const store = new HeldStore()
  const broker = await startBroker({}, { store })
  const durable = { clientId: 'member', cleanStart: false, properties: { sessionExpiryInterval: 60 } }
  const member = await answering(store, broker.client(durable))
  await answering(store, member.subscribe({ topicFilter: '$share/g/x', qos: 1 }))
  await member.abort()
  await answering(store, broker.settle())
  const publisher = await broker.client()
  publisher.send(publishPacket(5, 'x', 'kept', { qos: 1, packetId: 7 }))
  await publisher.barrier()
  expect(publisher.received.some((packet) => packet.kind === 'puback')).toBe(false)
  expect(store.batches.flat().at(-1)).toMatchObject({ kind: 'message', groups: ['$share/g/x'] })
  expect((await answering(store, publisher.next('puback'))).packetId).toBe(7)
})

it('nobody but the broker publishes under $SYS/broker', async () => {
  const broker = await startBroker()
  const client = await broker.client()
  expect((await client.publish('$SYS/broker/version', 'mine', { qos: 1, retain: true }))?.reasonCode).toBe(0x87)
  await client.subscribe('$SYS/broker/version')
  expect(String((await client.next('publish')).payload)).toMatch(/^topiary version/)
})
