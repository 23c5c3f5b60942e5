import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ApplicationMessage } from '../../src/protocol/application-message.ts'
import { copyInto, copyOf } from '../../src/protocol/copy-bytes.ts'
import { newApplicationMessage } from '../../src/protocol/new-application-message.ts'
import type { ProtocolVersion } from '../../src/protocol/packet-types.ts'
import {
  decodePublish,
  encodePublishHead,
  messageExpiryInterval,
  publishPacketSize,
  type PublishVariant,
  writeVariableByteInteger,
} from '../../src/protocol/packets/publish.ts'
import type { Properties } from '../../src/protocol/properties.ts'
import { encodeText } from '../../src/protocol/text.ts'
import { wire } from '../packet-cases/wire-notation.ts'
import { decodePacket, framesOf } from './packet-codec.ts'

const plain: PublishVariant = {
  protocolVersion: 5,
  qos: 0,
  retain: false,
  dup: false,
  packetId: 0,
  subscriptionIdentifiers: [],
  topicAlias: 0,
  omitTopicName: false,
}

/** A PUBLISH read where it lies, its topic resolved as the broker does. */
function read(notation: string, version: ProtocolVersion, into = new ApplicationMessage()): ApplicationMessage {
  const [frame] = framesOf([wire(notation)])
  if (frame === undefined) throw new Error('not a whole packet')
  decodePublish(into, frame.bytes, frame.packetStart, frame.bodyStart, frame.end, version)
  into.topicBytes = frame.bytes.slice(into.topicStart, into.topicEnd)
  return into
}

/** Head and payload, in an array that shows any byte written beside them. */
function write(message: ApplicationMessage, parts: Partial<PublishVariant> = {}, nowMs = 0): Uint8Array {
  const variant = { ...plain, ...parts }
  const size = publishPacketSize(message, variant)
  const target = new Uint8Array(size + 20).fill(0xee)
  const payloadAt = encodePublishHead(target, 10, message, variant, nowMs)
  target.set(message.bytes.subarray(message.payloadStart, message.payloadEnd), payloadAt)
  expect(payloadAt + message.payloadLength).toBe(10 + size)
  expect([...target.subarray(0, 10), ...target.subarray(10 + size)]).toEqual(Array.from({ length: 20 }, () => 0xee))
  return target.slice(10, 10 + size)
}

describe('decodePublish', () => {
  it('notes where the parts lie and copies nothing', () => {
    const chunk = wire(`c0 00  32 ( 'a/b' 00 07 ( 23 00 05 02 00 00 00 0a 26 'k' 'v' ) "payload" )`)
    const [, frame] = framesOf([chunk])
    const message = new ApplicationMessage()
    decodePublish(message, chunk, 2, frame?.bodyStart as number, frame?.end as number, 5)
    expect(message.bytes).toBe(chunk)
    expect(message).toMatchObject({
      packetStart: 2,
      topicStart: 6,
      topicEnd: 9,
      packetId: 7,
      propertiesStart: 12,
      topicAliasAt: 12,
      topicAlias: 5,
      expiryIntervalAt: 16,
      expiresAtMs: Infinity,
      propertiesEnd: 27,
      payloadStart: 27,
      payloadEnd: 34,
      payloadLength: 7,
      isVersion5: true,
    })
    expect(messageExpiryInterval(message)).toBe(10)
  })

  it('leaves nothing of the message before', () => {
    const full = `3d ( 'a/b' ff ff ( 01 01 02 00 00 00 0a 23 00 05 ) "x" )`
    for (const [next, version] of [
      [`30 ( 'c' )`, 4],
      [`30 ( 'c' ( ) )`, 5],
      [`30 ( 'c' ( 01 00 ) )`, 5],
    ] as const) {
      const reused = read(full, 5)
      reused.expiresAtMs = 1000
      expect(read(next, version, reused)).toEqual(read(next, version))
    }
  })

  it('of 3.x has no properties, whatever lies where they would', () => {
    for (const version of [3, 4] as const) {
      expect(read(`30 ( 'a' 02 01 01 "x" )`, version)).toMatchObject({
        isVersion5: false,
        propertiesStart: 5,
        propertiesEnd: 5,
        payloadStart: 5,
        payloadEnd: 9,
      })
    }
  })

  it.each([
    ['00 00 00 00', 0],
    ['00 00 00 01', 1],
    ['01 02 03 04', 0x0102_0304],
    ['ff ff ff ff', 4_294_967_295],
  ])('message expiry interval %s', (bytes, seconds) => {
    expect(messageExpiryInterval(read(`30 ( 'a' ( 02 ${bytes} ) )`, 5))).toBe(seconds)
    const inLargerBuffer = wire(`aa aa 30 ( 'a' ( 02 ${bytes} ) )`).subarray(2)
    const message = new ApplicationMessage()
    decodePublish(message, inLargerBuffer, 0, 2, inLargerBuffer.length, 5)
    expect(messageExpiryInterval(message)).toBe(seconds)
  })
})

