import { connect as connectSocket } from 'node:net'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  ackPacket,
  authPacket,
  connectPacket,
  disconnectPacket,
  hex,
  joined,
  packet,
  pingreqPacket,
  prefixed,
  publishPacket,
  subscribePacket,
  unsubscribePacket,
} from '../support/wire-packets.ts'
import { property } from '../support/wire-properties.ts'
import { expectClosed, unique, useBroker } from '../support/wire-steps.ts'

const broker = useBroker(5)
const filters = [{ topicFilter: 'a' }]

/** A property that holds one string, and the two halves of a User Property. */
const stringProperty = (id: number) => (text: Uint8Array) => joined([id], prefixed(text))
const nameHalf = (text: Uint8Array) => joined([0x26], prefixed(text), prefixed('v'))
const valueHalf = (text: Uint8Array) => joined([0x26], prefixed('n'), prefixed(text))

const badTexts: [name: string, bytes: Uint8Array][] = [
  ['surrogate', hex('61 ed a0 80 61')],
  ['last surrogate', hex('ed bf bf')],
  ['overlong slash', hex('c0 af')],
  ['overlong in three bytes', hex('e0 80 80')],
  ['above U+10FFFF', hex('f4 90 80 80')],
  ['byte FF', hex('61 ff')],
  ['cut off', hex('61 e2 82')],
  ['stray continuation', hex('80')],
]
const nul = hex('61 00 62')

const stringFields: [name: string, ids: string, build: (text: Uint8Array) => Uint8Array, first: boolean][] = [
  ['client identifier', '', (text) => connectPacket(5, { clientId: text }), true],
  ['user name', '', (text) => connectPacket(5, { userName: text }), true],
  ['Will Topic', '', (text) => connectPacket(5, { will: { topicName: text } }), true],
  ['Will Content Type', '', (text) => withWill(stringProperty(0x03)(text)), true],
  ['Will Response Topic', '', (text) => withWill(stringProperty(0x08)(text)), true],
  ['Will User Property name', '[MQTT5-1.5.7-1]', (text) => withWill(nameHalf(text)), true],
  ['Authentication Method', '', (text) => connectPacket(5, { properties: stringProperty(0x15)(text) }), true],
  ['User Property name in CONNECT', '[MQTT5-1.5.7-1]', (t) => connectPacket(5, { properties: nameHalf(t) }), true],
  ['User Property value in CONNECT', '[MQTT5-1.5.7-1]', (t) => connectPacket(5, { properties: valueHalf(t) }), true],
  ['topic name', '', (text) => publishPacket(5, text, 'x'), false],
  ['Response Topic', '', (text) => withPublish(stringProperty(0x08)(text)), false],
  ['Content Type', '', (text) => withPublish(stringProperty(0x03)(text)), false],
  ['User Property name in PUBLISH', '[MQTT5-1.5.7-1]', (text) => withPublish(nameHalf(text)), false],
  ['User Property value in PUBLISH', '[MQTT5-1.5.7-1]', (text) => withPublish(valueHalf(text)), false],
  ['topic filter', '', (text) => subscribePacket(5, 1, [{ topicFilter: text }]), false],
  ['ShareName', '', (text) => subscribePacket(5, 1, [{ topicFilter: shared(text) }]), false],
  ['User Property in SUBSCRIBE', '[MQTT5-1.5.7-1]', (text) => subscribePacket(5, 1, filters, valueHalf(text)), false],
  ['topic filter of UNSUBSCRIBE', '', (text) => unsubscribePacket(5, 1, [text]), false],
  ['User Property in UNSUBSCRIBE', '[MQTT5-1.5.7-1]', (t) => unsubscribePacket(5, 1, ['a'], valueHalf(t)), false],
  ['Reason String of PUBACK', '', (text) => ackPacket('puback', 1, 0x80, stringProperty(0x1f)(text)), false],
  ['Reason String of DISCONNECT', '', (text) => disconnectPacket(0, stringProperty(0x1f)(text)), false],
]

function withWill(properties: Uint8Array): Uint8Array {
  return connectPacket(5, { will: { topicName: 'w', properties } })
}
function withPublish(properties: Uint8Array): Uint8Array {
  return publishPacket(5, 'a', 'x', { properties })
}
function shared(shareName: Uint8Array): Uint8Array {
  return joined(Buffer.from('$share/'), shareName, Buffer.from('/t'))
}

