import { once } from 'node:events'
import { connect as connectSocket } from 'node:net'
import { describe, expect, it } from 'vitest'
import type { Limits } from '../../src/contracts/limits.ts'
import { connectPacket, joined, publishPacket, subscribePacket, variableByteInteger } from '../support/wire-packets.ts'
import { unique } from '../support/wire-steps.ts'
import { startBroker, type StartedBroker } from './started-broker.ts'

// What queues and outboxes hold is in limits-queues.test.ts; uncommitted bytes are in commits.test.ts.

/** Without `$SYS`, whose bytes would take part in what is counted here. */
const withLimits = (limits: Partial<Limits>) => startBroker({ limits, sysIntervalSeconds: 0 })

/** The first bytes the broker says to a CONNECT from another loopback address. */
async function connectFrom(localAddress: string, port: number): Promise<string> {
  const socket = connectSocket({ port, host: '127.0.0.1', localAddress })
  socket.write(connectPacket(4, { clientId: unique('from') }))
  const [chunk] = (await once(socket, 'data')) as [Buffer]
  socket.destroy()
  return chunk.toString('hex')
}

/** Tries until the broker has seen an earlier connection end, and takes this one. */
async function admitted(broker: StartedBroker): Promise<void> {
  for (;;) {
    const client = await broker.open()
    client.sendConnect({ clientId: unique('admitted') })
    const connack = await client.next('connack').catch(() => undefined)
    if (connack !== undefined) return
  }
}

/** A CONNECT of exactly `byteCount` bytes, by the length of its user name. */
function connectOf(byteCount: number): Uint8Array {
  const bare = connectPacket(5, { clientId: 'size', userName: '' }).length
  return connectPacket(5, { clientId: 'size', userName: 'u'.repeat(byteCount - bare) })
}

describe('connections', () => {
  it('maximumConnections: one more is closed before a byte is read, and comes in when another leaves', async () => {
    const broker = await withLimits({ maximumConnections: 2 })
    const first = await broker.client()
    await broker.open() // one that says nothing counts too
    const third = await broker.open()
    third.sendConnect({ clientId: 'third' })
    await third.closed()
    expect(third.received).toEqual([])
    expect(broker.broker.statistics.counters.connectionsRefused).toBe(1)
    await first.disconnect(0)
    await admitted(broker)
  })

  it('maximumConnectionsPerAddress: other addresses are not affected', async () => {
    const broker = await withLimits({ maximumConnectionsPerAddress: 2 })
    const clients = [await broker.client(), await broker.client({ transport: 'websocket' })]
    const third = await broker.open()
    await third.closed()
    expect(third.received).toEqual([])
    expect(await connectFrom('127.0.0.2', broker.port)).toBe('20020000')
    await clients[0]?.disconnect(0)
    await admitted(broker)
  })

  it.each([
    ['no limit', { maximumConnections: 0, maximumConnectionsPerAddress: 0 }],
    ['the default', {}],
  ])('maximumConnections, maximumConnectionsPerAddress: %s lets many in', async (_title, limits) => {
    const broker = await withLimits(limits)
    const clients = await Promise.all(Array.from({ length: 100 }, () => broker.client()))
    for (const client of clients) await client.barrier()
  })

  it('connectTimeoutMs: a CONNECT that is not whole by then comes too late', async () => {
    const broker = await withLimits({ connectTimeoutMs: 2_000 })
    const [silent, slow] = [await broker.open(), await broker.open()]
    const bytes = connectPacket(5, { clientId: 'slow' })
    for (let step = 0; step < 6; step++) {
      slow.send(bytes.subarray(step, step + 1))
      await broker.advance(300)
    }
    await broker.settle()
    expect([silent.isClosed, slow.isClosed]).toEqual([false, false])
    slow.send(bytes.subarray(6, 7))
    await broker.advance(400)
    await silent.closed()
    await slow.closed()
    expect([...silent.received, ...slow.received]).toEqual([])
  })

  it('connectTimeoutMs: says nothing about what comes after CONNECT', async () => {
    const broker = await withLimits({ connectTimeoutMs: 2_000 })
    const client = await broker.client()
    await broker.advance(60_000)
    await client.barrier()
  })
})

