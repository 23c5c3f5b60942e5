import { describe, expect, it } from 'vitest'
import type { Access, AuthorizedClient, Authorizer } from '../../src/contracts/authorizer.ts'
import { pingreqPacket, publishPacket, subscribePacket } from '../support/wire-packets.ts'
import { startBroker, until } from './started-broker.ts'

interface Question {
  readonly client: AuthorizedClient
  readonly access: Access
  readonly respond: (allowed: boolean) => void
}

/** Allows everything, except that topics and filters that begin with `late` wait for `answer` and `no` are denied. */
class TestAuthorizer implements Authorizer {
  epoch = 0
  /** Prefixes that are denied at the moment. */
  denied: string[] = ['no']
  /** What is denied there; undefined for everything. */
  deniedAction: Access['action'] | undefined = undefined
  readonly asked: Question[] = []
  readonly waiting: Question[] = []

  authorize(client: AuthorizedClient, access: Access, respond: (allowed: boolean) => void): boolean | undefined {
    const question = { client, access, respond }
    this.asked.push(question)
    const name = 'topicName' in access ? access.topicName : access.topicFilter
    if (access.action !== 'receive' && name.startsWith('late')) {
      this.waiting.push(question)
      return undefined
    }
    if (this.deniedAction !== undefined && access.action !== this.deniedAction) return true
    return !this.denied.some((one) => name.startsWith(one))
  }

  /** Changes what is denied, the way a reloaded access list does. */
  deny(...prefixes: string[]): void {
    this.denied = prefixes
    this.epoch++
  }

  /** Answers the oldest question. */
  answer(allowed: boolean): void {
    this.waiting.shift()?.respond(allowed)
  }
}

async function scene() {
  const authorizer = new TestAuthorizer()
  return { authorizer, broker: await startBroker({ sysIntervalSeconds: 0 }, { authorizer }) }
}

describe('an authorizer that answers later', () => {
  it('holds up that client, and nobody else', async () => {
    const { authorizer, broker } = await scene()
    const [slow, other, watcher] = [await broker.client(), await broker.client(), await broker.client()]
    await watcher.subscribe('#')
    slow.send(publishPacket(5, 'late/1', 'first'), publishPacket(5, 'free', 'second'), pingreqPacket)
    await until(() => authorizer.waiting.length === 1)
    await other.publish('free', 'meanwhile', { qos: 1 })
    expect(await watcher.restOfPayloads()).toEqual(['meanwhile'])
    expect(slow.received).toHaveLength(1)
    authorizer.answer(true)
    await slow.next('pingresp')
    expect(await watcher.restOfPayloads()).toEqual(['first', 'second'])
  })

  it('its keep alive stands still meanwhile', async () => {
    const { authorizer, broker } = await scene()
    const client = await broker.client({ keepAlive: 10 })
    client.sendPublish('late/1', 'x', { qos: 1 })
    await until(() => authorizer.waiting.length === 1)
    await broker.advance(60_000)
    await broker.settle()
    expect(client.isClosed).toBe(false)
    authorizer.answer(true)
    await client.next('puback')
  })

  it.each([
    [true, ['x']],
    [false, []],
  ])('for a publish: %s lets through %j', async (allowed, expected) => {
    const { authorizer, broker } = await scene()
    const [client, watcher] = [await broker.client(), await broker.client()]
    await watcher.subscribe('#')
    const answer = client.publish('late/1', 'x', { qos: 1 })
    await until(() => authorizer.waiting.length === 1)
    authorizer.answer(allowed)
    expect(await answer).toMatchObject({ kind: 'puback', reasonCode: allowed ? 0 : 0x87 })
    expect(await watcher.restOfPayloads()).toEqual(expected)
  })

  it('for a SUBSCRIBE: answers in any order, codes in the order of the filters', async () => {
    const { authorizer, broker } = await scene()
    const client = await broker.client()
    const filters = ['late/a', 'free', 'late/b', 'no', 'late/c']
    const suback = client.subscribe(filters.map((topicFilter) => ({ topicFilter })))
    await until(() => authorizer.waiting.length === 3)
    const [a, b, c] = authorizer.waiting.splice(0)
    c?.respond(true)
    a?.respond(true)
    b?.respond(false)
    expect((await suback).reasonCodes).toEqual([0, 0, 0x87, 0x87, 0])
    const publisher = await broker.client()
    for (const topicName of ['free', 'no']) await publisher.publish(topicName, topicName, { qos: 1 })
    expect(await client.restOfPayloads()).toEqual(['free'])
  })

  it('for a Will: it goes out when the answer is there', async () => {
    const { authorizer, broker } = await scene()
    const watcher = await broker.client()
    await watcher.subscribe('#')
    await (await broker.client({ will: { topicName: 'late/will', payload: 'will' } })).abort()
    await until(() => authorizer.waiting.length === 1)
    expect(await watcher.rest()).toEqual([])
    authorizer.answer(true)
    expect((await watcher.next('publish')).text).toBe('will')
  })

  it('finds the client gone: nothing happens', async () => {
    const { authorizer, broker } = await scene()
    const watcher = await broker.client()
    await watcher.subscribe('#')
    const [publisher, subscriber] = [await broker.client(), await broker.client()]
    publisher.send(publishPacket(5, 'late/1', 'x', { qos: 1 }))
    subscriber.send(subscribePacket(5, 1, [{ topicFilter: 'late/2' }]))
    await until(() => authorizer.waiting.length === 2)
    for (const client of [publisher, subscriber]) await client.abort()
    await broker.settle()
    for (let count = 0; count < 2; count++) authorizer.answer(true)
    expect(await watcher.rest()).toEqual([])
    expect(broker.broker.statistics.counters.assertions).toBe(0)
    expect(broker.broker.statistics.gauges().subscriptions).toBe(1)
  })

  it('may answer twice: the first answer counts', async () => {
    const { authorizer, broker } = await scene()
    const client = await broker.client()
    const suback = client.subscribe('late/a')
    await until(() => authorizer.waiting.length === 1)
    const question = authorizer.waiting.shift()
    question?.respond(false)
    question?.respond(true)
    expect((await suback).reasonCodes).toEqual([0x87])
    await client.barrier()
    expect(broker.broker.statistics.counters.assertions).toBe(0)
  })
})