describe('encodePublishHead', () => {
  const message = read(`30 ( 'a/b' ( 01 01 26 'k' 'v' ) "hi" )`, 5)

  it.each<[string, Partial<PublishVariant>, string]>([
    ['QoS 0', {}, `30 ( 'a/b' ( 01 01 26 'k' 'v' ) "hi" )`],
    ['to 3.1.1, without properties', { protocolVersion: 4 }, `30 ( 'a/b' "hi" )`],
    ['to 3.1', { protocolVersion: 3, qos: 1, packetId: 258 }, `32 ( 'a/b' 01 02 "hi" )`],
    ['QoS 1', { qos: 1, packetId: 1 }, `32 ( 'a/b' 00 01 ( 01 01 26 'k' 'v' ) "hi" )`],
    ['QoS 2', { qos: 2, packetId: 65_535 }, `34 ( 'a/b' ff ff ( 01 01 26 'k' 'v' ) "hi" )`],
    ['retain', { retain: true }, `31 ( 'a/b' ( 01 01 26 'k' 'v' ) "hi" )`],
    ['DUP', { qos: 1, dup: true, packetId: 9 }, `3a ( 'a/b' 00 09 ( 01 01 26 'k' 'v' ) "hi" )`],
    ['alias introduced', { topicAlias: 258 }, `30 ( 'a/b' ( 01 01 26 'k' 'v' 23 01 02 ) "hi" )`],
    ['alias known', { topicAlias: 1, omitTopicName: true }, `30 ( '' ( 01 01 26 'k' 'v' 23 00 01 ) "hi" )`],
    ['one identifier', { subscriptionIdentifiers: [127] }, `30 ( 'a/b' ( 01 01 26 'k' 'v' 0b 7f ) "hi" )`],
    [
      'identifiers and alias',
      { subscriptionIdentifiers: [1, 16_384], topicAlias: 2 },
      `30 ( 'a/b' ( 01 01 26 'k' 'v' 0b 01 0b 80 80 01 23 00 02 ) "hi" )`,
    ],
  ])('%s', (_, variant, expected) => {
    expect(write(message, variant)).toEqual(wire(expected))
  })

  it('of a message from 3.1.1 to 5.0 has a property length of 0 [MQTT5-2.2.2-1]', () => {
    expect(write(read(`30 ( 'a/b' "hi" )`, 4))).toEqual(wire(`30 ( 'a/b' ( ) "hi" )`))
  })

  it.each([
    ['first', `23 00 05 01 01 26 'k' 'v'`],
    ['in the middle', `01 01 23 00 05 26 'k' 'v'`],
    ['last', `01 01 26 'k' 'v' 23 00 05`],
  ])('leaves out the alias of the publisher, %s of its properties', (_, properties) => {
    const inbound = read(`30 ( 'a/b' ( ${properties} ) "hi" )`, 5)
    expect(write(inbound)).toEqual(wire(`30 ( 'a/b' ( 01 01 26 'k' 'v' ) "hi" )`))
    expect(write(inbound, { topicAlias: 9 })).toEqual(wire(`30 ( 'a/b' ( 01 01 26 'k' 'v' 23 00 09 ) "hi" )`))
    expect(write(inbound, { protocolVersion: 4 })).toEqual(wire(`30 ( 'a/b' "hi" )`))
  })

  it.each([0, 1, 47, 48, 49, 100, 126, 127, 128, 200])('topic name, a property and payload of %i bytes', (length) => {
    const text = 'z'.repeat(length)
    const properties: Properties = { contentType: text }
    const long = newApplicationMessage({ payload: encodeText(text), qos: 0, retain: false, properties }, '', 0)
    long.topicBytes = encodeText(text)
    const [frame] = framesOf([write(long)])
    const expected = { topicName: text, properties, payload: encodeText(text) }
    expect(frame && decodePacket('publish', frame, 5)).toMatchObject(expected)
  })
})

