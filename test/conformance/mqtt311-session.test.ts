import { describe, expect, it } from 'vitest'
import { unique, useBroker } from '../support/wire-steps.ts'

const broker = useBroker(4)
const dayMs = 24 * 3_600_000

/** A session with one subscription, left behind by a client that has gone. */
async function leaveSession(clientId: string, topicFilter: string, qos = 2) {
  const client = await broker.client({ clientId, cleanStart: false })
  await client.subscribe({ topicFilter, qos })
  await client.disconnect()
}

async function publish(topicName: string, texts: readonly string[], qos = 1) {
  const publisher = await broker.client()
  for (const text of texts) await publisher.publish(topicName, text, { qos })
  await publisher.disconnect()
}

describe('Clean Session 0', () => {
  it('[MQTT311-3.1.2-4] [MQTT311-3.2.2-3] [MQTT311-3.1.4-3] creates a session when there is none', async () => {
    const client = await broker.client({ cleanStart: false })
    expect([...client.connack.raw]).toEqual([0x20, 2, 0, 0])
  })

  it('[MQTT311-3.1.2-4] [MQTT311-3.2.2-2] [MQTT311-3.1.4-3] resumes it: subscriptions are alive', async () => {
    const [clientId, topicName] = [unique('resume'), unique('resume')]
    await leaveSession(clientId, topicName)
    const client = await broker.client({ clientId, cleanStart: false })
    expect([...client.connack.raw]).toEqual([0x20, 2, 1, 0])
    await publish(topicName, ['live'])
    expect(await client.restOfPayloads()).toEqual(['live'])
  })

  it('[MQTT311-3.2.2-2] resumes an empty one too', async () => {
    const clientId = unique('empty')
    await (await broker.client({ clientId, cleanStart: false })).disconnect()
    expect((await broker.client({ clientId, cleanStart: false })).connack.sessionPresent).toBe(true)
  })

  it.each([1, 2])('[MQTT311-3.1.2-5] [MQTT311-4.5.0-1] QoS %d messages wait for the client', async (qos) => {
    const [clientId, topicName] = [unique('away'), unique('away')]
    await leaveSession(clientId, topicName)
    await publish(topicName, ['one', 'two', 'three'], qos)
    const client = await broker.client({ clientId, cleanStart: false })
    const deliveries = await client.publishes(3)
    expect(deliveries.map((one) => [one.text, one.qos, one.dup])).toEqual([
      ['one', qos, false],
      ['two', qos, false],
      ['three', qos, false],
    ])
    for (const { packetId } of deliveries) {
      client.acknowledge(qos === 1 ? 'puback' : 'pubrec', packetId)
      if (qos === 1) continue
      expect((await client.next('pubrel')).packetId).toBe(packetId)
      client.acknowledge('pubcomp', packetId)
    }
    await client.disconnect()
    expect(await (await broker.client({ clientId, cleanStart: false })).rest()).toEqual([])
  })

  it('[MQTT311-4.5.0-1] a message joins every matching session, connected or not', async () => {
    const topicName = unique('every')
    const ids = [unique('every'), unique('every'), unique('every')]
    for (const clientId of ids) await leaveSession(clientId, topicName, 1)
    const connected = await broker.client({ clientId: ids[0] ?? '', cleanStart: false })
    await publish(topicName, ['x'])
    const others = await Promise.all(ids.slice(1).map((clientId) => broker.client({ clientId, cleanStart: false })))
    for (const client of [connected, ...others]) expect(await client.restOfPayloads()).toEqual(['x'])
  })

  it.each([
    ['DISCONNECT', false],
    ['a cut connection', true],
  ])('[MQTT311-3.1.2-4] [MQTT311-4.1.0-1] is kept after %s, over a day', async (_title, isCut) => {
    const [clientId, topicName] = [unique('kept'), unique('kept')]
    const first = await broker.client({ clientId, cleanStart: false })
    await first.subscribe({ topicFilter: topicName, qos: 1 })
    await (isCut ? first.abort() : first.disconnect())
    await broker.settle()
    await publish(topicName, ['early'])
    await broker.advance(dayMs)
    await publish(topicName, ['late'])
    const second = await broker.client({ clientId, cleanStart: false })
    expect(second.connack.sessionPresent).toBe(true)
    expect(await second.restOfPayloads()).toEqual(['early', 'late'])
  })

  it('[MQTT311-3.2.0-1] CONNACK comes before all that a resumed session holds', async () => {
    const [clientId, topicName] = [unique('full'), unique('full')]
    await leaveSession(clientId, topicName, 1)
    await publish(
      topicName,
      Array.from({ length: 50 }, (_, index) => `${index}`),
    )
    const client = await broker.client({ clientId, cleanStart: false })
    await client.barrier()
    expect(client.received[0]?.kind).toBe('connack')
    expect(client.received.filter((one) => one.kind === 'publish')).toHaveLength(50)
  })

  it('[MQTT311-3.1.4-2] [MQTT311-3.2.2-2] takes the session over from a connected client', async () => {
    const [clientId, topicName] = [unique('over'), unique('over')]
    const old = await broker.client({ clientId, cleanStart: false })
    await old.subscribe({ topicFilter: topicName, qos: 1 })
    await publish(topicName, ['unacknowledged'])
    const sent = await old.next('publish')
    const young = await broker.client({ clientId, cleanStart: false })
    await old.closed()
    expect(young.connack.sessionPresent).toBe(true)
    expect(await young.next('publish')).toMatchObject({ packetId: sent.packetId, dup: true, text: 'unacknowledged' })
  })
})

