import { describe, expect, it } from 'vitest'
import { hex, joined, unsubscribePacket } from '../support/wire-packets.ts'
import { expectClosed, unique, useBroker } from '../support/wire-steps.ts'

const broker = useBroker(5)

async function publish(topicName: string, text: string, qos = 1) {
  const publisher = await broker.client()
  await publisher.publish(topicName, text, { qos })
  await publisher.disconnect()
}

describe('UNSUBSCRIBE', () => {
  it.each([1, 65_535])('[MQTT5-3.10.4-4] [MQTT5-3.10.4-5] [MQTT5-2.2.1-6] is answered with %d', async (id) => {
    const client = await broker.client()
    await client.subscribe('known')
    expect(await client.unsubscribe('known', id)).toMatchObject({ packetId: id, reasonCodes: [0] })
    expect(await client.unsubscribe('unknown', id)).toMatchObject({ packetId: id, reasonCodes: [0x11] })
  })

  it('[MQTT5-3.10.4-1] [MQTT5-3.10.4-2] removes the one filter that is equal', async () => {
    const stem = unique('exact')
    const client = await broker.client()
    const filters = [`${stem}/a/b`, `${stem}/a/+`, `${stem}/A/b`, `${stem}/a/b/`]
    for (const topicFilter of filters) await client.subscribe(topicFilter)
    expect((await client.unsubscribe(`${stem}/a/b`)).reasonCodes).toEqual([0])
    for (const topicName of [`${stem}/a/b`, `${stem}/A/b`, `${stem}/a/b/`]) await publish(topicName, topicName)
    expect(await client.restOfPayloads()).toEqual([`${stem}/a/b`, `${stem}/A/b`, `${stem}/a/b/`])
    expect((await client.unsubscribe(`${stem}/a/+`)).reasonCodes).toEqual([0])
    await publish(`${stem}/a/b`, 'x')
    expect(await client.rest()).toEqual([])
  })

  it('[MQTT5-3.10.4-1] a wildcard removes no filters it would match', async () => {
    const topicName = unique('wild')
    const client = await broker.client()
    await client.subscribe(`${topicName}/a`)
    const { reasonCodes } = await client.unsubscribe([`${topicName}/+`, `${topicName}/#`, '#'])
    expect(reasonCodes).toEqual([0x11, 0x11, 0x11])
    await publish(`${topicName}/a`, 'x')
    expect(await client.restOfPayloads()).toEqual(['x'])
  })

  it('[MQTT5-3.10.4-1] [MQTT5-U-3.10-a] a shared filter must be whole, and takes out this member only', async () => {
    const topicName = unique('shared')
    const shared = `$share/g/${topicName}`
    const [leaving, staying] = [await broker.client(), await broker.client()]
    for (const client of [leaving, staying]) await client.subscribe(shared)
    expect((await leaving.unsubscribe([topicName, `$share/h/${topicName}`])).reasonCodes).toEqual([0x11, 0x11])
    expect((await leaving.unsubscribe(shared)).reasonCodes).toEqual([0])
    for (const text of ['a', 'b', 'c']) await publish(topicName, text)
    expect(await leaving.rest()).toEqual([])
    expect(await staying.restOfPayloads()).toEqual(['a', 'b', 'c'])
  })

  it('[MQTT5-3.10.4-6] [MQTT5-3.11.3-1] [MQTT5-3.11.3-2] many filters act in order, with one UNSUBACK', async () => {
    const stem = unique('many')
    const client = await broker.client()
    await client.subscribe([`${stem}/a`, `${stem}/b`, `${stem}/c`].map((topicFilter) => ({ topicFilter })))
    const filters = [`${stem}/a`, `${stem}/unknown`, `${stem}/b`, `${stem}/a`]
    expect((await client.unsubscribe(filters)).reasonCodes).toEqual([0, 0x11, 0, 0x11])
    expect(await client.rest()).toEqual([])
    await publish(`${stem}/c`, 'still')
    expect(await client.restOfPayloads()).toEqual(['still'])
  })

  it('[MQTT5-3.10.4-3] deliveries that have begun are completed', async () => {
    const [topicName, clientId] = [unique('begun'), unique('begun')]
    const lasting = { clientId, properties: { sessionExpiryInterval: 60 } }
    const first = await broker.client(lasting)
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
    const second = await broker.client({ ...lasting, cleanStart: false })
    expect(await second.next('publish')).toMatchObject({ packetId: unacknowledged?.packetId, dup: true })
    await publish(topicName, 'new', 1)
    expect(await second.rest()).toEqual([])
  })

  const refused: [title: string, bytes: Uint8Array, codes: number[]][] = [
    ['[MQTT5-3.10.1-1] flags 0000', joined([0xa0], unsubscribePacket(5, 1, ['a']).subarray(1)), [0x81]],
    ['[MQTT5-3.10.3-1] filter not UTF-8', unsubscribePacket(5, 1, [hex('ed a0 80')]), [0x81, 0x8f]],
    ['[MQTT5-3.10.3-2] no filter', unsubscribePacket(5, 1, []), [0x82]],
    ['[MQTT5-U-2.2.1-a] packet identifier 0', unsubscribePacket(5, 0, ['a']), [0x81, 0x82]],
    ['[MQTT5-4.7.3-1] empty filter', unsubscribePacket(5, 1, ['']), [0x81, 0x82, 0x8f]],
  ]
  it.each(refused)('closes the connection: %s', async (_title, bytes, codes) => {
    const client = await broker.client()
    client.send(bytes)
    await expectClosed(client, ...codes)
    expect(client.received.filter((one) => one.kind === 'unsuback')).toEqual([])
  })
})
