import { describe, expect, it } from 'vitest'
import type { WireClient } from '../support/wire-client.ts'
import { subscribePacket, unsubscribePacket } from '../support/wire-packets.ts'
import { expectClosed, unique, useBroker } from '../support/wire-steps.ts'

const broker = useBroker(5)

async function member(topicFilter: string, qos = 2, properties: object = {}): Promise<WireClient> {
  const client = await broker.client({ properties, autoAcknowledge: true })
  await client.subscribe({ topicFilter, qos })
  return client
}

async function publish(topicName: string, count: number, qos = 1) {
  const publisher = await broker.client()
  for (let index = 0; index < count; index++) await publisher.publish(topicName, `${index}`, { qos })
  await publisher.disconnect()
}

const bad: [ids: string, topicFilter: string][] = [
  ['[MQTT5-4.8.2-1]', '$share//t'],
  ['[MQTT5-4.8.2-1]', '$share/'],
  ['[MQTT5-4.8.2-2]', '$share/g'],
  ['[MQTT5-4.8.2-2]', '$share/g/'],
  ['[MQTT5-4.8.2-2]', '$share/g+/t'],
  ['[MQTT5-4.8.2-2]', '$share/+/t'],
  ['[MQTT5-4.8.2-2]', '$share/g#/t'],
  ['[MQTT5-4.8.2-2]', '$share/#'],
  ['[MQTT5-4.8.2-2]', '$share/g/a#'],
]

describe('the form of a shared filter', () => {
  it.each(bad)('%s %s is an error', async (_ids, topicFilter) => {
    const client = await broker.client()
    client.send(subscribePacket(5, 1, [{ topicFilter }]))
    await expectClosed(client, 0x81, 0x82, 0x8f)
    expect(client.received.filter((one) => one.kind === 'suback')).toEqual([])
    await publish('t', 1) // no group was formed: nobody is there to take it
  })

  it('[MQTT5-4.8.2-1] a bad one in UNSUBSCRIBE does no harm', async () => {
    const client = await broker.client()
    client.send(unsubscribePacket(5, 1, ['$share//t']))
    await Promise.race([client.next('unsuback').catch(() => undefined), client.closed()])
    if (client.isClosed) await expectClosed(client, 0x81, 0x82, 0x8f)
    await (await broker.client()).barrier()
  })

  it.each(['$share/g//', '$share/g/#', '$share/$/t', '$share/é ü/t', '$share/g/$share/x'])(
    '[MQTT5-4.8.2-2] %s is legal',
    async (topicFilter) => {
      const client = await broker.client()
      expect((await client.subscribe(topicFilter)).reasonCodes).toEqual([0])
    },
  )
})

describe('a shared message', () => {
  it('[MQTT5-U-4.8.2-c] goes to exactly one member', async () => {
    const topicName = unique('sum')
    const members = await Promise.all([1, 2, 3].map(() => member(`$share/g/${topicName}`)))
    await publish(topicName, 30)
    const seen = await Promise.all(members.map((one) => one.restOfPayloads()))
    expect(
      seen
        .flat()
        .map(Number)
        .toSorted((a, b) => a - b),
    ).toEqual([...Array(30).keys()])
    for (const one of seen) expect(one.length).toBeGreaterThan(0)
  })

  it('[MQTT5-U-4.8.2-c] none is lost while members come and go', async () => {
    const topicName = unique('fluctuation')
    const staying = await member(`$share/g/${topicName}`)
    const leaving = await member(`$share/g/${topicName}`)
    await publish(topicName, 10)
    const before = [...(await staying.restOfPayloads()), ...(await leaving.restOfPayloads())]
    await leaving.disconnect()
    await publish(topicName, 10)
    const joining = await member(`$share/g/${topicName}`)
    await publish(topicName, 10)
    const after = [...(await staying.restOfPayloads()), ...(await joining.restOfPayloads())]
    expect([before.length, after.length]).toEqual([10, 20])
  })

  it('[MQTT5-4.8.2-3] [MQTT5-3.8.4-8] comes at the QoS granted to its member', async () => {
    const topicName = unique('granted')
    const members = await Promise.all([0, 1, 2].map((qos) => member(`$share/g/${topicName}`, qos)))
    await publish(topicName, 12, 2)
    for (const [granted, one] of members.entries()) {
      const levels = (await one.rest()).map((delivery) => ('qos' in delivery ? delivery.qos : -1))
      expect(levels.length).toBeGreaterThan(0)
      expect(new Set(levels)).toEqual(new Set([granted]))
    }
  })

  it('[MQTT5-U-4.8.2-a] comes beside the copy of a plain subscription, each with its identifier', async () => {
    const topicName = unique('beside')
    const client = await broker.client()
    await client.subscribe({ topicFilter: topicName, qos: 1 }, { subscriptionIdentifiers: [1] })
    await client.subscribe({ topicFilter: `$share/g/${topicName}`, qos: 1 }, { subscriptionIdentifiers: [2] })
    const other = await member(`$share/g/${topicName}`, 1)
    await publish(topicName, 10)
    const mine = (await client.rest()).map((one) =>
      one.kind === 'publish' ? (one.properties.subscriptionIdentifiers ?? []).join() : '',
    )
    const shared = mine.filter((identifiers) => identifiers === '2').length
    expect(mine.filter((identifiers) => identifiers === '1')).toHaveLength(10)
    expect(mine).toHaveLength(10 + shared)
    expect(shared + (await other.rest()).length).toBe(10)
  })

  it('[MQTT5-U-4.8.2-b] groups differ by ShareName and by filter', async () => {
    const stem = unique('groups')
    const filters = [`$share/g/${stem}/a`, `$share/g/${stem}/#`, `$share/h/${stem}/a`]
    const members = await Promise.all(filters.map((topicFilter) => member(topicFilter)))
    await publish(`${stem}/a`, 4)
    await publish(`${stem}/b`, 2)
    const counts = await Promise.all(members.map(async (one) => (await one.rest()).length))
    expect(counts).toEqual([4, 6, 4])
  })

  it('[MQTT5-4.8.2-3] one client may be in a group once only', async () => {
    const topicName = unique('once')
    const client = await member(`$share/g/${topicName}`, 0)
    await client.subscribe({ topicFilter: `$share/g/${topicName}`, qos: 1 })
    await publish(topicName, 4)
    expect((await client.rest()).map((one) => ('qos' in one ? one.qos : -1))).toEqual([1, 1, 1, 1])
  })
})

