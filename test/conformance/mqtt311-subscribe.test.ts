import { describe, expect, it } from 'vitest'
import type { WireClient } from '../support/wire-client.ts'
import { hex, joined, packet, prefixed, subscribePacket, unsubscribePacket } from '../support/wire-packets.ts'
import { unique, useBroker } from '../support/wire-steps.ts'

const broker = useBroker(4)

async function publish(topicName: string, text: string, qos = 1) {
  const publisher = await broker.client()
  await publisher.publish(topicName, text, { qos })
  await publisher.disconnect()
}

/** QoS of each copy that a message brings to `client`. */
async function copies(client: WireClient, topicName: string, qos = 2): Promise<number[]> {
  await publish(topicName, 'x', qos)
  return (await client.rest()).flatMap((one) => (one.kind === 'publish' ? [one.qos] : []))
}

describe('SUBSCRIBE is answered', () => {
  it.each([1, 32_768, 65_535])(
    '[MQTT311-3.8.4-1] [MQTT311-3.8.4-2] [MQTT311-2.3.1-7] with its identifier %d',
    async (packetId) => {
      const client = await broker.client()
      const { raw } = await client.subscribe({ topicFilter: 't', qos: 1 }, undefined, packetId)
      expect([...raw]).toEqual([0x90, 3, packetId >> 8, packetId & 0xff, 1])
    },
  )

  it('[MQTT311-3.8.4-4] [MQTT311-3.8.4-5] [MQTT311-3.9.3-1] [MQTT311-3.9.3-2] one SUBACK, in order', async () => {
    const stem = unique('many')
    const client = await broker.client()
    const granted = [2, 0, 1, 1, 0, 2]
    const filters = granted.map((qos, index) => ({ topicFilter: `${stem}/${index}`, qos }))
    expect((await client.subscribe(filters)).reasonCodes).toEqual(granted)
    for (const [index, qos] of granted.entries()) expect(await copies(client, `${stem}/${index}`)).toEqual([qos])
    expect(client.received.filter((one) => one.kind === 'suback')).toHaveLength(1)
  })

  it('[MQTT311-3.8.4-4] filters act in sequence: the last of two equal ones rules', async () => {
    const topicFilter = unique('twice')
    const client = await broker.client()
    const { reasonCodes } = await client.subscribe([
      { topicFilter, qos: 2 },
      { topicFilter, qos: 0 },
    ])
    expect(reasonCodes).toEqual([2, 0])
    expect(await copies(client, topicFilter)).toEqual([0])
  })

  it('[MQTT311-3.8.4-6] deliveries are at the lower of published and granted QoS: live and queued', async () => {
    for (const published of [0, 1, 2]) {
      for (const granted of [0, 1, 2]) {
        const [topicName, clientId] = [unique('lower'), unique('lower')]
        const away = await broker.client({ clientId, cleanStart: false })
        await away.subscribe({ topicFilter: topicName, qos: granted })
        await away.disconnect()
        const live = await broker.client()
        await live.subscribe({ topicFilter: topicName, qos: granted })
        const lower = Math.min(published, granted)
        expect(await copies(live, topicName, published)).toEqual([lower])
        const back = await broker.client({ clientId, cleanStart: false })
        const queued = (await back.rest()).map((one) => ('qos' in one ? one.qos : -1))
        expect(queued).toEqual(lower === 0 ? [] : [lower]) // QoS 0 is not queued
      }
    }
  })

  it('[MQTT311-3.8.4-3] the same filter replaces the subscription, and interrupts nothing', async () => {
    const topicFilter = unique('replace')
    const client = await broker.client({ autoAcknowledge: true })
    const publisher = await broker.client()
    await publisher.publish(topicFilter, 'R', { qos: 1, retain: true })
    await client.subscribe({ topicFilter, qos: 1 })
    const subacks: Promise<unknown>[] = []
    for (let count = 0; count < 40; count++) {
      publisher.sendPublish(topicFilter, `${count}`, { qos: 1 })
      if (count % 10 === 5) subacks.push(client.subscribe({ topicFilter, qos: 1 }))
    }
    for (let count = 0; count < 40; count++) await publisher.next('puback')
    await Promise.all(subacks)
    const texts = await client.restOfPayloads()
    expect(texts.filter((text) => text !== 'R')).toEqual(Array.from({ length: 40 }, (_, index) => `${index}`))
    expect(texts.filter((text) => text === 'R')).toHaveLength(1 + subacks.length)
  })

  it('[MQTT311-3.8.4-3] with another QoS it takes effect at once, up and down', async () => {
    const topicFilter = unique('change')
    const client = await broker.client({ autoAcknowledge: true })
    for (const qos of [0, 2, 1, 0]) {
      expect((await client.subscribe({ topicFilter, qos })).reasonCodes).toEqual([qos])
      expect(await copies(client, topicFilter)).toEqual([qos])
    }
  })

  it('[MQTT311-3.8.4-3] in a session that is back it replaces too', async () => {
    const [topicFilter, clientId] = [unique('return'), unique('return')]
    const first = await broker.client({ clientId, cleanStart: false })
    await first.subscribe({ topicFilter, qos: 1 })
    await first.disconnect()
    const second = await broker.client({ clientId, cleanStart: false })
    await second.subscribe({ topicFilter, qos: 1 })
    expect(await copies(second, topicFilter)).toEqual([1])
  })
})

