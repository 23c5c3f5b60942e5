import { describe, expect, it } from 'vitest'
import type { OutboundMessage } from '../../src/contracts/embedding.ts'
import { HeldStore } from '../support/delayed-store.ts'
import { answering, until } from '../broker/started-broker.ts'
import { inbox, listening, scene, settled } from './scene.ts'

describe('broker.publish', () => {
  it.each([0, 1, 2] as const)('QoS %d reaches sockets and subscriptions of the program', async (qos) => {
    const { broker, wire } = await scene()
    const own = await listening(broker, 't')
    const client = await wire({ autoAcknowledge: true })
    await client.subscribe({ topicFilter: 't', qos: 2 })
    const properties = { contentType: 'text/plain', userProperties: [['a', 'b']] as [string, string][] }
    await broker.publish({ topic: 't', payload: 'hé', qos, properties })
    expect(await client.next('publish')).toMatchObject({ topicName: 't', text: 'hé', qos, retain: false })
    await settled()
    expect(own.messages).toEqual([
      { topic: 't', payload: new Uint8Array(Buffer.from('hé')), qos, retain: false, dup: false, properties },
    ])
  })

  it('keeps a retained message, and an empty one clears it', async () => {
    const { broker } = await scene()
    await broker.publish({ topic: 't', payload: 'kept', retain: true })
    expect(broker.statistics.gauges().retainedMessages).toBe(1)
    await broker.publish({ topic: 't', retain: true })
    expect(broker.statistics.gauges().retainedMessages).toBe(0)
  })

  it('copies the payload: the program may write into it at once', async () => {
    const { broker } = await scene()
    const got = await listening(broker, 't')
    const payload = Buffer.from('first')
    const published = broker.publish({ topic: 't', payload })
    payload.fill('x')
    await published
    await settled()
    expect(got.texts()).toEqual(['first'])
  })

  it.each<[string, object, string]>([
    ['a wildcard', { topic: 'a/+' }, 'topic "a/+": a topic name holds no wildcard'],
    ['an empty topic', { topic: '' }, 'topic "": a topic name has at least one character'],
    ['a topic that is too long', { topic: `t/${'a'.repeat(65_536)}` }, 'it is longer than 65,535 bytes'],
    ['a topic with U+0000', { topic: 'a\0b' }, 'topic "a\\u0000b": it holds U+0000'],
    ['half a surrogate pair', { topic: 'a\uD83C' }, 'it holds half a surrogate pair'],
    ['a property that is too long', { topic: 't', properties: { contentType: 'a'.repeat(65_536) } }, 'do not fit'],
    ['no topic', {}, 'topic must be a text'],
    ['a QoS that is none', { topic: 't', qos: 3 }, 'qos must be 0, 1 or 2, not 3'],
    ['a number for a payload', { topic: 't', payload: 7 }, 'payload must be a text or a Uint8Array'],
  ])('rejects %s, for itself and for a client', async (_what, message, expected) => {
    const { broker } = await scene()
    const client = await broker.connect()
    for (const to of [broker, client]) {
      await expect(to.publish(message as OutboundMessage)).rejects.toThrow(expected)
    }
    await client.publish({ topic: 't', qos: 1 }) // still connected
  })

  it('resolves once it is durable for all who are owed it', async () => {
    const store = new HeldStore()
    const { broker } = await scene({}, { store })
    const away = await answering(store, broker.connect({ clientId: 'away', sessionExpiryInterval: 60 }))
    await answering(
      store,
      away.subscribe('t', () => {}, { qos: 1 }),
    )
    await answering(store, away.close())
    await settled()
    while (store.heldBatches > 0) store.answer()
    const steps: string[] = []
    const published = broker.publish({ topic: 't', qos: 1 }).then(() => steps.push('published'))
    await until(() => store.heldBatches === 1)
    await settled()
    steps.push('stored')
    store.answer()
    await published
    expect(steps).toEqual(['stored', 'published'])
  })

  it('rejects when the store could not keep it', async () => {
    const store = new HeldStore()
    const { broker } = await scene({}, { store })
    const published = broker.publish({ topic: 't', qos: 1, retain: true, payload: 'x' })
    await until(() => store.heldBatches === 1)
    store.answer(new Error('disk full'))
    await expect(published).rejects.toThrow('the store could not keep it')
  })

  it('is taken until the broker is closed, so that listeners may publish to the last', async () => {
    const { broker } = await scene()
    let last: Promise<void> | undefined
    broker.on('disconnected', () => (last = broker.publish({ topic: 't' })))
    await broker.connect()
    await broker.close()
    await expect(last).resolves.toBe(undefined)
    await expect(broker.publish({ topic: 't' })).rejects.toThrow('this broker is closed')
    await expect(broker.subscribe('t', () => {})).rejects.toThrow('this broker is closing')
    await expect(broker.connect()).rejects.toThrow('this broker is closing')
  })
})

describe('a publish from within', () => {
  it.each(['a hook', 'a handler', 'a listener'])('%s leaves the message under way as it is', async (from) => {
    const { broker, wire } = await scene()
    const everything = inbox()
    const answer = () => void broker.publish({ topic: 'answer', payload: 'from within', qos: 1 })
    if (from === 'a hook') broker.use({ onPublish: ({ topicName }) => (topicName === 'ask' ? answer() : undefined) })
    if (from === 'a handler') await broker.subscribe('ask', answer)
    if (from === 'a listener') broker.on('dropped', answer)
    const readers = [await wire({ autoAcknowledge: true }), await wire({ autoAcknowledge: true })]
    for (const reader of readers) await reader.subscribe({ topicFilter: '#', qos: 1 })
    await broker.subscribe('#', everything.take, { qos: 1 })
    const publisher = await wire()
    if (from === 'a listener') {
      // one of the three is dropped while the message is on its way to the others
      const away = await wire({ clientId: 'away', properties: { sessionExpiryInterval: 60 } })
      await away.subscribe('ask')
      await away.disconnect(0)
    }
    await publisher.publish('ask', 'question', { qos: 0 })
    await publisher.barrier()
    const expected = [
      ['ask', 'question'],
      ['answer', 'from within'],
    ]
    for (const reader of readers) {
      expect((await reader.publishes(2)).map(({ topicName, text }) => [topicName, text])).toEqual(expected)
    }
    await settled()
    expect(everything.messages.map(({ topic }) => topic)).toEqual(['ask', 'answer'])
  })
})
