import { describe, expect, it } from 'vitest'
import { expectClosed, unique, useBroker } from '../support/wire-steps.ts'

describe('with everything switched on', () => {
  const broker = useBroker(5)

  it('[MQTT5-3.2.2-9] CONNACK announces no lack', async () => {
    const { properties } = (await broker.client()).connack
    expect(properties.maximumQos).toBeUndefined() // 2 cannot be said
    for (const name of [
      'retainAvailable',
      'wildcardSubscriptionAvailable',
      'subscriptionIdentifiersAvailable',
      'sharedSubscriptionAvailable',
    ] as const) {
      expect(properties[name] ?? 1, name).toBe(1)
    }
  })
})

describe.each([0, 1] as const)('with Maximum QoS %d', (maximumQos) => {
  const broker = useBroker(5, { features: { maximumQos } })

  it('[MQTT5-3.2.2-9] CONNACK says so', async () => {
    expect((await broker.client()).connack.properties.maximumQos).toBe(maximumQos)
  })

  it('[MQTT5-3.2.2-10] SUBSCRIBE at any QoS is accepted', async () => {
    const client = await broker.client()
    const filters = [0, 1, 2].map((qos) => ({ topicFilter: unique('t'), qos }))
    for (const code of (await client.subscribe(filters)).reasonCodes) expect(code).toBeLessThanOrEqual(2)
    const [topicFilter] = [unique('t')]
    await client.subscribe({ topicFilter, qos: 2 })
    await client.publish(topicFilter, 'x', { qos: maximumQos })
    expect((await client.next('publish')).qos).toBe(maximumQos)
  })

  it('[MQTT5-3.2.2-11] PUBLISH above it closes', async () => {
    const client = await broker.client()
    client.sendPublish(unique('t'), 'x', { qos: maximumQos + 1 })
    await expectClosed(client, 0x9b)
  })

  it('[MQTT5-3.2.2-12] a Will above it is refused', async () => {
    const client = await broker.open()
    client.sendConnect({ clientId: unique('c'), will: { topicName: 'w', qos: maximumQos + 1 } })
    await expectClosed(client, 0x9b)
    const fits = await broker.client({ will: { topicName: 'w', qos: maximumQos } })
    expect(fits.connack.reasonCode).toBe(0)
  })
})

describe('with parts switched off', () => {
  const broker = useBroker(5, {
    features: {
      retainAvailable: false,
      wildcardSubscriptionAvailable: false,
      subscriptionIdentifiersAvailable: false,
      sharedSubscriptionAvailable: false,
    },
  })

  it('[MQTT5-U-3.2.2-c] CONNACK says so', async () => {
    expect((await broker.client()).connack.properties).toMatchObject({
      retainAvailable: 0,
      wildcardSubscriptionAvailable: 0,
      subscriptionIdentifiersAvailable: 0,
      sharedSubscriptionAvailable: 0,
    })
  })

  it('[MQTT5-3.2.2-13] Will Retain is refused', async () => {
    const client = await broker.open()
    client.sendConnect({ clientId: unique('c'), will: { topicName: 'w', retain: true } })
    await expectClosed(client, 0x9a)
  })

  it('[MQTT5-3.2.2-14] [MQTT5-U-3.2.2-c] PUBLISH with RETAIN closes', async () => {
    const client = await broker.client()
    client.sendPublish(unique('t'), 'x', { retain: true })
    await expectClosed(client, 0x9a)
  })

  const filters: [name: string, topicFilter: string, properties: object, code: number][] = [
    ['a wildcard #', 'a/#', {}, 0xa2],
    ['a wildcard +', '+/b', {}, 0xa2],
    ['a Subscription Identifier', 'a', { subscriptionIdentifiers: [1] }, 0xa1],
    ['a shared subscription', '$share/g/a', {}, 0x9e],
  ]
  it.each(filters)('[MQTT5-U-3.2.2-c] SUBSCRIBE with %s is refused', async (_name, topicFilter, properties, code) => {
    const client = await broker.client()
    const suback = client.subscribe(topicFilter, properties).catch(() => undefined)
    await Promise.race([suback, client.closed()])
    if (client.isClosed) await expectClosed(client, code)
    else expect((await suback)?.reasonCodes).toEqual([code])
  })
})

describe('with a longest Keep Alive', () => {
  const broker = useBroker(5, { limits: { maximumKeepAliveSeconds: 20 } })

  it.each([0, 60])('[MQTT5-3.2.2-22] Keep Alive %d: CONNACK names the one that counts', async (keepAlive) => {
    const client = await broker.client({ keepAlive })
    expect(client.connack.properties.serverKeepAlive).toBe(20)
    await broker.advance(28_000)
    await broker.settle()
    expect(client.isClosed).toBe(false)
    await broker.advance(5_000)
    await expectClosed(client, 0x8d)
  })

  it('[MQTT5-3.2.2-22] a shorter one stays', async () => {
    const client = await broker.client({ keepAlive: 10 })
    expect(client.connack.properties.serverKeepAlive ?? 10).toBe(10)
    await broker.advance(18_000)
    await expectClosed(client, 0x8d)
  })
})
