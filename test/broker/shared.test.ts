import { describe, expect, it } from 'vitest'
import type { Features, Limits } from '../../src/contracts/limits.ts'
import type { WireClient } from '../support/wire-client.ts'
import type { ConnectFields } from '../support/wire-packets.ts'
import { startBroker, type StartedBroker } from './started-broker.ts'

type Strategy = Features['sharedSubscriptionStrategy']

const start = (sharedSubscriptionStrategy: Strategy = 'round-robin', limits: Partial<Limits> = {}) =>
  startBroker({ features: { sharedSubscriptionStrategy }, limits, sysIntervalSeconds: 0 })
const lasting = { sessionExpiryInterval: 600 }
const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => `${from + index}`)

async function join(broker: StartedBroker, connect: ConnectFields = {}, qos = 1): Promise<WireClient> {
  const member = await broker.client(connect)
  await member.subscribe({ topicFilter: '$share/g/t/#', qos })
  return member
}

async function joinAll(broker: StartedBroker, count: number): Promise<WireClient[]> {
  const members: WireClient[] = []
  while (members.length < count) members.push(await join(broker))
  return members
}

async function publish(broker: StartedBroker, texts: readonly string[], qos = 1, topicName = 't') {
  const publisher = await broker.client()
  for (const text of texts) await publisher.publish(topicName, text, { qos })
  await publisher.barrier()
}

const textsOf = (members: readonly WireClient[]) => Promise.all(members.map((member) => member.restOfPayloads()))

describe('the strategy', () => {
  it('round-robin: each in its turn', async () => {
    const broker = await start('round-robin')
    const members = await joinAll(broker, 3)
    await publish(broker, numbers(1, 7))
    expect(await textsOf(members)).toEqual([
      ['1', '4', '7'],
      ['2', '5'],
      ['3', '6'],
    ])
  })

  it('round-robin: QoS 0 takes turns with the rest', async () => {
    const broker = await start('round-robin')
    const members = await joinAll(broker, 2)
    for (const [index, qos] of [0, 1, 0, 2].entries()) await publish(broker, [`${index}`], qos)
    expect(await textsOf(members)).toEqual([
      ['0', '2'],
      ['1', '3'],
    ])
  })

  it('sticky: one has the group until it leaves', async () => {
    const broker = await start('sticky')
    const members = await joinAll(broker, 3)
    await publish(broker, numbers(1, 3))
    expect(await textsOf(members)).toEqual([['1', '2', '3'], [], []])
    for (const packet of members[0]?.received ?? []) {
      if (packet.kind === 'publish') members[0]?.acknowledge('puback', packet.packetId)
    }
    await members[0]?.unsubscribe('$share/g/t/#')
    await publish(broker, numbers(4, 6))
    expect(await textsOf(members)).toEqual([[], ['4', '5', '6'], []])
  })

  it('random: every message to one, and none is left out for long', async () => {
    const broker = await start('random')
    const members = await joinAll(broker, 2)
    await publish(broker, numbers(1, 100))
    const seen = await textsOf(members)
    for (const texts of seen) expect(texts.length).toBeGreaterThan(0) // fails once in 2^99 runs
    expect(seen.flat().toSorted()).toEqual(numbers(1, 100).toSorted())
  })

  it('hash-topic: a topic stays with its member, topics are spread', async () => {
    const broker = await start('hash-topic')
    const members = await joinAll(broker, 2)
    const topics = numbers(1, 40).map((number) => `t/${number}`)
    for (let round = 0; round < 3; round++) {
      for (const topicName of topics) await publish(broker, [topicName], 1, topicName)
    }
    const [first = [], second = []] = await textsOf(members)
    expect(new Set(first).size + new Set(second).size).toBe(40)
    expect([first.length, second.length].every((count) => count > 0)).toBe(true)
    expect(first.length + second.length).toBe(120)
  })

  it.each(['round-robin', 'random', 'sticky', 'hash-topic'] as const)(
    '%s: a member that is away or has no quota is passed over',
    async (strategy) => {
      const broker = await start(strategy)
      const away = await join(broker, { properties: lasting })
      await away.disconnect(0)
      const full = await join(broker, { properties: { receiveMaximum: 1 } })
      const ready = await join(broker)
      await publish(broker, numbers(1, 10))
      const [fromFull = [], fromReady = []] = await textsOf([full, ready])
      expect([...fromFull, ...fromReady].toSorted()).toEqual(numbers(1, 10).toSorted())
      expect(fromFull.length).toBeLessThanOrEqual(1)
    },
  )
})