describe('strings', () => {
  it.each(stringFields)('[MQTT5-1.5.4-1] [MQTT5-1.5.4-2] bad UTF-8 or U+0000 in %s closes %s', async (...field) => {
    const [name, , build, first] = field
    const watcher = await broker.client()
    await watcher.subscribe({ topicFilter: '#', retainHandling: 2 })
    for (const [, text] of [...badTexts, ['U+0000', nul] as const]) {
      const client = first ? await broker.open() : await broker.client()
      client.send(build(text))
      const closing = await client.closed()
      const codes = name.startsWith('topic') || name === 'ShareName' ? [0x81, 0x8f, 0x90] : [0x81, 0x85, 0x86, 0x90]
      if (closing.reasonCode !== undefined) expect(codes).toContain(closing.reasonCode)
    }
    expect(await watcher.rest()).toEqual([])
  })

  it('[MQTT5-1.5.4-3] U+FEFF stays where it is', async () => {
    const topicName = unique('bom')
    const client = await broker.client()
    await client.subscribe(topicName)
    const marked = await broker.client()
    await marked.subscribe(`\ufeff${topicName}`)
    const bytes = joined(hex('ef bb bf'), Buffer.from(topicName))
    client.send(publishPacket(5, bytes, 'x', { properties: { contentType: '\ufefft\ufeff' } }))
    expect(await client.rest()).toEqual([])
    const delivery = await marked.next('publish')
    expect([...delivery.raw.subarray(4, 4 + bytes.length)]).toEqual([...bytes])
    expect(delivery.properties.contentType).toBe('\ufefft\ufeff')
  })

  it('[MQTT5-1.5.4-1] the borders of what is allowed are passed on as they came', async () => {
    const stem = unique('borders')
    const client = await broker.client()
    await client.subscribe(`${stem}/#`)
    for (const point of [0x80, 0x7ff, 0x800, 0xd7ff, 0xe000, 0xfffd, 0x10000, 0x10fffd]) {
      const text = String.fromCodePoint(point)
      await client.publish(`${stem}/${text}`, 'x', { properties: { userProperties: [[text, text]] } })
      const delivery = await client.next('publish')
      expect(delivery.topicName).toBe(`${stem}/${text}`)
      expect(delivery.properties.userProperties).toEqual([[text, text]])
    }
  })

  it('[MQTT5-U-1.5.4-a] control characters and non-characters meet one fate, in every place and version', async () => {
    for (const point of [0x01, 0x1f, 0x7f, 0x9f, 0xfffe, 0xffff, 0x1fffe]) {
      const outcomes = new Set<boolean>()
      for (const version of [4, 5] as const) {
        for (const step of ['publish', 'subscribe', 'publish'] as const) {
          const client = await broker.client({ version })
          const topicName = `${unique('control')}${String.fromCodePoint(point)}`
          if (step === 'publish') client.send(publishPacket(version, topicName, 'x'))
          else client.send(subscribePacket(version, 1, [{ topicFilter: topicName }]))
          outcomes.add(
            await client.barrier().then(
              () => true,
              () => false,
            ),
          )
        }
      }
      expect(outcomes.size, `U+${point.toString(16)}`).toBe(1)
    }
  })
})

describe('Variable Byte Integers', () => {
  const cases: [title: string, bytes: Uint8Array][] = [
    ['[MQTT5-1.5.5-1] remaining length 0 in two bytes', hex('c0 80 00')],
    ['[MQTT5-1.5.5-1] property length 0 in two bytes', packet(0x30, prefixed('a'), hex('80 00'))],
    ['[MQTT5-1.5.5-1] Subscription Identifier 1 in two bytes', subscribePacket(5, 1, filters, hex('0b 81 00'))],
    ['[MQTT5-U-1.5.5-a] remaining length in five bytes', hex('30 80 80 80 80 01')],
    ['[MQTT5-U-1.5.5-a] an identifier in five bytes', subscribePacket(5, 1, filters, hex('0b 80 80 80 80 01'))],
  ]
  it.each(cases)('%s is malformed', async (_title, bytes) => {
    const client = await broker.client()
    client.send(bytes)
    await expectClosed(client, 0x81)
  })

  it('[MQTT5-U-1.5.5-a] a CONNECT with a remaining length in five bytes is malformed', async () => {
    const client = await broker.open()
    client.send(hex('10 ff ff ff ff 01'))
    await client.closed()
  })

  it.each([0, 100, 127, 128, 16_383, 16_384])('[MQTT5-1.5.5-1] the broker uses fewest bytes: %d', async (length) => {
    const topicName = unique('length')
    const client = await broker.client()
    await client.subscribe(topicName)
    const properties = { userProperties: [['n', 'v'.repeat(length)]] as [string, string][] }
    await client.publish(topicName, 'x'.repeat(length), { properties }) // the test client fails on padded integers
    expect((await client.next('publish')).payload.length).toBe(length)
  })
})

