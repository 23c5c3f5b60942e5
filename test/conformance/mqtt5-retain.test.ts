import { describe, expect, it } from 'vitest'
import type { WireClient } from '../support/wire-client.ts'
import type { FilterFields } from '../support/wire-packets.ts'
import { unique, useBroker } from '../support/wire-steps.ts'

const broker = useBroker(5)

async function retain(topicName: string, text: string, qos = 1) {
  const publisher = await broker.client()
  await publisher.publish(topicName, text, { qos, retain: true })
  await publisher.disconnect()
}

async function subscriber(filter: FilterFields): Promise<WireClient> {
  const client = await broker.client({ autoAcknowledge: true })
  await client.subscribe(filter)
  return client
}

/** What a new subscriber is sent. */
async function retained(topicFilter: string): Promise<string[]> {
  return (await subscriber({ topicFilter })).restOfPayloads()
}

describe('a PUBLISH with RETAIN', () => {
  it('[MQTT5-3.3.1-5] replaces the retained message whole', async () => {
    const topicName = unique('replace')
    const publisher = await broker.client()
    const old = { contentType: 'old', userProperties: [['a', 'b']] as [string, string][] }
    await publisher.publish(topicName, 'A', { qos: 1, retain: true, properties: old })
    await publisher.publish(topicName, 'B', { qos: 2, retain: true, properties: { responseTopic: 'r' } })
    const late = await subscriber({ topicFilter: topicName, qos: 2 })
    const delivery = await late.next('publish')
    expect(delivery).toMatchObject({ text: 'B', qos: 2, retain: true, dup: false })
    expect(delivery.properties).toEqual({ responseTopic: 'r' })
    expect(await late.rest()).toEqual([])
  })

  it.each([0, 1, 2])('[MQTT5-3.3.1-5] is kept at QoS %d', async (qos) => {
    const topicName = unique('kept')
    const publisher = await broker.client()
    await publisher.publish(topicName, 'x', { qos, retain: true })
    await publisher.barrier()
    const late = await subscriber({ topicFilter: topicName, qos: 2 })
    expect(await late.next('publish')).toMatchObject({ text: 'x', qos, retain: true })
  })

  it('[MQTT5-3.3.1-6] [MQTT5-3.3.1-7] without payload is forwarded, clears, and is not stored', async () => {
    const topicName = unique('clear')
    await retain(topicName, 'A')
    const live = await subscriber({ topicFilter: topicName, qos: 1 })
    await live.next('publish')
    await retain(topicName, '')
    expect(await live.next('publish')).toMatchObject({ text: '', qos: 1 })
    expect(await retained(topicName)).toEqual([])
    expect(await retained(`${topicName}/#`)).toEqual([])
    await retain(topicName, '') // nothing there to clear
    expect(await retained(topicName)).toEqual([])
  })

  it('[MQTT5-3.3.1-8] one without RETAIN neither stores nor replaces', async () => {
    const topicName = unique('leave')
    const publisher = await broker.client()
    await publisher.publish(topicName, 'plain', { qos: 1 })
    expect(await retained(topicName)).toEqual([])
    await retain(topicName, 'A')
    await publisher.publish(topicName, 'plain', { qos: 1 })
    await publisher.publish(topicName, '', { qos: 1 })
    expect(await retained(topicName)).toEqual(['A'])
  })

  it('[MQTT5-3.3.1-5] outlives the session of its publisher', async () => {
    const topicName = unique('outlive')
    await retain(topicName, 'A')
    await broker.advance(60_000)
    expect(await retained(topicName)).toEqual(['A'])
  })
})

