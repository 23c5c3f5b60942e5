import { describe, expect, it } from 'vitest'
import type { Limits } from '../../src/contracts/limits.ts'
import { type DropReason, dropReasons } from '../../src/contracts/statistics.ts'
import type { PartialSettings } from '../../src/settings/settings.ts'
import { HeldStore } from '../support/delayed-store.ts'
import type { TestBrokerParts } from '../support/test-broker.ts'
import { answering, startBroker, type StartedBroker, until } from './started-broker.ts'

const lasting = { sessionExpiryInterval: 600 }

interface Cause {
  readonly limits?: Partial<Limits>
  readonly parts?: TestBrokerParts
  /** Makes messages be dropped for the one reason; returns how many, or `some` where it is not for the test to say. */
  readonly drop: (broker: StartedBroker) => Promise<number | 'some'>
}

/** A session with a QoS 1 subscription to `t` whose client is away. */
async function leaveSession(broker: StartedBroker, sessionExpiryInterval = 600): Promise<string> {
  const client = await broker.client({ clientId: 'away', properties: { sessionExpiryInterval } })
  await client.subscribe({ topicFilter: 't', qos: 1 })
  await client.disconnect(0)
  return 'away'
}

async function publish(broker: StartedBroker, count: number, qos: number, text: string | Uint8Array = 'x') {
  const publisher = await broker.client()
  for (let index = 0; index < count; index++) await publisher.publish('t', text, { qos })
  await publisher.barrier()
}

/** A subscriber that does not read, and more QoS 0 messages than the system buffers for it. */
async function deafSubscriber(broker: StartedBroker, isEnough: () => boolean) {
  const reader = await broker.client()
  await reader.subscribe('t')
  reader.transport.pause()
  for (let round = 0; round < 200 && !isEnough(); round++) await publish(broker, 1, 0, Buffer.alloc(256 * 1024))
  return reader
}

