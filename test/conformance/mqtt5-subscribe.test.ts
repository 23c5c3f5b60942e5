import { describe, expect, it } from 'vitest'
import type { WireClient } from '../support/wire-client.ts'
import { hex, joined, packet, prefixed, subscribePacket, type FilterFields } from '../support/wire-packets.ts'
import { property } from '../support/wire-properties.ts'
import { expectClosed, unique, useBroker } from '../support/wire-steps.ts'

const broker = useBroker(
  5,
  {},
  {
    authorizer: {
      epoch: 0,
      authorize: (_client, access) => access.action !== 'subscribe' || !access.topicFilter.startsWith('denied'),
    },
  },
)

async function publish(topicName: string, text: string, qos = 1) {
  const publisher = await broker.client()
  await publisher.publish(topicName, text, { qos })
  await publisher.disconnect()
}

/** What `publish` brings to `client`: QoS and Subscription Identifiers of each copy. */
async function copies(client: WireClient, topicName: string, qos = 2) {
  await publish(topicName, 'x', qos)
  return (await client.rest()).flatMap((one) =>
    one.kind === 'publish' ? [[one.qos, (one.properties.subscriptionIdentifiers ?? []).toSorted()]] : [],
  )
}

describe('SUBSCRIBE is answered', () => {
  it.each([1, 65_535])('[MQTT5-3.8.4-1] [MQTT5-3.8.4-2] [MQTT5-2.2.1-6] with its identifier %d', async (packetId) => {
    const client = await broker.client()
    expect(await client.subscribe(unique('t'), {}, packetId)).toMatchObject({ packetId, reasonCodes: [0] })
  })

  it('[MQTT5-3.8.4-5] [MQTT5-3.8.4-6] many filters get one SUBACK, and all work', async () => {
    const stem = unique('many')
    const client = await broker.client()
    const filters = [0, 1, 2].map((qos) => ({ topicFilter: `${stem}/${qos}`, qos }))
    expect((await client.subscribe(filters)).reasonCodes).toEqual([0, 1, 2])
    for (const qos of [0, 1, 2]) expect(await copies(client, `${stem}/${qos}`)).toEqual([[qos, []]])
    expect(client.received.filter((one) => one.kind === 'suback')).toHaveLength(1)
  })

  it('[MQTT5-3.8.4-5] the last of two equal filters rules', async () => {
    const topicFilter = unique('twice')
    const client = await broker.client()
    const { reasonCodes } = await client.subscribe([
      { topicFilter, qos: 2 },
      { topicFilter, qos: 0 },
    ])
    expect(reasonCodes).toEqual([2, 0])
    expect(await copies(client, topicFilter)).toEqual([[0, []]])
  })

  it('[MQTT5-3.9.3-1] [MQTT5-3.9.3-2] [MQTT5-3.8.4-7] in order of filters; what is denied brings nothing', async () => {
    const stem = unique('mixed')
    const client = await broker.client()
    const suback = await client.subscribe([
      { topicFilter: `${stem}/a`, qos: 0 },
      { topicFilter: `denied/${stem}`, qos: 1 },
      { topicFilter: `${stem}/b`, qos: 2 },
      { topicFilter: 'denied/#', qos: 2 },
      { topicFilter: `${stem}/c`, qos: 1 },
    ])
    expect(suback.reasonCodes).toEqual([0, 0x87, 2, 0x87, 1])
    await publish(`denied/${stem}`, 'x')
    expect(await client.rest()).toEqual([])
    expect(await copies(client, `${stem}/b`)).toEqual([[2, []]])
  })

  it('[MQTT5-3.8.4-7] a denied filter does not bring retained messages either', async () => {
    const topicName = `denied/${unique('t')}`
    const publisher = await broker.client()
    await publisher.publish(topicName, 'x', { qos: 1, retain: true })
    const client = await broker.client()
    await client.subscribe(topicName)
    expect(await client.rest()).toEqual([])
  })
})

const withOptions = (options: number) => subscribePacket(5, 1, [{ topicFilter: 'a', options }])