describe('a publish without the right', () => {
  it.each([
    [5, 0, []],
    [5, 1, [['puback', 0x87]]],
    [5, 2, [['pubrec', 0x87]]],
    [4, 0, []],
    [4, 1, [['puback', 0]]],
    [4, 2, [['pubrec', 0]]],
    [3, 1, [['puback', 0]]],
  ] as const)('version %d, QoS %d: answered %j, counted, and never routed', async (version, qos, answers) => {
    const { broker } = await scene()
    const watcher = await broker.client()
    await watcher.subscribe('#')
    const client = await broker.client({ version })
    client.sendPublish('no', 'x', { qos, retain: true })
    const seen = (await client.rest()).map((one) => [one.kind, 'reasonCode' in one ? one.reasonCode : 0])
    expect(seen).toEqual(answers)
    await watcher.subscribe('#')
    expect(await watcher.rest()).toEqual([])
    expect(broker.drops('not-authorized')).toBe(1)
  })

  it('an alias it brings is set all the same', async () => {
    const { authorizer, broker } = await scene()
    const [client, watcher] = [await broker.client(), await broker.client()]
    await watcher.subscribe('no')
    authorizer.deny('no')
    await client.publish('no', 'refused', { qos: 1, properties: { topicAlias: 1 } })
    authorizer.deny()
    await watcher.subscribe('no')
    const puback = await client.publish('', 'allowed', { qos: 1, properties: { topicAlias: 1 } })
    expect(puback).toMatchObject({ reasonCode: 0 })
    expect(await watcher.restOfPayloads()).toEqual(['allowed'])
  })
})