const withByte = (options: number) => subscribePacket(4, 1, [{ topicFilter: 'a', options }])
const subscribe = subscribePacket(4, 1, [{ topicFilter: 'a' }])
const unsubscribe = unsubscribePacket(4, 1, ['a'])

describe('what breaks a rule closes the connection unanswered, and has no effect', () => {
  const cases: [title: string, bytes: Uint8Array][] = [
    ...[0, 1, 3, 8, 0xa].map((flags): [string, Uint8Array] => [
      `[MQTT311-3.8.1-1] SUBSCRIBE with flags ${flags}`,
      joined([0x80 | flags], subscribe.subarray(1)),
    ]),
    ...[3, 4, 8, 0x10, 0x20, 0x40, 0x80, 0xff].map((options): [string, Uint8Array] => [
      `[MQTT311-3.8.3-4] requested QoS 0x${options.toString(16)}`,
      withByte(options),
    ]),
    [
      '[MQTT311-3.8.3-4] one bad QoS among good ones',
      subscribePacket(4, 1, [
        { topicFilter: 'a', qos: 1 },
        { topicFilter: 'b', options: 3 },
      ]),
    ],
    ['[MQTT311-3.8.3-1] filter not UTF-8', subscribePacket(4, 1, [{ topicFilter: hex('61 ff') }])],
    ['[MQTT311-3.8.3-3] SUBSCRIBE without filter', subscribePacket(4, 1, [])],
    ['[MQTT311-2.3.1-1] SUBSCRIBE with identifier 0', subscribePacket(4, 0, [{ topicFilter: 'a' }])],
    ['[MQTT311-4.7.3-1] SUBSCRIBE with an empty filter', subscribePacket(4, 1, [{ topicFilter: '' }])],
    ['[MQTT311-4.7.3-2] SUBSCRIBE with U+0000', subscribePacket(4, 1, [{ topicFilter: 'a\0' }])],
    ['[MQTT311-3.8.3-4] SUBSCRIBE without requested QoS', packet(0x82, [0, 1], prefixed('a'))],
    ['[MQTT311-3.8.3-1] SUBSCRIBE with a filter cut off', packet(0x82, [0, 1, 0, 5, 0x61])],
    ...[0, 1, 3, 8, 0xa].map((flags): [string, Uint8Array] => [
      `[MQTT311-3.10.1-1] UNSUBSCRIBE with flags ${flags}`,
      joined([0xa0 | flags], unsubscribe.subarray(1)),
    ]),
    ['[MQTT311-3.10.3-1] UNSUBSCRIBE with a filter not UTF-8', unsubscribePacket(4, 1, [hex('ed a0 80')])],
    ['[MQTT311-3.10.3-2] UNSUBSCRIBE without filter', unsubscribePacket(4, 1, [])],
    ['[MQTT311-2.3.1-1] UNSUBSCRIBE with identifier 0', unsubscribePacket(4, 0, ['a'])],
    ['[MQTT311-4.7.3-1] UNSUBSCRIBE with an empty filter', unsubscribePacket(4, 1, [''])],
  ]
  it.each(cases)('[MQTT311-4.8.0-1] %s', async (_title, bytes) => {
    const clientId = unique('breaks')
    const client = await broker.client({ clientId, cleanStart: false })
    client.send(bytes)
    await client.closed()
    expect(client.received.map((one) => one.kind)).toEqual(['connack'])
    const back = await broker.client({ clientId, cleanStart: false })
    await publish('a', 'x')
    expect(await back.rest()).toEqual([])
  })
})

