import { afterEach, describe, expect, it } from 'vitest'
import type { PartialSettings } from '../../src/settings/settings.ts'
import type { WireClient } from '../support/wire-client.ts'
import { RestartScene } from './restart-scene.ts'

let scene: RestartScene
afterEach(() => scene.stop())

async function started(settings: PartialSettings = {}, isTiny = true): Promise<RestartScene> {
  scene = new RestartScene(settings, isTiny)
  await scene.start()
  return scene
}

const numbers = (count: number) => Array.from({ length: count }, (_, index) => `${index}`)
const textsOf = (list: readonly { readonly text: string }[]) => list.map(({ text }) => text)

async function away(clientId: string, topicFilter: string, qos: 0 | 1 | 2): Promise<void> {
  const client = await scene.durable(clientId)
  await client.subscribe({ topicFilter, qos })
  await client.disconnect(0)
}

async function takeAll(client: WireClient, count: number): Promise<string[]> {
  const texts: string[] = []
  for (let index = 0; index < count; index++) {
    const { text, qos, packetId } = await client.next('publish')
    texts.push(text)
    if (qos === 1) client.acknowledge('puback', packetId)
    if (qos === 2) {
      client.acknowledge('pubrec', packetId)
      await client.next('pubrel')
      client.acknowledge('pubcomp', packetId)
    }
  }
  return texts
}

