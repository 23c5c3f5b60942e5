import { describe, expect, it } from 'vitest'
import { hex, packet, prefixed, publishPacket, type PublishFields, type Text } from '../support/wire-packets.ts'
import { unique, useBroker } from '../support/wire-steps.ts'

const broker = useBroker(4)
const badText = hex('61 ed a0 80')

async function subscriber(topicFilter: string, qos = 2) {
  const client = await broker.client({ autoAcknowledge: true })
  await client.subscribe({ topicFilter, qos })
  return client
}

describe('a PUBLISH that breaks a rule closes the connection and goes nowhere', () => {
  const topicName = unique('refused')
  const cases: [title: string, topicName: Text, fields: PublishFields][] = [
    ['[MQTT311-3.3.1-4] QoS 3', topicName, { qos: 3 }],
    ['[MQTT311-3.3.1-2] DUP at QoS 0', topicName, { dup: true }],
    ['[MQTT311-3.3.2-1] topic not UTF-8', badText, {}],
    ['[MQTT311-3.3.2-2] [MQTT311-4.7.1-1] topic with #', `${topicName}/#`, { retain: true }],
    ['[MQTT311-3.3.2-2] [MQTT311-4.7.1-1] topic with +', `${topicName}/+`, { retain: true }],
    ['[MQTT311-4.7.1-1] topic with + inside a level', `${topicName}+a`, { retain: true }],
    ['[MQTT311-4.7.3-1] empty topic', '', {}],
    ['[MQTT311-4.7.3-2] topic with U+0000', `${topicName}/\0`, {}],
    ['[MQTT311-2.3.1-1] packet identifier 0 at QoS 1', topicName, { qos: 1, packetId: 0 }],
    ['[MQTT311-2.3.1-1] packet identifier 0 at QoS 2', topicName, { qos: 2, packetId: 0 }],
  ]
  it.each(cases)('[MQTT311-4.8.0-1] %s', async (_title, badTopic, fields) => {
    const watcher = await subscriber('#', 0)
    const client = await broker.client()
    client.send(publishPacket(4, badTopic, 'x', fields))
    await client.closed()
    expect(client.received.map((one) => one.kind)).toEqual(['connack'])
    expect(await watcher.rest()).toEqual([])
  })

  const cutOff: [title: string, bytes: Uint8Array][] = [
    ['[MQTT311-3.3.2-1] no topic', hex('30 00')],
    ['[MQTT311-3.3.2-1] topic cut off', hex('30 04 00 05 61 62')],
    ['[MQTT311-2.3.1-1] no packet identifier', packet(0x32, prefixed('a'))],
    ['[MQTT311-2.3.1-1] packet identifier cut off', packet(0x32, prefixed('a'), [1])],
  ]
  it.each(cutOff)('[MQTT311-4.8.0-1] %s', async (_title, bytes) => {
    const client = await broker.client()
    client.send(bytes)
    await client.closed()
    expect(client.received.map((one) => one.kind)).toEqual(['connack'])
  })
})

describe('a PUBLISH that is accepted', () => {
  it.each([
    [0, []],
    [1, ['puback']],
    [2, ['pubrec']],
  ] as const)('[MQTT311-3.3.4-1] at QoS %d is answered by %j', async (qos, kinds) => {
    const client = await broker.client()
    for (const topicName of [unique('nobody'), unique('nobody')]) {
      const packetId = client.sendPublish(topicName, 'x', { qos })
      if (qos > 0) expect(await client.next(qos === 1 ? 'puback' : 'pubrec')).toMatchObject({ packetId })
    }
    expect(await client.rest()).toEqual([])
    expect(client.received.map((one) => one.kind)).toEqual(['connack', ...kinds, ...kinds, 'pingresp'])
  })

  it('[MQTT311-2.3.1-5] [MQTT311-4.3.1-1] [MQTT311-3.3.1-2] [MQTT311-2.2.2-1] at QoS 0 has no identifier', async () => {
    const topicName = unique('plain')
    const watcher = await subscriber(topicName)
    await watcher.publish(topicName, 'x')
    const { raw } = await watcher.next('publish')
    const topicBytes = [...Buffer.from(topicName)]
    expect([...raw]).toEqual([0x30, raw.length - 2, 0, topicBytes.length, ...topicBytes, 0x78])
  })

  it.each([1, 2])('[MQTT311-3.3.1-3] goes out with DUP 0 though it came with DUP 1, QoS %d', async (qos) => {
    const topicName = unique('dup')
    const watcher = await subscriber(topicName)
    const client = await broker.client()
    await client.publish(topicName, 'x', { qos, dup: true })
    expect(await watcher.next('publish')).toMatchObject({ qos, dup: false })
  })

  it('[MQTT311-3.3.2-3] goes only to those whose filter matches, under its own name', async () => {
    const stem = unique('match')
    const filters = [`${stem}/a/b`, `${stem}/+/b`, `${stem}/#`, `${stem}/a/c`, `${stem}/a`, `${stem}/a/b/+`]
    const watchers = await Promise.all(filters.map((filter) => subscriber(filter)))
    await (await broker.client()).publish(`${stem}/a/b`, 'x', { qos: 1 })
    const seen = await Promise.all(watchers.map((watcher) => watcher.rest()))
    const topics = seen.map((list) => list.map((one) => (one.kind === 'publish' ? one.topicName : '')))
    expect(topics).toEqual([[`${stem}/a/b`], [`${stem}/a/b`], [`${stem}/a/b`], [], [], []])
  })

  const overlapping: [filters: [string, number][], published: number, expected: number[]][] = [
    [
      [
        ['a/+', 0],
        ['a/b', 2],
      ],
      2,
      [2],
    ],
    [
      [
        ['a/b', 2],
        ['a/+', 0],
      ],
      2,
      [2],
    ],
    [
      [
        ['a/+', 1],
        ['a/b', 0],
        ['#', 0],
      ],
      2,
      [1],
    ],
    [
      [
        ['a/+', 2],
        ['a/b', 1],
      ],
      1,
      [1],
    ],
    [
      [
        ['a/+', 2],
        ['a/b', 2],
      ],
      0,
      [0],
    ],
  ]
  it.each(overlapping)('[MQTT311-3.3.5-1] filters %j, QoS %d: the highest', async (filters, qos, expected) => {
    const stem = unique('overlap')
    const client = await broker.client()
    await client.subscribe(filters.map(([filter, granted]) => ({ topicFilter: `${stem}/${filter}`, qos: granted })))
    const publisher = await broker.client()
    await publisher.publish(`${stem}/a/b`, 'x', { qos })
    await publisher.barrier()
    expect((await client.rest()).map((one) => ('qos' in one ? one.qos : -1))).toEqual(expected)
  })

  const payloads: [string, Uint8Array][] = [
    ['none', new Uint8Array()],
    ['zero bytes', Buffer.alloc(5)],
    ['bytes that are no UTF-8', hex('ff fe ed a0 80')],
    ['127 bytes with its header', Buffer.alloc(100, 1)],
    ['70000 bytes', Buffer.alloc(70_000, 2)],
    ['3000000 bytes', Buffer.alloc(3_000_000, 3)],
  ]
  it.each(payloads)('[MQTT311-7.1.1-1] has any payload: %s', async (_title, payload) => {
    const topicName = unique('payload')
    const client = await broker.client({ autoAcknowledge: true })
    await client.subscribe({ topicFilter: topicName, qos: 2 })
    for (const qos of [0, 1, 2]) {
      await client.publish(topicName, payload, { qos })
      expect(Buffer.compare((await client.next('publish')).payload, payload)).toBe(0)
    }
  })
})