describe('packets', () => {
  it('maximumConnectPacketBytes: judged on the fixed header, exact to the byte', async () => {
    const broker = await withLimits({ maximumConnectPacketBytes: 100 })
    const fits = await broker.open()
    fits.send(connectOf(100))
    expect((await fits.next('connack')).reasonCode).toBe(0)
    const tooLarge = await broker.open()
    tooLarge.send(connectOf(101).subarray(0, 2)) // no more than its claim
    await tooLarge.closed()
    expect(broker.broker.statistics.counters.connectionsAccepted).toBe(1)
    await fits.publish('t', 'x'.repeat(500), { qos: 1 }) // later packets have a limit of their own
  })

  it('maximumPacketBytes: the largest that can be is nothing to announce', async () => {
    const broker = await withLimits({ maximumPacketBytes: 268_435_460 })
    expect((await broker.client()).connack.properties).not.toHaveProperty('maximumPacketSize')
  })

  it('maximumPacketBytes: announced, and judged on the fixed header, exact to the byte', async () => {
    const broker = await withLimits({ maximumPacketBytes: 1000 })
    const client = await broker.client()
    expect(client.connack.properties.maximumPacketSize).toBe(1000)
    const overhead = publishPacket(5, 't', 'x'.repeat(500), { qos: 1 }).length - 500
    expect(await client.publish('t', 'x'.repeat(1000 - overhead), { qos: 1 })).toMatchObject({ kind: 'puback' })
    client.send(joined([0x32], variableByteInteger(998))) // 1 + 2 + 998 bytes, none of which comes
    expect((await client.closed()).reasonCode).toBe(0x95)
  })

  it('maximumPacketBytes: a 3.1.1 client is closed', async () => {
    const broker = await withLimits({ maximumPacketBytes: 1000 })
    const client = await broker.client({ version: 4 })
    client.send(joined([0x30], variableByteInteger(268_435_455)))
    await client.closed()
    expect(client.received.map((one) => one.kind)).toEqual(['connack'])
  })

  it('receiveMaximum: announced, and one more unreleased message is one too many', async () => {
    const broker = await withLimits({ receiveMaximum: 3 })
    const client = await broker.client()
    expect(client.connack.properties.receiveMaximum).toBe(3)
    for (let packetId = 1; packetId <= 3; packetId++) {
      client.sendPublish('t', 'x', { qos: 2, packetId })
      await client.next('pubrec')
    }
    client.acknowledge('pubrel', 1)
    await client.next('pubcomp')
    client.sendPublish('t', 'x', { qos: 2, packetId: 4 })
    await client.next('pubrec')
    client.sendPublish('t', 'x', { qos: 1, packetId: 5 })
    expect((await client.closed()).reasonCode).toBe(0x93)
  })

  it.each([
    [2, 2],
    [0, undefined],
  ])('topicAliasMaximum %d: announced as %s, and kept to', async (topicAliasMaximum, announced) => {
    const broker = await withLimits({ topicAliasMaximum })
    const client = await broker.client()
    expect(client.connack.properties.topicAliasMaximum).toBe(announced)
    for (let topicAlias = 1; topicAlias <= topicAliasMaximum; topicAlias++) {
      expect(await client.publish('t', 'x', { qos: 1, properties: { topicAlias } })).toMatchObject({ kind: 'puback' })
    }
    client.sendPublish('t', 'x', { properties: { topicAlias: topicAliasMaximum + 1 } })
    expect((await client.closed()).reasonCode).toBe(0x94)
  })

  it.each([
    [2, 10, 2],
    [10, 2, 2],
    [0, 10, 0],
    [10, 0, 0],
  ])('outboundTopicAliasMaximum %d for a client that takes %d: uses %d', async (ours, theirs, used) => {
    const broker = await withLimits({ outboundTopicAliasMaximum: ours })
    const client = await broker.client({ properties: { topicAliasMaximum: theirs } })
    await client.subscribe('#')
    const publisher = await broker.client()
    for (const topicName of ['a', 'b', 'c', 'a', 'b', 'c']) await publisher.publish(topicName, 'x', { qos: 1 })
    const list = await client.publishes(6)
    expect(list.map((one) => one.topicName)).toEqual(['a', 'b', 'c', 'a', 'b', 'c'])
    expect(new Set(list.flatMap((one) => one.properties.topicAlias ?? [])).size).toBe(used)
    expect(list.filter((one) => one.wireTopicName === '')).toHaveLength(used)
  })
})

