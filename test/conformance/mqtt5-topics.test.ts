import { describe, expect, it } from 'vitest'
import { publishPacket, subscribePacket } from '../support/wire-packets.ts'
import { expectClosed, useBroker } from '../support/wire-steps.ts'

const maximumTopicLevels = 500
const broker = useBroker(5, { limits: { maximumTopicLevels } })

/** Whether a subscription gets the topic: live, and as a retained message. */
async function reaches(topicFilter: string, topicName: string): Promise<[live: boolean, retained: boolean]> {
  const publisher = await broker.client()
  const watcher = await broker.client()
  await watcher.subscribe({ topicFilter, retainHandling: 2 })
  await publisher.publish(topicName, 'x', { qos: 1, retain: true })
  const live = (await watcher.rest()).length
  await watcher.subscribe({ topicFilter, retainHandling: 0 })
  const retained = (await watcher.rest()).length
  await publisher.publish(topicName, '', { qos: 1, retain: true })
  await watcher.disconnect()
  return [live > 0, retained > 0]
}

const matching: [ids: string, topicFilter: string, topicName: string, matches: boolean][] = [
  ['[MQTT5-U-4.7-a] [MQTT5-4.7.1-1]', 'a/#', 'a', true],
  ['[MQTT5-4.7.1-1]', 'a/#', 'a/b', true],
  ['[MQTT5-4.7.1-1]', 'a/#', 'a/b/c', true],
  ['[MQTT5-U-4.7-a]', 'a/#', 'a/', true],
  ['[MQTT5-4.7.1-1]', 'a/#', 'ab', false],
  ['[MQTT5-4.7.1-1]', '#', 'a/b', true],
  ['[MQTT5-U-4.7-a]', '#', '/a', true],
  ['[MQTT5-4.7.1-2]', '+', 'a', true],
  ['[MQTT5-4.7.1-2]', '+', 'a/b', false],
  ['[MQTT5-U-4.7-a]', '+', '/a', false],
  ['[MQTT5-U-4.7-a]', '+/+', '/a', true],
  ['[MQTT5-4.7.1-2]', '/+', '/a', true],
  ['[MQTT5-U-4.7-a]', '+/', 'a/', true],
  ['[MQTT5-U-4.7-a]', 'a/+', 'a/', true],
  ['[MQTT5-4.7.1-2]', 'a/+', 'a', false],
  ['[MQTT5-4.7.1-2]', 'a/+/c', 'a/b/c', true],
  ['[MQTT5-4.7.1-2]', 'a/+/c', 'a/b/b/c', false],
  ['[MQTT5-U-4.7-a]', 'a/+/c', 'a//c', true],
  ['[MQTT5-4.7.1-2]', '+/b/#', 'a/b', true],
  ['[MQTT5-4.7.3-4] [MQTT5-U-4.7-b]', 'a/B', 'a/b', false],
  ['[MQTT5-4.7.3-4]', 'a/b', 'a//b', false],
  ['[MQTT5-4.7.3-4]', 'a/b', 'a/b/', false],
  ['[MQTT5-4.7.3-4]', 'a/b', '/a/b', false],
  ['[MQTT5-4.7.3-4]', 'caf\u00e9', 'cafe\u0301', false],
  ['[MQTT5-4.7.3-4]', 'cafe\u0301', 'cafe\u0301', true],
  ['[MQTT5-4.7.3-4]', 'a b', 'a  b', false],
  ['[MQTT5-U-4.7-b]', 'a b/ c', 'a b/ c', true],
  ['[MQTT5-U-4.7-b]', '/', '/', true],
  ['[MQTT5-U-4.7-b]', '//', '/', false],
  ['[MQTT5-U-4.7-b]', ' ', ' ', true],
  ['[MQTT5-4.7.2-1]', '#', '$a/x', false],
  ['[MQTT5-4.7.2-1]', '+/x', '$a/x', false],
  ['[MQTT5-4.7.2-1]', '+/#', '$a/x', false],
  ['[MQTT5-4.7.2-1]', '+', '$a', false],
  ['[MQTT5-4.7.2-1]', '$a/#', '$a/x', true],
  ['[MQTT5-4.7.2-1]', '$a/+', '$a/x', true],
  ['[MQTT5-4.7.2-1]', '$a/x', '$a/x', true],
  ['[MQTT5-4.7.2-1]', 'a/#', 'a/$b', true],
  ['[MQTT5-4.7.2-1]', 'a/+', 'a/$b', true],
  ['[MQTT5-4.7.2-1]', '+/$b', 'a/$b', true],
  ['[MQTT5-U-4.7-a]', '__proto__/+', '__proto__/constructor', true],
  ['[MQTT5-U-4.7-a]', 'a', 'toString', false],
]