// The compiler sees to it that no reason is left out.
const causes: Readonly<Record<DropReason, Cause>> = {
  'queue-full': {
    limits: { maximumQueuedMessages: 2 },
    async drop(broker) {
      await leaveSession(broker)
      await publish(broker, 5, 1)
      return 3
    },
  },
  expired: {
    async drop(broker) {
      const clientId = await leaveSession(broker)
      const publisher = await broker.client()
      const properties = { messageExpiryInterval: 1 }
      for (let index = 0; index < 2; index++) await publisher.publish('t', 'x', { qos: 1, properties })
      await broker.advance(2_000)
      const client = await broker.client({ clientId, cleanStart: false, properties: lasting })
      expect(await client.rest()).toEqual([])
      return 2
    },
  },
  'queued-too-long': {
    limits: { maximumQueuedAgeSeconds: 60 },
    async drop(broker) {
      await leaveSession(broker)
      await publish(broker, 2, 1)
      await broker.advance(30_000)
      await publish(broker, 1, 1)
      expect(broker.drops('queued-too-long')).toBe(0)
      await broker.advance(40_000)
      return 2
    },
  },
  superseded: {
    limits: { queueFullPolicy: 'latest-per-topic' },
    async drop(broker) {
      const clientId = await leaveSession(broker)
      const publisher = await broker.client()
      for (const text of ['1', '2', '3']) await publisher.publish('t', text, { qos: 1 })
      const client = await broker.client({ clientId, cleanStart: false, properties: lasting })
      expect(await client.restOfPayloads()).toEqual(['3'])
      return 2
    },
  },
  'outbox-full': {
    limits: { maximumOutboxBytes: 128 * 1024 },
    async drop(broker) {
      await deafSubscriber(broker, () => broker.drops('outbox-full') > 0)
      return 'some'
    },
  },
  'offline-qos0': {
    async drop(broker) {
      await leaveSession(broker)
      await publish(broker, 2, 0)
      return 2
    },
  },
  'packet-too-large': {
    async drop(broker) {
      const client = await broker.client({ properties: { maximumPacketSize: 50 } })
      await client.subscribe({ topicFilter: 't', qos: 1 })
      for (const qos of [0, 1]) await publish(broker, 1, qos, 'x'.repeat(50))
      expect(await client.rest()).toEqual([])
      return 2
    },
  },
  'payload-too-large': {
    limits: { maximumPayloadBytes: 3 },
    async drop(broker) {
      await publish(broker, 2, 0, 'four')
      return 2
    },
  },
  'not-authorized': {
    parts: { authorizer: { epoch: 0, authorize: (_client, access) => access.action !== 'publish' } },
    async drop(broker) {
      for (const version of [4, 5] as const) {
        const publisher = await broker.client({ version })
        for (const qos of [0, 1, 2]) await publisher.publish('t', 'x', { qos })
        await publisher.barrier()
      }
      return 6
    },
  },
  'refused-by-client': {
    async drop(broker) {
      const client = await broker.client()
      await client.subscribe({ topicFilter: 't', qos: 2 })
      for (const qos of [1, 2]) await publish(broker, 1, qos)
      const [one, two] = await client.publishes(2)
      client.acknowledge('puback', one?.packetId ?? 0, 0x83)
      client.acknowledge('pubrec', two?.packetId ?? 0, 0x87)
      await client.barrier()
      return 2
    },
  },
  'refused-by-hook': {
    async drop(broker) {
      const client = await broker.client()
      await client.subscribe('t')
      const remove = broker.broker.use({ onPublish: () => false })
      await publish(broker, 2, 1)
      remove()
      broker.broker.use({ onDeliver: () => false })
      await publish(broker, 3, 0)
      expect(await client.rest()).toEqual([])
      return 5
    },
  },
  'session-ended': {
    async drop(broker) {
      await leaveSession(broker, 10)
      await publish(broker, 3, 1)
      await broker.advance(11_000)
      return 3
    },
  },
  'connection-lost': {
    async drop(broker) {
      const reader = await deafSubscriber(broker, () => broker.broker.statistics.gauges().outboxBytes > 1024 * 1024)
      await reader.abort()
      await broker.settle()
      return 'some'
    },
  },
  'no-subscribers': {
    async drop(broker) {
      for (const qos of [0, 1, 2]) await publish(broker, 1, qos)
      return 3
    },
  },
  'retained-full': {
    limits: { maximumRetainedMessages: 1 },
    async drop(broker) {
      const publisher = await broker.client()
      await publisher.subscribe({ topicFilter: '#', retainHandling: 2 })
      for (const topicName of ['a', 'b', 'c']) await publisher.publish(topicName, 'x', { qos: 1, retain: true })
      return 2
    },
  },
  'store-failed': {
    parts: { store: new HeldStore() },
    async drop(broker) {
      const store = storeOf('store-failed')
      await answering(store, leaveSession(broker))
      await until(() => store.heldBatches === 0)
      const publisher = await broker.client({ version: 4 })
      for (const packetId of [1, 2]) publisher.sendPublish('t', 'x', { qos: 1, packetId })
      await until(() => store.heldBatches > 0)
      store.answer(new Error('disk full'))
      await publisher.closed()
      return 'some'
    },
  },
}

function storeOf(reason: DropReason): HeldStore {
  const store = causes[reason].parts?.store
  if (!(store instanceof HeldStore)) throw new Error(`${reason} has no store of its own`)
  return store
}

describe('a message that is dropped is counted under its reason alone', () => {
  it.each(dropReasons)('%s', async (reason) => {
    const { limits = {}, parts = {}, drop } = causes[reason]
    const settings: PartialSettings = { limits, sysIntervalSeconds: 0 }
    const broker = await startBroker(settings, parts)
    const before = { ...broker.broker.statistics.counters.drops }
    const expected = await drop(broker)
    const after = broker.broker.statistics.counters.drops
    const counted = dropReasons.filter((name) => after[name] !== before[name])
    expect(counted).toEqual([reason])
    if (expected === 'some') expect(after[reason]).toBeGreaterThan(0)
    else expect(after[reason]).toBe(expected)
  })
})