describe('UNSUBSCRIBE', () => {
  it.each([1, 32_768, 65_535])(
    '[MQTT311-3.10.4-4] [MQTT311-3.10.4-5] [MQTT311-2.3.1-7] is answered with %d, whether it finds anything or not',
    async (packetId) => {
      const client = await broker.client()
      await client.subscribe('known')
      for (const topicFilter of ['known', 'unknown']) {
        const { raw } = await client.unsubscribe(topicFilter, packetId)
        expect([...raw]).toEqual([0xb0, 2, packetId >> 8, packetId & 0xff])
      }
    },
  )

  it('[MQTT311-3.10.4-1] [MQTT311-3.10.4-2] removes the one filter that is equal, character by character', async () => {
    const stem = unique('exact')
    const client = await broker.client()
    const filters = ['a/b', 'a/B', 'a/b/', '/a/b', 'a /b'].map((filter) => `${stem}/${filter}`)
    for (const topicFilter of filters) await client.subscribe(topicFilter)
    await client.unsubscribe(`${stem}/a/b`)
    for (const topicName of filters) await publish(topicName, topicName)
    expect(await client.restOfPayloads()).toEqual(filters.slice(1))
  })

  it('[MQTT311-3.10.4-1] a wildcard removes no filters it would match, and the other way round', async () => {
    const stem = unique('wild')
    const client = await broker.client()
    await client.subscribe([`${stem}/a`, `${stem}/+`].map((topicFilter) => ({ topicFilter })))
    await client.unsubscribe([`${stem}/#`, '#', '+/+'])
    expect(await copies(client, `${stem}/a`)).toEqual([0])
    await client.unsubscribe(`${stem}/a`)
    expect(await copies(client, `${stem}/a`)).toEqual([0])
    await client.unsubscribe(`${stem}/+`)
    expect(await copies(client, `${stem}/a`)).toEqual([])
  })

  it('[MQTT311-3.10.4-6] many filters act in order, with one UNSUBACK', async () => {
    const stem = unique('many')
    const client = await broker.client()
    await client.subscribe(['a', 'b', 'c'].map((level) => ({ topicFilter: `${stem}/${level}` })))
    await client.unsubscribe([`${stem}/a`, `${stem}/unknown`, `${stem}/b`, `${stem}/a`])
    for (const level of ['a', 'b', 'c']) await publish(`${stem}/${level}`, level)
    expect(await client.restOfPayloads()).toEqual(['c'])
    expect(client.received.filter((one) => one.kind === 'unsuback')).toHaveLength(1)
  })

  it('[MQTT311-3.10.4-3] deliveries that have begun are completed', async () => {
    const [topicName, clientId] = [unique('begun'), unique('begun')]
    const first = await broker.client({ clientId, cleanStart: false })
    await first.subscribe({ topicFilter: topicName, qos: 2 })
    await publish(topicName, 'released', 2)
    await publish(topicName, 'unacknowledged', 1)
    const [released, unacknowledged] = await first.publishes(2)
    await first.unsubscribe(topicName)
    first.acknowledge('pubrec', released?.packetId ?? 0)
    expect((await first.next('pubrel')).packetId).toBe(released?.packetId)
    first.acknowledge('pubcomp', released?.packetId ?? 0)
    await first.barrier()
    await first.abort()
    const second = await broker.client({ clientId, cleanStart: false })
    expect(await second.next('publish')).toMatchObject({ packetId: unacknowledged?.packetId, dup: true })
    await publish(topicName, 'new', 1)
    expect(await second.rest()).toEqual([])
  })
})

describe('a broker without wildcards', () => {
  const plain = useBroker(4, { features: { wildcardSubscriptionAvailable: false } })

  it('[MQTT311-3.8.3-2] [MQTT311-3.9.3-2] rejects filters that have them with 0x80', async () => {
    const client = await plain.client()
    const filters = ['a', 'a/+', 'b', '#', '+', 'c/#'].map((topicFilter) => ({ topicFilter, qos: 1 }))
    expect((await client.subscribe(filters)).reasonCodes).toEqual([1, 0x80, 1, 0x80, 0x80, 0x80])
    await client.publish('a/x', 'x', { qos: 1 })
    await client.publish('b', 'b', { qos: 1 })
    expect(await client.restOfPayloads()).toEqual(['b'])
  })
})

describe('a broker with a lower Maximum QoS', () => {
  const low = useBroker(4, { features: { maximumQos: 1 } })

  it('[MQTT311-3.8.4-5] [MQTT311-3.8.4-6] grants and delivers no more than that', async () => {
    const topicName = unique('low')
    const client = await low.client()
    const filters = [0, 1, 2].map((qos) => ({ topicFilter: `${topicName}/${qos}`, qos }))
    expect((await client.subscribe(filters)).reasonCodes).toEqual([0, 1, 1])
    await client.publish(`${topicName}/2`, 'x', { qos: 1 })
    expect(await client.next('publish')).toMatchObject({ qos: 1 })
  })
})
