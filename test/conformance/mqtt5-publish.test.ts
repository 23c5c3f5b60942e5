import { describe, expect, it } from 'vitest'
import { hex, joined, publishPacket, type PublishFields, type Text } from '../support/wire-packets.ts'
import { property, type WireProperties } from '../support/wire-properties.ts'
import { expectClosed, unique, useBroker } from '../support/wire-steps.ts'

const broker = useBroker(5)
const badText = hex('61 ed a0 80')

async function subscriber(topicFilter: string, qos = 2) {
  const client = await broker.client({ autoAcknowledge: true })
  await client.subscribe({ topicFilter, qos })
  return client
}

describe('a PUBLISH that breaks a rule closes the connection and goes nowhere', () => {
  const topicName = unique('refused')
  const cases: [title: string, topicName: Text, fields: PublishFields, codes: number[]][] = [
    ['[MQTT5-3.3.1-4] QoS 3', topicName, { qos: 3 }, [0x81]],
    ['[MQTT5-3.3.1-2] DUP at QoS 0', topicName, { dup: true }, [0x81, 0x82]],
    ['[MQTT5-3.3.2-1] topic not UTF-8', badText, {}, [0x81, 0x90]],
    ['[MQTT5-3.3.2-2] [MQTT5-4.7.0-1] topic with #', `${topicName}/#`, { retain: true }, [0x81, 0x82, 0x90]],
    ['[MQTT5-3.3.2-2] [MQTT5-4.7.0-1] topic with +', `${topicName}/+`, { retain: true }, [0x81, 0x82, 0x90]],
    ['[MQTT5-U-3.3.2-a] [MQTT5-4.7.3-1] no topic and no alias', '', {}, [0x82]],
    ['[MQTT5-4.7.3-2] topic with U+0000', `${topicName}/\0`, {}, [0x81, 0x90]],
    ['[MQTT5-3.3.2-13] Response Topic not UTF-8', topicName, { properties: hex('08 00 02 c0 af') }, [0x81]],
    [
      '[MQTT5-3.3.2-14] Response Topic with a wildcard',
      topicName,
      { properties: { responseTopic: 'a/#' } },
      [0x81, 0x82, 0x90],
    ],
    ['[MQTT5-3.3.2-19] Content Type not UTF-8', topicName, { properties: hex('03 00 01 ff') }, [0x81]],
    ['[MQTT5-3.3.4-6] Subscription Identifier', topicName, { properties: { subscriptionIdentifiers: [1] } }, [0x82]],
    ['[MQTT5-U-2.2.1-a] packet identifier 0 at QoS 1', topicName, { qos: 1, packetId: 0 }, [0x81, 0x82]],
    ['[MQTT5-U-2.2.1-a] packet identifier 0 at QoS 2', topicName, { qos: 2, packetId: 0 }, [0x81, 0x82]],
    ['[MQTT5-3.3.2-4] Payload Format Indicator 2', topicName, { properties: hex('01 02') }, [0x81, 0x82]],
  ]
  it.each(cases)('%s', async (_title, badTopic, fields, codes) => {
    const watcher = await subscriber('#', 0)
    const client = await broker.client()
    client.send(publishPacket(5, badTopic, 'x', fields))
    await expectClosed(client, ...codes)
    expect(await watcher.rest()).toEqual([])
  })

  const onceOnly: [keyof WireProperties, Uint8Array][] = [
    ['payloadFormatIndicator', property('payloadFormatIndicator', 0)],
    ['messageExpiryInterval', property('messageExpiryInterval', 0)],
    ['topicAlias', property('topicAlias', 1)],
    ['responseTopic', property('responseTopic', 'r')],
    ['correlationData', property('correlationData', new Uint8Array())],
    ['contentType', property('contentType', '')],
  ]
  it.each(onceOnly)('[MQTT5-U-2.2.2-b] %s twice', async (_name, bytes) => {
    const client = await broker.client()
    client.send(publishPacket(5, topicName, 'x', { properties: joined(bytes, bytes) }))
    await expectClosed(client, 0x82)
  })
})