describe('message expiry [MQTT5-3.3.2-6]', () => {
  const startMs = 1_700_000_000_000

  it.each([
    [0, 10, 10],
    [1, 10, 10],
    [999, 10, 10],
    [1000, 10, 9],
    [8500, 10, 2],
    [9001, 10, 1],
    [10_000, 10, 1],
    [60_000, 10, 1],
    [0, 4_294_967_295, 4_294_967_295],
    [1000, 0x0102_0305, 0x0102_0304],
  ])('after %i ms of %i s, %i s go out', (waitedMs, interval, left) => {
    const properties = [
      [`02 ${hexOf(interval)}`, `02 ${hexOf(left)}`],
      [`01 01 02 ${hexOf(interval)} 26 'k' 'v'`, `01 01 02 ${hexOf(left)} 26 'k' 'v'`],
      [`23 00 05 02 ${hexOf(interval)}`, `02 ${hexOf(left)}`],
      [`01 00 02 ${hexOf(interval)} 23 00 05`, `01 00 02 ${hexOf(left)}`],
    ]
    for (const [inbound, outbound] of properties) {
      const message = read(`30 ( 'a' ( ${inbound} ) "x" )`, 5)
      message.expiresAtMs = startMs + interval * 1000
      for (const one of [message, message.detach()]) {
        expect(write(one, {}, startMs + waitedMs)).toEqual(wire(`30 ( 'a' ( ${outbound} ) "x" )`))
      }
    }
  })

  it('goes out as it came when no one has set an instant', () => {
    const message = read(`30 ( 'a' ( 02 00 00 00 0a ) "x" )`, 5)
    expect(write(message, {}, startMs)).toEqual(wire(`30 ( 'a' ( 02 00 00 00 0a ) "x" )`))
  })

  it('is not invented for a message without the property', () => {
    const message = read(`30 ( 'a' ( 01 01 ) "x" )`, 5)
    message.expiresAtMs = startMs + 5000
    expect(write(message, {}, startMs)).toEqual(wire(`30 ( 'a' ( 01 01 ) "x" )`))
  })
})

