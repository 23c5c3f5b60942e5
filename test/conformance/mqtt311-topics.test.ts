import { describe, expect, it } from 'vitest'
import { publishPacket, subscribePacket, unsubscribePacket } from '../support/wire-packets.ts'
import { unique, useBroker } from '../support/wire-steps.ts'

const broker = useBroker(4)

/** Whether a subscription gets the topic: live, and as a retained message. */
async function reaches(topicFilter: string, topicName: string): Promise<[live: boolean, retained: boolean]> {
  const publisher = await broker.client()
  const [watcher, late] = [await broker.client(), await broker.client()]
  await watcher.subscribe(topicFilter)
  await publisher.publish(topicName, 'x', { qos: 1, retain: true })
  const live = (await watcher.rest()).length
  await late.subscribe(topicFilter)
  const retained = (await late.rest()).length
  await publisher.publish(topicName, '', { qos: 1, retain: true })
  return [live > 0, retained > 0]
}

const matching: [ids: string, topicFilter: string, topicName: string, matches: boolean][] = [
  ['[MQTT311-4.7.1-2]', 'sport/#', 'sport', true],
  ['[MQTT311-4.7.1-2]', 'sport/#', 'sport/', true],
  ['[MQTT311-4.7.1-2]', 'sport/#', 'sport/tennis', true],
  ['[MQTT311-4.7.1-2]', 'sport/#', 'sport/tennis/player1/ranking', true],
  ['[MQTT311-4.7.1-2]', 'sport/#', 'sports', false],
  ['[MQTT311-4.7.1-2]', '#', 'sport/tennis', true],
  ['[MQTT311-4.7.1-2]', '#', '/', true],
  ['[MQTT311-4.7.1-3]', 'sport/+', 'sport/tennis', true],
  ['[MQTT311-4.7.1-3]', 'sport/+', 'sport', false],
  ['[MQTT311-4.7.1-3]', 'sport/+', 'sport/', true],
  ['[MQTT311-4.7.1-3]', 'sport/+', 'sport/tennis/player1', false],
  ['[MQTT311-4.7.1-3]', '+', 'finance', true],
  ['[MQTT311-4.7.1-3]', '+', '/finance', false],
  ['[MQTT311-4.7.1-3]', '+/+', '/finance', true],
  ['[MQTT311-4.7.1-3]', '/+', '/finance', true],
  ['[MQTT311-4.7.1-3]', '+/tennis/#', 'sport/tennis/player1', true],
  ['[MQTT311-4.7.1-3]', 'sport/+/player1', 'sport/tennis/player1', true],
  ['[MQTT311-4.7.1-3]', 'sport/+/player1', 'sport//player1', true],
  ['[MQTT311-4.7.2-1]', '#', '$a/x', false],
  ['[MQTT311-4.7.2-1]', '+/x', '$a/x', false],
  ['[MQTT311-4.7.2-1]', '+/#', '$a/x', false],
  ['[MQTT311-4.7.2-1]', '+', '$a', false],
  ['[MQTT311-4.7.2-1]', '$a/#', '$a/x', true],
  ['[MQTT311-4.7.2-1]', '$a/+', '$a/x', true],
  ['[MQTT311-4.7.2-1]', '$a/x', '$a/x', true],
  ['[MQTT311-4.7.2-1]', 'a/#', 'a/$b', true],
  ['[MQTT311-4.7.3-4]', 'ACCOUNTS', 'Accounts', false],
  ['[MQTT311-4.7.3-4]', 'Accounts payable', 'Accounts payable', true],
  ['[MQTT311-4.7.3-4]', 'a b', 'a  b', false],
  ['[MQTT311-4.7.3-4]', ' a', 'a', false],
  ['[MQTT311-4.7.3-4]', 'a/b', 'a//b', false],
  ['[MQTT311-4.7.3-4]', 'a/b', 'a/b/', false],
  ['[MQTT311-4.7.3-4]', 'a/b', '/a/b', false],
  ['[MQTT311-4.7.3-4]', 'a/./b', 'a/b', false],
  ['[MQTT311-4.7.3-4]', 'caf\u00e9', 'cafe\u0301', false],
  ['[MQTT311-4.7.3-4]', 'cafe\u0301', 'cafe\u0301', true],
  ['[MQTT311-4.7.3-1]', '/', '/', true],
  ['[MQTT311-4.7.3-1]', ' ', ' ', true],
  ['[MQTT311-4.7.3-1]', '//', '/', false],
]

