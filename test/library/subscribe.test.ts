import { describe, expect, it } from 'vitest'
import { MqttError } from '../../src/contracts/embedding.ts'
import { inbox, listening, scene, settled } from './scene.ts'

describe('broker.subscribe', () => {
  it.each([
    ['a/b', ['a/b']],
    ['a/+', ['a/b', 'a/c']],
    ['#', ['a/b', 'a/c', 'a/c/d']],
    ['$share/g/a/#', ['a/b', 'a/c', 'a/c/d']],
  ])('%s gets %j', async (topicFilter, expected) => {
    const { broker } = await scene()
    const got = await listening(broker, topicFilter)
    for (const topic of ['a/b', 'a/c', 'a/c/d', '$other']) await broker.publish({ topic, qos: 1 })
    await settled()
    expect(got.messages.map(({ topic }) => topic)).toEqual(expected)
  })

  it.each([
    [0, true, ['true kept', 'false live']],
    [0, false, ['true kept', 'false live']],
    [1, true, ['true kept', 'false live']],
    [1, false, ['false live']],
    [2, true, ['false live']],
  ] as const)('retainHandling %d, for a new subscription %s: %j', async (retainHandling, isNew, expected) => {
    const { broker } = await scene()
    await broker.publish({ topic: 't', payload: 'kept', retain: true })
    if (!isNew) await broker.subscribe('t', () => {}, { retainHandling: 2 })
    const got = inbox()
    await broker.subscribe('t', got.take, { retainHandling })
    await settled()
    await broker.publish({ topic: 't', payload: 'live', retain: true })
    await settled()
    expect(got.messages.map(({ retain }, index) => `${retain} ${got.texts()[index]}`)).toEqual(expected)
  })

  it('retainAsPublished keeps the flag of live messages', async () => {
    const { broker } = await scene()
    const got = inbox()
    await broker.subscribe('t', got.take, { retainAsPublished: true })
    await broker.publish({ topic: 't', payload: 'x', retain: true })
    await settled()
    expect(got.messages[0]?.retain).toBe(true)
  })

  it.each([true, false])('noLocal %s, of a client: its own publishes', async (noLocal) => {
    const { broker } = await scene()
    const client = await broker.connect()
    const got = inbox()
    await client.subscribe('t', got.take, { noLocal })
    await client.publish({ topic: 't', payload: 'own', qos: 1 })
    await broker.publish({ topic: 't', payload: 'other' })
    await settled()
    expect(got.texts()).toEqual(noLocal ? ['other'] : ['own', 'other'])
  })

  it.each([true, false])(
    'every subscription gets its own, overlapping or shared; identifiers: %s',
    async (available) => {
      const { broker } = await scene({ features: { subscriptionIdentifiersAvailable: available } })
      await broker.publish({ topic: 'a/b', payload: 'kept', retain: true })
      const wide = await listening(broker, 'a/#')
      await settled()
      const narrow = await listening(broker, 'a/b')
      const shared = [await listening(broker, '$share/one/a/b'), await listening(broker, '$share/two/a/b')]
      await settled()
      await broker.publish({ topic: 'a/b', payload: 'live', qos: 1 })
      await settled()
      expect(narrow.texts().at(-1)).toBe('live')
      if (!available) return // told apart by their filters alone
      expect(wide.texts()).toEqual(['kept', 'live'])
      expect(narrow.texts()).toEqual(['kept', 'live'])
      expect(shared.map((one) => one.texts())).toEqual([['live'], ['live']])
    },
  )

  it('members of a group share the messages', async () => {
    const { broker } = await scene()
    const members = [await broker.connect(), await broker.connect()]
    const got = await Promise.all(members.map((member) => listening(member, '$share/g/t')))
    for (let count = 0; count < 4; count++) await broker.publish({ topic: 't', payload: String(count), qos: 1 })
    await settled()
    expect(got.flatMap((one) => one.texts()).toSorted()).toEqual(['0', '1', '2', '3'])
    expect(got.map((one) => one.messages.length)).toEqual([2, 2])
  })

  it('a handler that throws is logged and harms nobody', async () => {
    const { broker, lines } = await scene()
    await broker.subscribe('t', () => {
      throw new Error('no good')
    })
    const other = await listening(broker, '#')
    for (const payload of ['1', '2']) await broker.publish({ topic: 't', payload, qos: 1 })
    await settled()
    expect(other.texts()).toEqual(['1', '2'])
    const errors = lines.filter(({ level }) => level === 'error')
    expect(errors).toMatchObject([{ message: 'a message handler failed', fields: { topic: 't' } }, {}])
    expect(errors[0]?.fields['error']).toContain('no good')
    expect(broker.statistics.counters.assertions).toBe(0)
  })

  it('unsubscribe ends it, once; the handler that took its place stays', async () => {
    const { broker } = await scene()
    const [first, second] = [inbox(), inbox()]
    const one = await broker.subscribe('t', first.take)
    const two = await broker.subscribe('t', second.take)
    await one.unsubscribe()
    await broker.publish({ topic: 't', payload: 'a' })
    await settled()
    await two.unsubscribe()
    await two.unsubscribe()
    await broker.publish({ topic: 't', payload: 'b' })
    await settled()
    expect([first.texts(), second.texts()]).toEqual([[], ['a']])
    expect(broker.statistics.gauges().subscriptions).toBe(0)
  })

  it.each([
    ['a/#/b', {}, 0x8f],
    ['', {}, 0x8f],
    ['$share/x', {}, 0x8f],
    ['$share', {}, 0x8f],
    ['$share/g/t', { noLocal: true }, 0x82],
    ['a/b/c/d', {}, 0x8f],
    ['a/+', {}, 0xa2],
  ])('%j %j is refused with %d, and the others stand', async (topicFilter, options, reasonCode) => {
    const settings = { limits: { maximumTopicLevels: 3 }, features: { wildcardSubscriptionAvailable: false } }
    const { broker } = await scene(settings)
    const got = await listening(broker, 't')
    const refused = await broker.subscribe(topicFilter, () => {}, options).catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(MqttError)
    expect(refused).toMatchObject({ name: 'MqttError', reasonCode })
    await broker.publish({ topic: 't', payload: 'x' })
    await settled()
    expect(got.texts()).toEqual(['x'])
  })

  it.each([
    ['is too long', `t/${'a'.repeat(65_536)}`],
    ['is too long for a group', `$share/g/${'a'.repeat(65_530)}`],
    ['holds U+0000', 'a\0b'],
    ['holds half a surrogate pair', 'a\uD83C'],
  ])('a filter that %s is refused before it is sent', async (_what, topicFilter) => {
    const { broker } = await scene()
    const client = await broker.connect()
    await expect(client.subscribe(topicFilter, () => {})).rejects.toMatchObject({ name: 'MqttError', reasonCode: 0x8f })
    const got = await listening(client, 't')
    await broker.publish({ topic: 't', payload: 'x' })
    await settled()
    expect(got.texts()).toEqual(['x'])
  })

  it('unsubscribe leaves the handler that takes its place meanwhile', async () => {
    const { broker } = await scene()
    const [first, second] = [inbox(), inbox()]
    const one = await broker.subscribe('t', first.take)
    await Promise.all([one.unsubscribe(), broker.subscribe('t', second.take)])
    await broker.publish({ topic: 't', payload: 'x' })
    await settled()
    expect([first.texts(), second.texts()]).toEqual([[], ['x']])
  })

  it('a refused replacement leaves the handler that was there', async () => {
    const { broker } = await scene()
    const client = await broker.connect()
    const got = await listening(client, 't')
    const remove = broker.use({ authorizeSubscribe: () => false })
    await expect(client.subscribe('t', () => {})).rejects.toMatchObject({ reasonCode: 0x87 })
    remove()
    await broker.publish({ topic: 't', payload: 'x' })
    await settled()
    expect(got.texts()).toEqual(['x'])
  })

  it('asks for no rights, and counts against no limit of connections', async () => {
    const rights = { rules: [{ deny: 'all', topics: ['#'] }] } as const
    const { broker } = await scene({ rights, limits: { maximumConnections: 1 } })
    await broker.connect()
    const got = await listening(broker, 't')
    await broker.publish({ topic: 't', payload: 'x' })
    await settled()
    expect(got.texts()).toEqual(['x'])
  })

  it('connects anew when its client was refused', async () => {
    const { broker } = await scene({ limits: { maximumSessions: 1 } })
    const only = await broker.connect()
    await expect(broker.subscribe('t', () => {})).rejects.toMatchObject({ reasonCode: 0x89 })
    await only.close()
    const got = await listening(broker, 't')
    await broker.publish({ topic: 't', payload: 'x' })
    await settled()
    expect(got.texts()).toEqual(['x'])
  })

  it('is not ended by the longest keep alive that clients are allowed', async () => {
    const { broker, clock } = await scene({ limits: { maximumKeepAliveSeconds: 60 } })
    const got = await listening(broker, 't')
    clock.advance(300_000)
    await settled()
    await broker.publish({ topic: 't', payload: 'x' })
    await settled()
    expect(got.texts()).toEqual(['x'])
  })

  it('grants at most the maximum QoS, and says so', async () => {
    const { broker } = await scene({ features: { maximumQos: 1 } })
    expect(await broker.subscribe('t', () => {}, { qos: 2 })).toMatchObject({ topicFilter: 't', qos: 1 })
  })
})