describe('a SUBSCRIBE that breaks a rule closes the connection', () => {
  const cases: [title: string, bytes: Uint8Array, codes: number[]][] = [
    ['[MQTT5-3.8.1-1] flags 0000', joined([0x80], subscribePacket(5, 1, [{ topicFilter: 'a' }]).subarray(1)), [0x81]],
    ['[MQTT5-3.8.3-1] filter not UTF-8', subscribePacket(5, 1, [{ topicFilter: hex('61 ff') }]), [0x81, 0x8f]],
    ['[MQTT5-3.8.3-2] no filter', subscribePacket(5, 1, []), [0x82]],
    [
      '[MQTT5-3.8.3-4] No Local on a shared one',
      subscribePacket(5, 1, [{ topicFilter: '$share/g/t', noLocal: true }]),
      [0x82],
    ],
    ['[MQTT5-3.8.3-5] reserved bit 6', withOptions(0x40), [0x81]],
    ['[MQTT5-3.8.3-5] reserved bit 7', withOptions(0x80), [0x81]],
    ['[MQTT5-U-3.8.3-a] QoS 3', withOptions(0x03), [0x81, 0x82]],
    ['[MQTT5-U-3.8.3-b] Retain Handling 3', withOptions(0x30), [0x81, 0x82]],
    ['[MQTT5-U-2.2.1-a] packet identifier 0', subscribePacket(5, 0, [{ topicFilter: 'a' }]), [0x81, 0x82]],
    ['[MQTT5-U-3.8.2-a] identifier 0', subscribePacket(5, 1, [{ topicFilter: 'a' }], hex('0b 00')), [0x82]],
    [
      '[MQTT5-U-3.8.2-a] identifier twice',
      subscribePacket(5, 1, [{ topicFilter: 'a' }], {
        subscriptionIdentifiers: [1, 2],
      }),
      [0x82],
    ],
    ['[MQTT5-4.7.3-1] empty filter', subscribePacket(5, 1, [{ topicFilter: '' }]), [0x81, 0x82, 0x8f]],
    ['[MQTT5-4.7.3-2] U+0000', subscribePacket(5, 1, [{ topicFilter: 'a\0' }]), [0x81, 0x8f]],
    ['[MQTT5-4.13.1-1] no options byte', packet(0x82, [0, 1, 0], prefixed('a')), [0x81]],
  ]
  it.each(cases)('%s', async (_title, bytes, codes) => {
    const client = await broker.client()
    client.send(bytes)
    await expectClosed(client, ...codes)
    expect(client.received.filter((one) => one.kind === 'suback')).toEqual([])
  })
})

describe('Subscription Options', () => {
  it('[MQTT5-3.8.4-8] deliveries are at the lower of published and granted QoS: live, retained, queued', async () => {
    for (const published of [0, 1, 2]) {
      for (const granted of [0, 1, 2]) {
        const [topicName, clientId] = [unique('lower'), unique('lower')]
        const filter = { topicFilter: topicName, qos: granted }
        const lasting = { clientId, properties: { sessionExpiryInterval: 60 } }
        const away = await broker.client(lasting)
        await away.subscribe([filter])
        await away.disconnect()
        const live = await broker.client()
        await live.subscribe([filter])
        const publisher = await broker.client()
        await publisher.publish(topicName, 'x', { qos: published, retain: true })
        await publisher.barrier()
        const late = await broker.client()
        await late.subscribe([filter])
        const back = await broker.client({ ...lasting, cleanStart: false })
        const lower = Math.min(published, granted)
        const seen = await Promise.all([live, late, back].map((client) => client.rest()))
        const expected = lower === 0 ? [[0], [0], []] : [[lower], [lower], [lower]] // QoS 0 is not queued
        expect(seen.map((list) => list.map((one) => ('qos' in one ? one.qos : -1)))).toEqual(expected)
      }
    }
  })

  it("[MQTT5-3.8.3-3] No Local holds back one's own messages, and only those", async () => {
    const [topicFilter, clientId] = [unique('local'), unique('local')]
    const lasting = { clientId, properties: { sessionExpiryInterval: 60 } }
    const first = await broker.client(lasting)
    await first.subscribe({ topicFilter, qos: 1, noLocal: true })
    await first.publish(topicFilter, 'own', { qos: 1 })
    await publish(topicFilter, "other's")
    const delivery = await first.next('publish')
    expect(delivery.text).toBe("other's")
    first.acknowledge('puback', delivery.packetId)
    const second = await broker.client({ ...lasting, cleanStart: false }) // takes the session over
    await second.publish(topicFilter, 'own', { qos: 1 })
    await publish(topicFilter, "other's")
    expect(await second.restOfPayloads()).toEqual(["other's"])
  })

  it('[MQTT5-3.8.4-3] the same filter replaces the subscription, options and identifier', async () => {
    const topicFilter = unique('replace')
    const client = await broker.client({ autoAcknowledge: true })
    await client.subscribe({ topicFilter, qos: 0 }, { subscriptionIdentifiers: [1] })
    expect(await copies(client, topicFilter)).toEqual([[0, [1]]])
    await client.subscribe({ topicFilter, qos: 2, noLocal: true }, { subscriptionIdentifiers: [2] })
    expect(await copies(client, topicFilter)).toEqual([[2, [2]]])
    await client.publish(topicFilter, 'own', { qos: 1 })
    expect(await client.rest()).toEqual([])
    await client.subscribe({ topicFilter, qos: 1 })
    await client.publish(topicFilter, 'own', { qos: 1 })
    expect(await client.restOfPayloads()).toEqual(['own'])
  })

  it('[MQTT5-3.8.4-3] the same filter after a reconnect replaces too', async () => {
    const [topicFilter, clientId] = [unique('return'), unique('return')]
    const lasting = { clientId, properties: { sessionExpiryInterval: 60 } }
    const first = await broker.client(lasting)
    await first.subscribe({ topicFilter, qos: 1 })
    await first.disconnect()
    const second = await broker.client({ ...lasting, cleanStart: false })
    await second.subscribe({ topicFilter, qos: 1 })
    expect(await copies(second, topicFilter)).toEqual([[1, []]])
  })
})

