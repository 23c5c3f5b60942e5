import { describe, expect, it } from 'vitest'
import type { Limits } from '../../src/contracts/limits.ts'
import { unique } from '../support/wire-steps.ts'
import { startBroker, type StartedBroker } from './started-broker.ts'

const lasting = { sessionExpiryInterval: 600 }
const withLimits = (limits: Partial<Limits>) => startBroker({ limits })

async function leaveSession(broker: StartedBroker, topicFilter: string, qos = 1): Promise<string> {
  const clientId = unique('away')
  const client = await broker.client({ clientId, properties: lasting })
  await client.subscribe({ topicFilter, qos })
  await client.disconnect(0)
  return clientId
}

async function left(broker: StartedBroker, clientId: string): Promise<string[]> {
  const client = await broker.client({ clientId, cleanStart: false, properties: lasting })
  return client.restOfPayloads()
}

async function publish(broker: StartedBroker, ...messages: readonly (readonly [topicName: string, text: string])[]) {
  const publisher = await broker.client()
  for (const [topicName, text] of messages) await publisher.publish(topicName, text, { qos: 1 })
}

describe('what all sessions together are owed', () => {
  it.each([
    ['maximumQueuedMessagesTotal', 4],
    ['maximumQueuedBytesTotal', 8],
  ] as const)('%s: the session whose message finds no room drops its own oldest', async (name, limit) => {
    const broker = await withLimits({ [name]: limit })
    const a = await leaveSession(broker, 'a')
    const b = await leaveSession(broker, 'b')
    await publish(broker, ['a', '1'], ['a', '2'], ['a', '3'], ['b', '1'], ['b', '2'], ['b', '3'])
    expect(broker.drops('queue-full')).toBe(2)
    expect(await left(broker, a)).toEqual(['1', '2', '3'])
    expect(await left(broker, b)).toEqual(['3'])
  })

  it('maximumQueuedMessagesTotal: what is delivered or thrown away makes room', async () => {
    const broker = await withLimits({ maximumQueuedMessagesTotal: 2, queueFullPolicy: 'drop-newest' })
    const a = await leaveSession(broker, 'a')
    await publish(broker, ['a', '1'], ['a', '2'], ['a', '3'])
    const client = await broker.client({ clientId: a, cleanStart: false, properties: lasting })
    for (const { packetId } of await client.publishes(2)) client.acknowledge('puback', packetId)
    await client.barrier()
    await publish(broker, ['a', '4'])
    expect((await client.next('publish')).text).toBe('4')
    await (await broker.client({ clientId: a, cleanStart: true })).disconnect(0)
    const b = await leaveSession(broker, 'b')
    await publish(broker, ['b', '5'], ['b', '6'])
    expect(await left(broker, b)).toEqual(['5', '6'])
  })
})

describe('maximumQueuedAgeSeconds', () => {
  it('what waited longer is not sent, also when its client comes before it is noticed', async () => {
    const broker = await withLimits({ maximumQueuedAgeSeconds: 60 })
    const clientId = await leaveSession(broker, 't')
    await publish(broker, ['t', 'old'])
    await broker.advance(30_000)
    await publish(broker, ['t', 'new'])
    await broker.advance(30_001)
    expect(await left(broker, clientId)).toEqual(['new'])
    expect(broker.drops('queued-too-long')).toBe(1)
  })
})