describe('a PUBLISH that is accepted', () => {
  it('[MQTT5-3.3.4-1] is answered by nothing, PUBACK or PUBREC', async () => {
    const client = await broker.client()
    const topicName = unique('answered')
    client.sendPublish(topicName, 'zero')
    expect(await client.rest()).toEqual([])
    const one = client.sendPublish(topicName, 'one', { qos: 1 })
    expect(await client.next('puback')).toMatchObject({ packetId: one })
    const two = client.sendPublish(topicName, 'two', { qos: 2 })
    expect(await client.next('pubrec')).toMatchObject({ packetId: two })
    expect(await client.rest()).toEqual([])
  })

  it('[MQTT5-3.3.4-1] [MQTT5-3.4.2-1] [MQTT5-3.5.2-1] [MQTT5-U-3.3.4-a] may be told that nobody matches', async () => {
    const client = await broker.client()
    const topicName = unique('nobody')
    for (const qos of [1, 2]) {
      const lonely = client.sendPublish(topicName, 'x', { qos, retain: true })
      const answer = await client.next(qos === 1 ? 'puback' : 'pubrec')
      expect(answer.packetId).toBe(lonely)
      expect([0x00, 0x10]).toContain(answer.reasonCode)
      if (qos === 1) continue
      client.acknowledge('pubrel', lonely) // 0x10 is a success: the flow goes on
      expect(await client.next('pubcomp')).toMatchObject({ packetId: lonely, reasonCode: 0 })
    }
    for (const topicFilter of [topicName, `$share/group/${topicName}`]) {
      const watcher = await subscriber(topicFilter)
      expect((await client.publish(topicName, 'x', { qos: 1 }))?.reasonCode).toBe(0)
      await watcher.disconnect()
    }
  })

  it('[MQTT5-2.2.1-2] [MQTT5-3.3.1-2] [MQTT5-4.3.1-1] at QoS 0 has no packet identifier and no DUP', async () => {
    const topicName = unique('plain')
    const watcher = await subscriber(topicName)
    await watcher.publish(topicName, 'x')
    const { raw } = await watcher.next('publish')
    const topicBytes = [...Buffer.from(topicName)]
    expect([...raw]).toEqual([0x30, raw.length - 2, 0, topicBytes.length, ...topicBytes, 0, 0x78])
  })

  it.each([1, 2])('[MQTT5-3.3.1-3] goes out with DUP 0 though it came with DUP 1, QoS %d', async (qos) => {
    const topicName = unique('dup')
    const watcher = await subscriber(topicName)
    const client = await broker.client()
    await client.publish(topicName, 'x', { qos, dup: true })
    expect(await watcher.next('publish')).toMatchObject({ qos, dup: false })
  })

  it('[MQTT5-3.3.2-3] goes only to those whose filter matches', async () => {
    const stem = unique('match')
    const filters = [`${stem}/a/b`, `${stem}/+/b`, `${stem}/#`, `${stem}/a/c`, `${stem}/a`, `${stem}/a/b/+`]
    const watchers = await Promise.all(filters.map((filter) => subscriber(filter)))
    await (await broker.client()).publish(`${stem}/a/b`, 'x', { qos: 1 })
    const counts = await Promise.all(watchers.map(async (watcher) => (await watcher.rest()).length))
    expect(counts).toEqual([1, 1, 1, 0, 0, 0])
  })

  const passedOn: [title: string, properties: WireProperties][] = [
    ['[MQTT5-3.3.2-4] Payload Format Indicator 0', { payloadFormatIndicator: 0 }],
    ['[MQTT5-3.3.2-4] Payload Format Indicator 1', { payloadFormatIndicator: 1 }],
    ['[MQTT5-3.3.2-4] no Payload Format Indicator', {}],
    ['[MQTT5-3.3.2-15] Response Topic', { responseTopic: 'answer/é/here' }],
    ['[MQTT5-3.3.2-16] Correlation Data', { correlationData: Buffer.from(hex('00 ff fe 00')) }],
    ['[MQTT5-3.3.2-16] empty Correlation Data', { correlationData: Buffer.alloc(0) }],
    ['[MQTT5-3.3.2-20] Content Type', { contentType: 'application/json' }],
    ['[MQTT5-3.3.2-20] empty Content Type', { contentType: '' }],
    [
      '[MQTT5-3.3.2-17] [MQTT5-3.3.2-18] User Properties',
      {
        userProperties: [
          ['a', '1'],
          ['b', '2'],
          ['a', '3'],
        ],
      },
    ],
    [
      '[MQTT5-3.3.2-17] empty User Properties',
      {
        userProperties: [
          ['', ''],
          ['', ''],
          ['x', ''],
        ],
      },
    ],
  ]
  it.each(passedOn)('passes on %s: live, retained and queued', async (_title, properties) => {
    const [topicName, clientId] = [unique('pass'), unique('pass')]
    const lasting = { clientId, autoAcknowledge: true, properties: { sessionExpiryInterval: 60 } }
    const away = await broker.client(lasting)
    await away.subscribe({ topicFilter: topicName, qos: 1 })
    await away.disconnect()
    const live = await subscriber(topicName)
    await (await broker.client()).publish(topicName, 'text', { qos: 1, retain: true, properties })
    const late = await subscriber(topicName)
    const back = await broker.client({ ...lasting, cleanStart: false })
    for (const receiver of [live, late, back]) {
      const delivery = await receiver.next('publish')
      expect(delivery.properties).toEqual(properties)
      expect(delivery.text).toBe('text')
    }
  })

  it('[MQTT5-U-3.3.3-a] is refused when its topic begins with $share/, and reaches no group', async () => {
    const [group, topicName] = [unique('group'), unique('shared')]
    const member = await broker.client()
    await member.subscribe(`$share/${group}/${topicName}`)
    const client = await broker.client()
    const ack = client.sendPublish(`$share/${group}/${topicName}`, 'x', { qos: 1 })
    const answer = await client.nextAny()
    if (answer.kind === 'puback') expect(answer).toMatchObject({ packetId: ack, reasonCode: 0x90 })
    else await expectClosed(client, 0x90)
    expect(await member.rest()).toEqual([])
  })
})

