import { describe, expect, it } from 'vitest'
import {
  connectPacket,
  hex,
  joined,
  packet,
  pingreqPacket,
  prefixed,
  publishPacket,
  subscribePacket,
  unsubscribePacket,
} from '../support/wire-packets.ts'
import { unique, useBroker } from '../support/wire-steps.ts'

const broker = useBroker(4)

const badTexts: [name: string, bytes: Uint8Array][] = [
  ['surrogate', hex('61 ed a0 80 61')],
  ['last surrogate', hex('ed bf bf')],
  ['surrogate pair', hex('ed a0 bd ed b8 80')],
  ['overlong slash', hex('c0 af')],
  ['overlong U+0000', hex('c0 80')],
  ['overlong in three bytes', hex('e0 80 80')],
  ['above U+10FFFF', hex('f4 90 80 80')],
  ['byte FF', hex('61 ff')],
  ['cut off', hex('61 e2 82')],
  ['stray continuation', hex('80')],
  ['U+0000', hex('61 00 62')],
]

const fields: [name: string, ids: string, build: (text: Uint8Array) => Uint8Array, isFirst: boolean][] = [
  ['client identifier', '[MQTT311-3.1.3-4]', (text) => connectPacket(4, { clientId: text }), true],
  ['user name', '[MQTT311-3.1.3-11]', (text) => connectPacket(4, { clientId: 'c', userName: text }), true],
  ['Will Topic', '[MQTT311-3.1.3-10]', (text) => connectPacket(4, { clientId: 'c', will: { topicName: text } }), true],
  ['topic name', '[MQTT311-3.3.2-1]', (text) => publishPacket(4, text, 'x'), false],
  ['filter of SUBSCRIBE', '[MQTT311-3.8.3-1]', (text) => subscribePacket(4, 1, [{ topicFilter: text }]), false],
  ['filter of UNSUBSCRIBE', '[MQTT311-3.10.3-1]', (text) => unsubscribePacket(4, 1, [text]), false],
]

describe('strings', () => {
  describe.each(fields)('%s %s', (...[, , build, isFirst]) => {
    it.each(badTexts)('[MQTT311-1.5.3-1] [MQTT311-1.5.3-2] %s closes', async (_name, text) => {
      const watcher = await broker.client()
      await watcher.subscribe('#')
      const client = isFirst ? await broker.open() : await broker.client()
      client.send(build(text))
      await client.closed()
      expect(client.received.map((one) => one.kind)).toEqual(isFirst ? [] : ['connack'])
      expect(await watcher.rest()).toEqual([])
    })
  })

  it('[MQTT311-1.5.3-3] U+FEFF stays where it is', async () => {
    const topicName = unique('bom')
    const [client, marked] = [await broker.client(), await broker.client()]
    await client.subscribe(topicName)
    await marked.subscribe(`\ufeff${topicName}`)
    const bytes = joined(hex('ef bb bf'), Buffer.from(topicName))
    client.send(publishPacket(4, bytes, 'x'))
    expect(await client.rest()).toEqual([])
    const delivery = await marked.next('publish')
    expect([...delivery.raw.subarray(4, 4 + bytes.length)]).toEqual([...bytes])
  })

  it('[MQTT311-1.5.3-3] U+FEFF tells client identifiers apart', async () => {
    const clientId = unique('bom')
    const plain = await broker.client({ clientId })
    await broker.client({ clientId: `\ufeff${clientId}` })
    await plain.barrier()
  })

  it('[MQTT311-1.5.3-1] the borders of what is allowed are passed on as they came', async () => {
    const stem = unique('borders')
    const client = await broker.client()
    await client.subscribe(`${stem}/#`)
    for (const point of [0x80, 0x7ff, 0x800, 0xd7ff, 0xe000, 0xfffd, 0x10000, 0x10fffd]) {
      const text = String.fromCodePoint(point)
      await client.publish(`${stem}/${text}`, 'x')
      expect((await client.next('publish')).topicName).toBe(`${stem}/${text}`)
    }
  })
})

