import { describe, expect, it } from 'vitest'
import type { WireClient } from '../support/wire-client.ts'
import { hex, packet } from '../support/wire-packets.ts'
import { expectClosed, unique, useBroker } from '../support/wire-steps.ts'

const broker = useBroker(5)
const lasting = { sessionExpiryInterval: 600 }

async function subscriber(topicFilter: string, qos: number, clientId = unique('s')): Promise<WireClient> {
  const client = await broker.client({ clientId, properties: lasting })
  await client.subscribe({ topicFilter, qos })
  return client
}

async function publish(topicName: string, qos: number, ...texts: string[]) {
  const publisher = await broker.client()
  for (const text of texts) await publisher.publish(topicName, text, { qos })
  await publisher.disconnect()
}

const resumed = (clientId: string) => broker.client({ clientId, cleanStart: false, properties: lasting })

describe('QoS 1 and 2 toward the broker', () => {
  it.each([1, 32_768, 65_535])('[MQTT5-2.2.1-5] [MQTT5-4.3.2-4] [MQTT5-4.3.3-8] echoes %d', async (packetId) => {
    const client = await broker.client()
    expect(await client.publish('echo', 'x', { qos: 1, packetId })).toMatchObject({ kind: 'puback', packetId })
    expect(await client.publish('echo', 'x', { qos: 2, packetId })).toMatchObject({ kind: 'pubcomp', packetId })
  })

  it.each([false, true])('[MQTT5-4.3.2-5] after PUBACK the identifier is a new message, DUP %s', async (dup) => {
    const topicName = unique('again')
    const watcher = await subscriber(topicName, 0)
    const client = await broker.client()
    await client.publish(topicName, 'one', { qos: 1, packetId: 5 })
    await client.publish(topicName, 'two', { qos: 1, packetId: 5, dup })
    expect(await watcher.restOfPayloads()).toEqual(['one', 'two'])
  })

  it('[MQTT5-4.3.3-10] [MQTT5-U-4.3.3-a] repeats before PUBREL get PUBREC, and are delivered once', async () => {
    const [topicName, clientId] = [unique('repeat'), unique('repeat')]
    const watcher = await subscriber(topicName, 0)
    const first = await broker.client({ clientId, properties: lasting })
    for (const dup of [false, true, false]) {
      first.sendPublish(topicName, 'x', { qos: 2, packetId: 7, dup })
      expect(await first.next('pubrec')).toMatchObject({ packetId: 7 })
    }
    await first.abort()
    const second = await resumed(clientId)
    for (let count = 0; count < 3; count++) {
      second.sendPublish(topicName, 'x', { qos: 2, packetId: 7, dup: true })
      expect((await second.next('pubrec')).reasonCode).toBeLessThan(0x80)
    }
    second.acknowledge('pubrel', 7)
    expect(await second.next('pubcomp')).toMatchObject({ packetId: 7, reasonCode: 0 })
    expect(await watcher.restOfPayloads()).toEqual(['x'])
  })

  const dropAt = ['after PUBREC', 'after PUBREL', 'after PUBCOMP'] as const
  it.each(dropAt)('[MQTT5-U-4.3.3-a] [MQTT5-4.3.3-11] one copy, whatever the place of the drop: %s', async (place) => {
    const [topicName, clientId] = [unique('once'), unique('once')]
    const watcher = await subscriber(topicName, 0)
    const first = await broker.client({ clientId, properties: lasting })
    first.sendPublish(topicName, 'x', { qos: 2, packetId: 7 })
    await first.next('pubrec')
    if (place !== 'after PUBREC') first.acknowledge('pubrel', 7)
    if (place === 'after PUBCOMP') await first.next('pubcomp')
    await first.abort()
    await broker.settle()
    const second = await resumed(clientId)
    if (place === 'after PUBREC') {
      second.sendPublish(topicName, 'x', { qos: 2, packetId: 7, dup: true })
      await second.next('pubrec')
    }
    second.acknowledge('pubrel', 7)
    expect([0x00, 0x92]).toContain((await second.next('pubcomp')).reasonCode)
    expect(await watcher.restOfPayloads()).toEqual(['x'])
  })

  it('[MQTT5-4.3.3-12] after PUBCOMP the identifier is a new message', async () => {
    const topicName = unique('flows')
    const watcher = await subscriber(topicName, 0)
    const client = await broker.client()
    for (const text of ['one', 'two']) await client.publish(topicName, text, { qos: 2, packetId: 7 })
    expect(await watcher.restOfPayloads()).toEqual(['one', 'two'])
  })

  it('[MQTT5-4.3.3-11] [MQTT5-3.7.2-1] PUBREL repeated or unknown gets PUBCOMP; the connection stays', async () => {
    const client = await broker.client()
    await client.publish('released', 'x', { qos: 2, packetId: 3 })
    for (const packetId of [3, 999]) {
      client.acknowledge('pubrel', packetId)
      expect(await client.next('pubcomp')).toMatchObject({ packetId, reasonCode: 0x92 })
    }
    await client.barrier()
  })

  it('[MQTT5-4.3.3-13] the handshake goes on though the message has expired', async () => {
    const client = await broker.client()
    client.sendPublish(unique('t'), 'x', { qos: 2, packetId: 1, properties: { messageExpiryInterval: 1 } })
    await client.next('pubrec')
    await broker.advance(3_000)
    client.acknowledge('pubrel', 1)
    expect(await client.next('pubcomp')).toMatchObject({ packetId: 1, reasonCode: 0 })
  })

  it('[MQTT5-3.6.1-1] PUBREL with other flags than 0010 closes', async () => {
    const client = await broker.client()
    client.send(hex('60 02 00 01'))
    await expectClosed(client, 0x81)
  })
})

