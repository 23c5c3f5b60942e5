import { describe, expect, it } from 'vitest'
import type { Limits, QueueFullPolicy } from '../../src/contracts/limits.ts'
import type { WireClient } from '../support/wire-client.ts'
import { unique } from '../support/wire-steps.ts'
import { startBroker, type StartedBroker, until } from './started-broker.ts'

const withLimits = (limits: Partial<Limits>) => startBroker({ limits })
const lasting = { sessionExpiryInterval: 600 }
const numbers = (count: number) => Array.from({ length: count }, (_, index) => `${index}`)

/** Leaves a session behind that waits for `topicName`. */
async function leaveSession(broker: StartedBroker, topicName: string, qos = 1): Promise<string> {
  const clientId = unique('away')
  const client = await broker.client({ clientId, properties: lasting })
  await client.subscribe({ topicFilter: topicName, qos })
  await client.disconnect(0)
  return clientId
}

const resume = (broker: StartedBroker, clientId: string) =>
  broker.client({ clientId, cleanStart: false, properties: lasting })

/** As max_queued_messages 10 and max_inflight_messages 4 of Mosquitto. */
const asMosquitto = {
  maximumQueuedMessages: 10,
  maximumInflightMessages: 4,
  queueCountsInflight: false,
  queueFullPolicy: 'drop-newest',
} as const

/** Everything a client is owed, acknowledged by and by. */
async function takenSlowly(client: WireClient): Promise<string[]> {
  const texts: string[] = []
  for (;;) {
    const more = (await client.rest()).filter((packet) => packet.kind === 'publish')
    if (more.length === 0) return texts
    for (const { text, packetId } of more) {
      texts.push(text)
      client.acknowledge('puback', packetId)
    }
  }
}

async function publish(broker: StartedBroker, topicName: string, texts: readonly string[], qos = 1) {
  const publisher = await broker.client()
  for (const text of texts) await publisher.publish(topicName, text, { qos })
  await publisher.barrier()
}

describe('messages in flight', () => {
  it.each([
    [2, 10, 2],
    [10, 2, 2],
    [3, undefined, 3],
  ])('maximumInflightMessages %d, Receive Maximum %s: %d at once', async (ours, receiveMaximum, expected) => {
    const broker = await withLimits({ maximumInflightMessages: ours })
    const client = await broker.client({ properties: receiveMaximum === undefined ? {} : { receiveMaximum } })
    await client.subscribe({ topicFilter: 't', qos: 1 })
    await publish(broker, 't', numbers(5))
    const list = await client.publishes(expected)
    expect(await client.rest()).toEqual([])
    client.acknowledge('puback', list[0]?.packetId ?? 0)
    expect((await client.next('publish')).text).toBe(`${expected}`)
    expect(await client.rest()).toEqual([])
  })

  it('maximumInflightMessages: holds for 3.1.1 clients, and not for QoS 0', async () => {
    const broker = await withLimits({ maximumInflightMessages: 1 })
    const client = await broker.client({ version: 4 })
    await client.subscribe({ topicFilter: 't', qos: 1 })
    await publish(broker, 't', ['one', 'two'])
    await publish(broker, 't', ['zero'], 0)
    expect(await client.restOfPayloads()).toEqual(['one', 'zero'])
  })
})

