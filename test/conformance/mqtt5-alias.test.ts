import { describe, expect, it } from 'vitest'
import { expectClosed, unique, useBroker } from '../support/wire-steps.ts'

const broker = useBroker(
  5,
  {},
  {
    authorizer: {
      epoch: 0,
      authorize: (_client, access) => access.action !== 'publish' || !access.topicName.startsWith('denied/'),
    },
  },
)

async function subscriber(topicFilter: string, topicAliasMaximum?: number) {
  const client = await broker.client(topicAliasMaximum === undefined ? {} : { properties: { topicAliasMaximum } })
  await client.subscribe(topicFilter)
  return client
}

describe('aliases a client uses', () => {
  it('[MQTT5-3.3.2-12] may be anything from 1 to the announced maximum, and be set anew', async () => {
    const stem = unique('in')
    const watcher = await subscriber(`${stem}/#`)
    const client = await broker.client()
    const maximum = client.connack.properties.topicAliasMaximum ?? 0
    expect(maximum).toBe(64)
    for (let topicAlias = 1; topicAlias <= maximum; topicAlias++) {
      client.sendPublish(`${stem}/${topicAlias}`, 'set', { properties: { topicAlias } })
    }
    for (let topicAlias = 1; topicAlias <= maximum; topicAlias++) {
      client.sendPublish('', 'use', { qos: topicAlias % 3, properties: { topicAlias } })
    }
    client.sendPublish(`${stem}/again`, 'set', { properties: { topicAlias: maximum } })
    client.sendPublish('', 'use', { properties: { topicAlias: maximum } })
    const expected = Array.from({ length: maximum }, (_, index) => `${stem}/${index + 1}`)
    const topics = (await watcher.publishes(2 * maximum + 2)).map((one) => one.topicName)
    expect(topics).toEqual([...expected, ...expected, `${stem}/again`, `${stem}/again`])
  })

  const refused: [title: string, topicName: string, topicAlias: number, codes: number[]][] = [
    ['[MQTT5-3.3.2-8] 0', unique('t'), 0, [0x94, 0x82]],
    ['[MQTT5-3.3.2-9] [MQTT5-3.2.2-17] above the announced maximum', unique('t'), 65, [0x94]],
    ['[MQTT5-3.3.2-9] [MQTT5-3.2.2-17] far above', unique('t'), 65_535, [0x94]],
    ['[MQTT5-U-3.3.2-b] never set', '', 5, [0x82, 0x94]],
  ]
  it.each(refused)('%s closes the connection', async (_title, topicName, topicAlias, codes) => {
    const watcher = await subscriber('#')
    const client = await broker.client()
    client.sendPublish(topicName, 'x', { properties: { topicAlias } })
    await expectClosed(client, ...codes)
    expect(await watcher.rest()).toEqual([])
  })

  it('[MQTT5-3.3.2-7] end with the connection', async () => {
    const lasting = { clientId: unique('again'), properties: { sessionExpiryInterval: 60 } }
    const first = await broker.client(lasting)
    await first.publish(unique('t'), 'x', { qos: 1, properties: { topicAlias: 1 } })
    await first.disconnect()
    const second = await broker.client({ ...lasting, cleanStart: false })
    second.sendPublish('', 'x', { properties: { topicAlias: 1 } })
    await expectClosed(second, 0x82, 0x94)
  })

  it('[MQTT5-U-3.3.2-d] [MQTT5-3.1.2-27] are not forwarded', async () => {
    const topicName = unique('forwarded')
    const watcher = await subscriber(topicName)
    const client = await broker.client()
    client.sendPublish(topicName, 'one', { properties: { topicAlias: 9 } })
    client.sendPublish('', 'two', { properties: { topicAlias: 9 } })
    for (const delivery of await watcher.publishes(2)) {
      expect(delivery.wireTopicName).toBe(topicName)
      expect(delivery.properties).toEqual({})
    }
  })

  it('[MQTT5-U-3.3.2-e] are set by a PUBLISH that is refused as well', async () => {
    const stem = unique('mapped')
    const client = await broker.client()
    await client.subscribe(`${stem}/#`)
    await client.publish(`${stem}/old`, 'old', { qos: 1, properties: { topicAlias: 1 } })
    expect((await client.next('publish')).text).toBe('old')
    expect((await client.publish('denied/new', 'x', { qos: 1, properties: { topicAlias: 1 } }))?.reasonCode).toBe(0x87)
    expect((await client.publish('', 'x', { qos: 1, properties: { topicAlias: 1 } }))?.reasonCode).toBe(0x87)
    expect(await client.rest()).toEqual([]) // nothing came to the old topic
  })
})

