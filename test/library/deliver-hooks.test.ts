import { describe, expect, it } from 'vitest'
import type { OutgoingMessage } from '../../src/contracts/hooks.ts'
import { DelayedStore } from '../support/delayed-store.ts'
import { until } from '../broker/started-broker.ts'
import { gate, inbox, listening, type Scene, scene, settled } from './scene.ts'

const texts = Array.from({ length: 30 }, (_, index) => String(index))

function textOf({ payload }: OutgoingMessage): string {
  return Buffer.from(payload).toString()
}

/** A hook that answers some at once and some later, and drops every third. */
function thinking(message: OutgoingMessage): Promise<boolean | undefined> | boolean | undefined {
  const index = Number(textOf(message))
  const answer = index % 3 === 0 ? false : undefined
  return index % 2 === 0 ? answer : settled(1 + (index % 4)).then(() => answer)
}

const kept = texts.filter((_text, index) => index % 3 !== 0)

async function publishAll({ broker }: Scene, qos: 0 | 1 | 2, topic = 't') {
  for (const payload of texts) await broker.publish({ topic, payload, qos })
}

describe('onDeliver', () => {
  it('is shown the message as it is about to be sent', async () => {
    const { broker } = await scene()
    const seen: OutgoingMessage[] = []
    const client = await broker.connect({ clientId: 'a' })
    await listening(client, 't', 1)
    broker.use({ onDeliver: (message) => void seen.push(message) })
    await broker.publish({ topic: 't', payload: 'x', qos: 2, retain: true })
    await settled()
    expect(seen).toMatchObject([{ clientId: 'a', user: undefined, topicName: 't', qos: 1, retain: false }])
    expect(textOf(seen[0] as OutgoingMessage)).toBe('x')
  })

  it('false drops a message for that client alone', async () => {
    const { broker } = await scene()
    broker.use({ onDeliver: ({ clientId }) => clientId !== 'blind' })
    const [blind, seeing] = [await broker.connect({ clientId: 'blind' }), await broker.connect()]
    const got = [await listening(blind, 't'), await listening(seeing, 't')]
    for (const qos of [0, 1, 2] as const) await broker.publish({ topic: 't', payload: String(qos), qos })
    await settled()
    expect(got.map((one) => one.texts())).toEqual([[], ['0', '1', '2']])
    expect(broker.statistics.counters.drops['refused-by-hook']).toBe(3)
    expect(broker.statistics.gauges().storedMessages).toBe(0)
  })

  it.each([
    [0, 0, 't'],
    [1, 0, 't'],
    [2, 0, 't'],
    [0, 60, 't'],
    [1, 60, 't'],
    [2, 60, 't'],
    [0, 0, '$share/g/t'],
    [1, 60, '$share/g/t'],
    [2, 60, '$share/g/t'],
  ] as const)('keeps order: QoS %d, session expiry %d, %s, slow store', async (qos, sessionExpiryInterval, filter) => {
    const one = await scene({}, { store: new DelayedStore(7) })
    one.broker.use({ onDeliver: thinking })
    const got = await listening(await one.broker.connect({ clientId: 'a', sessionExpiryInterval }), filter, qos)
    await publishAll(one, qos)
    await until(() => got.messages.length >= kept.length)
    await settled(20)
    expect(got.texts()).toEqual(kept)
    expect(one.broker.statistics.counters.drops['refused-by-hook']).toBe(texts.length - kept.length)
    expect(one.broker.statistics.gauges().storedMessages).toBe(0)
  })

  it.each([1, 2] as const)('at a reconnect: what waited is asked about, in order, QoS %d', async (qos) => {
    const one = await scene({}, { store: new DelayedStore(8) })
    const options = { clientId: 'a', cleanStart: false, sessionExpiryInterval: 60 }
    const first = await one.broker.connect(options)
    await first.subscribe('t', () => {}, { qos })
    await first.close()
    await publishAll(one, qos)
    one.broker.use({ onDeliver: thinking })
    const got = inbox()
    await one.broker.connect({ ...options, onMessage: got.take })
    await until(() => got.messages.length >= kept.length)
    await settled(20)
    expect(got.texts()).toEqual(kept)
    expect(one.broker.statistics.gauges().storedMessages).toBe(0)
  })

  it.each([
    [0, [], 1],
    [1, ['x', 'y'], 0],
    [2, ['x', 'y'], 0],
  ] as const)('QoS %d: a client that leaves while it thinks gets %j when it is back', async (qos, expected, lost) => {
    const { broker } = await scene()
    const thought = gate<undefined>()
    let asked = 0
    broker.use({ onDeliver: () => (asked++ === 0 ? thought.promise : undefined) })
    const options = { clientId: 'a', cleanStart: false, sessionExpiryInterval: 60 }
    const first = await broker.connect(options)
    const before = await listening(first, 't', qos)
    await broker.publish({ topic: 't', payload: 'x', qos })
    await until(() => asked === 1)
    await first.drop()
    if (qos > 0) await broker.publish({ topic: 't', payload: 'y', qos })
    const got = inbox()
    await broker.connect({ ...options, onMessage: got.take })
    thought.open(undefined)
    await settled()
    expect([before.texts(), got.texts()]).toEqual([[], expected])
    expect(broker.statistics.counters.drops['connection-lost']).toBe(lost)
    expect(broker.statistics.counters.assertions).toBe(0)
  })

  it.each([0, 1, 2] as const)('QoS %d: taken away while it thinks, nothing is overtaken', async (qos) => {
    const { broker } = await scene()
    const thought = gate<undefined>()
    const got = await listening(await broker.connect(), 't')
    const remove = broker.use({ onDeliver: () => thought.promise })
    for (const payload of ['1', '2']) await broker.publish({ topic: 't', payload, qos })
    await settled()
    remove()
    await broker.publish({ topic: 't', payload: '3', qos })
    await settled()
    expect(got.texts()).toEqual([])
    thought.open(undefined)
    await settled()
    expect(got.texts()).toEqual(['1', '2', '3'])
  })

  it('while it thinks about one client, others get theirs', async () => {
    const { broker } = await scene()
    const thought = gate<undefined>()
    broker.use({ onDeliver: ({ clientId }) => (clientId === 'slow' ? thought.promise : undefined) })
    const [slow, other] = [await broker.connect({ clientId: 'slow' }), await broker.connect()]
    const got = [await listening(slow, 't'), await listening(other, 't')]
    for (const payload of ['1', '2']) await broker.publish({ topic: 't', payload, qos: 1 })
    await settled()
    expect(got.map((one) => one.texts())).toEqual([[], ['1', '2']])
    thought.open(undefined)
    await settled()
    expect(got.map((one) => one.texts())).toEqual([
      ['1', '2'],
      ['1', '2'],
    ])
  })

  it.each([
    ['drop-oldest', 0],
    ['drop-newest', 0],
    ['disconnect', 0],
    ['drop-oldest', 60],
  ] as const)(
    '%s, session expiry %d: QoS 0 that waits for it takes nobody its place',
    async (queueFullPolicy, expiry) => {
      const { broker, wire } = await scene({ limits: { maximumQueuedMessages: 100, queueFullPolicy } })
      broker.use({ onDeliver: () => true })
      const properties = { receiveMaximum: 1, sessionExpiryInterval: expiry }
      const client = await wire({ properties, autoAcknowledge: true })
      await client.subscribe({ topicFilter: 't', qos: 1 })
      for (let count = 0; count < 50; count++) void broker.publish({ topic: 't', payload: 'x', qos: 1 })
      for (let count = 0; count < 200; count++) void broker.publish({ topic: 't', payload: 'x' })
      const got = await client.publishes(100)
      expect(got.filter(({ qos }) => qos === 1).length).toBe(50)
      expect(broker.statistics.counters.drops).toMatchObject({ 'queue-full': 0, 'outbox-full': 150 })
    },
  )

  it.each([
    [1, 'puback', 0],
    [1, 'puback', 60],
    [2, 'pubrec', 0],
    [2, 'pubrec', 60],
  ] as const)('QoS %d, %s of what it thinks about, session expiry %d: ignored', async (qos, kind, expiry) => {
    const { broker, wire } = await scene()
    const thought = gate<undefined>()
    let asked = 0
    broker.use({ onDeliver: () => (asked++ === 0 ? thought.promise : undefined) })
    const client = await wire({ properties: { sessionExpiryInterval: expiry } })
    await client.subscribe({ topicFilter: 't', qos })
    await broker.publish({ topic: 't', payload: '0', qos })
    await until(() => asked === 1)
    const reasonCode = kind === 'pubrec' ? 0x87 : 0
    client.acknowledge(kind, 1, reasonCode)
    await client.barrier()
    expect(broker.statistics.gauges().outboxMessages).toBe(1)
    const nine = texts.slice(0, 9) // the last one would have had the place of the first
    for (const payload of nine.slice(1)) await broker.publish({ topic: 't', payload, qos })
    client.autoAcknowledge = true
    thought.open(undefined)
    expect((await client.publishes(9)).map(({ text }) => text)).toEqual(nine)
    await until(() => broker.statistics.gauges().outboxMessages === 0)
    expect(broker.statistics.gauges().storedMessages).toBe(0)
    expect(broker.statistics.counters.assertions).toBe(0)
  })

  it('retained messages are asked about too', async () => {
    const { broker } = await scene()
    for (const topic of ['a', 'b']) await broker.publish({ topic, payload: topic, retain: true })
    broker.use({ onDeliver: ({ topicName }) => topicName !== 'a' })
    const got = await listening(await broker.connect(), '#')
    await settled()
    expect(got.texts()).toEqual(['b'])
  })
})