describe('Clean Session 1', () => {
  it('[MQTT311-3.1.2-6] [MQTT311-3.2.2-1] [MQTT311-3.1.4-3] throws the old session away', async () => {
    const [clientId, topicName] = [unique('clean'), unique('clean')]
    await leaveSession(clientId, topicName)
    await publish(topicName, ['queued'])
    const client = await broker.client({ clientId })
    expect(client.connack.sessionPresent).toBe(false)
    await publish(topicName, ['live'])
    expect(await client.rest()).toEqual([])
  })

  it('[MQTT311-3.1.2-6] [MQTT311-3.2.2-3] its session ends with the connection', async () => {
    const [clientId, topicName] = [unique('ends'), unique('ends')]
    await leaveSession(clientId, topicName)
    const clean = await broker.client({ clientId })
    await clean.subscribe({ topicFilter: topicName, qos: 1 })
    await clean.disconnect()
    await publish(topicName, ['while away'])
    const client = await broker.client({ clientId, cleanStart: false })
    expect(client.connack.sessionPresent).toBe(false)
    await publish(topicName, ['live'])
    expect(await client.rest()).toEqual([])
  })

  it('[MQTT311-3.1.2-6] also throws away the session of a connected client', async () => {
    const [clientId, topicName] = [unique('clean-over'), unique('clean-over')]
    const old = await broker.client({ clientId, cleanStart: false })
    await old.subscribe({ topicFilter: topicName, qos: 1 })
    await publish(topicName, ['unacknowledged'])
    const young = await broker.client({ clientId })
    await old.closed()
    expect(young.connack.sessionPresent).toBe(false)
    await publish(topicName, ['live'])
    expect(await young.rest()).toEqual([])
  })

  it('[MQTT311-3.1.2-6] forgets half-finished QoS 2 messages of both directions', async () => {
    const [clientId, topicName] = [unique('halves'), unique('halves')]
    const watcher = await broker.client()
    await watcher.subscribe(`${topicName}/in`)
    const first = await broker.client({ clientId, cleanStart: false })
    await first.subscribe({ topicFilter: topicName, qos: 2 })
    await publish(topicName, ['out'], 2)
    first.acknowledge('pubrec', (await first.next('publish')).packetId)
    await first.next('pubrel')
    first.sendPublish(`${topicName}/in`, 'first', { qos: 2, packetId: 5 })
    await first.next('pubrec')
    await first.abort()
    const second = await broker.client({ clientId })
    expect(await second.rest()).toEqual([])
    await second.publish(`${topicName}/in`, 'second', { qos: 2, packetId: 5 })
    expect(await watcher.restOfPayloads()).toEqual(['first', 'second'])
  })

  it('[MQTT311-4.1.0-2] its session lives as long as the connection', async () => {
    const topicName = unique('long')
    const client = await broker.client()
    await client.subscribe({ topicFilter: topicName, qos: 1 })
    await broker.advance(3_600_000)
    await publish(topicName, ['still here'])
    const delivery = await client.next('publish')
    await broker.advance(3_600_000)
    client.acknowledge('puback', delivery.packetId)
    expect(await client.rest()).toEqual([])
  })
})

