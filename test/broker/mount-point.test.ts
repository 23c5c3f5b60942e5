import { describe, expect, it } from 'vitest'
import { WireClient } from '../support/wire-client.ts'
import { joined, packet, publishPacket, subscribePacket, unsubscribePacket } from '../support/wire-packets.ts'
import { unique } from '../support/wire-steps.ts'
import { listenWith, rulesOf } from './listener-scene.ts'
import { startBroker } from './started-broker.ts'

async function scene(settings: object = {}) {
  const broker = await startBroker({ sysIntervalSeconds: 0, ...settings })
  const port = await listenWith(broker, rulesOf({ mountPoint: 'site-7/' }))
  const inside = (fields: object = {}) => WireClient.connected({ port, clientId: unique('in'), ...fields })
  return { broker, port, inside }
}

describe('a mount point', () => {
  it.each([3, 4, 5] as const)('version %d: topics are below it outside, and the whole inside', async (version) => {
    const { broker, inside } = await scene()
    const [client, outside] = [await inside({ version }), await broker.client({ version })]
    await client.subscribe('#')
    await outside.subscribe('#')
    await client.publish('a/b', 'from within', { qos: 1 })
    await outside.publish('site-7/c', 'from without', { qos: 1 })
    await outside.publish('elsewhere', 'not for all', { qos: 1 })
    expect((await client.publishes(2)).map(({ topicName }) => topicName)).toEqual(['a/b', 'c'])
    expect(await client.rest()).toEqual([])
    const seen = (await outside.publishes(3)).map(({ topicName }) => topicName)
    expect(seen).toEqual(['site-7/a/b', 'site-7/c', 'elsewhere'])
  })

  it('wills, retained messages, unsubscribing, shared subscriptions', async () => {
    const { broker, inside } = await scene()
    const outside = await broker.client()
    await outside.subscribe('site-7/#')
    const mortal = await inside({ will: { topicName: 'w', payload: 'gone', retain: true } })
    await mortal.abort()
    expect((await outside.next('publish')).topicName).toBe('site-7/w')
    const client = await inside()
    await client.subscribe('w')
    expect(await client.next('publish')).toMatchObject({ topicName: 'w', retain: true })
    expect((await client.unsubscribe('w')).reasonCodes).toEqual([0])
    expect((await client.unsubscribe('w')).reasonCodes).toEqual([0x11])
    const members = [await inside(), await inside()]
    for (const member of members) await member.subscribe('$share/g/s')
    for (const text of ['1', '2']) await outside.publish('site-7/s', text, { qos: 1 })
    const counts = await Promise.all(members.map(async (member) => (await member.restOfPayloads()).length))
    expect(counts).toEqual([1, 1])
  })

  it('topic aliases in both directions', async () => {
    const { broker, inside } = await scene()
    const client = await inside({ properties: { topicAliasMaximum: 5 } })
    await client.subscribe('#')
    await client.publish('a', '1', { qos: 1, properties: { topicAlias: 1 } })
    await client.publish('', '2', { qos: 1, properties: { topicAlias: 1 } })
    const sent = await client.publishes(2)
    expect(sent.map(({ topicName, wireTopicName }) => [topicName, wireTopicName])).toEqual([
      ['a', 'a'],
      ['a', ''],
    ])
    expect(broker.broker.statistics.counters.protocolErrors).toBe(0)
  })

  it('$SYS is that of the mount point', async () => {
    const { broker, inside } = await scene({ sysIntervalSeconds: 10 })
    const [client, outside] = [await inside(), await broker.client()]
    await client.subscribe('$SYS/#')
    await broker.advance(20_000)
    expect(await client.rest()).toEqual([])
    await outside.publish('site-7/$SYS/x', 'y', { qos: 1 })
    expect(await client.next('publish')).toMatchObject({ topicName: '$SYS/x' })
  })

  it.each([10, 20_000, 300_000])('payloads of %d bytes pass, whole and in order', async (byteCount) => {
    const { inside } = await scene()
    const client = await inside({ autoAcknowledge: true })
    await client.subscribe({ topicFilter: 't', qos: 2 })
    for (let turn = 0; turn < 5; turn++) {
      await client.publish('t', Buffer.alloc(byteCount, turn), { qos: 2 })
    }
    const sent = await client.publishes(5)
    expect(sent.map(({ payload }) => [payload.length, payload[byteCount - 1]])).toEqual(
      [0, 1, 2, 3, 4].map((turn) => [byteCount, turn]),
    )
  })

  it.each([1000, 129])('maximumPacketBytes %d is what the client writes, exact to the byte', async (maximum) => {
    const { inside } = await scene({ limits: { maximumPacketBytes: maximum } })
    const client = await inside({ version: 4 })
    const overhead = publishPacket(4, 't', 'x'.repeat(maximum - 20), { qos: 1 }).length - (maximum - 20)
    expect(await client.publish('t', 'x'.repeat(maximum - overhead), { qos: 1 })).toMatchObject({ kind: 'puback' })
    client.sendPublish('t', 'x'.repeat(maximum - overhead + 1), { qos: 1 })
    await client.closed()
    const other = await inside()
    other.sendPublish('t', 'x'.repeat(maximum), { qos: 1 })
    expect((await other.closed()).reasonCode).toBe(0x95)
  })

  it.each([
    ['a malformed SUBSCRIBE', packet(0x82, [0, 1, 0, 0, 9, 0x61]), 0x81],
    ['an empty filter beside a good one', subscribePacket(5, 1, [{ topicFilter: 'a' }, { topicFilter: '' }]), 0x81],
    ['$share without a filter', unsubscribePacket(5, 1, ['$share/g/']), 0x81],
    ['a topic with a wildcard', publishPacket(5, 'a/#', 'x'), 0x90],
    ['a remaining length of five bytes', joined([0x30, 0xff, 0xff, 0xff, 0xff, 0x01]), 0x81],
    ['a packet that servers send', packet(0x20, [0, 0]), 0x82],
  ])('%s is answered as anywhere', async (_title, bytes, code) => {
    const { broker, inside } = await scene()
    const [client, outside] = [await inside(), await broker.client()]
    for (const one of [client, outside]) {
      one.send(bytes)
      expect((await one.closed()).reasonCode).toBe(code)
    }
    expect(broker.broker.statistics.gauges().subscriptions).toBe(0)
  })

  it('what is no CONNECT is closed at once', async () => {
    const { port } = await scene()
    const client = await WireClient.open({ port })
    client.send(Buffer.from('GET / HTTP/1.1\r\n\r\n'))
    expect((await client.closed()).reasonCode).toBeUndefined()
  })
})