describe('QoS 1 from the broker', () => {
  it('[MQTT5-4.3.2-1] [MQTT5-4.3.2-2] [MQTT5-2.2.1-4] first send: unused identifier, QoS 1, DUP 0', async () => {
    const topicName = unique('first')
    const client = await subscriber(topicName, 1)
    await publish(topicName, 1, ...'abcdefghij')
    const list = await client.publishes(10)
    expect(list.every((one) => one.qos === 1 && !one.dup && one.packetId > 0)).toBe(true)
    expect(new Set(list.map((one) => one.packetId)).size).toBe(10)
  })

  it('[MQTT5-4.3.2-3] [MQTT5-3.3.1-1] [MQTT5-4.4.0-1] what has no PUBACK is resent on return, DUP 1', async () => {
    const [topicName, clientId] = [unique('resent'), unique('resent')]
    const first = await subscriber(topicName, 1, clientId)
    await publish(topicName, 1, 'a', 'b', 'c')
    const [a, b, c] = await first.publishes(3)
    first.acknowledge('puback', b?.packetId ?? 0)
    await first.barrier()
    await first.abort()
    const second = await resumed(clientId)
    const resent = (await second.publishes(2)).map((one) => [one.text, one.packetId, one.dup])
    expect(resent).toEqual([
      ['a', a?.packetId, true],
      ['c', c?.packetId, true],
    ])
    expect(await second.rest()).toEqual([])
  })

  it('[MQTT5-4.4.0-1] nothing is resent while the connection stays', async () => {
    const topicName = unique('patient')
    const client = await subscriber(topicName, 2)
    await publish(topicName, 1, 'one')
    await publish(topicName, 2, 'two')
    await client.publishes(2)
    await broker.advance(600_000)
    expect(await client.rest()).toEqual([])
  })

  it.each([0x80, 0x83, 0x97])('[MQTT5-4.4.0-2] PUBACK 0x%x counts as acknowledged', async (reasonCode) => {
    const [topicName, clientId] = [unique('failed'), unique('failed')]
    const first = await subscriber(topicName, 1, clientId)
    await publish(topicName, 1, 'x')
    first.acknowledge('puback', (await first.next('publish')).packetId, reasonCode)
    await first.barrier()
    await first.abort()
    expect(await (await resumed(clientId)).rest()).toEqual([])
  })

  it('[MQTT5-U-3.4-a] a PUBACK may have 2, 3 or 4 bytes after its header', async () => {
    const [topicName, clientId] = [unique('short'), unique('short')]
    const first = await subscriber(topicName, 1, clientId)
    await publish(topicName, 1, 'a', 'b', 'c')
    const ids = (await first.publishes(3)).map((one) => [one.packetId >> 8, one.packetId & 0xff])
    first.send(packet(0x40, ids[0] ?? []), packet(0x40, ids[1] ?? [], [0]), packet(0x40, ids[2] ?? [], [0, 0]))
    await first.barrier()
    await first.abort()
    expect(await (await resumed(clientId)).rest()).toEqual([])
  })

  it('[MQTT5-U-3.4-b] a PUBACK for an unknown identifier is not fatal', async () => {
    const client = await broker.client()
    client.acknowledge('puback', 999)
    expect(await client.rest()).toEqual([])
  })
})

