import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, expect, it } from 'vitest'
import { WireClient } from '../support/wire-client.ts'
import { ackPacket, connectPacket, joined, pingreqPacket, publishPacket } from '../support/wire-packets.ts'
import { startBroker } from './started-broker.ts'

const started = () => startBroker({ limits: { maximumPayloadBytes: 3 }, sysIntervalSeconds: 0 })

/** All bytes up to PINGRESP, after CONNACK: 0x95 is no code of PUBACK in the standard, and other clients of these tests say so. */
async function answers(port: number, version: 4 | 5, ...packets: Uint8Array[]): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1' })
  const properties = { requestProblemInformation: 0 }
  socket.write(joined(connectPacket(version, { clientId: 'raw', properties }), ...packets, pingreqPacket))
  let bytes = Buffer.alloc(0)
  while (!bytes.toString('hex').endsWith('d000')) {
    const [chunk] = (await once(socket, 'data')) as [Buffer]
    bytes = Buffer.concat([bytes, chunk])
  }
  socket.destroy()
  return bytes.subarray(2 + (bytes[1] as number), -2).toString('hex')
}

describe('maximumPayloadBytes', () => {
  it.each([
    [5, 1, '4003000795'],
    [5, 2, '5003000795'],
    [4, 1, '40020007'],
    [4, 2, '50020007'],
  ] as const)('a larger payload is answered: version %d, QoS %d: %s', async (version, qos, expected) => {
    const broker = await started()
    const watcher = await broker.client()
    await watcher.subscribe({ topicFilter: '#', qos: 2 })
    const packet = publishPacket(version, 't', 'four', { qos, packetId: 7, retain: true })
    expect(await answers(broker.port, version, packet)).toBe(expected)
    expect(await watcher.rest()).toEqual([])
    expect(broker.drops('payload-too-large')).toBe(1)
    expect(broker.broker.statistics.gauges().retainedMessages).toBe(0)
  })

  it('the flow of QoS 2 completes for a 3.1.1 client', async () => {
    const broker = await started()
    const packet = publishPacket(4, 't', 'four', { qos: 2, packetId: 7 })
    expect(await answers(broker.port, 4, packet, ackPacket('pubrel', 7))).toBe('5002000770020007')
  })

  it('is exact to the byte, counts the payload alone, and leaves the connection', async () => {
    const broker = await started()
    const client = await broker.client()
    await client.subscribe('a/long/topic/name')
    const properties = { userProperties: [['much', 'longer']] as [string, string][] }
    await client.publish('a/long/topic/name', 'four')
    await client.publish('a/long/topic/name', '123', { properties })
    expect(await client.restOfPayloads()).toEqual(['123'])
  })

  it.each([
    [5, 'four', 0x95],
    [4, 'four', 5],
    [3, 'four', 5],
    [5, '123', 0],
    [4, '123', 0],
  ] as const)('the will of a CONNECT, version %d: %j is answered 0x%x', async (version, payload, code) => {
    const broker = await started()
    const client = await WireClient.open({ port: broker.port, version })
    expect((await client.connect({ clientId: 'c', will: { topicName: 'w', payload } })).reasonCode).toBe(code)
  })

  it('a will that came in before a reload is dropped when it is to be published', async () => {
    const broker = await startBroker({ sysIntervalSeconds: 0 })
    const watcher = await broker.client()
    await watcher.subscribe('#')
    const clients: WireClient[] = []
    for (const payload of ['four', '123']) clients.push(await broker.client({ will: { topicName: 'w', payload } }))
    const limits = { maximumPayloadBytes: 3 }
    await broker.broker.reload({ listeners: [{ kind: 'tcp', port: 0 }], sysIntervalSeconds: 0, limits })
    for (const client of clients) await client.abort()
    expect((await watcher.next('publish')).text).toBe('123')
    expect(broker.drops('payload-too-large')).toBe(1)
  })

  it('holds from a reload on, for those connected as well', async () => {
    const broker = await started()
    const client = await broker.client()
    await client.subscribe('#')
    await broker.broker.reload({ listeners: [{ kind: 'tcp', port: 0 }], sysIntervalSeconds: 0 })
    await client.publish('t', 'four')
    expect(await client.restOfPayloads()).toEqual(['four'])
  })
})