describe('fixed headers', () => {
  const acks = ['41 02 00 01', '51 02 00 01', '60 02 00 01', '63 02 00 01', '71 02 00 01']
  const flags = [...acks, '11 00', '80 00', 'a0 00', 'c1 00', 'e1 00', 'f1 00']
  it.each(flags)('[MQTT5-2.1.3-1] reserved flags in %s are malformed', async (bytes) => {
    const client = await broker.client()
    client.send(hex(bytes))
    await expectClosed(client, 0x81)
  })

  it('[MQTT5-2.1.3-1] reserved flags in the first CONNECT are malformed', async () => {
    const client = await broker.open()
    client.send(joined([0x11], connectPacket(5).subarray(1)))
    await expectClosed(client, 0x81)
  })

  const forbidden = ['00 00', '0f 00', '20 03 00 00 00', '90 04 00 01 00 00', 'b0 04 00 01 00 00', 'd0 00']
  it.each(forbidden)('[MQTT5-U-2.1.2-a] a client never sends %s', async (bytes) => {
    const client = await broker.client()
    client.send(hex(bytes))
    await expectClosed(client, 0x81, 0x82)
  })
})

describe('properties', () => {
  it('[MQTT5-2.2.2-1] none is written as length 0', async () => {
    const topicName = unique('none')
    const client = await broker.client()
    expect([...(await client.subscribe(topicName, {}, 1)).raw]).toEqual([0x90, 4, 0, 1, 0, 0])
    expect([...(await client.unsubscribe(topicName, 2)).raw]).toEqual([0xb0, 4, 0, 2, 0, 0])
  })

  const misplaced: [title: string, bytes: Uint8Array, first?: boolean][] = [
    ['Will Delay Interval in PUBLISH', withPublish(property('willDelayInterval', 1))],
    ['an unknown one in PUBLISH', withPublish(hex('7f 00'))],
    ['identifier 0 in PUBLISH', withPublish(hex('00 00'))],
    ['Reason String in PUBLISH', withPublish(property('reasonString', 'r'))],
    ['Receive Maximum in SUBSCRIBE', subscribePacket(5, 1, filters, property('receiveMaximum', 1))],
    ['Subscription Identifier in UNSUBSCRIBE', unsubscribePacket(5, 1, ['a'], hex('0b 01'))],
    ['Session Expiry Interval in PUBACK', ackPacket('puback', 1, 0, property('sessionExpiryInterval', 1))],
    ['Content Type in DISCONNECT', disconnectPacket(0, property('contentType', 't'))],
    ['Will Delay Interval in CONNECT', connectPacket(5, { properties: property('willDelayInterval', 1) }), true],
    ['Server Keep Alive in CONNECT', connectPacket(5, { properties: property('serverKeepAlive', 1) }), true],
    ['Maximum QoS in CONNECT', connectPacket(5, { properties: property('maximumQos', 1) }), true],
    ['Assigned Client Identifier in CONNECT', connectPacket(5, { properties: hex('12 00 00') }), true],
    ['Topic Alias in Will Properties', withWill(property('topicAlias', 1)), true],
  ]
  it.each(misplaced)('[MQTT5-U-2.2.2-a] %s is malformed', async (_title, bytes, first = false) => {
    const client = first ? await broker.open() : await broker.client()
    client.send(bytes)
    await expectClosed(client, 0x81)
  })

  const cutOff: [title: string, bytes: Uint8Array][] = [
    ['PUBLISH', packet(0x30, prefixed('a'), hex('7f'))],
    ['SUBSCRIBE', packet(0x82, hex('00 01 40 0b 01 00 01 61 00'))],
    ['UNSUBSCRIBE', packet(0xa2, hex('00 01 40 00 01 61'))],
    ['PUBACK', packet(0x40, hex('00 01 00 05 1f'))],
    ['DISCONNECT', packet(0xe0, hex('00 05 11 00'))],
    ['a value cut off by the property length', packet(0x30, prefixed('a'), hex('03 02 00 00 00 05'))],
  ]
  it.each(cutOff)('[MQTT5-U-2.2.2-c] a Property Length past the end is malformed: %s', async (_title, bytes) => {
    const client = await broker.client()
    client.send(bytes)
    await expectClosed(client, 0x81)
  })
})