describe('Retain Handling', () => {
  // Payloads after: SUBSCRIBE, the same again, UNSUBSCRIBE and SUBSCRIBE, resumed session and SUBSCRIBE.
  const cases: [title: string, retainHandling: number, expected: string[][]][] = [
    ['[MQTT5-3.3.1-9] 0 sends at every SUBSCRIBE', 0, [['A'], ['A'], ['A'], ['A']]],
    ['[MQTT5-3.3.1-10] 1 sends when the subscription is new', 1, [['A'], [], ['A'], []]],
    ['[MQTT5-3.3.1-11] 2 sends none', 2, [[], [], [], []]],
  ]
  it.each(cases)('%s', async (_title, retainHandling, expected) => {
    const [topicName, clientId] = [unique('handling'), unique('handling')]
    await retain(topicName, 'A')
    const filter = { topicFilter: topicName, qos: 1, retainHandling }
    const lasting = { clientId, autoAcknowledge: true, properties: { sessionExpiryInterval: 60 } }
    const seen: string[][] = []
    const client = await broker.client(lasting)
    const subscribe = async (who: WireClient) => {
      await who.subscribe([filter])
      seen.push(await who.restOfPayloads())
    }
    await subscribe(client)
    await subscribe(client)
    await client.unsubscribe(topicName)
    await subscribe(client)
    await client.disconnect()
    await subscribe(await broker.client({ ...lasting, cleanStart: false }))
    expect(seen).toEqual(expected)
  })

  it('[MQTT5-3.3.1-11] 2 does not hold back live messages with RETAIN', async () => {
    const topicName = unique('live')
    const client = await subscriber({ topicFilter: topicName, retainHandling: 2 })
    await retain(topicName, 'live')
    expect(await client.restOfPayloads()).toEqual(['live'])
  })

  it('[MQTT5-3.3.1-10] 1: another filter that matches the same topic is a new subscription', async () => {
    const topicName = unique('other-filter')
    await retain(topicName, 'A')
    const client = await subscriber({ topicFilter: topicName, retainHandling: 1 })
    expect(await client.restOfPayloads()).toEqual(['A'])
    await client.subscribe({ topicFilter: `${topicName}/#`, retainHandling: 1 })
    expect(await client.restOfPayloads()).toEqual(['A'])
  })

  it('[MQTT5-3.8.4-4] [MQTT5-3.8.4-3] a replacement with 0 sends again and loses nothing', async () => {
    const topicName = unique('gapless')
    await retain(topicName, 'R')
    const client = await subscriber({ topicFilter: topicName, qos: 1 })
    const publisher = await broker.client()
    const subacks: Promise<unknown>[] = []
    for (let count = 0; count < 40; count++) {
      publisher.sendPublish(topicName, `${count}`, { qos: 1 })
      if (count % 10 === 5) subacks.push(client.subscribe({ topicFilter: topicName, qos: 1 }))
    }
    for (let count = 0; count < 40; count++) await publisher.next('puback')
    await Promise.all(subacks)
    const texts = await client.restOfPayloads()
    expect(texts.filter((text) => text !== 'R')).toEqual(Array.from({ length: 40 }, (_, index) => `${index}`))
    expect(texts.filter((text) => text === 'R')).toHaveLength(1 + subacks.length)
  })
})

describe('the RETAIN bit a subscriber sees', () => {
  it.each([
    ['[MQTT5-3.3.1-12] [MQTT5-U-3.3.1-a]', false, [false, false]],
    ['[MQTT5-3.3.1-13]', true, [true, false]],
  ] as const)('%s Retain As Published %s: live, queued and retained', async (_ids, retainAsPublished, expected) => {
    const [topicName, clientId] = [unique('bit'), unique('bit')]
    const filter = { topicFilter: topicName, qos: 1, retainAsPublished }
    const lasting = { clientId, autoAcknowledge: true, properties: { sessionExpiryInterval: 60 } }
    const away = await broker.client(lasting)
    await away.subscribe([filter])
    await away.disconnect()
    const live = await subscriber(filter)
    const publisher = await broker.client()
    await publisher.publish(topicName, 'retained', { qos: 1, retain: true })
    await publisher.publish(topicName, 'plain', { qos: 1 })
    const back = await broker.client({ ...lasting, cleanStart: false })
    for (const receiver of [live, back]) {
      expect((await receiver.publishes(2)).map((one) => one.retain)).toEqual(expected)
    }
    const late = await subscriber(filter)
    expect(await late.next('publish')).toMatchObject({ text: 'retained', retain: true })
  })

  it('[MQTT5-3.3.1-13] survives redelivery', async () => {
    const [topicName, clientId] = [unique('redelivered'), unique('redelivered')]
    const lasting = { clientId, properties: { sessionExpiryInterval: 60 } }
    const first = await broker.client(lasting)
    await first.subscribe({ topicFilter: topicName, qos: 1, retainAsPublished: true })
    await retain(topicName, 'A')
    await first.next('publish')
    await first.abort()
    const second = await broker.client({ ...lasting, cleanStart: false })
    expect(await second.next('publish')).toMatchObject({ text: 'A', retain: true, dup: true })
  })
})

