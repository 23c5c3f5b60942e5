import { describe, expect, it } from 'vitest'
import { property } from '../support/wire-properties.ts'
import { expectClosed, unique, useBroker } from '../support/wire-steps.ts'

const broker = useBroker(5)
const forAMinute = { sessionExpiryInterval: 60 }
/** More milliseconds than 32 bits hold. */
const fiftyDaysMs = 50 * 24 * 3_600_000

/** A session with one QoS 2 subscription, left behind by a client that has gone. */
async function leaveSession(clientId: string, topicFilter: string, properties: object = forAMinute) {
  const client = await broker.client({ clientId, properties })
  await client.subscribe({ topicFilter, qos: 2 })
  await client.disconnect()
}

async function publish(topicName: string, ...texts: string[]) {
  const publisher = await broker.client()
  for (const text of texts) await publisher.publish(topicName, text, { qos: 1 })
  await publisher.disconnect()
}

describe('Clean Start and Session Present', () => {
  it('[MQTT5-3.1.2-6] [MQTT5-3.2.2-3] [MQTT5-3.1.4-4] Clean Start 0 without a session creates one', async () => {
    const client = await broker.client({ cleanStart: false })
    expect(client.connack.sessionPresent).toBe(false)
    await client.subscribe('fresh')
  })

  it('[MQTT5-3.1.2-5] [MQTT5-3.2.2-3] [MQTT5-4.5.0-1] Clean Start 0 resumes and brings what was queued', async () => {
    const [clientId, topicName] = [unique('resume'), unique('resume')]
    await leaveSession(clientId, topicName)
    await publish(topicName, 'one', 'two')
    const client = await broker.client({ clientId, cleanStart: false, autoAcknowledge: true, properties: forAMinute })
    expect(client.connack.sessionPresent).toBe(true)
    expect(await client.restOfPayloads()).toEqual(['one', 'two'])
    await publish(topicName, 'live')
    expect(await client.restOfPayloads()).toEqual(['live'])
  })

  it('[MQTT5-3.1.2-4] [MQTT5-3.2.2-2] [MQTT5-3.1.4-4] Clean Start 1 throws the old session away', async () => {
    const [clientId, topicName] = [unique('clean'), unique('clean')]
    await leaveSession(clientId, topicName)
    await publish(topicName, 'queued')
    const client = await broker.client({ clientId, cleanStart: true, properties: forAMinute })
    expect(client.connack.sessionPresent).toBe(false)
    await publish(topicName, 'live')
    expect(await client.rest()).toEqual([])
    await client.disconnect()
    const again = await broker.client({ clientId, cleanStart: false })
    expect(again.connack.sessionPresent).toBe(true)
    expect(await again.rest()).toEqual([])
  })

  it('[MQTT5-3.1.2-4] Clean Start 1 also throws away the session of a connected client', async () => {
    const [clientId, topicName] = [unique('clean-takeover'), unique('clean-takeover')]
    const old = await broker.client({ clientId, properties: forAMinute })
    await old.subscribe({ topicFilter: topicName, qos: 1 })
    await publish(topicName, 'unacknowledged')
    const young = await broker.client({ clientId, cleanStart: true, properties: forAMinute })
    await expectClosed(old, 0x8e)
    expect(young.connack.sessionPresent).toBe(false)
    await publish(topicName, 'live')
    expect(await young.rest()).toEqual([])
  })

  it('[MQTT5-3.2.2-3] an empty session counts as present', async () => {
    const clientId = unique('empty')
    await (await broker.client({ clientId, properties: forAMinute })).disconnect()
    expect((await broker.client({ clientId, cleanStart: false })).connack.sessionPresent).toBe(true)
  })

  it('[MQTT5-3.1.3-2] sessions are kept apart by client identifier, compared exactly', async () => {
    const stem = unique('apart')
    await leaveSession(`${stem}a`, `${stem}/a`)
    await leaveSession(`${stem}A`, `${stem}/A`)
    await publish(`${stem}/a`, 'small')
    await publish(`${stem}/A`, 'large')
    for (const [clientId, text] of [
      [`${stem}a`, 'small'],
      [`${stem}A`, 'large'],
    ] as const) {
      const client = await broker.client({ clientId, cleanStart: false })
      expect(await client.restOfPayloads()).toEqual([text])
    }
    expect((await broker.client({ clientId: stem, cleanStart: false })).connack.sessionPresent).toBe(false)
  })

  it('[MQTT5-3.2.0-1] CONNACK comes before all that a resumed session holds', async () => {
    const [clientId, topicName] = [unique('full'), unique('full')]
    await leaveSession(clientId, topicName)
    await publish(topicName, ...Array.from({ length: 50 }, (_, index) => `${index}`))
    const client = await broker.client({ clientId, cleanStart: false })
    await client.barrier()
    expect(client.received[0]?.kind).toBe('connack')
    expect(client.received.filter((one) => one.kind === 'publish')).toHaveLength(50)
  })
})

