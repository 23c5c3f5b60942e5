import { describe, expect, it } from 'vitest'
import type { Hooks, Publication, PublicationChange } from '../../src/contracts/hooks.ts'
import type { DropInfo } from '../../src/contracts/events.ts'
import { gate, listening, scene, settled, textOf } from './scene.ts'

const original = { topicName: 't', payload: 'x', qos: 1, retain: false, properties: { contentType: 'text/plain' } }

describe('onPublish', () => {
  it('is shown the message as the client sent it', async () => {
    const { broker, wire } = await scene()
    const seen: Publication[] = []
    broker.use({ onPublish: (publication) => void seen.push(publication) })
    const client = await wire({ clientId: 'a' })
    await client.publish('t', 'x', { qos: 2, retain: true, properties: { contentType: 'text/plain' } })
    expect(seen).toMatchObject([
      {
        client: { clientId: 'a', user: undefined, peer: { transport: 'tcp' } },
        topicName: 't',
        qos: 2,
        retain: true,
        properties: { contentType: 'text/plain' },
      },
    ])
    expect(Buffer.from(seen[0]?.payload ?? []).toString()).toBe('x')
  })

  it.each<[PublicationChange, object]>([
    [{ payload: 'other' }, { text: 'other' }],
    [{ payload: Uint8Array.of(0x79) }, { text: 'y' }],
    [{ topicName: 'elsewhere/é' }, { topicName: 'elsewhere/é' }],
    [{ qos: 2 }, { qos: 2 }],
    [{ qos: 0 }, { qos: 0 }],
    [{ retain: true }, { retain: true }],
    [{ properties: {} }, { properties: {} }],
    [{ properties: { userProperties: [['a', 'b']] } }, { properties: { userProperties: [['a', 'b']] } }],
    [{}, {}],
  ])('changes %j, at once and later, and leaves the rest', async (change, expected) => {
    for (const answer of [change, Promise.resolve(change)]) {
      const { broker, wire } = await scene()
      broker.use({ onPublish: () => answer })
      const got: object[] = []
      await broker.subscribe(
        '#',
        (message) => got.push({ ...message, topicName: message.topic, text: textOf(message) }),
        { qos: 2, retainAsPublished: true },
      )
      const client = await wire()
      const { payload, topicName, ...fields } = original
      expect(await client.publish(topicName, payload, fields)).toMatchObject({ kind: 'puback', reasonCode: 0 })
      await settled()
      const { payload: text, ...rest } = original
      expect(got).toMatchObject([{ ...rest, text, ...expected }])
    }
  })

  it('takes what is explicitly undefined for left out', async () => {
    const change = Object.fromEntries(
      ['topicName', 'payload', 'qos', 'retain', 'properties'].map((name) => [name, undefined]),
    )
    for (const answer of [change, Promise.resolve(change)]) {
      const { broker, wire } = await scene()
      broker.use({ onPublish: () => answer })
      const got = await listening(broker, '#')
      const client = await wire()
      const { payload, topicName, ...fields } = original
      expect(await client.publish(topicName, payload, fields)).toMatchObject({ kind: 'puback', reasonCode: 0 })
      const gone = await broker.connect({ will: { topic: 'will', payload: 'last words' } })
      await gone.drop()
      await settled()
      const { topicName: topic, payload: _text, ...rest } = original
      expect(got.messages).toMatchObject([
        { ...rest, topic },
        { topic: 'will', qos: 0, properties: {} },
      ])
      expect(broker.statistics.counters.assertions).toBe(0)
    }
  })

  it('each sees what the one before made of it', async () => {
    const { broker } = await scene()
    for (const letter of ['a', 'b', 'c']) {
      broker.use({ onPublish: ({ topicName }) => ({ topicName: `${topicName}/${letter}` }) })
    }
    const got = await listening(broker, '#')
    await (await broker.connect()).publish({ topic: 't', payload: 'x', qos: 1 })
    await settled()
    expect(got.messages).toMatchObject([{ topic: 't/a/b/c' }])
  })

  it('gives a message an expiry, which begins then', async () => {
    const { broker, clock } = await scene()
    broker.use({ onPublish: () => ({ properties: { messageExpiryInterval: 5 } }) })
    const away = { clientId: 'away', cleanStart: false, sessionExpiryInterval: 600 }
    const first = await broker.connect(away)
    await first.subscribe('t', () => {}, { qos: 1 })
    await first.close()
    await (await broker.connect()).publish({ topic: 't', qos: 1 })
    clock.advance(6_000)
    await broker.connect(away)
    await settled()
    expect(broker.statistics.counters.drops.expired).toBe(1)
  })

  it.each([
    [5, 0, []],
    [5, 1, [['puback', 0x87]]],
    [5, 2, [['pubrec', 0x87]]],
    [4, 0, []],
    [4, 1, [['puback', 0]]],
    [4, 2, [['pubrec', 0]]],
  ] as const)('false refuses: version %d, QoS %d is answered %j', async (version, qos, answers) => {
    const { broker, wire } = await scene()
    broker.use({ onPublish: () => false })
    const got = await listening(broker, '#')
    const client = await wire({ version })
    client.sendPublish('t', 'x', { qos, retain: true })
    const seen = (await client.rest()).map((one) => [one.kind, 'reasonCode' in one ? one.reasonCode : 0])
    expect(seen).toEqual(answers)
    expect(got.texts()).toEqual([])
    expect(broker.statistics.gauges().retainedMessages).toBe(0)
    expect(broker.statistics.counters.drops['refused-by-hook']).toBe(1)
  })

  it.each<[string, object]>([
    ['a topic with a wildcard', { topicName: 'a/#' }],
    ['a topic that is too long', { topicName: `t${'a'.repeat(65_535)}` }],
    ['a topic with U+0000', { topicName: 'a\0b' }],
    ['half a surrogate pair', { topicName: 'a\uD83C' }],
    ['a property that is too long', { properties: { contentType: 'a'.repeat(65_536) } }],
    ['a QoS that is none', { qos: 7 }],
    ['a payload that is none', { payload: 7 }],
    ['properties that are none', { properties: { userProperties: 7 } }],
  ])('one that gives %s has failed: refused, logged, still connected', async (_what, change) => {
    const { broker, lines } = await scene()
    broker.use({ name: 'mine', onPublish: () => change as PublicationChange })
    const client = await broker.connect()
    for (let count = 0; count < 2; count++) {
      await expect(client.publish({ topic: 't', qos: 1 })).rejects.toMatchObject({ reasonCode: 0x87 })
    }
    const errors = lines.filter(({ message }) => message === 'a hook failed')
    expect(errors).toMatchObject([{ fields: { name: 'mine', hook: 'onPublish' } }, {}])
    expect(broker.statistics.counters.assertions).toBe(0)
  })

  it.each<[string, Hooks['onPublish'], string[]]>([
    ['changes', () => ({ payload: 'changed' }), ['changed']],
    ['redirects', () => Promise.resolve({ topicName: 'will/of/somebody' }), ['last words']],
    ['refuses', () => false, []],
    ['refuses later', () => Promise.resolve(false as const), []],
  ])('%s a will', async (_how, onPublish, expected) => {
    const { broker } = await scene()
    const clients: unknown[] = []
    broker.use({
      onPublish(publication) {
        clients.push(publication.client)
        return onPublish?.(publication)
      },
    })
    const got = await listening(broker, 'will/#')
    const client = await broker.connect({ clientId: 'a', will: { topic: 'will', payload: 'last words', qos: 1 } })
    await client.drop()
    await settled()
    expect(got.texts()).toEqual(expected)
    expect(clients).toMatchObject([{ clientId: 'a' }])
    expect(broker.statistics.counters.drops['refused-by-hook']).toBe(expected.length === 0 ? 1 : 0)
  })

  it.each<[string, object]>([
    ['a topic with U+0000', { topicName: 'a\0b' }],
    ['a topic that is too long', { topicName: 'a'.repeat(65_536) }],
    ['no properties', { properties: null }],
  ])('later, for a will, %s: it is refused, logged, and nothing else happens', async (_what, change) => {
    const { broker, lines } = await scene()
    broker.use({ onPublish: () => Promise.resolve(change as PublicationChange) })
    const got = await listening(broker, '#')
    await (await broker.connect({ will: { topic: 'will' } })).drop()
    await settled()
    expect(lines.filter(({ level }) => level === 'error')).toMatchObject([{ message: 'a hook failed' }])
    expect(broker.statistics.counters.drops['refused-by-hook']).toBe(1)
    expect(got.messages).toEqual([])
    await broker.publish({ topic: 't', payload: 'on it goes' })
    await settled()
    expect(got.texts()).toEqual(['on it goes'])
  })

  it.each([
    [0, 1],
    [1, 0],
    [2, 0],
  ] as const)('QoS %d of a client that leaves while it thinks: %d are counted as lost', async (qos, lost) => {
    const { broker } = await scene()
    const thought = gate<undefined>()
    broker.use({ onPublish: () => thought.promise })
    const got = await listening(broker, '#')
    const client = await broker.connect()
    void client.publish({ topic: 't', payload: 'x', qos }).catch(() => {})
    await settled()
    await client.drop()
    await broker.publish({ topic: 'now', payload: 'x' })
    thought.open(undefined)
    await settled()
    expect(got.messages.map(({ topic }) => topic)).toEqual(['now'])
    expect(broker.statistics.counters.drops['connection-lost']).toBe(lost)
  })

  it('a QoS 2 message sent again to a hook that thought too long is published once', async () => {
    const { broker, wire } = await scene()
    const [first, got] = [gate<undefined>(), await listening(broker, 't')]
    const answers = [first.promise, undefined]
    broker.use({ onPublish: () => answers.shift() })
    const options = { clientId: 'a', cleanStart: false, properties: { sessionExpiryInterval: 60 } }
    const before = await wire(options)
    before.sendPublish('t', 'x', { qos: 2, packetId: 1 })
    await settled()
    const after = await wire(options)
    await after.publish('t', 'x', { qos: 2, packetId: 1, dup: true })
    first.open(undefined)
    await settled()
    expect(got.texts()).toEqual(['x'])
  })
})