/** Says `bytes`, then goodbye, and waits for the other side's goodbye. */
const exchange = (bytes: Uint8Array) =>
  new Promise<void>((resolve) => {
    const socket = connectSocket(broker.port, '127.0.0.1', () => socket.end(bytes))
    socket.on('error', () => undefined).on('close', () => resolve())
    socket.resume()
  })

describe('bytes that make no sense', () => {
  const valid = [
    connectPacket(5, { clientId: 'fuzz', userName: 'u', password: 'p', will: { topicName: 'fuzz/w', payload: 'x' } }),
    publishPacket(5, 'fuzz/t', 'x', { qos: 1, properties: { contentType: 't', userProperties: [['a', 'b']] } }),
    subscribePacket(5, 1, [{ topicFilter: 'fuzz/+', qos: 1 }], { subscriptionIdentifiers: [3] }),
    unsubscribePacket(5, 2, ['fuzz/+', '$share/g/fuzz']),
    ...(['puback', 'pubrec', 'pubrel', 'pubcomp'] as const).map((kind) => ackPacket(kind, 1, 0, { reasonString: 'r' })),
    disconnectPacket(0x04, { sessionExpiryInterval: 0 }),
    authPacket(0x18, { authenticationMethod: 'M' }),
    pingreqPacket,
  ]

  it('[MQTT5-U-5-a] [MQTT5-4.13.1-1] never harm the broker or its other clients', async () => {
    const witness = await broker.client()
    await witness.subscribe('witness')
    const mutation = fc.record({
      index: fc.nat(valid.length - 1),
      cut: fc.option(fc.nat(80)),
      changes: fc.array(fc.tuple(fc.nat(60), fc.nat(255)), { maxLength: 4 }),
      tail: fc.uint8Array({ maxLength: 20 }),
      connected: fc.boolean(),
    })
    const run = fc.asyncProperty(mutation, async ({ index, cut, changes, tail, connected }) => {
      const bytes = Uint8Array.from(valid[index] ?? [])
      for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value
      const broken = joined(bytes.subarray(0, cut ?? bytes.length), tail)
      await exchange(connected ? joined(connectPacket(5, { clientId: 'fuzzed' }), broken) : broken)
      await witness.publish('witness', 'fine', { qos: 1 })
      expect(await witness.restOfPayloads()).toEqual(['fine'])
    })
    await fc.assert(run, { numRuns: 400, seed: 20_260_101 })
  }, 60_000)
})

describe('the transport', () => {
  it.each(['tcp', 'websocket'] as const)('[MQTT5-4.2-1] %s carries packets split and joined', async (transport) => {
    const topicName = unique('split')
    const client = await broker.open({ transport })
    const bytes = joined(
      connectPacket(5, { clientId: unique('split') }),
      subscribePacket(5, 1, [{ topicFilter: topicName, qos: 1 }]),
      publishPacket(5, topicName, 'x'.repeat(200), { qos: 1, packetId: 9 }),
    )
    for (const byte of bytes) {
      client.send(Uint8Array.of(byte))
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect((await client.next('publish')).payload.length).toBe(200)
    expect((await client.next('puback')).packetId).toBe(9)
    const many = Array.from({ length: 300 }, (_, index) => publishPacket(5, topicName, `${index}`))
    client.send(...many)
    expect((await client.publishes(300)).map((one) => Number(one.text))).toEqual([...many.keys()])
  })
})