describe('Message Expiry Interval', () => {
  const ways = ['queued', 'retained', 'waiting for quota'] as const

  /** Publishes a message that nobody gets yet; the returned step lets it out. */
  async function waiting(way: (typeof ways)[number], messageExpiryInterval: number) {
    const [topicName, clientId] = [unique('expiring'), unique('expiring')]
    const properties = { sessionExpiryInterval: 600, receiveMaximum: 1 }
    const publisher = await broker.client()
    const receiver = await broker.client({ clientId, properties })
    if (way !== 'retained') await receiver.subscribe({ topicFilter: topicName, qos: 1 })
    if (way === 'queued') await receiver.disconnect()
    if (way === 'waiting for quota') await publisher.publish(topicName, 'first', { qos: 1 })
    const retain = way === 'retained'
    await publisher.publish(topicName, 'expiring', { qos: 1, retain, properties: { messageExpiryInterval } })
    return async () => {
      if (way === 'retained') await receiver.subscribe(topicName)
      if (way === 'queued') return broker.client({ clientId, cleanStart: false, properties })
      if (way === 'waiting for quota') receiver.acknowledge('puback', (await receiver.next('publish')).packetId)
      return receiver
    }
  }

  it.each(ways)('[MQTT5-3.3.2-5] is over: the message is gone (%s)', async (way) => {
    const release = await waiting(way, 2)
    await broker.advance(4_000)
    const receiver = await release()
    expect(await receiver.rest()).toEqual([])
  })

  it.each(ways)('[MQTT5-3.3.2-6] goes out less the time waited (%s)', async (way) => {
    const release = await waiting(way, 10)
    await broker.advance(4_000)
    const receiver = await release()
    const { properties } = await receiver.next('publish')
    expect([5, 6]).toContain(properties.messageExpiryInterval)
  })

  it('[MQTT5-3.3.2-6] goes out as it came when nothing waited', async () => {
    const topicName = unique('at-once')
    const watcher = await subscriber(topicName)
    const client = await broker.client()
    for (const messageExpiryInterval of [1, 0xffffffff]) {
      await client.publish(topicName, 'x', { qos: 1, properties: { messageExpiryInterval } })
      expect((await watcher.next('publish')).properties).toEqual({ messageExpiryInterval })
    }
  })

  it('[MQTT5-3.3.2-5] a subscriber that comes too late takes nothing from the others', async () => {
    const [topicName, clientId] = [unique('per-subscriber'), unique('per-subscriber')]
    const lasting = { clientId, properties: { sessionExpiryInterval: 600 } }
    const away = await broker.client(lasting)
    await away.subscribe({ topicFilter: topicName, qos: 1 })
    await away.disconnect()
    const watcher = await subscriber(topicName)
    await watcher.publish(topicName, 'x', { qos: 1, properties: { messageExpiryInterval: 2 } })
    expect((await watcher.next('publish')).text).toBe('x')
    await broker.advance(4_000)
    const late = await broker.client({ ...lasting, cleanStart: false })
    expect(await late.rest()).toEqual([])
  })
})
