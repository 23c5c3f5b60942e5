import { describe, expect, it } from 'vitest'
import { ByteReader } from '../../src/protocol/byte-reader.ts'
import { decodeConnectHeader } from '../../src/protocol/packets/connect.ts'
import { responsePacketId, responseReasonCode } from '../../src/protocol/packets/publish-response.ts'
import { decodeSubscribe, subscriptionOptions } from '../../src/protocol/packets/subscribe.ts'
import { decodeUnsubscribe } from '../../src/protocol/packets/unsubscribe.ts'
import { ProtocolError } from '../../src/protocol/protocol-error.ts'
import type { Packet } from '../packet-cases/packet-case.ts'
import { wire } from '../packet-cases/wire-notation.ts'
import { decodePacket, encodePacket } from './packet-codec.ts'

describe('the first fields of CONNECT', () => {
  it.each([
    ['MQIsdp', 3, { protocolVersion: 3, isBridge: false }],
    ['MQIsdp', 0x83, { protocolVersion: 3, isBridge: true }],
    ['MQTT', 4, { protocolVersion: 4, isBridge: false }],
    ['MQTT', 0x84, { protocolVersion: 4, isBridge: true }],
    ['MQTT', 5, { protocolVersion: 5, isBridge: false }],
  ])('%s %i', (name, level, header) => {
    expect(headerOf(name, level)).toEqual(header)
  })

  it('a level that is not known is no error here: it is answered [MQTT5-3.1.2-2]', () => {
    const known = { MQTT: [4, 5, 0x84], MQIsdp: [3, 0x83] }
    for (const [name, levels] of Object.entries(known)) {
      for (let level = 0; level < 256; level++) {
        if (!levels.includes(level)) expect(headerOf(name, level), `${name} ${level}`).toBeUndefined()
      }
    }
  })

  it.each(['', 'MQT', 'mqtt', 'MQTTX', 'MQIsd', 'MQISDP'])('the name "%s" is malformed [MQTT5-3.1.2-1]', (name) => {
    for (const level of [3, 4, 5, 0x84]) {
      expect(() => headerOf(name, level)).toThrow(expect.objectContaining({ reasonCode: 0x81 }))
    }
  })
})

describe('reason codes of each packet', () => {
  const received = [0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99]
  const released = [0x00, 0x92]
  const disconnect = [0x00, 0x04, 0x80, 0x81, 0x82, 0x83, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99]

  it.each<[Packet['type'], number[], (code: string) => string]>([
    ['puback', received, (code) => `00 01 ${code}`],
    ['pubrec', received, (code) => `00 01 ${code}`],
    ['pubrel', released, (code) => `00 01 ${code}`],
    ['pubcomp', released, (code) => `00 01 ${code}`],
    ['disconnect', disconnect, (code) => code],
    ['auth', [0x00, 0x18, 0x19], (code) => `${code} ( 15 'm' )`],
  ])('%s', (type, codes, body) => {
    const taken = Array.from({ length: 256 }, (_, code) => code).filter((code) => {
      const bytes = wire(body(code.toString(16).padStart(2, '0')))
      try {
        const packet = decodePacket(type, { bytes, packetStart: 0, bodyStart: 0, end: bytes.length }, 5)
        expect(packet).toMatchObject({ reasonCode: code })
        return true
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error
        expect(error.reasonCode).toBe(0x81)
        return false
      }
    })
    expect(taken).toEqual(codes)
  })
})

