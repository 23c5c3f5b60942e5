import { describe, expect, it } from 'vitest'
import type { FilterFields } from '../support/wire-packets.ts'
import { unique, useBroker } from '../support/wire-steps.ts'

const broker = useBroker(4)

async function retain(topicName: string, text: string, qos = 1) {
  const publisher = await broker.client()
  await publisher.publish(topicName, text, { qos, retain: true })
  await publisher.disconnect()
}

async function subscriber(filter: FilterFields) {
  const client = await broker.client({ autoAcknowledge: true })
  await client.subscribe(filter)
  return client
}

/** What a new subscriber is sent. */
async function retained(topicFilter: string): Promise<string[]> {
  return (await subscriber({ topicFilter })).restOfPayloads()
}

describe('a PUBLISH with RETAIN', () => {
  it('[MQTT311-3.3.1-5] [MQTT311-3.3.1-8] is sent with its QoS, or the granted one if lower', async () => {
    for (const published of [0, 1, 2]) {
      const topicName = unique('kept')
      await retain(topicName, 'x', published)
      for (const granted of [0, 1, 2]) {
        const late = await subscriber({ topicFilter: topicName, qos: granted })
        const qos = Math.min(published, granted)
        expect(await late.next('publish')).toMatchObject({ text: 'x', qos, retain: true, dup: false })
      }
    }
  })

  it('[MQTT311-3.3.1-5] replaces the earlier one', async () => {
    const topicName = unique('replace')
    for (const text of ['A', 'B', 'C']) await retain(topicName, text)
    expect(await retained(topicName)).toEqual(['C'])
  })

  it('[MQTT311-3.3.1-7] at QoS 0 discards the earlier one', async () => {
    const topicName = unique('discard')
    await retain(topicName, 'A', 1)
    await retain(topicName, 'B', 0)
    for (let round = 0; round < 2; round++) expect(await retained(topicName)).toEqual(['B']) // or none: never A
  })

  it('[MQTT311-3.3.1-10] [MQTT311-3.3.1-11] without payload is forwarded, clears, and is not stored', async () => {
    const topicName = unique('clear')
    await retain(topicName, 'A')
    const live = await subscriber({ topicFilter: topicName, qos: 1 })
    expect(await live.next('publish')).toMatchObject({ text: 'A', retain: true })
    await retain(topicName, '')
    expect(await live.next('publish')).toMatchObject({ text: '', qos: 1, retain: false })
    expect(await retained(topicName)).toEqual([])
    expect(await retained(`${topicName}/#`)).toEqual([])
    await retain(topicName, '') // nothing there to clear
    expect(await retained(topicName)).toEqual([])
    await retain(topicName, 'B')
    expect(await retained(topicName)).toEqual(['B'])
  })

  it('[MQTT311-3.3.1-12] one without RETAIN neither stores, replaces nor clears', async () => {
    const topicName = unique('leave')
    const publisher = await broker.client()
    await publisher.publish(topicName, 'plain', { qos: 1 })
    expect(await retained(topicName)).toEqual([])
    await retain(topicName, 'A')
    await publisher.publish(topicName, 'plain', { qos: 1 })
    await publisher.publish(topicName, '', { qos: 1 })
    expect(await retained(topicName)).toEqual(['A'])
  })

  it('[MQTT311-3.1.2-7] outlives the session of its publisher', async () => {
    const topicName = unique('outlive')
    const publisher = await broker.client({ cleanStart: true })
    await publisher.publish(topicName, 'A', { qos: 1, retain: true })
    await publisher.abort()
    await broker.advance(3_600_000)
    expect(await retained(topicName)).toEqual(['A'])
  })
})

describe('retained messages at SUBSCRIBE', () => {
  it('[MQTT311-3.3.1-6] the last one of every topic that matches', async () => {
    const stem = unique('last')
    for (const level of ['a', 'b', 'c/d']) {
      await retain(`${stem}/${level}`, 'old')
      await retain(`${stem}/${level}`, level)
    }
    expect((await retained(`${stem}/#`)).toSorted()).toEqual(['a', 'b', 'c/d'])
    expect((await retained(`${stem}/+`)).toSorted()).toEqual(['a', 'b'])
    expect(await retained(`${stem}/a`)).toEqual(['a'])
    expect(await retained(`${stem}`)).toEqual([])
  })

  it('[MQTT311-3.3.1-6] [MQTT311-3.8.4-3] come at every SUBSCRIBE, and once for each filter', async () => {
    const topicName = unique('every')
    await retain(topicName, 'A')
    const client = await subscriber({ topicFilter: topicName, qos: 1 })
    expect(await client.restOfPayloads()).toEqual(['A'])
    await client.subscribe({ topicFilter: topicName, qos: 1 })
    expect(await client.restOfPayloads()).toEqual(['A'])
    await client.subscribe([{ topicFilter: `${topicName}/#` }, { topicFilter: topicName }])
    expect(await client.restOfPayloads()).toEqual(['A', 'A'])
  })

  it('[MQTT311-3.3.1-6] come to a session that is back only when it subscribes', async () => {
    const [topicName, clientId] = [unique('back'), unique('back')]
    await retain(topicName, 'A')
    const first = await broker.client({ clientId, cleanStart: false })
    await first.subscribe(topicName)
    await first.next('publish')
    await first.disconnect()
    const second = await broker.client({ clientId, cleanStart: false })
    expect(await second.rest()).toEqual([])
    await second.subscribe(topicName)
    expect(await second.restOfPayloads()).toEqual(['A'])
  })

  it('[MQTT311-3.3.1-6] do not come for a topic in $ to a leading wildcard', async () => {
    const topicName = `$${unique('dollar')}/x`
    await retain(topicName, 'A')
    const client = await subscriber({ topicFilter: '+/x' })
    await client.subscribe('#')
    expect((await client.rest()).filter((one) => one.kind === 'publish' && one.topicName === topicName)).toEqual([])
    expect(await retained(topicName)).toEqual(['A'])
  })
})

describe('the RETAIN bit a subscriber sees', () => {
  it('[MQTT311-3.3.1-8] [MQTT311-3.3.1-9] is 1 for what was there before, 0 live and from the queue', async () => {
    const [topicName, clientId] = [unique('bit'), unique('bit')]
    const away = await broker.client({ clientId, cleanStart: false })
    await away.subscribe({ topicFilter: topicName, qos: 1 })
    await away.disconnect()
    const live = await subscriber({ topicFilter: topicName, qos: 1 })
    await retain(topicName, 'A')
    const late = await subscriber({ topicFilter: topicName, qos: 1 })
    const back = await broker.client({ clientId, cleanStart: false })
    const bits = await Promise.all([live, back, late].map(async (client) => (await client.next('publish')).retain))
    expect(bits).toEqual([false, false, true])
  })

  it('[MQTT311-3.3.1-8] is still 1 when it has to be sent again', async () => {
    const [topicName, clientId] = [unique('again'), unique('again')]
    await retain(topicName, 'A')
    const first = await broker.client({ clientId, cleanStart: false })
    await first.subscribe({ topicFilter: topicName, qos: 1 })
    await first.next('publish')
    await first.abort()
    const second = await broker.client({ clientId, cleanStart: false })
    expect(await second.next('publish')).toMatchObject({ text: 'A', retain: true, dup: true })
  })
})