describe('detach', () => {
  it('copies what outlives the chunk and nothing of the packet', () => {
    const message = read(`3b ( 'a/b' 00 07 ( 01 01 23 00 05 02 00 00 00 0a ) "payload" )`, 5)
    message.publisherId = 'publisher'
    message.expiresAtMs = 1234
    const { topicBytes } = message
    const copied = message.detach()
    message.bytes.fill(0)
    expect(copied.topicBytes).toBe(topicBytes)
    expect(copied.bytes).toEqual(wire(`01 01 02 00 00 00 0a "payload"`))
    expect(copied.bytes.buffer.byteLength).toBe(14)
    expect({ ...copied }).toEqual({
      ...new ApplicationMessage(),
      topicBytes,
      bytes: copied.bytes,
      propertiesStart: 0,
      propertiesEnd: 7,
      payloadStart: 7,
      payloadEnd: 14,
      qos: 1,
      retain: true,
      publisherId: 'publisher',
      expiryIntervalAt: 3,
      expiresAtMs: 1234,
    })
  })

  it.each([
    ['no properties', '', '', -1],
    ['none to act on', '01 01', '01 01', -1],
    ['an alias alone', '23 00 05', '', -1],
    ['an alias in front of others', `23 00 05 03 't'`, `03 't'`, -1],
    ['an expiry behind an alias', '01 01 23 00 05 02 00 00 00 0a', '01 01 02 00 00 00 0a', 3],
    ['an expiry before an alias', '02 00 00 00 0a 23 00 05 01 01', '02 00 00 00 0a 01 01', 1],
    ['an expiry alone', '02 00 00 00 0a', '02 00 00 00 0a', 1],
  ])('with %s', (_, properties, kept, expiryIntervalAt) => {
    const message = read(`30 ( 'topic' ( ${properties} ) "xy" )`, 5)
    const copied = message.detach()
    expect(copied.bytes).toEqual(wire(`${kept} "xy"`))
    expect(copied.topicAliasAt).toBe(-1)
    expect(copied.expiryIntervalAt).toBe(expiryIntervalAt)
    expect(copied.payloadLength).toBe(2)
    expect(copied.byteSize).toBe(5 + wire(kept).length + 2)
    expect(write(copied)).toEqual(write(message))
    expect(write(copied.detach())).toEqual(write(message))
  })

  it('a message begins as nothing', () => {
    const message = new ApplicationMessage()
    expect(message).toMatchObject({ qos: 0, retain: false, dup: false, packetId: 0, topicAlias: 0, isVersion5: false })
    expect(message).toMatchObject({ packetStart: -1, topicAliasAt: -1, expiryIntervalAt: -1, expiresAtMs: Infinity })
    expect(message).toMatchObject({ publisherId: '', bytes: new Uint8Array(0), topicBytes: new Uint8Array(0) })
  })

  it('byteSize counts topic name, properties and payload', () => {
    expect(read(`30 ( 'a/b' "hello" )`, 4).byteSize).toBe(8)
    expect(read(`30 ( 'a/b' ( 01 01 ) "hello" )`, 5).byteSize).toBe(10)
    expect(new ApplicationMessage().byteSize).toBe(0)
  })
})

describe('newApplicationMessage', () => {
  const payload = encodeText('bye')
  const nowMs = 5000

  it.each<[string, Properties, string, number, number]>([
    ['no properties', {}, '', -1, Infinity],
    ['an expiry', { messageExpiryInterval: 10 }, '02 00 00 00 0a', 1, 15_000],
    ['an expiry of 0', { messageExpiryInterval: 0 }, '02 00 00 00 00', 1, 5000],
    ['both', { payloadFormatIndicator: 0, messageExpiryInterval: 1 }, '01 00 02 00 00 00 01', 3, 6000],
    ['an indicator alone', { payloadFormatIndicator: 1 }, '01 01', -1, Infinity],
    ['what is not for subscribers', { willDelayInterval: 5, topicAlias: 3, contentType: 't' }, `03 't'`, -1, Infinity],
  ])('with %s', (_, properties, kept, expiryIntervalAt, expiresAtMs) => {
    const message = newApplicationMessage({ payload, qos: 2, retain: true, properties }, 'publisher', nowMs)
    const { length } = wire(kept)
    expect({ ...message }).toEqual({
      ...new ApplicationMessage(),
      bytes: wire(`${kept} "bye"`),
      propertiesEnd: length,
      payloadStart: length,
      payloadEnd: length + 3,
      qos: 2,
      retain: true,
      publisherId: 'publisher',
      expiryIntervalAt,
      expiresAtMs,
    })
    if (expiryIntervalAt >= 0) expect(messageExpiryInterval(message)).toBe(properties.messageExpiryInterval)
  })
})