describe('what is asked', () => {
  it('names client, user, address, topic, QoS and RETAIN', async () => {
    const authorizer = new TestAuthorizer()
    const authenticator = {
      authenticate: (_request: object, respond: (outcome: { result: 'accepted'; user: string }) => void) =>
        respond({ result: 'accepted', user: 'ann' }),
    }
    const broker = await startBroker({ sysIntervalSeconds: 0 }, { authorizer, authenticator })
    const client = await broker.client({ clientId: 'c', userName: 'ann' })
    await client.subscribe({ topicFilter: 'a/+', qos: 1 })
    await client.publish('a/b', 'x', { qos: 2, retain: true })
    const who = { clientId: 'c', user: 'ann', peer: { transport: 'tcp', address: '127.0.0.1' } }
    expect(authorizer.asked).toMatchObject([
      { client: who, access: { action: 'subscribe', topicFilter: 'a/+', qos: 1 } },
      { client: who, access: { action: 'receive', topicName: 'a/b' } },
      { client: who, access: { action: 'publish', topicName: 'a/b', qos: 2, retain: true } },
    ])
  })

  it('is asked once for each topic, QoS and RETAIN, until the epoch changes', async () => {
    const { authorizer, broker } = await scene()
    const client = await broker.client()
    const publishAll = async () => {
      for (const topicName of ['a', 'b']) {
        for (const qos of [0, 1, 2]) {
          for (const retain of [false, true]) await client.publish(topicName, 'x', { qos, retain })
        }
      }
      await client.barrier()
    }
    for (let round = 0; round < 3; round++) await publishAll()
    const asked = () => authorizer.asked.filter(({ access }) => access.action === 'publish').length
    expect(asked()).toBe(12)
    authorizer.deny('no')
    await publishAll()
    expect(asked()).toBe(24)
  })
})

describe('a change of rights', () => {
  it('takes effect on publishers at once', async () => {
    const { authorizer, broker } = await scene()
    const client = await broker.client()
    const codes: (number | undefined)[] = []
    for (const prefixes of [[], ['t'], [], ['t']]) {
      authorizer.deny(...prefixes)
      codes.push((await client.publish('t', 'x', { qos: 1 }))?.reasonCode)
    }
    expect(codes).toEqual([0x10, 0x87, 0x10, 0x87])
  })

  it('takes effect on standing subscriptions at once, both ways', async () => {
    const { authorizer, broker } = await scene()
    authorizer.deniedAction = 'receive'
    const [publisher, watcher, member] = [await broker.client(), await broker.client(), await broker.client()]
    await watcher.subscribe({ topicFilter: 't/#', qos: 1 })
    await member.subscribe({ topicFilter: '$share/g/t/#', qos: 1 })
    for (const [text, prefixes] of [
      ['1', []],
      ['2', ['t/secret']],
      ['3', []],
    ] as const) {
      authorizer.deny(...prefixes)
      for (const topicName of ['t/secret', 't/open']) await publisher.publish(topicName, text, { qos: 1 })
    }
    expect(await watcher.restOfPayloads()).toEqual(['1', '1', '2', '3', '3'])
    expect((await member.restOfPayloads()).slice(0, 3)).toEqual(['1', '1', '2'])
  })
})

describe('a right to receive that is missing', () => {
  const noReceive: Authorizer = {
    epoch: 0,
    authorize: ({ clientId }, access) => access.action !== 'receive' || !clientId.startsWith('blind'),
  }

  it('live, retained and queued messages do not come; others get theirs', async () => {
    const broker = await startBroker({ sysIntervalSeconds: 0 }, { authorizer: noReceive })
    const publisher = await broker.client()
    await publisher.publish('t', 'retained', { qos: 1, retain: true })
    const connect = { clientId: 'blind', properties: { sessionExpiryInterval: 60 } }
    const blind = await broker.client(connect)
    const seeing = await broker.client()
    for (const client of [blind, seeing]) {
      expect((await client.subscribe({ topicFilter: 't', qos: 1 })).reasonCodes).toEqual([1])
    }
    await publisher.publish('t', 'live', { qos: 1 })
    expect(await seeing.restOfPayloads()).toEqual(['retained', 'live'])
    expect(await blind.rest()).toEqual([])
    await blind.disconnect(0)
    await publisher.publish('t', 'while away', { qos: 1 })
    expect(await (await broker.client({ ...connect, cleanStart: false })).rest()).toEqual([])
  })

  it('a group passes over the member that lacks it', async () => {
    const broker = await startBroker({ sysIntervalSeconds: 0 }, { authorizer: noReceive })
    const [blind, seeing, publisher] = [
      await broker.client({ clientId: 'blind' }),
      await broker.client(),
      await broker.client(),
    ]
    for (const client of [blind, seeing]) await client.subscribe({ topicFilter: '$share/g/t', qos: 1 })
    for (const text of ['a', 'b', 'c']) await publisher.publish('t', text, { qos: 1 })
    expect(await seeing.restOfPayloads()).toEqual(['a', 'b', 'c'])
    expect(await blind.rest()).toEqual([])
  })
})