describe('Session Expiry Interval', () => {
  const cases: [title: string, connect: object, disconnect: object | undefined, afterMs: number, present: boolean][] = [
    ['[MQTT5-3.1.2-23] kept while it runs', { sessionExpiryInterval: 5 }, undefined, 2_000, true],
    ['[MQTT5-4.1.0-2] gone when it is over', { sessionExpiryInterval: 5 }, undefined, 7_000, false],
    ['[MQTT5-4.1.0-2] [MQTT5-U-3.1.2-f] absent means 0', {}, undefined, 0, false],
    ['[MQTT5-4.1.0-2] 0 ends at the close', { sessionExpiryInterval: 0 }, undefined, 0, false],
    ['[MQTT5-U-3.1.2-f] 0xFFFFFFFF never ends', { sessionExpiryInterval: 0xffffffff }, undefined, fiftyDaysMs, true],
    ['[MQTT5-3.1.2-23] 0xFFFFFFFE is long', { sessionExpiryInterval: 0xfffffffe }, undefined, fiftyDaysMs, true],
    [
      '[MQTT5-U-3.14.2-a] DISCONNECT may end it',
      { sessionExpiryInterval: 100 },
      { sessionExpiryInterval: 0 },
      0,
      false,
    ],
    [
      '[MQTT5-U-3.14.2-a] DISCONNECT may cut it',
      { sessionExpiryInterval: 100 },
      { sessionExpiryInterval: 5 },
      7_000,
      false,
    ],
    [
      '[MQTT5-U-3.14.2-a] DISCONNECT may raise it',
      { sessionExpiryInterval: 5 },
      { sessionExpiryInterval: 100 },
      50_000,
      true,
    ],
    ['[MQTT5-U-3.14.2-a] DISCONNECT without it keeps it', { sessionExpiryInterval: 5 }, {}, 3_000, true],
  ]
  it.each(cases)('%s', async (_title, properties, atDisconnect, afterMs, present) => {
    const clientId = unique('expiry')
    const client = await broker.client({ clientId, properties })
    await (atDisconnect === undefined ? client.disconnect() : client.disconnect(0, atDisconnect))
    await broker.advance(afterMs)
    expect((await broker.client({ clientId, cleanStart: false })).connack.sessionPresent).toBe(present)
  })

  it('[MQTT5-U-3.1.2-g] counts from the close, and a reconnect sets a new one', async () => {
    const clientId = unique('renewed')
    const first = await broker.client({ clientId, properties: { sessionExpiryInterval: 5 } })
    await broker.advance(20_000) // no time passes for it while connected
    await first.abort()
    await broker.advance(3_000)
    const second = await broker.client({ clientId, cleanStart: false, properties: forAMinute })
    expect(second.connack.sessionPresent).toBe(true)
    await second.disconnect()
    await broker.advance(8_000)
    expect((await broker.client({ clientId, cleanStart: false })).connack.sessionPresent).toBe(true)
  })

  it('[MQTT5-U-3.2.2-b] a reconnect with 0 still finds the session, and ends it with its close', async () => {
    const clientId = unique('last')
    await (await broker.client({ clientId, properties: forAMinute })).disconnect()
    const last = await broker.client({ clientId, cleanStart: false, properties: { sessionExpiryInterval: 0 } })
    expect(last.connack.sessionPresent).toBe(true)
    await last.disconnect()
    expect((await broker.client({ clientId, cleanStart: false })).connack.sessionPresent).toBe(false)
  })

  it('[MQTT5-4.1.0-2] the messages of an ended session are gone with it', async () => {
    const [clientId, topicName] = [unique('ended'), unique('ended')]
    await leaveSession(clientId, topicName, { sessionExpiryInterval: 5 })
    await publish(topicName, 'queued')
    await broker.advance(7_000)
    const client = await broker.client({ clientId, cleanStart: false })
    await publish(topicName, 'live')
    expect(await client.rest()).toEqual([])
  })

  it('[MQTT5-4.1.0-1] with 0, the session lives as long as the connection', async () => {
    const topicName = unique('long')
    const client = await broker.client()
    await client.subscribe({ topicFilter: topicName, qos: 1 })
    await broker.advance(3_600_000)
    await publish(topicName, 'still here')
    const delivery = await client.next('publish')
    await broker.advance(3_600_000)
    client.acknowledge('puback', delivery.packetId)
    expect(await client.rest()).toEqual([])
  })
})

