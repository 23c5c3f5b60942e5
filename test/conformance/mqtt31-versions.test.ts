import { describe, expect, it } from 'vitest'
import type { Publish, WireClient } from '../support/wire-client.ts'
import type { ProtocolVersion } from '../support/wire-packets.ts'
import type { WireProperties } from '../support/wire-properties.ts'
import { unique, useBroker } from '../support/wire-steps.ts'

const broker = useBroker(5)
const versions = [3, 4, 5] as const
const pairs = versions.flatMap((from) => versions.map((to): [ProtocolVersion, ProtocolVersion] => [from, to]))
const properties: WireProperties = {
  contentType: 'text',
  responseTopic: 'answer',
  correlationData: Buffer.from([0, 255]),
  userProperties: [
    ['a', '1'],
    ['a', '2'],
  ],
}

/** A subscriber, with an identifier where its version has one. */
async function subscriber(version: ProtocolVersion, topicFilter: string, qos = 2, clientId = unique('s')) {
  const client = await broker.client({ version, clientId, autoAcknowledge: true, ...kept(version) })
  await client.subscribe({ topicFilter, qos }, version === 5 ? { subscriptionIdentifiers: [7] } : {})
  return client
}

/** What makes a session outlive its connection. */
function kept(version: ProtocolVersion) {
  return version === 5 ? { properties: { sessionExpiryInterval: 600 } } : { cleanStart: false }
}

async function publish(version: ProtocolVersion, topicName: string, qos: number, retain = false) {
  const publisher = await broker.client({ version, autoAcknowledge: true })
  await publisher.publish(topicName, `from ${version}`, { qos, retain, ...(version === 5 && { properties }) })
  await publisher.barrier()
}

function expectWhole(delivery: Publish, from: ProtocolVersion, to: ProtocolVersion): void {
  expect(delivery.text).toBe(`from ${from}`)
  const expected = to < 5 ? {} : { ...(from === 5 && properties), subscriptionIdentifiers: [7] }
  expect(delivery.properties).toEqual(expected)
}

describe.each(pairs)('from version %d to version %d', (from, to) => {
  it.each([0, 1, 2])('live, QoS %d', async (qos) => {
    const topicName = unique('live')
    const client = await subscriber(to, topicName)
    await publish(from, topicName, qos)
    const delivery = await client.next('publish')
    expect(delivery).toMatchObject({ qos, dup: false, retain: false, topicName })
    expectWhole(delivery, from, to)
  })

  it.each([0, 1, 2])('retained, QoS %d', async (qos) => {
    const topicName = unique('retained')
    await publish(from, topicName, qos, true)
    const delivery = await (await subscriber(to, topicName)).next('publish')
    expect(delivery).toMatchObject({ qos, retain: true })
    expectWhole(delivery, from, to)
  })

  it.each([1, 2])('queued, QoS %d', async (qos) => {
    const [topicName, clientId] = [unique('queued'), unique('queued')]
    await (await subscriber(to, topicName, 2, clientId)).disconnect()
    await publish(from, topicName, qos)
    const back = await broker.client({ version: to, clientId, ...kept(to), cleanStart: false })
    const delivery = await back.next('publish')
    expect(delivery).toMatchObject({ qos, dup: false, retain: false })
    expectWhole(delivery, from, to)
  })

  it('the Will', async () => {
    const topicName = unique('will')
    const client = await subscriber(to, topicName)
    const will = { topicName, payload: `from ${from}`, qos: 1, ...(from === 5 && { properties }) }
    await (await broker.client({ version: from, will })).abort()
    expectWhole(await client.next('publish'), from, to)
  })

  it('takes a connection over', async () => {
    const clientId = unique('taken')
    const old = await broker.client({ version: from, clientId })
    const young = await broker.client({ version: to, clientId })
    expect((await old.closed()).reasonCode).toBe(from === 5 ? 0x8e : undefined)
    await young.barrier()
  })

  it('resumes a session, with what it was owed', async () => {
    const [topicName, clientId] = [unique('moved'), unique('moved')]
    const first = await broker.client({ version: from, clientId, ...kept(from) })
    await first.subscribe({ topicFilter: topicName, qos: 1 })
    await publish(4, topicName, 1)
    const { packetId } = await first.next('publish')
    await first.abort()
    await publish(4, topicName, 1)
    const second = await broker.client({ version: to, clientId, ...kept(to), cleanStart: false })
    expect(second.connack.sessionPresent).toBe(to > 3) // 3.1 cannot say it
    const [again, queued] = await second.publishes(2)
    expect([again?.packetId, again?.dup, queued?.dup]).toEqual([packetId, true, false])
  })
})

describe('all versions at once', () => {
  it.each([0, 1, 2])('one message reaches subscribers of each, QoS %d', async (qos) => {
    const topicName = unique('all')
    const clients: WireClient[] = []
    for (const version of versions) {
      for (const granted of [0, 1, 2]) clients.push(await subscriber(version, topicName, granted))
    }
    for (const version of versions) await publish(version, topicName, qos)
    for (const [index, client] of clients.entries()) {
      const seen = await client.publishes(3)
      expect(seen.map((one) => one.text)).toEqual(['from 3', 'from 4', 'from 5'])
      expect(seen.map((one) => one.qos)).toEqual(Array(3).fill(Math.min(qos, index % 3)))
    }
  })

  it('they speak over TCP and WebSocket on the same ports', async () => {
    const topicName = unique('ports')
    const clients: WireClient[] = []
    for (const transport of ['tcp', 'websocket'] as const) {
      for (const version of versions) clients.push(await broker.client({ version, transport }))
    }
    for (const client of clients) await client.subscribe(topicName)
    for (const [index, client] of clients.entries()) await client.publish(topicName, `${index}`, { qos: 1 })
    for (const client of clients) expect(await client.restOfPayloads()).toEqual(['0', '1', '2', '3', '4', '5'])
  })

  it('Message Expiry holds for 3.x subscribers too', async () => {
    const topicName = unique('expiring')
    const ids = [unique('e'), unique('e')]
    for (const [index, clientId] of ids.entries()) {
      await (await subscriber(index === 0 ? 3 : 4, topicName, 1, clientId)).disconnect()
    }
    const publisher = await broker.client()
    for (const messageExpiryInterval of [2, 100]) {
      const fields = { qos: 1, properties: { messageExpiryInterval } }
      await publisher.publish(topicName, `${messageExpiryInterval}`, fields)
    }
    await broker.advance(5_000)
    for (const [index, clientId] of ids.entries()) {
      const back = await broker.client({ version: index === 0 ? 3 : 4, clientId, cleanStart: false })
      expect(await back.restOfPayloads()).toEqual(['100'])
    }
  })
})