describe('groups', () => {
  it('are told apart by name and by filter, and from plain subscriptions', async () => {
    const broker = await start()
    const client = await broker.client()
    const filters = ['$share/g/t', '$share/h/t', '$share/g/+', 't']
    await client.subscribe(filters.map((topicFilter) => ({ topicFilter, qos: 1 })))
    await publish(broker, ['x'])
    expect(await client.restOfPayloads()).toEqual(['x', 'x', 'x', 'x'])
  })

  it('have members of every version, each at its own QoS', async () => {
    const broker = await start()
    const members = [
      await broker.client({ version: 3 }),
      await broker.client({ version: 4 }),
      await broker.client({ version: 5 }),
    ]
    for (const [qos, member] of members.entries()) await member.subscribe({ topicFilter: '$share/g/t', qos })
    await publish(broker, numbers(1, 6), 2)
    const lists = await Promise.all(members.map((member) => member.rest()))
    const seen = lists.map((list) => list.flatMap((one) => (one.kind === 'publish' ? [one.qos] : [])))
    expect(seen).toEqual([
      [0, 0],
      [1, 1],
      [2, 2],
    ])
  })
})

describe('the queue of a group', () => {
  it('holds what nobody has quota for, and serves who has some first, in order', async () => {
    const broker = await start()
    const members = [
      await join(broker, { properties: { receiveMaximum: 1 } }),
      await join(broker, { properties: { receiveMaximum: 1 } }),
    ]
    await publish(broker, numbers(1, 5))
    const [first, second] = await Promise.all(members.map((member) => member.next('publish')))
    expect([first?.text, second?.text]).toEqual(['1', '2'])
    expect(await textsOf(members)).toEqual([[], []])
    members[1]?.acknowledge('puback', second?.packetId ?? 0)
    const third = await members[1]?.next('publish')
    expect(third?.text).toBe('3')
    members[1]?.acknowledge('puback', third?.packetId ?? 0)
    expect((await members[1]?.next('publish'))?.text).toBe('4')
    members[0]?.acknowledge('puback', first?.packetId ?? 0)
    expect((await members[0]?.next('publish'))?.text).toBe('5')
    expect(await textsOf(members)).toEqual([[], []])
  })

  it('holds QoS 1 and 2 while all members are away; whoever is back first gets them', async () => {
    const broker = await start()
    for (const clientId of ['a', 'b']) await (await join(broker, { clientId, properties: lasting }, 2)).disconnect(0)
    await publish(broker, ['one'], 1)
    await publish(broker, ['two'], 2)
    await publish(broker, ['zero'], 0)
    const b = await broker.client({ clientId: 'b', cleanStart: false, properties: lasting })
    expect((await b.publishes(2)).map((one) => [one.text, one.qos])).toEqual([
      ['one', 1],
      ['two', 2],
    ])
    const a = await broker.client({ clientId: 'a', cleanStart: false, properties: lasting })
    expect(await textsOf([a, b])).toEqual([[], []])
    expect(broker.drops('offline-qos0')).toBe(1)
  })

  it('is served to a member that joins', async () => {
    const broker = await start()
    await (await join(broker, { properties: lasting })).disconnect(0)
    await publish(broker, numbers(1, 3))
    const late = await join(broker)
    expect((await late.publishes(3)).map((one) => one.text)).toEqual(numbers(1, 3))
  })

  it('keeps to the limits of a queue', async () => {
    const broker = await start('round-robin', { maximumQueuedMessages: 2 })
    const away = await join(broker, { clientId: 'away', properties: lasting })
    await away.disconnect(0)
    await publish(broker, numbers(1, 5))
    expect(broker.drops('queue-full')).toBe(3)
    const back = await broker.client({ clientId: 'away', cleanStart: false, properties: lasting })
    expect((await back.next('publish')).text).toBe('4')
  })

  it('lets messages expire', async () => {
    const broker = await start()
    await (await join(broker, { properties: lasting })).disconnect(0)
    const publisher = await broker.client()
    await publisher.publish('t', 'stale', { qos: 1, properties: { messageExpiryInterval: 2 } })
    await publisher.publish('t', 'fresh', { qos: 1, properties: { messageExpiryInterval: 20 } })
    await broker.advance(5_000)
    const late = await join(broker)
    const delivery = await late.next('publish')
    expect([delivery.text, delivery.properties.messageExpiryInterval]).toEqual(['fresh', 15])
    expect(broker.drops('expired')).toBe(1)
  })

  it('goes with its last member', async () => {
    const broker = await start()
    await (await join(broker, { properties: { sessionExpiryInterval: 5 } })).disconnect(0)
    await publish(broker, numbers(1, 3))
    await broker.advance(6_000)
    expect(broker.drops('session-ended')).toBe(3)
    expect(await (await join(broker)).rest()).toEqual([])
  })
})