describe('what a session holds', () => {
  it('[MQTT5-U-4.1-a] all of it is there after a reconnect', async () => {
    const [clientId, topicName, willTopic] = [unique('whole'), unique('whole'), unique('whole-will')]
    const watcher = await broker.client()
    await watcher.subscribe([{ topicFilter: willTopic }, { topicFilter: `${topicName}/in` }])
    const first = await broker.client({
      clientId,
      properties: forAMinute,
      will: { topicName: willTopic, payload: 'will', properties: { willDelayInterval: 50 } },
    })
    await first.subscribe([{ topicFilter: topicName, qos: 2 }], { subscriptionIdentifiers: [9] })
    await publish(topicName, 'qos 1 unacknowledged')
    const publisher = await broker.client()
    publisher.sendPublish(topicName, 'received', { qos: 2, packetId: 1 })
    publisher.acknowledge('pubrel', (await publisher.next('pubrec')).packetId)
    await publisher.next('pubcomp')
    const [unacknowledged, received] = await first.publishes(2)
    first.acknowledge('pubrec', received?.packetId ?? 0)
    await first.next('pubrel')
    first.sendPublish(`${topicName}/in`, 'inbound', { qos: 2, packetId: 77 })
    await first.next('pubrec')
    await first.abort()
    await broker.settle()
    await publish(topicName, 'queued')

    const second = await broker.client({ clientId, cleanStart: false, properties: forAMinute })
    expect(second.connack.sessionPresent).toBe(true)
    const resent = await second.next('publish')
    expect(resent).toMatchObject({ packetId: unacknowledged?.packetId, dup: true, text: 'qos 1 unacknowledged' })
    expect(resent.properties.subscriptionIdentifiers).toEqual([9])
    expect((await second.next('pubrel')).packetId).toBe(received?.packetId)
    expect((await second.next('publish')).text).toBe('queued')
    second.sendPublish(`${topicName}/in`, 'inbound', { qos: 2, packetId: 77, dup: true })
    await second.next('pubrec')
    second.acknowledge('pubrel', 77)
    expect((await second.next('pubcomp')).reasonCode).toBe(0)
    await publish(topicName, 'live')
    expect((await second.next('publish')).text).toBe('live')
    await second.disconnect()
    await broker.advance(61_000)
    expect(await watcher.restOfPayloads()).toEqual(['inbound']) // once, and no Will: it ended with the resumption
    expect((await broker.client({ clientId, cleanStart: false })).connack.sessionPresent).toBe(false)
  })

  it('[MQTT5-U-3.1.2-h] the new CONNECT sets the limits for what is resent', async () => {
    const [clientId, topicName] = [unique('smaller'), unique('smaller')]
    const first = await broker.client({ clientId, properties: forAMinute })
    await first.subscribe({ topicFilter: topicName, qos: 1 })
    await publish(topicName, 'a', 'b', 'c', 'd'.repeat(200), 'e')
    await first.publishes(5)
    await first.abort()
    const second = await broker.client({
      clientId,
      cleanStart: false,
      properties: { ...forAMinute, receiveMaximum: 2, maximumPacketSize: 100 },
    })
    const texts: string[] = []
    for (let turn = 0; turn < 4; turn++) {
      const delivery = await second.next('publish')
      texts.push(delivery.text)
      second.acknowledge('puback', delivery.packetId)
    }
    expect(texts).toEqual(['a', 'b', 'c', 'e'])
    expect(await second.rest()).toEqual([])
  })
})

describe('a broker that limits the Session Expiry Interval', () => {
  const limited = useBroker(5, { limits: { maximumSessionExpirySeconds: 60 } })

  it('[MQTT5-U-3.2.2-a] says what it grants, and keeps to that', async () => {
    const clientId = unique('granted')
    const client = await limited.client({ clientId, properties: { sessionExpiryInterval: 3600 } })
    expect(client.connack.properties.sessionExpiryInterval).toBe(60)
    await client.disconnect()
    await limited.advance(61_000)
    expect((await limited.client({ clientId, cleanStart: false })).connack.sessionPresent).toBe(false)
  })

  it('[MQTT5-U-3.2.2-a] [MQTT5-U-3.14.2-a] the limit holds for DISCONNECT too', async () => {
    const clientId = unique('granted')
    const client = await limited.client({ clientId, properties: { sessionExpiryInterval: 5 } })
    await client.disconnect(0, property('sessionExpiryInterval', 3600))
    await limited.advance(61_000)
    expect((await limited.client({ clientId, cleanStart: false })).connack.sessionPresent).toBe(false)
  })
})