describe('matching', () => {
  it.each(matching)('%s filter %j, topic %j: %s', async (_ids, topicFilter, topicName, matches) => {
    expect(await reaches(topicFilter, topicName)).toEqual([matches, matches])
  })

  it('[MQTT311-4.7.2-1] # misses the $SYS topics of the broker, $SYS/# gets them', async () => {
    const [wild, system] = [await broker.client(), await broker.client()]
    await wild.subscribe(['#', '+/#', '+/+', '+/broker/#'].map((topicFilter) => ({ topicFilter })))
    await system.subscribe('$SYS/#')
    await broker.advance(30_000)
    expect(await wild.rest()).toEqual([])
    const topics = (await system.rest()).map((one) => (one.kind === 'publish' ? one.topicName : ''))
    expect(topics.length).toBeGreaterThan(0)
    for (const topicName of topics) expect(topicName.startsWith('$SYS/')).toBe(true)
  })
})

describe('topic filters', () => {
  const bad: [id: string, topicFilter: string][] = [
    ...['a#', 'a/#/b', '#/a', 'a/b#', '##', '#+', 'a/#/'].map((one) => ['[MQTT311-4.7.1-2]', one] as [string, string]),
    ...['a+', '+a', 'a/b+', 'a/+b/c', '++', '+#'].map((one) => ['[MQTT311-4.7.1-3]', one] as [string, string]),
    ['[MQTT311-4.7.3-1]', ''],
    ['[MQTT311-4.7.3-2]', 'a\0b'],
  ]
  it.each(bad)('%s %j is an error, in SUBSCRIBE and in UNSUBSCRIBE', async (_id, topicFilter) => {
    for (const bytes of [subscribePacket(4, 1, [{ topicFilter }]), unsubscribePacket(4, 1, [topicFilter])]) {
      const client = await broker.client()
      client.send(bytes)
      await client.closed()
      expect(client.received.map((one) => one.kind)).toEqual(['connack'])
    }
  })

  it.each(['+', '+/+', '/+', '+/', '#', '/#', '+/#', '/', '//', 'a//b'])(
    '[MQTT311-4.7.1-2] [MQTT311-4.7.1-3] %s is legal',
    async (topicFilter) => {
      const client = await broker.client()
      expect((await client.subscribe(topicFilter)).reasonCodes).toEqual([0])
    },
  )

  it('[MQTT311-4.7.3-4] $share is no 5.0 matter alone: a 3.1.1 client may join a group', async () => {
    const topicName = unique('shared')
    const members = [await broker.client(), await broker.client()]
    for (const member of members) await member.subscribe({ topicFilter: `$share/g/${topicName}`, qos: 1 })
    const publisher = await broker.client()
    for (const text of ['a', 'b', 'c', 'd']) await publisher.publish(topicName, text, { qos: 1 })
    const seen = await Promise.all(members.map((member) => member.restOfPayloads()))
    expect(seen.flat().toSorted()).toEqual(['a', 'b', 'c', 'd'])
  })
})

describe('topic names', () => {
  const bad: [id: string, topicName: string][] = [
    ['[MQTT311-4.7.1-1]', 'a/#'],
    ['[MQTT311-4.7.1-1]', '+/a'],
    ['[MQTT311-4.7.1-1]', 'a+'],
    ['[MQTT311-4.7.3-1]', ''],
    ['[MQTT311-4.7.3-2]', 'a\0b'],
  ]
  it.each(bad)('%s %j is an error', async (_id, topicName) => {
    const client = await broker.client()
    client.send(publishPacket(4, topicName, 'x', { qos: 1, packetId: 1 }))
    await client.closed()
    expect(client.received.map((one) => one.kind)).toEqual(['connack'])
  })

  const long: [title: string, topicName: string][] = [
    ['one level', 'x'.repeat(65_535)],
    ['as many levels as the limit', `${'x'.repeat(511)}/`.repeat(127)],
    ['bytes, not characters', '\u20ac'.repeat(21_845)],
  ]
  it.each(long)('[MQTT311-4.7.3-3] up to 65535 bytes work: %s', async (_title, topicName) => {
    const client = await broker.client()
    expect((await client.subscribe({ topicFilter: topicName, qos: 1 })).reasonCodes).toEqual([1])
    await client.publish(topicName, 'x', { qos: 1, retain: true })
    const delivery = await client.next('publish')
    expect(delivery.topicName === topicName).toBe(true)
    await client.publish(topicName, '', { qos: 1, retain: true })
  })
})