describe('the queue of a session', () => {
  const kept: [policy: QueueFullPolicy, texts: string[]][] = [
    ['drop-oldest', ['3', '4', '5']],
    ['drop-newest', ['0', '1', '2']],
  ]
  it.each(kept)('maximumQueuedMessages, queueFullPolicy %s: kept are %j', async (queueFullPolicy, texts) => {
    const broker = await withLimits({ maximumQueuedMessages: 3, queueFullPolicy })
    const clientId = await leaveSession(broker, 't')
    await publish(broker, 't', numbers(6))
    expect(broker.drops('queue-full')).toBe(3)
    const client = await resume(broker, clientId)
    expect(await client.restOfPayloads()).toEqual(texts)
  })

  it.each(kept)('maximumQueuedBytes, queueFullPolicy %s: kept are %j', async (queueFullPolicy, texts) => {
    const broker = await withLimits({ maximumQueuedBytes: 3 * (1 + 1), queueFullPolicy })
    const clientId = await leaveSession(broker, 't')
    await publish(broker, 't', numbers(6))
    expect(broker.drops('queue-full')).toBe(3)
    expect(await (await resume(broker, clientId)).restOfPayloads()).toEqual(texts)
  })

  it('maximumQueuedBytes: a message that is larger than the whole queue is dropped', async () => {
    const broker = await withLimits({ maximumQueuedBytes: 100, queueFullPolicy: 'drop-newest' })
    const clientId = await leaveSession(broker, 't')
    await publish(broker, 't', ['small', 'x'.repeat(200), 'other'])
    expect(await (await resume(broker, clientId)).restOfPayloads()).toEqual(['small', 'other'])
    expect(broker.drops('queue-full')).toBe(1)
  })

  it('maximumQueuedMessages: what is in flight counts, and is never pushed out', async () => {
    const broker = await withLimits({ maximumQueuedMessages: 3, queueFullPolicy: 'drop-oldest' })
    const client = await broker.client({ properties: { ...lasting, receiveMaximum: 2 } })
    await client.subscribe({ topicFilter: 't', qos: 1 })
    await publish(broker, 't', numbers(6))
    const sent = await client.publishes(2)
    expect(sent.map((one) => one.text)).toEqual(['0', '1'])
    for (const { packetId } of sent) client.acknowledge('puback', packetId)
    expect(await client.restOfPayloads()).toEqual(['5'])
    expect(broker.drops('queue-full')).toBe(3)
  })

  const onTop: [version: 4 | 5, ofSession: string, receiveMaximum: number, count: number][] = [
    [5, 'that lasts', 2, 12],
    [5, 'that lasts', 100, 14],
    [5, 'that ends with its connection', 2, 12],
    [4, 'that lasts', 100, 14],
  ]
  it.each(onTop)(
    'queueCountsInflight off: a slow client of version %d with a session %s and Receive Maximum %d has %d',
    async (version, ofSession, receiveMaximum, count) => {
      const broker = await withLimits({ ...asMosquitto })
      const lasts = ofSession === 'that lasts'
      const properties = version === 4 ? {} : { receiveMaximum, ...(lasts ? lasting : {}) }
      const client = await broker.client({ version, cleanStart: !lasts, properties })
      await client.subscribe({ topicFilter: 't', qos: 2 })
      await publish(broker, 't', numbers(20))
      expect(broker.drops('queue-full')).toBe(20 - count)
      expect(await takenSlowly(client)).toEqual(numbers(count))
    },
  )

  it('queueCountsInflight off: as many more as a client may have in flight, while it is there', async () => {
    const broker = await withLimits({ ...asMosquitto })
    const clientId = await leaveSession(broker, 't')
    await publish(broker, 't', numbers(20))
    expect(broker.drops('queue-full')).toBe(10)
    const client = await resume(broker, clientId)
    await publish(broker, 't', ['10', '11', '12', '13', '14'])
    expect(broker.drops('queue-full')).toBe(11)
    await client.abort()
    await publish(broker, 't', ['more'])
    expect(broker.drops('queue-full')).toBe(12)
    expect(await takenSlowly(await resume(broker, clientId))).toEqual(numbers(14))
  })

  it('queueCountsInflight off: what was received and not completed is still in flight', async () => {
    const broker = await withLimits({ ...asMosquitto })
    const client = await broker.client({ properties: lasting })
    await client.subscribe({ topicFilter: 't', qos: 2 })
    await publish(broker, 't', numbers(4), 2)
    for (const { packetId } of await client.publishes(4)) {
      client.acknowledge('pubrec', packetId)
      await client.next('pubrel')
    }
    await publish(broker, 't', numbers(20), 2)
    expect(broker.drops('queue-full')).toBe(10)
  })

  it('queueFullPolicy disconnect: ends the session of a client that is away', async () => {
    const broker = await withLimits({ maximumQueuedMessages: 3, queueFullPolicy: 'disconnect' })
    const clientId = await leaveSession(broker, 't')
    await publish(broker, 't', numbers(4))
    const client = await resume(broker, clientId)
    expect(client.connack.sessionPresent).toBe(false)
    expect(await client.rest()).toEqual([])
    expect(broker.drops('queue-full')).toBe(1)
    expect(broker.drops('session-ended')).toBe(3)
  })

  it('queueFullPolicy disconnect: closes the connection of one that does not acknowledge', async () => {
    const broker = await withLimits({ maximumQueuedMessages: 3, queueFullPolicy: 'disconnect' })
    const client = await broker.client({ properties: { ...lasting, receiveMaximum: 1 } })
    await client.subscribe({ topicFilter: 't', qos: 1 })
    await publish(broker, 't', numbers(4))
    expect((await client.closed()).reasonCode).toBe(0x97)
  })

  it.each([
    [true, ['zero', 'one']],
    [false, ['one']],
  ])('queueQos0 %s: a client that is back gets %j', async (queueQos0, texts) => {
    const broker = await withLimits({ queueQos0 })
    const clientId = await leaveSession(broker, 't')
    await publish(broker, 't', ['zero'], 0)
    await publish(broker, 't', ['one'], 1)
    const client = await resume(broker, clientId)
    expect(await client.restOfPayloads()).toEqual(texts)
    expect(broker.drops('offline-qos0')).toBe(queueQos0 ? 0 : 1)
  })
})