describe('queueFullPolicy reject-publish', () => {
  const full = { maximumQueuedMessages: 2, queueFullPolicy: 'reject-publish' } as const

  it.each([
    [1, 'puback'],
    [2, 'pubrec'],
  ] as const)('QoS %d: 0x97 in %s, and nobody gets it, retained or not', async (qos, kind) => {
    const broker = await withLimits(full)
    const fullOne = await leaveSession(broker, 't', 2)
    const other = await broker.client()
    await other.subscribe({ topicFilter: 't', qos: 2 })
    await publish(broker, ['t', '1'], ['t', '2'])
    expect(await other.restOfPayloads()).toEqual(['1', '2'])
    const publisher = await broker.client()
    publisher.sendPublish('t', '3', { qos, packetId: 9, retain: true })
    expect(await publisher.next(kind)).toMatchObject({ packetId: 9, reasonCode: 0x97 })
    expect(await other.restOfPayloads()).toEqual([])
    expect(broker.drops('queue-full')).toBe(1)
    const late = await broker.client()
    await late.subscribe('t')
    expect(await late.rest()).toEqual([])
    await late.disconnect(0)
    expect(await left(broker, fullOne)).toEqual(['1', '2'])
    // the identifier is free: the same one is a new message
    publisher.sendPublish('elsewhere', 'x', { qos, packetId: 9 })
    expect(await publisher.next(kind)).toMatchObject({ packetId: 9, reasonCode: 0x10 })
  })

  it('QoS 0 goes to those it can go to', async () => {
    const broker = await withLimits(full)
    await leaveSession(broker, 't')
    const other = await broker.client()
    await other.subscribe('t')
    await publish(broker, ['t', '1'], ['t', '2'])
    await (await broker.client()).publish('t', 'zero', { qos: 0 })
    expect(await other.restOfPayloads()).toEqual(['1', '2', 'zero'])
  })

  it('a full group refuses as well', async () => {
    const broker = await withLimits(full)
    await leaveSession(broker, '$share/g/t')
    await publish(broker, ['t', '1'], ['t', '2'])
    const publisher = await broker.client()
    publisher.sendPublish('t', '3', { qos: 1, packetId: 9 })
    expect(await publisher.next('puback')).toMatchObject({ reasonCode: 0x97 })
  })

  it.each([
    ['acknowledge', 'puback'],
    ['disconnect', undefined],
  ] as const)('a 3.1.1 client cannot be told: mqtt3RefusedPublish %s', async (mqtt3RefusedPublish, kind) => {
    const broker = await startBroker({ limits: full, features: { mqtt3RefusedPublish } })
    await leaveSession(broker, 't')
    await publish(broker, ['t', '1'], ['t', '2'])
    const publisher = await broker.client({ version: 4 })
    publisher.sendPublish('t', '3', { qos: 1, packetId: 9 })
    if (kind === undefined) await publisher.closed()
    else expect(await publisher.next(kind)).toMatchObject({ packetId: 9 })
    expect(broker.drops('queue-full')).toBe(1)
  })
})

describe('queueFullPolicy latest-per-topic', () => {
  it('of each topic the newest waits, in the order in which they came', async () => {
    const broker = await withLimits({ queueFullPolicy: 'latest-per-topic' })
    const clientId = await leaveSession(broker, '#')
    await publish(broker, ['a', 'a1'], ['b', 'b1'], ['a', 'a2'], ['c', 'c1'], ['b', 'b2'], ['a', 'a3'])
    expect(await left(broker, clientId)).toEqual(['c1', 'b2', 'a3'])
    expect(broker.drops('superseded')).toBe(3)
  })

  it('what was sent is not taken back, and the limits drop the oldest', async () => {
    const broker = await withLimits({ queueFullPolicy: 'latest-per-topic', maximumQueuedMessages: 3 })
    const client = await broker.client({ properties: { ...lasting, receiveMaximum: 1 } })
    await client.subscribe({ topicFilter: '#', qos: 1 })
    await publish(broker, ['a', 'a1'], ['a', 'a2'], ['a', 'a3'], ['b', 'b1'], ['c', 'c1'])
    const [first] = await client.publishes(1)
    expect(first?.text).toBe('a1')
    const texts: string[] = []
    let packetId = first?.packetId ?? 0
    for (let count = 0; count < 2; count++) {
      client.acknowledge('puback', packetId)
      const next = await client.next('publish')
      texts.push(next.text)
      packetId = next.packetId
    }
    expect(texts).toEqual(['b1', 'c1'])
    expect([broker.drops('superseded'), broker.drops('queue-full')]).toEqual([1, 1])
  })
})