describe('after a crash a session', () => {
  it.each([true, false])(
    'is there with its subscriptions, their options and identifiers (log kept short: %s)',
    async (isTiny) => {
      await started({}, isTiny)
      const client = await scene.durable('s')
      await client.subscribe({ topicFilter: 'a/+', qos: 1, retainAsPublished: true }, { subscriptionIdentifiers: [7] })
      await client.subscribe({ topicFilter: 'own', qos: 1, noLocal: true })
      await client.subscribe({ topicFilter: 'gone', qos: 1 })
      await client.unsubscribe('gone')
      await scene.crash()
      const again = await scene.durable('s')
      expect(again.connack?.sessionPresent).toBe(true)
      await scene.publish('a/b', ['x'], 1, { retain: true })
      await scene.publish('gone', ['y'])
      await again.publish('own', 'z', { qos: 1 })
      const [message, ...others] = await again.rest()
      expect(message).toMatchObject({ kind: 'publish', text: 'x', qos: 1, retain: true })
      expect(message).toMatchObject({ properties: { subscriptionIdentifiers: [7] } })
      expect(others).toEqual([])
    },
  )

  it('has what was in flight on top of its queue, and takes more only once it is below the limit', async () => {
    const limits = { maximumQueuedMessages: 3, maximumInflightMessages: 2, queueCountsInflight: false } as const
    await started({ limits: { ...limits, queueFullPolicy: 'drop-newest' } })
    const client = await scene.durable('s')
    await client.subscribe({ topicFilter: 't', qos: 1 })
    await scene.publish('t', numbers(8))
    await scene.crash()
    await scene.publish('t', ['while it is away'])
    const again = await scene.durable('s')
    await scene.publish('t', ['beyond'])
    expect(await takeAll(again, 5)).toEqual(numbers(5))
    await scene.publish('t', ['later'])
    expect(await takeAll(again, 1)).toEqual(['later'])
    expect(await again.rest()).toEqual([])
  })

  it('has what was queued, at both levels, in order', async () => {
    await started()
    await away('s', 't/#', 2)
    await scene.publish('t/1', numbers(40), 1)
    await scene.publish('t/2', numbers(5), 2)
    await scene.crash()
    const client = await scene.durable('s')
    expect(await takeAll(client, 45)).toEqual([...numbers(40), ...numbers(5)])
    expect(await client.rest()).toEqual([])
  })

  it('is sent what it had not acknowledged under the same identifiers, with DUP, before anything else', async () => {
    await started()
    const client = await scene.durable('s', { properties: { receiveMaximum: 3 } })
    await client.subscribe({ topicFilter: 't', qos: 1 })
    await scene.publish('t', numbers(6))
    const first = await client.publishes(3)
    client.acknowledge('puback', first[1]?.packetId ?? 0)
    const [fourth] = await client.publishes(1)
    await scene.kept()
    await scene.crash()
    const again = await scene.durable('s')
    const list = await again.publishes(5)
    expect(textsOf(list)).toEqual(['0', '2', '3', '4', '5'])
    expect(list.slice(0, 3).map(({ packetId }) => packetId)).toEqual([
      first[0]?.packetId,
      first[2]?.packetId,
      fourth?.packetId,
    ])
    // the client was there: whatever waited may have been sent
    expect(list.map(({ dup }) => dup)).toEqual([true, true, true, true, true])
  })

  it('goes on with PUBREL where PUBREC had come [MQTT5-4.3.3-4]', async () => {
    await started()
    const client = await scene.durable('s')
    await client.subscribe({ topicFilter: 't', qos: 2 })
    await scene.publish('t', ['one', 'two', 'three'], 2)
    const list = await client.publishes(3)
    client.acknowledge('pubrec', list[1]?.packetId ?? 0)
    await client.next('pubrel')
    await scene.crash()
    const again = await scene.durable('s')
    const packets = [await again.nextAny(), await again.nextAny(), await again.nextAny()]
    expect(packets).toMatchObject([
      { kind: 'publish', text: 'one', packetId: list[0]?.packetId, dup: true },
      { kind: 'pubrel', packetId: list[1]?.packetId },
      { kind: 'publish', text: 'three', packetId: list[2]?.packetId, dup: true },
    ])
  })

  it('knows the QoS 2 identifiers it has received: a repeat is no new message [MQTT5-4.3.3-10]', async () => {
    await started()
    await away('reader', 't', 2)
    const publisher = await scene.durable('p')
    publisher.sendPublish('t', 'once', { qos: 2, packetId: 5 })
    await publisher.next('pubrec')
    await scene.crash()
    const again = await scene.durable('p')
    again.sendPublish('t', 'once', { qos: 2, packetId: 5, dup: true })
    await again.next('pubrec')
    again.acknowledge('pubrel', 5)
    await again.next('pubcomp')
    await scene.crash()
    const third = await scene.durable('p')
    third.sendPublish('t', 'new', { qos: 2, packetId: 5 })
    await third.next('pubrec')
    expect(await takeAll(await scene.durable('reader'), 2)).toEqual(['once', 'new'])
  })

  it('is not sent again what it acknowledged', async () => {
    await started()
    const client = await scene.durable('s')
    await client.subscribe({ topicFilter: 't', qos: 2 })
    await scene.publish('t', numbers(20), 1)
    expect(await takeAll(client, 20)).toEqual(numbers(20))
    await client.barrier()
    await scene.kept()
    await scene.crash()
    expect(await (await scene.durable('s')).rest()).toEqual([])
    expect(scene.broker.statistics.gauges().storedMessages).toBe(0)
    expect(scene.disk.keys('m|')).toEqual([])
  })

  it('is gone when it was, or when its time was over meanwhile', async () => {
    await started()
    await away('ended', 't', 1)
    await away('late', 't', 1)
    await scene.durable('connected')
    const clean = await scene.client({ clientId: 'ended', cleanStart: true })
    await clean.disconnect(0)
    await scene.publish('t', ['x'])
    await scene.crash(599_000)
    expect(scene.broker.statistics.gauges().sessions).toBe(2)
    await scene.crash(2_000)
    // the time of one that was connected begins with the restart
    expect(scene.broker.statistics.gauges().sessions).toBe(1)
    expect(scene.broker.statistics.counters.sessionsExpired).toBe(1)
    expect((await scene.durable('late')).connack?.sessionPresent).toBe(false)
    expect((await scene.durable('connected')).connack?.sessionPresent).toBe(true)
  })

  it('has no message that expired meanwhile [MQTT5-3.3.2-5]', async () => {
    await started()
    await away('s', 't', 1)
    await scene.publish('t', ['short'], 1, { properties: { messageExpiryInterval: 10 } })
    await scene.publish('t', ['long'], 1, { properties: { messageExpiryInterval: 100 } })
    await scene.crash(20_000)
    expect(scene.broker.statistics.counters.drops.expired).toBe(1)
    const client = await scene.durable('s')
    expect(await client.rest()).toMatchObject([{ text: 'long', properties: { messageExpiryInterval: 80 } }])
  })
})

describe('after a crash retained messages', () => {
  it('are those that were there, without what expired', async () => {
    await started()
    await scene.publish('a', ['1'], 0, { retain: true })
    await scene.publish('a', ['2'], 1, { retain: true })
    await scene.publish('b', ['3'], 1, { retain: true })
    await scene.publish('b', [''], 1, { retain: true })
    await scene.publish('c', ['4'], 1, { retain: true, properties: { messageExpiryInterval: 10 } })
    await scene.crash(20_000)
    const reader = await scene.client()
    await reader.subscribe({ topicFilter: '#', qos: 1 })
    expect(await reader.rest()).toMatchObject([{ kind: 'publish', text: '2', retain: true, qos: 1 }])
    expect(scene.broker.statistics.gauges().retainedMessages).toBe(1)
  })
})

const will = (delay: number) => ({
  topicName: 'will',
  payload: 'gone',
  qos: 1,
  properties: { willDelayInterval: delay },
})