describe('QoS 2 from the broker', () => {
  it('[MQTT5-4.3.3-1] [MQTT5-4.3.3-2] first send: unused identifier, QoS 2, DUP 0', async () => {
    const topicName = unique('first')
    const client = await subscriber(topicName, 2)
    await publish(topicName, 2, 'a', 'b')
    await publish(topicName, 1, 'c')
    const list = await client.publishes(3)
    expect(list.map((one) => [one.qos, one.dup])).toEqual([
      [2, false],
      [2, false],
      [1, false],
    ])
    expect(new Set(list.map((one) => one.packetId)).size).toBe(3)
  })

  it('[MQTT5-4.3.3-3] [MQTT5-3.3.1-1] without PUBREC the PUBLISH is resent on return, DUP 1', async () => {
    const [topicName, clientId] = [unique('unreceived'), unique('unreceived')]
    const first = await subscriber(topicName, 2, clientId)
    await publish(topicName, 2, 'x')
    const { packetId } = await first.next('publish')
    await first.abort()
    const second = await resumed(clientId)
    expect(await second.next('publish')).toMatchObject({ packetId, qos: 2, dup: true, text: 'x' })
  })

  it.each([undefined, 0x00, 0x10])('[MQTT5-4.3.3-4] [MQTT5-3.6.2-1] PUBREC %s is followed by PUBREL', async (code) => {
    const topicName = unique('received')
    const client = await subscriber(topicName, 2)
    await publish(topicName, 2, 'x')
    const { packetId } = await client.next('publish')
    client.acknowledge('pubrec', packetId, code)
    expect(await client.next('pubrel')).toMatchObject({ packetId, reasonCode: 0 })
  })

  it('[MQTT5-4.3.3-4] [MQTT5-4.4.0-2] PUBREC 0x80 and above ends the flow', async () => {
    const [topicName, clientId] = [unique('refused'), unique('refused')]
    const first = await subscriber(topicName, 2, clientId)
    await publish(topicName, 2, 'x')
    first.acknowledge('pubrec', (await first.next('publish')).packetId, 0x87)
    expect(await first.rest()).toEqual([])
    await first.abort()
    expect(await (await resumed(clientId)).rest()).toEqual([])
  })

  it('[MQTT5-4.3.3-5] [MQTT5-4.3.3-6] [MQTT5-4.4.0-1] without PUBCOMP only PUBREL comes again', async () => {
    const [topicName, clientId] = [unique('unreleased'), unique('unreleased')]
    const first = await subscriber(topicName, 2, clientId)
    await publish(topicName, 2, 'x')
    const { packetId } = await first.next('publish')
    first.acknowledge('pubrec', packetId)
    await first.next('pubrel')
    await first.abort()
    const second = await resumed(clientId)
    const again = await second.rest()
    expect(again.map((one) => one.kind)).toEqual(['pubrel'])
    expect(again[0]).toMatchObject({ packetId })
    second.acknowledge('pubcomp', packetId)
    await second.barrier()
    await second.abort()
    expect(await (await resumed(clientId)).rest()).toEqual([])
  })

  it('[MQTT5-4.3.3-7] a message that was sent does not expire', async () => {
    const [topicName, clientId] = [unique('sent'), unique('sent')]
    const first = await subscriber(topicName, 2, clientId)
    const publisher = await broker.client()
    await publisher.publish(topicName, 'x', { qos: 2, properties: { messageExpiryInterval: 1 } })
    const { packetId } = await first.next('publish')
    await first.abort()
    await broker.advance(3_000)
    const second = await resumed(clientId)
    expect(await second.next('publish')).toMatchObject({ packetId, dup: true })
    second.acknowledge('pubrec', packetId)
    expect(await second.next('pubrel')).toMatchObject({ packetId, reasonCode: 0 })
  })

  it('[MQTT5-4.3.3-3] [MQTT5-U-3.4-b] a PUBACK does not end it', async () => {
    const [topicName, clientId] = [unique('mixed-up'), unique('mixed-up')]
    const first = await subscriber(topicName, 2, clientId)
    await publish(topicName, 2, 'x')
    const { packetId } = await first.next('publish')
    first.acknowledge('puback', packetId)
    await first.abort()
    await broker.settle()
    const second = await resumed(clientId)
    expect(await second.next('publish')).toMatchObject({ packetId, dup: true, qos: 2 })
  })

  it('[MQTT5-U-3.5-a] [MQTT5-3.6.2-1] PUBREC for an unknown identifier gets PUBREL 0x92', async () => {
    const client = await broker.client()
    client.acknowledge('pubrec', 999)
    expect(await client.next('pubrel')).toMatchObject({ packetId: 999, reasonCode: 0x92 })
    await client.barrier()
  })
})

describe('both directions', () => {
  it('[MQTT5-U-2.2.1-b] have identifiers of their own', async () => {
    const [topicName, out] = [unique('both'), unique('both-out')]
    const client = await subscriber(topicName, 2)
    await publish(topicName, 2, 'to client')
    const { packetId } = await client.next('publish')
    client.sendPublish(out, 'from client', { qos: 2, packetId })
    expect(await client.next('pubrec')).toMatchObject({ packetId })
    client.acknowledge('pubrec', packetId)
    expect(await client.next('pubrel')).toMatchObject({ packetId, reasonCode: 0 })
    client.acknowledge('pubrel', packetId)
    expect(await client.next('pubcomp')).toMatchObject({ packetId, reasonCode: 0 })
    client.acknowledge('pubcomp', packetId)
    expect(await client.rest()).toEqual([])
  })
})