describe('aliases a client may not use at all', () => {
  const without = useBroker(5, { limits: { topicAliasMaximum: 0 } })

  it('[MQTT5-3.2.2-18] any alias closes the connection', async () => {
    const client = await without.client()
    expect(client.connack.properties.topicAliasMaximum ?? 0).toBe(0)
    client.sendPublish(unique('t'), 'x', { properties: { topicAlias: 1 } })
    await expectClosed(client, 0x94)
  })
})

describe('aliases the broker uses', () => {
  it('[MQTT5-3.1.2-26] [MQTT5-3.3.2-11] stay within what the client allows, and name the right topics', async () => {
    const stem = unique('out')
    const watcher = await subscriber(`${stem}/#`, 2)
    const publisher = await broker.client()
    const topics = [1, 2, 3, 4, 5, 1, 2, 3, 4, 5, 5, 1, 1].map((number) => `${stem}/${number}`)
    for (const topicName of topics) publisher.sendPublish(topicName, topicName)
    const deliveries = await watcher.publishes(topics.length)
    for (const delivery of deliveries) {
      expect(delivery.topicName).toBe(delivery.text) // the test client fails on an alias above 2 or never set
    }
    expect(deliveries.some((one) => one.wireTopicName === '')).toBe(true) // or this would prove nothing
    expect(await watcher.rest()).toEqual([])
  })

  it.each([undefined, 0])('[MQTT5-3.1.2-27] there are none when its Topic Alias Maximum is %s', async (maximum) => {
    const topicName = unique('none')
    const watcher = await subscriber(topicName, maximum)
    const publisher = await broker.client()
    for (let count = 0; count < 3; count++) publisher.sendPublish(topicName, 'x')
    for (const delivery of await watcher.publishes(3)) {
      expect(delivery.wireTopicName).toBe(topicName)
      expect(delivery.properties.topicAlias).toBeUndefined()
    }
  })

  it('[MQTT5-U-3.3.2-c] do not mix with those of the client', async () => {
    const stem = unique('mix')
    const client = await subscriber(`${stem}/to-client/#`, 5)
    const other = await subscriber(`${stem}/from-client/#`, 5)
    for (let round = 0; round < 3; round++) {
      client.sendPublish(round === 0 ? `${stem}/from-client/b` : '', 'b', { properties: { topicAlias: 1 } })
      other.sendPublish(round === 0 ? `${stem}/to-client/a` : '', 'a', { properties: { topicAlias: 2 } })
    }
    for (const delivery of await client.publishes(3)) expect(delivery.topicName).toBe(`${stem}/to-client/a`)
    for (const delivery of await other.publishes(3)) expect(delivery.topicName).toBe(`${stem}/from-client/b`)
  })

  it('[MQTT5-U-3.3.2-f] count only once the packet that sets them has gone out', async () => {
    const topicName = unique('dropped')
    const watcher = await broker.client({ properties: { topicAliasMaximum: 5, maximumPacketSize: 60 } })
    await watcher.subscribe(topicName)
    const publisher = await broker.client()
    for (const text of ['x'.repeat(60), 'one', 'x'.repeat(60), 'two']) publisher.sendPublish(topicName, text)
    const [one, two] = await watcher.publishes(2)
    expect([one?.text, two?.text]).toEqual(['one', 'two'])
    expect([one?.wireTopicName, two?.wireTopicName]).toEqual([topicName, '']) // set by the first that went out
    expect(two?.topicName).toBe(topicName)
  })

  it('[MQTT5-3.3.2-7] [MQTT5-U-4.9-b] are set anew on a new connection, for what is resent too', async () => {
    const topicName = unique('resent')
    const lasting = { clientId: unique('r'), properties: { sessionExpiryInterval: 60, topicAliasMaximum: 5 } }
    const first = await broker.client(lasting)
    await first.subscribe({ topicFilter: topicName, qos: 1 })
    const publisher = await broker.client()
    for (const text of ['one', 'two']) await publisher.publish(topicName, text, { qos: 1 })
    await first.publishes(2)
    await first.abort()
    const second = await broker.client({ ...lasting, cleanStart: false })
    const resent = await second.publishes(2)
    expect(resent.map((one) => [one.topicName, one.text])).toEqual([
      [topicName, 'one'],
      [topicName, 'two'],
    ])
    expect(resent[0]?.wireTopicName).toBe(topicName)
  })
})