describe('fixed headers', () => {
  const flags = [
    ...['41 02 00 01', '51 02 00 01', '60 02 00 01', '71 02 00 01'],
    ...['48 02 00 01', '6a 02 00 01', '80 00', 'a0 00', 'c1 00', 'c8 00', 'e1 00', 'e8 00'],
  ]
  it.each(flags)('[MQTT311-2.2.2-2] [MQTT311-4.8.0-1] reserved flags in %s close', async (bytes) => {
    const client = await broker.client()
    client.send(hex(bytes))
    await client.closed()
    expect(client.received.map((one) => one.kind)).toEqual(['connack'])
  })

  it('[MQTT311-2.2.2-2] reserved flags in the first CONNECT close', async () => {
    const client = await broker.open()
    client.send(joined([0x11], connectPacket(4, { clientId: 'c' }).subarray(1)))
    await client.closed()
    expect(client.received).toEqual([])
  })

  const forbidden: [string, string][] = [
    ['type 0', '00 00'],
    ['CONNACK', '20 02 00 00'],
    ['SUBACK', '90 03 00 01 00'],
    ['UNSUBACK', 'b0 02 00 01'],
    ['PINGRESP', 'd0 00'],
    ['type 15, which is AUTH only in 5.0', 'f0 00'],
    ['a remaining length of five bytes', '30 80 80 80 80 01'],
    ['PUBACK without packet identifier', '40 00'],
    ['PUBACK with a reason code, which 5.0 has', '40 03 00 01 00'],
    ['PUBREC of one byte', '50 01 00'],
    ['PUBREL with a reason code', '62 03 00 01 00'],
    ['PUBCOMP of one byte', '70 01 00'],
    ['PINGREQ with a body', 'c0 01 00'],
    ['DISCONNECT with a reason code', 'e0 01 00'],
  ]
  it.each(forbidden)('[MQTT311-4.8.0-1] a client never sends %s', async (_title, bytes) => {
    const client = await broker.client()
    client.send(hex(bytes))
    await client.closed()
    expect(client.received.map((one) => one.kind)).toEqual(['connack'])
  })

  it('[MQTT311-3.12.4-1] [MQTT311-2.2.2-1] PINGREQ gets PINGRESP', async () => {
    const client = await broker.client()
    for (let round = 0; round < 3; round++) {
      client.send(pingreqPacket)
      expect([...(await client.next('pingresp')).raw]).toEqual([0xd0, 0])
    }
  })

  it.each([0, 100, 125, 127, 128, 16_381, 16_384, 2_097_151])(
    '[MQTT311-2.2.2-1] the broker uses the fewest length bytes: %d bytes of payload',
    async (length) => {
      const topicName = unique('length')
      const client = await broker.client()
      await client.subscribe(topicName)
      await client.publish(topicName, Buffer.alloc(length)) // the test client fails on padded integers
      expect((await client.next('publish')).payload.length).toBe(length)
    },
  )

  it('[MQTT311-4.8.0-1] packets behind a violation in the same segment are not looked at', async () => {
    const topicName = unique('behind')
    const watcher = await broker.client()
    await watcher.subscribe(topicName)
    const client = await broker.client()
    client.send(publishPacket(4, topicName, 'before'), hex('c1 00'), publishPacket(4, topicName, 'behind'))
    await client.closed()
    expect(await watcher.restOfPayloads()).toEqual(['before'])
  })

  it('[MQTT311-4.8.0-1] one client that breaks the rules harms no other', async () => {
    const topicName = unique('witness')
    const witness = await broker.client()
    await witness.subscribe(topicName)
    for (const [, bytes] of forbidden) {
      const client = await broker.client()
      client.send(hex(bytes))
      await client.closed()
      await witness.publish(topicName, 'fine', { qos: 1 })
    }
    expect(await witness.restOfPayloads()).toEqual(forbidden.map(() => 'fine'))
  })
})

describe('the transport', () => {
  it.each(['tcp', 'websocket'] as const)('[MQTT311-7.1.1-1] %s carries packets split and joined', async (transport) => {
    const topicName = unique('split')
    const client = await broker.open({ transport })
    const bytes = joined(
      connectPacket(4, { clientId: unique('split') }),
      subscribePacket(4, 1, [{ topicFilter: topicName, qos: 1 }]),
      publishPacket(4, topicName, 'x'.repeat(200), { qos: 1, packetId: 9 }),
      packet(0x30, prefixed(topicName), Buffer.from('last')),
    )
    for (const byte of bytes) {
      client.send(Uint8Array.of(byte))
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect((await client.next('publish')).payload.length).toBe(200)
    expect((await client.next('puback')).packetId).toBe(9)
    expect((await client.next('publish')).text).toBe('last')
    const many = Array.from({ length: 300 }, (_, index) => publishPacket(4, topicName, `${index}`))
    client.send(...many)
    expect((await client.publishes(300)).map((one) => Number(one.text))).toEqual([...many.keys()])
  })
})