describe('a session', () => {
  it('[MQTT311-3.1.3-2] belongs to a client identifier, compared exactly', async () => {
    const stem = unique('apart')
    await leaveSession(`${stem}a`, `${stem}/a`)
    await leaveSession(`${stem}A`, `${stem}/A`)
    await publish(`${stem}/a`, ['small'])
    await publish(`${stem}/A`, ['large'])
    for (const [clientId, text] of [
      [`${stem}a`, 'small'],
      [`${stem}A`, 'large'],
    ] as const) {
      const client = await broker.client({ clientId, cleanStart: false })
      expect(await client.restOfPayloads()).toEqual([text])
    }
    expect((await broker.client({ clientId: stem, cleanStart: false })).connack.sessionPresent).toBe(false)
  })

  it('[MQTT311-4.1.0-1] keeps all of its state through a reconnect', async () => {
    const [clientId, topicName] = [unique('whole'), unique('whole')]
    const watcher = await broker.client()
    await watcher.subscribe(`${topicName}/in`)
    const first = await broker.client({ clientId, cleanStart: false })
    await first.subscribe({ topicFilter: topicName, qos: 2 })
    await publish(topicName, ['unacknowledged'], 1)
    await publish(topicName, ['received'], 2)
    const [unacknowledged, received] = await first.publishes(2)
    first.acknowledge('pubrec', received?.packetId ?? 0)
    await first.next('pubrel')
    first.sendPublish(`${topicName}/in`, 'inbound', { qos: 2, packetId: 77 })
    await first.next('pubrec')
    await first.abort()
    await broker.settle()
    await publish(topicName, ['queued'])

    const second = await broker.client({ clientId, cleanStart: false })
    expect(await second.next('publish')).toMatchObject({ packetId: unacknowledged?.packetId, dup: true })
    expect((await second.next('pubrel')).packetId).toBe(received?.packetId)
    expect((await second.next('publish')).text).toBe('queued')
    second.sendPublish(`${topicName}/in`, 'inbound', { qos: 2, packetId: 77, dup: true })
    await second.next('pubrec')
    second.acknowledge('pubrel', 77)
    await second.next('pubcomp')
    expect(await watcher.restOfPayloads()).toEqual(['inbound'])
  })
})

describe('a broker that keeps 3.1.1 sessions for a minute', () => {
  const brief = useBroker(4, { limits: { mqtt3SessionExpirySeconds: 60 } })

  it.each([
    [50_000, true],
    [61_000, false],
  ])('[MQTT311-3.1.2-4] [MQTT311-3.2.2-3] after %d ms away: Session Present %s', async (awayMs, isPresent) => {
    const clientId = unique('brief')
    const first = await brief.client({ clientId, cleanStart: false })
    await brief.advance(600_000) // no time passes for it while connected
    await first.disconnect()
    await brief.advance(awayMs)
    expect((await brief.client({ clientId, cleanStart: false })).connack.sessionPresent).toBe(isPresent)
  })
})
