import { describe, expect, it } from 'vitest'
import type { WireClient } from '../support/wire-client.ts'
import { expectClosed, unique, useBroker } from '../support/wire-steps.ts'

const broker = useBroker(5)
const lasting = { sessionExpiryInterval: 600 }

async function subscriber(topicFilter: string, receiveMaximum: number, clientId = unique('s')): Promise<WireClient> {
  const client = await broker.client({ clientId, properties: { ...lasting, receiveMaximum } })
  await client.subscribe({ topicFilter, qos: 2 })
  return client
}

/** Messages 0, 1, 2... with QoS 1 and 2 by turns. */
async function publish(topicName: string, count: number, qosOf = (index: number) => 1 + (index % 2)) {
  const publisher = await broker.client()
  for (let index = 0; index < count; index++) await publisher.publish(topicName, `${index}`, { qos: qosOf(index) })
  await publisher.disconnect()
}

describe('toward a client with a Receive Maximum', () => {
  it('[MQTT5-3.3.4-9] [MQTT5-4.9.0-1] [MQTT5-4.9.0-2] one quota for QoS 1 and 2 is kept and handed back', async () => {
    const topicName = unique('quota')
    const client = await subscriber(topicName, 2)
    await publish(topicName, 10)
    const [one, two] = await client.publishes(2)
    expect([one?.text, one?.qos, two?.text, two?.qos]).toEqual(['0', 1, '1', 2])
    expect(await client.rest()).toEqual([])
    client.acknowledge('pubrec', two?.packetId ?? 0) // hands nothing back
    await client.next('pubrel')
    expect(await client.rest()).toEqual([])
    client.acknowledge('pubcomp', two?.packetId ?? 0)
    expect(await client.restOfPayloads()).toEqual(['2'])
    client.acknowledge('puback', one?.packetId ?? 0)
    const [three] = await client.publishes(1)
    expect([three?.text, three?.qos]).toEqual(['3', 2])
    client.acknowledge('pubrec', three?.packetId ?? 0, 0x80)
    expect(await client.restOfPayloads()).toEqual(['4'])
  })

  it.each([1, 2, 5])('[MQTT5-4.9.0-1] %d is never exceeded, and all messages come', async (receiveMaximum) => {
    const topicName = unique('all')
    const client = await subscriber(topicName, receiveMaximum)
    client.autoAcknowledge = true // the test client fails when the broker goes over the maximum
    await publish(topicName, 40)
    expect((await client.publishes(40)).map((one) => Number(one.text))).toEqual([...Array(40).keys()])
  })

  it('[MQTT5-3.3.4-10] [MQTT5-4.9.0-3] [MQTT5-3.12.4-1] a spent quota holds nothing else back', async () => {
    const topicName = unique('spent')
    const client = await subscriber(topicName, 2)
    await publish(topicName, 4, () => 2)
    const [first] = await client.publishes(2)
    await client.barrier()
    expect((await client.subscribe({ topicFilter: `${topicName}/more`, qos: 1 })).reasonCodes).toEqual([1])
    expect((await client.unsubscribe('nothing')).reasonCodes).toEqual([0x11])
    expect((await client.publish(`${topicName}/own`, 'x', { qos: 1 }))?.kind).toBe('puback')
    expect((await client.publish(`${topicName}/own`, 'x', { qos: 2 }))?.kind).toBe('pubcomp')
    await client.publish(topicName, 'qos 0')
    expect(await client.next('publish')).toMatchObject({ qos: 0, text: 'qos 0' })
    client.acknowledge('pubrec', first?.packetId ?? 0)
    await client.next('pubrel')
    expect(await client.rest()).toEqual([])
  })

  it('[MQTT5-U-4.9-a] stray acknowledgements do not raise it', async () => {
    const topicName = unique('stray')
    const client = await subscriber(topicName, 2)
    for (let packetId = 900; packetId < 905; packetId++) {
      client.acknowledge('puback', packetId)
      client.acknowledge('pubcomp', packetId)
    }
    await client.barrier()
    await publish(topicName, 6)
    expect(await client.restOfPayloads()).toEqual(['0', '1'])
  })

  it('[MQTT5-U-4.9-b] [MQTT5-4.9.0-1] resends count against the new connection', async () => {
    const [topicName, clientId] = [unique('resend'), unique('resend')]
    const first = await subscriber(topicName, 10, clientId)
    await publish(topicName, 6, () => 1)
    await first.publishes(5)
    await first.abort()
    const properties = { ...lasting, receiveMaximum: 2 }
    const second = await broker.client({ clientId, cleanStart: false, properties })
    const texts: string[] = []
    for (let count = 0; count < 6; count++) {
      const delivery = await second.next('publish')
      texts.push(delivery.text)
      second.acknowledge('puback', delivery.packetId)
    }
    expect(texts).toEqual(['0', '1', '2', '3', '4', '5'])
    expect(await second.rest()).toEqual([])
  })

  it('[MQTT5-4.9.0-1] a new connection begins with a whole quota', async () => {
    const [topicName, clientId] = [unique('whole'), unique('whole')]
    const first = await subscriber(topicName, 2, clientId)
    await publish(topicName, 3, () => 1)
    await first.publishes(2)
    await first.abort()
    const second = await broker.client({ clientId, cleanStart: false, properties: { ...lasting, receiveMaximum: 3 } })
    expect(await second.restOfPayloads()).toEqual(['0', '1', '2'])
  })
})