describe('onDrop', () => {
  it('sees what the event says, for every reason', async () => {
    const limits = { maximumQueuedMessages: 1 }
    const { broker, clock } = await scene({
      limits,
      rights: { default: 'allow', rules: [{ deny: 'write', topics: ['no'] }] },
    })
    const [hooked, heard]: [DropInfo[], DropInfo[]] = [[], []]
    broker.use({ onDrop: (drop) => void hooked.push(drop) })
    broker.on('dropped', (drop) => heard.push(drop))
    const options = { clientId: 'away', cleanStart: false, sessionExpiryInterval: 60 }
    const away = await broker.connect(options)
    await away.subscribe('t', () => {}, { qos: 1 })
    await away.close()
    const from = await broker.connect({ clientId: 'from' })
    await from.publish({ topic: 't' })
    for (let count = 0; count < 2; count++) await from.publish({ topic: 't', qos: 1 })
    await from.publish({ topic: 'no', qos: 1 }).catch(() => {})
    await from.publish({ topic: 'nobody', qos: 1 })
    const remove = broker.use({ onPublish: () => false })
    await from.publish({ topic: 't', qos: 1 }).catch(() => {})
    remove()
    clock.advance(61_000)
    await settled()
    expect(hooked).toEqual([
      { reason: 'offline-qos0', clientId: 'away', count: 1 },
      { reason: 'queue-full', clientId: 'away', count: 1 },
      { reason: 'not-authorized', clientId: 'from', count: 1 },
      { reason: 'no-subscribers', clientId: 'from', count: 1 },
      { reason: 'refused-by-hook', clientId: 'from', count: 1 },
      { reason: 'session-ended', clientId: 'away', count: 1 },
    ])
    expect(heard).toEqual(hooked)
  })
})
