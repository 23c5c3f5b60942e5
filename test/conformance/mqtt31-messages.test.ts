import { describe, expect, it } from 'vitest'
import type { WireClient } from '../support/wire-client.ts'
import { hex, joined, publishPacket, subscribePacket, unsubscribePacket } from '../support/wire-packets.ts'
import { unique, useBroker } from '../support/wire-steps.ts'

const broker = useBroker(
  3,
  {},
  {
    authorizer: {
      epoch: 0,
      authorize: (_client, access) => access.action !== 'subscribe' || !access.topicFilter.startsWith('denied'),
    },
  },
)

async function publish(topicName: string, texts: readonly string[], qos = 1) {
  const publisher = await broker.client()
  for (const text of texts) await publisher.publish(topicName, text, { qos })
  await publisher.barrier()
}

/** The packet with its DUP flag set. */
const repeated = (bytes: Uint8Array) => joined([(bytes[0] ?? 0) | 8], bytes.subarray(1))

describe('QoS', () => {
  it('a message goes out at the lower of published and granted, in both directions', async () => {
    for (const published of [0, 1, 2]) {
      for (const granted of [0, 1, 2]) {
        const topicName = unique('lower')
        const client = await broker.client({ autoAcknowledge: true })
        expect((await client.subscribe({ topicFilter: topicName, qos: granted })).reasonCodes).toEqual([granted])
        await publish(topicName, ['x'], published)
        const qos = Math.min(published, granted)
        expect(await client.next('publish')).toMatchObject({ qos, dup: false, retain: false, text: 'x' })
      }
    }
  })

  it('2: a repeat gets PUBREC and is delivered once; PUBREL may have DUP set, and may be repeated', async () => {
    const topicName = unique('repeat')
    const watcher = await broker.client()
    await watcher.subscribe(topicName)
    const client = await broker.client()
    for (const dup of [false, true]) {
      client.sendPublish(topicName, 'x', { qos: 2, packetId: 7, dup })
      expect(await client.next('pubrec')).toMatchObject({ packetId: 7 })
    }
    for (const bytes of ['6a 02 00 07', '62 02 00 07', '6a 02 00 07']) {
      client.send(hex(bytes))
      expect([...(await client.next('pubcomp')).raw]).toEqual([0x70, 2, 0, 7])
    }
    expect(await watcher.restOfPayloads()).toEqual(['x'])
  })

  it('1 and 2: what was not acknowledged comes again on return, with DUP', async () => {
    const [topicName, clientId] = [unique('again'), unique('again')]
    const first = await broker.client({ clientId, cleanStart: false })
    await first.subscribe({ topicFilter: topicName, qos: 2 })
    await publish(topicName, ['one'], 1)
    await publish(topicName, ['two', 'released'], 2)
    const sent = await first.publishes(3)
    first.acknowledge('pubrec', sent[2]?.packetId ?? 0)
    await first.next('pubrel')
    await first.abort()
    const second = await broker.client({ clientId, cleanStart: false })
    const again = (await second.rest()).map((one) => {
      if (one.kind === 'publish') return [one.text, one.packetId, one.dup]
      return [one.kind, 'packetId' in one ? one.packetId : 0]
    })
    expect(again).toEqual([
      ['one', sent[0]?.packetId, true],
      ['two', sent[1]?.packetId, true],
      ['pubrel', sent[2]?.packetId],
    ])
  })
})

describe('packets with DUP set, as 3.1 has it for repeats', () => {
  it('SUBSCRIBE and UNSUBSCRIBE are answered', async () => {
    const topicName = unique('dup')
    const client = await broker.client()
    client.send(repeated(subscribePacket(3, 5, [{ topicFilter: topicName, qos: 1 }])))
    expect([...(await client.next('suback')).raw]).toEqual([0x90, 3, 0, 5, 1])
    await publish(topicName, ['x'])
    expect(await client.restOfPayloads()).toEqual(['x'])
    client.send(repeated(unsubscribePacket(3, 6, [topicName])))
    expect([...(await client.next('unsuback')).raw]).toEqual([0xb0, 2, 0, 6])
    await publish(topicName, ['y'])
    expect(await client.rest()).toEqual([])
  })

  it('in 3.1.1 they are malformed', async () => {
    const packets = [subscribePacket(4, 5, [{ topicFilter: 'a' }]), unsubscribePacket(4, 6, ['a']), hex('62 02 00 07')]
    for (const bytes of packets) {
      const client = await broker.client({ version: 4 })
      client.send(repeated(bytes))
      await client.closed()
      expect(client.received.map((one) => one.kind)).toEqual(['connack'])
    }
  })
})