describe("the broker's own Receive Maximum", () => {
  it('[MQTT5-U-3.2.2-d] [MQTT5-3.3.4-7] is announced, and holds up to its last message', async () => {
    const client = await broker.client()
    const maximum = client.connack.properties.receiveMaximum ?? 65_535
    expect(maximum).toBe(1024)
    for (let packetId = 1; packetId <= maximum; packetId++) client.sendPublish('held', 'x', { qos: 2, packetId })
    for (let packetId = 1; packetId <= maximum; packetId++) {
      expect(await client.next('pubrec')).toMatchObject({ packetId })
    }
    await client.barrier()
  })

  const small = useBroker(5, { limits: { receiveMaximum: 3 } })

  it('[MQTT5-3.3.4-7] [MQTT5-3.5.2-1] one more unreleased QoS 2 message closes with 0x93', async () => {
    const topicName = unique('over')
    const watcher = await small.client()
    await watcher.subscribe(topicName)
    const client = await small.client()
    expect(client.connack.properties.receiveMaximum).toBe(3)
    for (let packetId = 1; packetId <= 3; packetId++) client.sendPublish(topicName, `${packetId}`, { qos: 2, packetId })
    for (let packetId = 1; packetId <= 3; packetId++) await client.next('pubrec')
    client.sendPublish(topicName, '4', { qos: 2, packetId: 4 })
    await expectClosed(client, 0x93)
    expect(client.received.filter((one) => one.kind === 'pubrec')).toHaveLength(3)
    expect(await watcher.restOfPayloads()).not.toContain('4')
  })

  it('[MQTT5-3.3.4-7] a repeated PUBLISH of the same flow does not count again', async () => {
    const client = await small.client()
    for (let packetId = 1; packetId <= 3; packetId++) client.sendPublish('t', 'x', { qos: 2, packetId })
    for (let packetId = 1; packetId <= 3; packetId++) await client.next('pubrec')
    client.sendPublish('t', 'x', { qos: 2, packetId: 2, dup: true })
    expect(await client.next('pubrec')).toMatchObject({ packetId: 2 })
    client.acknowledge('pubrel', 2)
    await client.next('pubcomp')
    client.sendPublish('t', 'x', { qos: 2, packetId: 4 })
    expect(await client.next('pubrec')).toMatchObject({ packetId: 4 })
  })
})