it('whatever a client sends, a subscriber reads the same message', () => {
  const text = fc.string({ maxLength: 60 }).filter((one) => !one.includes('\0'))
  const topicText = text.filter((one) => one !== '' && !/[+#]/.test(one))
  const property = fc.oneof(
    text.map((one) => ({ bytes: [0x03, ...lengthAndBytes(one)], name: 'contentType', value: one })),
    topicText.map((one) => ({ bytes: [0x08, ...lengthAndBytes(one)], name: 'responseTopic', value: one })),
    fc.constant({ bytes: [0x01, 1], name: 'payloadFormatIndicator', value: 1 }),
    fc.constant({ bytes: [0x23, 1, 2], name: 'topicAlias', value: undefined }),
    fc.constant({ bytes: [0x02, 0, 0, 0, 9], name: 'messageExpiryInterval', value: 9 }),
  )
  const properties = fc.uniqueArray(property, { selector: (one) => one.name })
  fc.assert(
    fc.property(topicText, properties, fc.uint8Array({ maxLength: 200 }), fc.boolean(), (...drawn) => {
      const [topicName, sent, payload, detached] = drawn
      const body = [...lengthAndBytes(topicName), ...vbi(sent.flatMap((one) => one.bytes)), ...payload]
      const packet = Uint8Array.from([0x30, ...vbi(body)])
      const [frame] = framesOf([packet])
      const message = new ApplicationMessage()
      if (frame === undefined) throw new Error('not a whole packet')
      decodePublish(message, packet, 0, frame.bodyStart, frame.end, 5)
      message.topicBytes = packet.slice(message.topicStart, message.topicEnd)
      message.expiresAtMs = 9000
      const [received] = framesOf([write(detached ? message.detach() : message, { topicAlias: 300 })])
      const forwarded = sent.filter((one) => one.value !== undefined)
      const expected = Object.fromEntries(forwarded.map((one) => [one.name, one.value]))
      expect(received && decodePacket('publish', received, 5)).toMatchObject({
        topicName,
        payload,
        properties: { ...expected, topicAlias: 300 },
      })
    }),
    { numRuns: 200 },
  )
})

describe('writeVariableByteInteger', () => {
  const values = [
    [0, '00'],
    [127, '7f'],
    [128, '80 01'],
    [16_384, '80 80 01'],
    [268_435_455, 'ff ff ff 7f'],
  ] as const
  it.each(values)('%i', (value, bytes) => {
    const target = new Uint8Array(6)
    const end = writeVariableByteInteger(target, 1, value)
    expect(target.subarray(1, end)).toEqual(wire(bytes))
    expect(target[0]).toBe(0)
  })
})

describe('copyInto', () => {
  it.each([0, 1, 47, 48, 49, 500])('%i bytes', (length) => {
    const source = Uint8Array.from({ length: length + 4 }, (_, index) => (index % 255) + 1)
    const target = new Uint8Array(length + 10)
    expect(copyInto(target, 3, source, 2, 2 + length)).toBe(3 + length)
    expect(target.subarray(3, 3 + length)).toEqual(source.subarray(2, 2 + length))
    expect([...target.subarray(0, 3), ...target.subarray(3 + length)]).toEqual(Array.from({ length: 10 }, () => 0))
  })
})

function lengthAndBytes(one: string): number[] {
  const bytes = encodeText(one)
  return [bytes.length >> 8, bytes.length & 0xff, ...bytes]
}

function vbi(bytes: readonly number[]): number[] {
  const length = new Uint8Array(4)
  return [...length.subarray(0, writeVariableByteInteger(length, 0, bytes.length)), ...bytes]
}

/** Four bytes in the notation of the cases. */
function hexOf(seconds: number): string {
  return seconds.toString(16).padStart(8, '0').replace(/../g, '$& ')
}

describe('copyOf', () => {
  it('owns its memory, also when the source is a Buffer, whose slice would share it', () => {
    const chunk = Buffer.from('a chunk that must not be kept alive')
    const own = copyOf(chunk, 2, 7)
    expect([Buffer.from(own).toString(), own.buffer.byteLength]).toEqual(['chunk', 5])
    chunk.fill(0)
    expect(Buffer.from(own).toString()).toBe('chunk')
  })
})