describe('time', () => {
  it.each([
    [0, 10],
    [3600, 10],
    [5, undefined],
  ])('maximumKeepAliveSeconds: a 5.0 client that asks for %d is told %s, and held to it', async (asked, told) => {
    const broker = await withLimits({ maximumKeepAliveSeconds: 10 })
    const client = await broker.client({ keepAlive: asked })
    expect(client.connack.properties.serverKeepAlive).toBe(told)
    const seconds = told ?? asked
    await broker.advance(seconds * 1_400)
    await client.barrier()
    await broker.advance(seconds * 1_600)
    expect((await client.closed()).reasonCode).toBe(0x8d)
  })

  it('maximumKeepAliveSeconds: a 3.1.1 client keeps its own, as nobody can tell it', async () => {
    const broker = await withLimits({ maximumKeepAliveSeconds: 10 })
    const client = await broker.client({ version: 4, keepAlive: 60 })
    await broker.advance(80_000)
    await client.barrier()
  })

  const expiries: [asked: number, told: number | undefined, kept: number][] = [
    [60, 30, 30],
    [0xffffffff, 30, 30],
    [20, undefined, 20],
  ]
  it.each(expiries)('maximumSessionExpirySeconds: asked for %d, told %s, kept %d', async (asked, told, kept) => {
    const broker = await withLimits({ maximumSessionExpirySeconds: 30 })
    for (const [awayMs, isPresent] of [
      [kept * 1000 - 1000, true],
      [kept * 1000 + 1000, false],
    ] as const) {
      const clientId = unique('expiry')
      const client = await broker.client({ clientId, properties: { sessionExpiryInterval: asked } })
      expect(client.connack.properties.sessionExpiryInterval).toBe(told)
      await client.disconnect(0)
      await broker.advance(awayMs)
      expect((await broker.client({ clientId, cleanStart: false })).connack.sessionPresent).toBe(isPresent)
    }
  })

  it.each([3, 4] as const)('mqtt3SessionExpirySeconds: version %d', async (version) => {
    const broker = await withLimits({ mqtt3SessionExpirySeconds: 30 })
    for (const [awayMs, expected] of [
      [29_000, ['x']],
      [31_000, []],
    ] as const) {
      const [clientId, topicName] = [unique('expiry'), unique('expiry')]
      const client = await broker.client({ version, clientId, cleanStart: false })
      await client.subscribe({ topicFilter: topicName, qos: 1 })
      await client.disconnect()
      await (await broker.client()).publish(topicName, 'x', { qos: 1 })
      await broker.advance(awayMs)
      const back = await broker.client({ version, clientId, cleanStart: false })
      expect(await back.restOfPayloads()).toEqual(expected)
    }
    expect(broker.broker.statistics.counters.sessionsExpired).toBe(1)
  })
})

describe('subscriptions and topics', () => {
  it.each([
    [5, 0x97],
    [4, 0x80],
  ] as const)('maximumSubscriptionsPerSession: version %d is refused the next, with 0x%x', async (version, refusal) => {
    const broker = await withLimits({ maximumSubscriptionsPerSession: 2 })
    const client = await broker.client({ version })
    const codes = async (...filters: string[]) => {
      const list = filters.map((topicFilter) => ({ topicFilter, qos: 1 }))
      return (await client.subscribe(list)).reasonCodes
    }
    expect(await codes('a')).toEqual([1])
    expect(await codes('b', 'c')).toEqual([1, refusal])
    expect(await codes('a')).toEqual([1]) // one that is there may be made anew
    await client.unsubscribe('b')
    expect(await codes('c')).toEqual([1])
    const other = await broker.client({ version })
    expect((await other.subscribe('d')).reasonCodes).toEqual([0])
  })

  it('maximumSubscriptionsPerSession: no packet may ask for more than that at once', async () => {
    const broker = await withLimits({ maximumSubscriptionsPerSession: 2 })
    const client = await broker.client()
    client.send(
      subscribePacket(
        5,
        1,
        ['a', 'b', 'c'].map((topicFilter) => ({ topicFilter })),
      ),
    )
    expect((await client.closed()).reasonCode).toBe(0x97)
  })

  it('maximumTopicLevels: holds for topic names, topic filters and Will Topics', async () => {
    const broker = await withLimits({ maximumTopicLevels: 3 })
    const client = await broker.client()
    expect(await client.publish('a/b/c', 'x', { qos: 1 })).toMatchObject({ kind: 'puback' })
    const filters = ['a/b/c', 'a/b/c/d', 'a/+/#', 'a/+/c/#', '/', '///']
    const { reasonCodes } = await client.subscribe(filters.map((topicFilter) => ({ topicFilter })))
    expect(reasonCodes).toEqual([0, 0x8f, 0, 0x8f, 0, 0x8f])
    const willing = await broker.open()
    expect((await willing.connect({ clientId: 'w', will: { topicName: 'a/b/c/d' } })).reasonCode).toBe(0x90)
    client.sendPublish('a/b/c/d', 'x', { qos: 1 })
    expect((await client.closed()).reasonCode).toBe(0x90)
  })

  it('maximumTopicLevels: $share and ShareName are no levels of the topic filter', async () => {
    const broker = await withLimits({ maximumTopicLevels: 3 })
    const client = await broker.client()
    const filters = ['$share/g/a/b/c', '$share/g/a/b/c/d'].map((topicFilter) => ({ topicFilter }))
    expect((await client.subscribe(filters)).reasonCodes).toEqual([0, 0x8f])
  })

  it("maximumTopicLevels: is for clients, not for the broker's own $SYS topics", async () => {
    const broker = await startBroker({ limits: { maximumTopicLevels: 3 } })
    const client = await broker.client()
    await client.subscribe('$SYS/#')
    const topics = (await client.rest()).map((one) => (one.kind === 'publish' ? one.topicName : ''))
    expect(topics).toContain('$SYS/broker/publish/messages/received')
  })
})