const megabyte = 1024 * 1024

/** Publishes QoS 0 messages until `reader`, who does not read, has had some dropped. Returns how many were sent. */
async function flood(broker: StartedBroker, publisher: WireClient, topicName: string): Promise<number> {
  const payload = Buffer.alloc(256 * 1024)
  let sent = 0
  while (broker.drops('outbox-full') < 8 && sent < 400) {
    await publisher.publish(topicName, payload)
    await publisher.barrier()
    sent++
  }
  return sent
}

describe('a client that does not read', () => {
  it('maximumOutboxBytes: loses QoS 0, counted, and gets QoS 1 later in order', async () => {
    const broker = await withLimits({ maximumOutboxBytes: megabyte })
    const reader = await broker.client({ autoAcknowledge: true })
    await reader.subscribe([{ topicFilter: 'zero' }, { topicFilter: 'one', qos: 1 }])
    const publisher = await broker.client()
    reader.transport.pause()
    const sent = await flood(broker, publisher, 'zero')
    expect(broker.broker.statistics.gauges().outboxBytes).toBeLessThan(2 * megabyte)
    await publish(broker, 'one', numbers(50))
    const dropped = broker.drops('outbox-full')
    expect(dropped).toBeGreaterThan(0)
    reader.transport.resume()
    const texts = (await reader.publishes(50 + sent - dropped)).filter((one) => one.topicName === 'one')
    expect(texts.map((one) => one.text)).toEqual(numbers(50))
    await publisher.publish('zero', 'again') // it keeps up now
    expect(await reader.restOfPayloads()).toEqual(['again'])
    expect(broker.drops('outbox-full')).toBe(dropped)
  })

  it('maximumOutboxBytes: holds up nobody else', async () => {
    const broker = await withLimits({ maximumOutboxBytes: megabyte })
    const [reader, other] = [await broker.client(), await broker.client()]
    for (const client of [reader, other]) await client.subscribe('t')
    reader.transport.pause()
    const sent = await flood(broker, await broker.client(), 't')
    expect(await other.publishes(sent)).toHaveLength(sent)
  })

  it('maximumOutboxBytes: one that sends without reading the answers is not read either', async () => {
    const broker = await withLimits({ maximumOutboxBytes: 128 * 1024 })
    const client = await broker.client()
    const { counters } = broker.broker.statistics
    await client.subscribe('echo')
    client.transport.pause()
    const before = counters.publishReceived
    const payload = Buffer.alloc(256 * 1024)
    const total = 100
    for (let count = 0; count < total; count++) client.sendPublish('echo', payload)
    await until(() => broker.broker.statistics.gauges().outboxBytes > 128 * 1024)
    await broker.settle()
    expect(counters.publishReceived - before).toBeLessThan(total)
    client.transport.resume()
    await client.barrier() // behind all of them
    expect(counters.publishReceived - before).toBe(total)
  })

  it('maximumOutboxBytesTotal: above it every client with more than 64 KiB waiting counts as full', async () => {
    const broker = await withLimits({ maximumOutboxBytes: 100 * megabyte, maximumOutboxBytesTotal: megabyte })
    const [reader, other] = [await broker.client(), await broker.client()]
    await reader.subscribe('t')
    await other.subscribe('small')
    reader.transport.pause()
    const publisher = await broker.client()
    await flood(broker, publisher, 't')
    expect(broker.broker.statistics.gauges().outboxBytes).toBeLessThan(2 * megabyte)
    const dropped = broker.drops('outbox-full')
    expect(dropped).toBeGreaterThan(0)
    await publish(broker, 'small', numbers(100)) // one that reads is not affected
    expect(await other.restOfPayloads()).toEqual(numbers(100))
    expect(broker.drops('outbox-full')).toBe(dropped)
  })
})