describe('SUBSCRIBE', () => {
  it('that is denied closes: there is no code to say so', async () => {
    const client = await broker.client()
    const topicName = unique('granted')
    client.send(subscribePacket(3, 1, [{ topicFilter: topicName }, { topicFilter: 'denied' }]))
    await client.closed()
    expect(client.received.map((one) => one.kind)).toEqual(['connack'])
  })

  it('gets the retained messages, at every time', async () => {
    const topicName = unique('retained')
    const client = await broker.client()
    await client.publish(topicName, 'R', { qos: 1, retain: true })
    for (let round = 0; round < 2; round++) {
      await client.subscribe({ topicFilter: topicName, qos: 0 })
      expect(await client.next('publish')).toMatchObject({ text: 'R', retain: true, qos: 0 })
    }
    await client.publish(topicName, 'live', { qos: 1, retain: true })
    expect(await client.next('publish')).toMatchObject({ text: 'live', retain: false })
    await client.publish(topicName, '', { qos: 1, retain: true })
    const late = await broker.client()
    await late.subscribe(topicName)
    expect(await late.rest()).toEqual([])
  })

  it('works with wildcards, empty levels and $ topics as in 3.1.1', async () => {
    const stem = unique('wild')
    const cases: [topicFilter: string, topicName: string, matches: boolean][] = [
      [`${stem}/#`, stem, true],
      [`${stem}/+`, `${stem}/`, true],
      [`${stem}/+`, stem, false],
      [`+/${stem}`, `/${stem}`, true],
      [`+/${stem}`, `$x/${stem}`, false],
    ]
    for (const [topicFilter, topicName, matches] of cases) {
      const client = await broker.client()
      await client.subscribe(topicFilter)
      await publish(topicName, ['x'])
      expect(await client.restOfPayloads(), `${topicFilter} ${topicName}`).toEqual(matches ? ['x'] : [])
    }
  })
})

describe('sessions', () => {
  it.each([true, false])('Clean Session %s', async (cleanStart) => {
    const [topicName, clientId] = [unique('session'), unique('session')]
    const first = await broker.client({ clientId, cleanStart })
    await first.subscribe({ topicFilter: topicName, qos: 1 })
    await first.disconnect()
    await publish(topicName, ['while away'])
    const second = await broker.client({ clientId, cleanStart })
    expect([...second.connack.raw]).toEqual([0x20, 2, 0, 0]) // 3.1 has no Session Present
    expect(await second.restOfPayloads()).toEqual(cleanStart ? [] : ['while away'])
  })

  it('Clean Session 1 throws an older session away', async () => {
    const [topicName, clientId] = [unique('clean'), unique('clean')]
    const first = await broker.client({ clientId, cleanStart: false })
    await first.subscribe({ topicFilter: topicName, qos: 1 })
    await first.disconnect()
    await (await broker.client({ clientId })).disconnect()
    await publish(topicName, ['x'])
    expect(await (await broker.client({ clientId, cleanStart: false })).rest()).toEqual([])
  })
})

describe('the Will', () => {
  const endings: [title: string, isSent: boolean, end: (client: WireClient) => Promise<unknown>][] = [
    ['a reset', true, (client) => client.abort()],
    ['DISCONNECT', false, (client) => client.disconnect()],
    [
      'a protocol error',
      true,
      async (client) => {
        client.send(publishPacket(3, 'a/#', 'x'))
        await client.closed()
      },
    ],
    [
      'silence',
      true,
      async (client) => {
        await broker.advance(16_000)
        await client.closed()
      },
    ],
  ]
  it.each(endings)('after %s is published: %s', async (_title, isSent, end) => {
    const topicName = unique('will')
    const watcher = await broker.client()
    await watcher.subscribe({ topicFilter: topicName, qos: 2 })
    const will = { topicName, payload: 'will', qos: 2, retain: true }
    await end(await broker.client({ keepAlive: 10, will }))
    await broker.settle()
    expect(await watcher.restOfPayloads()).toEqual(isSent ? ['will'] : [])
    const late = await broker.client()
    await late.subscribe(topicName)
    expect(await late.restOfPayloads()).toEqual(isSent ? ['will'] : [])
  })
})

/** Text and RETAIN of what has come. */
async function seen(client: WireClient): Promise<unknown[][]> {
  return (await client.rest()).map((one) => (one.kind === 'publish' ? [one.text, one.retain] : []))
}

describe('a bridge', () => {
  it.each([
    [3, 0x83],
    [4, 0x84],
  ] as const)('of version %d gets none of its own, and RETAIN as published', async (version, protocolLevel) => {
    const topicName = unique('bridge')
    const bridge = await broker.open({ version })
    expect((await bridge.connect({ clientId: unique('b'), protocolLevel })).reasonCode).toBe(0)
    expect((await bridge.subscribe({ topicFilter: topicName, qos: 1 })).reasonCodes).toEqual([1])
    const plain = await broker.client({ version })
    await plain.subscribe({ topicFilter: topicName, qos: 1 })
    await bridge.publish(topicName, 'from the bridge', { qos: 1 })
    const publisher = await broker.client()
    await publisher.publish(topicName, 'retained', { qos: 1, retain: true })
    await publisher.publish(topicName, 'plain', { qos: 1 })
    expect(await seen(bridge)).toEqual([
      ['retained', true],
      ['plain', false],
    ])
    expect(await seen(plain)).toEqual([
      ['from the bridge', false],
      ['retained', false],
      ['plain', false],
    ])
  })
})