describe('Subscription Identifiers and overlapping subscriptions', () => {
  const overlapping: [title: string, filters: [FilterFields, number?][], expected: unknown[]][] = [
    [
      '[MQTT5-3.3.4-2] the highest QoS',
      [[{ topicFilter: 'a/+', qos: 0 }], [{ topicFilter: 'a/b', qos: 2 }]],
      [[2, []]],
    ],
    [
      '[MQTT5-3.3.4-3] [MQTT5-3.3.4-4] all identifiers in one copy',
      [
        [{ topicFilter: 'a/+', qos: 1 }, 1],
        [{ topicFilter: 'a/b', qos: 2 }, 2],
        [{ topicFilter: 'other', qos: 2 }, 3],
      ],
      [[2, [1, 2]]],
    ],
    [
      '[MQTT5-3.3.4-5] no copy carries an identifier of a subscription without one',
      [[{ topicFilter: 'a/+', qos: 1 }, 7], [{ topicFilter: 'a/#', qos: 1 }]],
      [[1, [7]]],
    ],
    ['[MQTT5-U-3.8.2-a] the largest identifier', [[{ topicFilter: 'a/b', qos: 1 }, 268_435_455]], [[1, [268_435_455]]]],
  ]
  it.each(overlapping)('%s', async (_title, filters, expected) => {
    const stem = unique('overlap')
    const client = await broker.client()
    const other = await broker.client()
    await other.subscribe({ topicFilter: `${stem}/a/b`, qos: 2 }, { subscriptionIdentifiers: [99] })
    for (const [filter, identifier] of filters) {
      const properties = identifier === undefined ? {} : { subscriptionIdentifiers: [identifier] }
      await client.subscribe({ ...filter, topicFilter: `${stem}/${String(filter.topicFilter)}` }, properties)
    }
    expect(await copies(client, `${stem}/a/b`)).toEqual(expected)
    expect((await other.next('publish')).properties.subscriptionIdentifiers).toEqual([99])
  })

  it('[MQTT5-3.3.4-3] identifiers come from the queue and with retained messages too', async () => {
    const [topicName, clientId] = [unique('queued'), unique('queued')]
    const lasting = { clientId, properties: { sessionExpiryInterval: 60 } }
    const first = await broker.client(lasting)
    await first.subscribe({ topicFilter: topicName, qos: 1 }, { subscriptionIdentifiers: [4] })
    await first.subscribe({ topicFilter: `${topicName}/#`, qos: 1 }, { subscriptionIdentifiers: [5] })
    await first.disconnect()
    await publish(topicName, 'x')
    const second = await broker.client({ ...lasting, cleanStart: false })
    expect((await second.next('publish')).properties.subscriptionIdentifiers?.toSorted()).toEqual([4, 5])
  })

  it('[MQTT5-U-3.8.4-a] subscribing again without an identifier removes it', async () => {
    const topicFilter = unique('remove')
    const client = await broker.client()
    await client.subscribe(topicFilter, { subscriptionIdentifiers: [5] })
    await client.subscribe(topicFilter)
    expect(await copies(client, topicFilter)).toEqual([[0, []]])
  })

  it('[MQTT5-U-3.8.2-a] [MQTT5-U-2.2.2-b] the same property twice, with equal values, is no better', async () => {
    const client = await broker.client()
    const twice = joined(property('subscriptionIdentifiers', [1]), property('subscriptionIdentifiers', [1]))
    client.send(subscribePacket(5, 1, [{ topicFilter: 'a' }], twice))
    await expectClosed(client, 0x82)
  })
})