describe('after a crash a will', () => {
  it('of a client that was connected is published', async () => {
    await started()
    await away('reader', 'will', 1)
    await scene.client({ clientId: 'clean', will: will(0) })
    await scene.crash()
    const reader = await scene.durable('reader')
    expect(await takeAll(reader, 1)).toEqual(['gone'])
    await reader.barrier()
    await scene.kept()
    await scene.crash()
    expect(await (await scene.durable('reader')).rest()).toEqual([])
  })

  it('waits for its delay, and not at all for a client that comes back [MQTT5-3.1.3-9]', async () => {
    await started()
    await away('reader', 'will', 1)
    const first = await scene.durable('first', { will: will(60) })
    await scene.durable('second', { will: will(60) })
    await first.abort()
    await scene.advance(10_000)
    await scene.crash(10_000)
    const reader = await scene.durable('reader')
    expect(await reader.rest()).toEqual([])
    await scene.durable('second')
    await scene.advance(41_000)
    expect(textsOf(await reader.publishes(1))).toEqual(['gone'])
    await scene.advance(100_000)
    expect(await reader.rest()).toEqual([])
  })

  it('is not published for a client that left in good order', async () => {
    await started()
    await away('reader', 'will', 1)
    const client = await scene.durable('c', { will: will(0) })
    await client.disconnect(0)
    await scene.crash()
    expect(await (await scene.durable('reader')).rest()).toEqual([])
  })
})

describe('after a crash a shared subscription', () => {
  it('has what waited for a member, and what a member was sent stays with it', async () => {
    await started()
    const member = await scene.durable('m', { properties: { receiveMaximum: 1 } })
    await member.subscribe({ topicFilter: '$share/g/t', qos: 1 })
    await scene.publish('t', numbers(5))
    await member.next('publish')
    await scene.crash()
    const again = await scene.durable('m')
    expect(await takeAll(again, 5)).toEqual(numbers(5))
    expect(await again.rest()).toEqual([])
  })
})

describe('a long queue', () => {
  it.each([1, 2] as const)(
    'at QoS %d is drained in order, as fast as the client acknowledges, across a crash',
    async (qos) => {
      await started({}, false)
      await away('s', 't', qos)
      await scene.publish('t', numbers(600), qos)
      const client = await scene.durable('s', { properties: { receiveMaximum: 10 } })
      expect(await takeAll(client, 300)).toEqual(numbers(300))
      await scene.advance(200)
      await scene.crash()
      const again = await scene.durable('s', { properties: { receiveMaximum: 10 } })
      await scene.publish('t', ['last'], qos)
      expect(await takeAll(again, 301)).toEqual([...numbers(600).slice(300), 'last'])
      await again.barrier()
      await scene.advance(200)
      expect(scene.broker.statistics.gauges().storedMessages).toBe(0)
    },
  )
})

describe('what is kept depends on', () => {
  const levels = {
    storage: {
      durability: 'always',
      intervalMs: 1000,
      topics: [
        { topics: ['live/#'], durability: 'memory' },
        { topics: ['soon/#'], durability: 'interval' },
      ],
    },
  } as const

  it('the topic rule: memory is lost, interval is there once its time was over, always is there', async () => {
    await started(levels)
    await away('s', '#', 1)
    await scene.publish('live/a', ['memory'])
    await scene.publish('soon/a', ['interval'])
    await scene.advance(1100)
    await scene.publish('other', ['always'])
    await scene.crash()
    const client = await scene.durable('s')
    expect(await takeAll(client, 2)).toEqual(['interval', 'always'])
    expect(await client.rest()).toEqual([])
  })

  it('nothing for a client that comes before a crash: it gets all, in order', async () => {
    await started(levels)
    await away('s', '#', 1)
    for (const topicName of ['live/a', 'soon/a', 'other', 'live/b']) await scene.publish(topicName, [topicName])
    expect(await takeAll(await scene.durable('s'), 4)).toEqual(['live/a', 'soon/a', 'other', 'live/b'])
  })
})

it('counters that outlive the process go on', async () => {
  await started({ limits: { maximumQueuedMessages: 1 } })
  await away('s', 't', 1)
  await scene.publish('t', numbers(4))
  await scene.advance(10_000)
  await scene.publish('t', ['x'])
  await scene.crash()
  expect(scene.broker.statistics.counters.drops['queue-full']).toBeGreaterThanOrEqual(3)
  expect(scene.broker.statistics.counters.sessionsMaximum).toBeGreaterThanOrEqual(2)
})

it('time does not run backwards from one start to the next', async () => {
  await started()
  await away('s', 't', 1)
  await scene.advance(500_000)
  await scene.publish('t', ['x'])
  await scene.crash(-400_000)
  await scene.advance(101_000)
  expect((await scene.durable('s')).connack?.sessionPresent).toBe(false)
})