describe('a member that got a message and', () => {
  const lasting = { sessionExpiryInterval: 60 }

  it('[MQTT5-U-4.8.2-c] leaves for good without PUBACK: another member gets it', async () => {
    const topicName = unique('orphan')
    const leaving = await broker.client()
    await leaving.subscribe({ topicFilter: `$share/g/${topicName}`, qos: 1 })
    await publish(topicName, 1)
    await leaving.next('publish')
    const staying = await member(`$share/g/${topicName}`)
    await leaving.disconnect()
    expect((await staying.next('publish')).text).toBe('0')
    expect(await staying.rest()).toEqual([])
  })

  /** A group of two persistent members and a QoS 2 message that one of them was sent. */
  async function begun() {
    const topicName = unique('begun')
    const ids = [unique('m'), unique('m')]
    const members = await Promise.all(ids.map((clientId) => broker.client({ clientId, properties: lasting })))
    for (const one of members) await one.subscribe({ topicFilter: `$share/g/${topicName}`, qos: 2 })
    await publish(topicName, 1, 2)
    for (const one of members) await one.barrier()
    const index = members.findIndex((one) => one.received.some((packet) => packet.kind === 'publish'))
    const [chosen, other, clientId] = [members[index], members[1 - index], ids[index]]
    if (chosen === undefined || other === undefined || clientId === undefined) throw new Error('nobody got it')
    return { topicName, chosen, other, clientId, packetId: (await chosen.next('publish')).packetId }
  }

  it('[MQTT5-4.8.2-4] went away at PUBREC goes on with it when it is back', async () => {
    const { chosen, other, clientId, packetId } = await begun()
    chosen.acknowledge('pubrec', packetId)
    await chosen.next('pubrel')
    await chosen.abort()
    await broker.settle()
    expect(await other.rest()).toEqual([])
    const back = await broker.client({ clientId, cleanStart: false, properties: lasting })
    expect(await back.next('pubrel')).toMatchObject({ packetId })
    back.acknowledge('pubcomp', packetId)
    expect(await back.rest()).toEqual([])
    expect(await other.rest()).toEqual([])
  })

  it('[MQTT5-4.8.2-4] went away before PUBREC gets it again, and nobody else', async () => {
    const { chosen, other, clientId, packetId } = await begun()
    await chosen.abort()
    await broker.settle()
    const back = await broker.client({ clientId, cleanStart: false, properties: lasting })
    expect(await back.next('publish')).toMatchObject({ packetId, dup: true })
    expect(await other.rest()).toEqual([])
  })

  it('[MQTT5-4.8.2-5] never comes back takes it along', async () => {
    const { chosen, other } = await begun()
    await chosen.abort()
    await broker.advance(61_000)
    expect(await other.rest()).toEqual([])
  })

  it.each([
    ['pubrec', 2],
    ['puback', 1],
  ] as const)('[MQTT5-4.8.2-6] refuses it with %s ends it for all', async (kind, qos) => {
    const topicName = unique('refuse')
    const members = [await broker.client(), await broker.client()]
    for (const one of members) await one.subscribe({ topicFilter: `$share/g/${topicName}`, qos: 2 })
    await publish(topicName, 1, qos)
    const lists = await Promise.all(members.map((one) => one.rest()))
    const index = lists.findIndex((list) => list.length > 0)
    const delivery = lists[index]?.[0]
    if (delivery?.kind !== 'publish') throw new Error('nobody got it')
    members[index]?.acknowledge(kind, delivery.packetId, 0x80)
    for (const one of members) expect(await one.rest()).toEqual([])
  })
})