describe('matching', () => {
  it.each(matching)('%s filter %j, topic %j: %s', async (_ids, topicFilter, topicName, matches) => {
    expect(await reaches(topicFilter, topicName)).toEqual([matches, matches])
  })

  it.each(['#', '+', '+/x', '+/#'])('[MQTT5-4.7.2-1] a shared %s misses $a too', async (topicFilter) => {
    const member = await broker.client()
    await member.subscribe(`$share/g/${topicFilter}`)
    const publisher = await broker.client()
    for (const topicName of ['$a', '$a/x']) await publisher.publish(topicName, 'x', { qos: 1 })
    expect(await member.rest()).toEqual([])
  })

  it('[MQTT5-4.7.2-1] # misses the $SYS topics of the broker, $SYS/# gets them', async () => {
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
  const bad: [ids: string, topicFilter: string][] = [
    ...['a#', 'a/#/b', '#/a', 'a/b#', '##', '#+', 'a/#/'].map((one) => ['[MQTT5-4.7.1-1]', one] as [string, string]),
    ...['a+', '+a', 'a/b+', 'a/+b/c', '++', '+#'].map((one) => ['[MQTT5-4.7.1-2]', one] as [string, string]),
    ['[MQTT5-4.7.3-1]', ''],
    ['[MQTT5-4.7.3-2]', 'a\0b'],
  ]
  it.each(bad)('%s %j is an error', async (_ids, topicFilter) => {
    const client = await broker.client()
    client.send(subscribePacket(5, 1, [{ topicFilter }]))
    await expectClosed(client, 0x81, 0x82, 0x8f)
    expect(client.received.filter((one) => one.kind === 'suback')).toEqual([])
  })

  it.each(['+', '+/+', '/+', '+/', '#', '/#', '+/#', '/', '//', 'a//b'])(
    '[MQTT5-4.7.1-2] [MQTT5-4.7.1-1] %s is legal',
    async (topicFilter) => {
      const client = await broker.client()
      expect((await client.subscribe(topicFilter)).reasonCodes).toEqual([0])
    },
  )
})

describe('topic names', () => {
  const bad: [ids: string, topicName: string][] = [
    ['[MQTT5-4.7.0-1]', 'a/#'],
    ['[MQTT5-4.7.0-1]', '+/a'],
    ['[MQTT5-4.7.0-1]', 'a+'],
    ['[MQTT5-4.7.3-1]', ''],
    ['[MQTT5-4.7.3-2]', 'a\0b'],
  ]
  it.each(bad)('%s %j is an error', async (_ids, topicName) => {
    const client = await broker.client()
    client.send(publishPacket(5, topicName, 'x', { qos: 1, packetId: 1 }))
    await expectClosed(client, 0x81, 0x82, 0x90)
  })

  const long: [title: string, topicName: string][] = [
    ['one level', 'x'.repeat(65_535)],
    ['as many levels as the limit', `${'x'.repeat(120)}/`.repeat(maximumTopicLevels - 1)],
    ['bytes, not characters', '\u20ac'.repeat(21_845)],
  ]
  it.each(long)('[MQTT5-4.7.3-3] 65535 bytes work: %s', async (_title, topicName) => {
    const client = await broker.client()
    expect((await client.subscribe({ topicFilter: topicName, qos: 1 })).reasonCodes).toEqual([1])
    await client.publish(topicName, 'x', { qos: 1 })
    expect((await client.next('publish')).topicName).toBe(topicName)
  })

  const deep: [title: string, topicName: string][] = [
    ['one level too many', '/'.repeat(maximumTopicLevels)],
    ['65535 of them', '/'.repeat(65_535)],
  ]
  it.each(deep)('[MQTT5-4.7.3-3] beyond the limit of levels they are refused: %s', async (_title, topicName) => {
    const publisher = await broker.client()
    const publishing = publisher.publish(topicName, 'x', { qos: 1 }).catch(() => undefined)
    await Promise.race([publishing, publisher.closed()])
    if (publisher.isClosed) await expectClosed(publisher, 0x90, 0x97, 0x83)
    else expect([0x90, 0x97, 0x83]).toContain((await publishing)?.reasonCode)
    const subscriber = await broker.client()
    const subscribing = subscriber.subscribe(topicName).catch(() => undefined)
    await Promise.race([subscribing, subscriber.closed()])
    if (subscriber.isClosed) await expectClosed(subscriber, 0x8f, 0x97, 0x83)
    else expect([0x8f, 0x97, 0x83]).toContain((await subscribing)?.reasonCodes[0])
  })
})