describe('retained messages', () => {
  it('maximumRetainedMessages: one more is delivered, but not kept; those that are there may change', async () => {
    const broker = await withLimits({ maximumRetainedMessages: 2 })
    const client = await broker.client()
    await client.subscribe({ topicFilter: 'r/#', retainHandling: 2 })
    const retain = (topicName: string, text: string) => client.publish(topicName, text, { qos: 1, retain: true })
    for (const topicName of ['r/a', 'r/b', 'r/c']) await retain(topicName, 'one')
    await retain('r/a', 'two')
    expect(await client.restOfPayloads()).toEqual(['one', 'one', 'one', 'two'])
    expect(broker.drops('retained-full')).toBe(1)
    await retain('r/b', '')
    await retain('r/c', 'three') // there is room again
    const late = await broker.client()
    await late.subscribe('r/#')
    expect((await late.restOfPayloads()).toSorted()).toEqual(['three', 'two'])
    expect(broker.drops('retained-full')).toBe(1)
  })

  it('maximumRetainedMessages: what the broker says of itself is not counted', async () => {
    const broker = await startBroker({ limits: { maximumRetainedMessages: 2 } })
    const client = await broker.client()
    for (const topicName of ['r/a', 'r/b', 'r/c']) await client.publish(topicName, 'x', { qos: 1, retain: true })
    expect(broker.broker.statistics.gauges().retainedMessages).toBeGreaterThan(10)
    expect(broker.drops('retained-full')).toBe(1)
  })

  it('maximumRetainedBytes: topic, properties and payload together', async () => {
    const broker = await withLimits({ maximumRetainedBytes: 1000 })
    const client = await broker.client()
    const retain = (topicName: string, byteCount: number) =>
      client.publish(topicName, Buffer.alloc(byteCount), { qos: 1, retain: true })
    await retain('r/a', 600)
    await retain('r/b', 600)
    await retain('r/c', 394) // 603 + 397: to the byte
    await retain('r/d', 1)
    const kept = async () => {
      const late = await broker.client()
      await late.subscribe('r/#')
      return (await late.rest()).map((one) => (one.kind === 'publish' ? [one.topicName, one.payload.length] : []))
    }
    expect(await kept()).toEqual([
      ['r/a', 600],
      ['r/c', 394],
    ])
    expect(broker.drops('retained-full')).toBe(2)
    await retain('r/a', 601) // not kept, and the older one would be wrong
    expect(await kept()).toEqual([['r/c', 394]])
    expect(broker.drops('retained-full')).toBe(3)
  })
})

it('maximumSessions: beyond it sessions are refused, those that exist are not', async () => {
  const broker = await withLimits({ maximumSessions: 2 })
  const durable = { cleanStart: false, properties: { sessionExpiryInterval: 60 } }
  const first = await broker.client({ clientId: 'a', ...durable })
  await broker.client({ clientId: 'b', ...durable })
  const third = await broker.open()
  expect((await third.connect({ clientId: 'c', ...durable })).reasonCode).toBe(0x89)
  const fourth = await broker.open({ version: 4 })
  expect((await fourth.connect({ clientId: 'd' })).reasonCode).toBe(3)
  await first.abort()
  await broker.advance(0)
  expect((await broker.client({ clientId: 'a', ...durable })).connack.sessionPresent).toBe(true)
})