describe("when a member's session ends", () => {
  it('what it did not acknowledge at QoS 1 goes to another, as new and in order', async () => {
    const broker = await start()
    const leaving = await join(broker)
    await publish(broker, numbers(1, 3))
    const sent = await leaving.publishes(3)
    leaving.acknowledge('puback', sent[1]?.packetId ?? 0)
    await leaving.barrier()
    const staying = await join(broker)
    await leaving.abort()
    const taken = await staying.publishes(2)
    expect(taken.map((one) => [one.text, one.qos, one.dup])).toEqual([
      ['1', 1, false],
      ['3', 1, false],
    ])
    expect(await staying.rest()).toEqual([])
  })

  it('so does what a session that is kept leaves behind, once it expires', async () => {
    const broker = await start()
    const leaving = await join(broker, { properties: { sessionExpiryInterval: 10 } })
    await publish(broker, ['x'])
    await leaving.next('publish')
    const staying = await join(broker)
    await leaving.abort()
    await broker.settle()
    expect(await staying.rest()).toEqual([]) // it may come back for it
    await broker.advance(11_000)
    expect((await staying.next('publish')).text).toBe('x')
  })

  it('a session that comes back in time gets it again itself', async () => {
    const broker = await start()
    const connect = { clientId: 'back', properties: lasting }
    const leaving = await join(broker, connect)
    await publish(broker, ['x'])
    const { packetId } = await leaving.next('publish')
    const other = await join(broker)
    await leaving.abort()
    const back = await broker.client({ ...connect, cleanStart: false })
    expect(await back.next('publish')).toMatchObject({ text: 'x', packetId, dup: true })
    expect(await other.rest()).toEqual([])
  })

  it('QoS 2 that was begun is not handed over', async () => {
    const broker = await start()
    const leaving = await join(broker, {}, 2)
    await publish(broker, ['x'], 2)
    await leaving.next('publish')
    const staying = await join(broker, {}, 2)
    await leaving.abort()
    await broker.settle()
    expect(await staying.rest()).toEqual([])
    expect(broker.drops('session-ended')).toBe(1)
  })

  it('with no member left it is dropped, and counted', async () => {
    const broker = await start()
    const only = await join(broker)
    await publish(broker, ['x'])
    await only.next('publish')
    await only.abort()
    await broker.settle()
    expect(broker.drops('session-ended')).toBe(1)
  })
})