describe('retained messages at SUBSCRIBE', () => {
  it('[MQTT5-U-3.3.1-b] do not come to a shared subscription; live ones do, to one member', async () => {
    const topicName = unique('shared')
    await retain(topicName, 'stored')
    const members = await Promise.all(
      [0, 1].map((retainHandling) => subscriber({ topicFilter: `$share/g/${topicName}`, retainHandling })),
    )
    for (const member of members) expect(await member.rest()).toEqual([])
    await retain(topicName, 'live')
    const seen = await Promise.all(members.map((member) => member.restOfPayloads()))
    expect(seen.flat()).toEqual(['live'])
  })

  it('[MQTT5-U-3.3.1-c] come at the granted QoS with the new Subscription Identifier', async () => {
    const topicName = unique('obey')
    await retain(topicName, 'A', 2)
    for (const qos of [0, 1, 2]) {
      const client = await broker.client()
      await client.subscribe([{ topicFilter: topicName, qos }], { subscriptionIdentifiers: [qos + 5] })
      const delivery = await client.next('publish')
      expect(delivery.qos).toBe(qos)
      expect(delivery.properties).toEqual({ subscriptionIdentifiers: [qos + 5] })
    }
  })

  it('[MQTT5-U-3.3.1-c] obey Message Expiry', async () => {
    const topicName = unique('obey')
    const publisher = await broker.client()
    await publisher.publish(topicName, 'A', { qos: 1, retain: true, properties: { messageExpiryInterval: 10 } })
    await broker.advance(4_000)
    const early = await subscriber({ topicFilter: topicName })
    expect([5, 6]).toContain((await early.next('publish')).properties.messageExpiryInterval)
    await broker.advance(8_000)
    expect(await retained(topicName)).toEqual([])
  })

  it('[MQTT5-U-3.3.1-c] obey Maximum Packet Size', async () => {
    const topicName = unique('obey')
    await retain(`${topicName}/big`, 'x'.repeat(200))
    await retain(`${topicName}/small`, 'small')
    const client = await broker.client({ properties: { maximumPacketSize: 100 } })
    await client.subscribe({ topicFilter: `${topicName}/#`, qos: 1 })
    expect(await client.restOfPayloads()).toEqual(['small'])
  })

  it('[MQTT5-U-3.3.1-d] come with No Local to the client that retained them: our choice', async () => {
    const topicName = unique('own')
    const client = await broker.client()
    await client.publish(topicName, 'own', { qos: 1, retain: true })
    await client.subscribe({ topicFilter: topicName, noLocal: true })
    expect(await client.restOfPayloads()).toEqual(['own'])
  })

  it('[MQTT5-U-3.8.4-b] come once for each filter', async () => {
    const topicName = unique('each')
    await retain(`${topicName}/a`, 'A')
    await retain(`${topicName}/b`, 'B')
    const client = await broker.client()
    await client.subscribe([
      { topicFilter: `${topicName}/a` },
      { topicFilter: `${topicName}/+` },
      { topicFilter: `${topicName}/none` },
    ])
    expect((await client.restOfPayloads()).toSorted()).toEqual(['A', 'A', 'B'])
  })

  it('[MQTT5-3.3.1-9] come for every way a wildcard matches, empty levels too', async () => {
    const stem = unique('levels')
    const topics = [stem, `${stem}/`, `${stem}//x`, `${stem}/a`, `${stem}/a/x`]
    for (const topicName of topics) await retain(topicName, topicName)
    const cases: [string, string[]][] = [
      [`${stem}/#`, topics],
      [`${stem}/+`, [`${stem}/`, `${stem}/a`]],
      [`${stem}/+/x`, [`${stem}//x`, `${stem}/a/x`]],
      [`+/+/x`, [`${stem}//x`, `${stem}/a/x`]],
      [`${stem}`, [stem]],
      [`${stem}//#`, [`${stem}/`, `${stem}//x`]],
    ]
    for (const [topicFilter, expected] of cases) {
      expect((await retained(topicFilter)).toSorted(), topicFilter).toEqual(expected.toSorted())
    }
  })
})