describe('an acknowledgement read without an object', () => {
  it.each([
    ['00 01', 1],
    ['01 00', 256],
    ['ff ff', 65_535],
  ])('packet identifier %s', (body, packetId) => {
    expect(responsePacketId(wire(`aa ${body} aa`), 1, 3)).toBe(packetId)
  })

  it.each([
    ['', 0x81],
    ['01', 0x81],
    ['00 00', 0x82],
  ])('packet identifier %s is refused', (body, reasonCode) => {
    const bytes = wire(`${body} 01 01`)
    expect(() => responsePacketId(bytes, 0, bytes.length - 2)).toThrow(expect.objectContaining({ reasonCode }))
  })

  it('of two bytes is a success in every version', () => {
    const bytes = wire('00 01 99')
    for (const version of [3, 4, 5] as const) expect(responseReasonCode('puback', bytes, 0, 2, version)).toBe(0)
  })

  it('of more bytes has its reason code, and what follows is checked', () => {
    expect(responseReasonCode('puback', wire('aa 00 01 87'), 1, 4, 5)).toBe(0x87)
    expect(responseReasonCode('pubrel', wire('00 01 92 00'), 0, 4, 5)).toBe(0x92)
    const isMalformed = expect.objectContaining({ reasonCode: 0x81 })
    expect(() => responseReasonCode('puback', wire('00 01 00'), 0, 3, 4)).toThrow(isMalformed)
    expect(() => responseReasonCode('puback', wire('00 01 00 05'), 0, 4, 5)).toThrow(isMalformed)
    expect(() => responseReasonCode('pubcomp', wire('00 01 87'), 0, 3, 5)).toThrow(isMalformed)
  })
})

describe('a packet of more topic filters than it may hold', () => {
  const over = expect.objectContaining({ name: 'ProtocolError', reasonCode: 0x97 })
  it.each([1, 2, 3, 4, undefined])('at most %s, of three', (maximum) => {
    const request = wire(`00 01 'a' 00 'b' 01 'c' 02`)
    const subscribe = () => decodeSubscribe(new ByteReader(request, 0, request.length), 4, maximum)
    const removal = wire(`00 01 'a' 'b' 'c'`)
    const unsubscribe = () => decodeUnsubscribe(new ByteReader(removal, 0, removal.length), 4, maximum)
    if (maximum !== undefined && maximum < 3) {
      expect(subscribe).toThrow(over)
      expect(unsubscribe).toThrow(over)
    } else {
      expect(subscribe().subscriptions).toHaveLength(3)
      expect(unsubscribe().topicFilters).toHaveLength(3)
    }
  })
})

it('what 3.x has no room for is left out', () => {
  const properties = { reasonString: 'why' }
  for (const version of [3, 4] as const) {
    const response = { packetId: 1, reasonCode: 0x87, properties }
    expect(encodePacket({ type: 'puback', ...response }, version)).toEqual(wire('40 02 00 01'))
    const codes = { packetId: 1, reasonCodes: [0x11], properties }
    expect(encodePacket({ type: 'unsuback', ...codes }, version)).toEqual(wire('b0 02 00 01'))
    expect(encodePacket({ type: 'suback', ...codes }, version)).toEqual(wire('90 03 00 01 11'))
    expect(encodePacket({ type: 'disconnect', reasonCode: 0x8e, properties }, version)).toEqual(wire('e0 00'))
    expect(encodePacket({ type: 'connack', sessionPresent: true, reasonCode: 0, properties }, version)).toEqual(
      wire('20 02 01 00'),
    )
  }
})

it('subscription options fill a byte as section 3.8.3.1 has it', () => {
  const plain = { topicFilter: 'a', qos: 0, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const
  expect(subscriptionOptions(plain)).toBe(0)
  expect(subscriptionOptions({ ...plain, qos: 2 })).toBe(2)
  expect(subscriptionOptions({ ...plain, noLocal: true })).toBe(4)
  expect(subscriptionOptions({ ...plain, retainAsPublished: true })).toBe(8)
  expect(subscriptionOptions({ ...plain, retainHandling: 1 })).toBe(16)
  const all = { qos: 1, noLocal: true, retainAsPublished: true, retainHandling: 2 } as const
  expect(subscriptionOptions({ ...plain, ...all })).toBe(0x2d)
})

function headerOf(name: string, level: number) {
  const bytes = wire(`'${name}' ${level.toString(16).padStart(2, '0')}`)
  return decodeConnectHeader(new ByteReader(bytes, 0, bytes.length))
}
