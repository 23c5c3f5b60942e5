import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  decodePayload,
  encodePayload,
  signedValue,
  type SparkplugMetric,
  type SparkplugPayload,
} from '../../../../devices-sim/payloads/sparkplug/payload.ts'
import { ProtobufError } from '../../../../devices-sim/payloads/sparkplug/protobuf-reader.ts'

/** Written as hexadecimal digits with blanks; a field is its number * 8 + wire type, then its value. */
const cases: readonly (readonly [what: string, bytes: string, payload: SparkplugPayload])[] = [
  ['nothing', '', { metrics: [] }],
  ['a timestamp', '08 ac02', { timestamp: 300, metrics: [] }],
  ['a timestamp of today', '08 80b094c1b733', { timestamp: 1_767_247_255_552, metrics: [] }],
  ['a uuid right after the timestamp', '08 01  22 02 7e73  18 00', { timestamp: 1, uuid: '~s', metrics: [], seq: 0 }],
  ['a sequence number', '18 ff01', { metrics: [], seq: 255 }],
  ['the most there is', '18 ffffffffffffffffff01', { metrics: [], seq: 2n ** 64n - 1n }],
  ['the first number beyond 53 bits', '18 8080808080808010', { metrics: [], seq: 2n ** 53n }],
  ['the last number of 53 bits', '18 ffffffffffffff0f', { metrics: [], seq: 2 ** 53 - 1 }],
  ['a body', '2a 03 00ff7e', { metrics: [], body: Uint8Array.of(0, 255, 0x7e) }],
  ['an empty metric', '12 00', { metrics: [{}] }],
  ['a name', '12 04  0a 02 c3bc', { metrics: [{ name: 'ü' }] }],
  [
    'an alias, a timestamp and a type',
    '12 06  10 05  18 07  20 0a',
    { metrics: [{ alias: 5, timestamp: 7, datatype: 10 }] },
  ],
  ['flags', '12 06  28 01  30 00  38 01', { metrics: [{ isHistorical: true, isTransient: false, isNull: true }] }],
  ['an int', '12 06  50 ffffffff0f', { metrics: [{ value: { kind: 'int', value: 0xffff_ffff } }] }],
  ['a long', '12 03  58 8101', { metrics: [{ value: { kind: 'long', value: 129 } }] }],
  ['a float', '12 05  65 0000c03f', { metrics: [{ value: { kind: 'float', value: 1.5 } }] }],
  ['a double', '12 09  69 0000000000803540', { metrics: [{ value: { kind: 'double', value: 21.5 } }] }],
  ['true', '12 02  70 01', { metrics: [{ value: { kind: 'boolean', value: true } }] }],
  ['a text', '12 04  7a 02 6f6e', { metrics: [{ value: { kind: 'string', value: 'on' } }] }],
  ['bytes', '12 04  8201 01 09', { metrics: [{ value: { kind: 'bytes', value: Uint8Array.of(9) } }] }],
  ['two metrics', '12 02 10 01  12 02 10 02', { metrics: [{ alias: 1 }, { alias: 2 }] }],
]

function bytesOf(digits: string): Uint8Array {
  return Uint8Array.from(Buffer.from(digits.replaceAll(' ', ''), 'hex'))
}

describe.each(cases)('%s', (_what, digits, payload) => {
  it('is read', () => {
    expect(decodePayload(bytesOf(digits))).toEqual(payload)
  })

  it('is written', () => {
    expect(encodePayload(payload)).toEqual(bytesOf(digits))
  })
})

describe('what is read and never written', () => {
  it.each([
    ['fields out of order', '18 05  08 01', { timestamp: 1, metrics: [], seq: 5 }],
    ['a field twice: the last counts', '18 05  18 06', { metrics: [], seq: 6 }],
    ['a varint longer than it need be', '18 858000', { metrics: [], seq: 5 }],
    ['unknown fields', '30 8001  39 0102030405060708  42 02 ffff  4d 01020304  18 05', { metrics: [], seq: 5 }],
    ['unknown fields of a metric', '12 09  42 02 0000  9201 00  10 05', { metrics: [{ alias: 5 }] }],
    ['a field of a high number', 'f8ffffff0f 01  18 05', { metrics: [], seq: 5 }],
    ['a bool of another number', '12 02 28 02', { metrics: [{ isHistorical: true }] }],
    [
      'an int of 64 bits',
      '12 0b 50 ffffffffffffffffff01',
      { metrics: [{ value: { kind: 'int', value: 2 ** 32 - 1 } }] },
    ],
  ])('%s', (_what, digits, payload) => {
    expect(decodePayload(bytesOf(digits))).toEqual(payload)
  })
})

describe('what is no payload', () => {
  it.each([
    ['a cut number', '18 80', 'it ends too early'],
    ['a cut text', '22 05 41', 'it ends too early'],
    ['a metric longer than the payload', '12 7f 10 01', 'it ends too early'],
    ['a cut double', '12 05 69 00000000', 'it ends too early'],
    ['a length beyond all', '22 ffffffffffffffffff01', 'it ends too early'],
    ['a number of eleven bytes', '18 8080808080808080808001', 'longer than 64 bits'],
    ['a number of 65 bits', '18 ffffffffffffffffff02', 'longer than 64 bits'],
    ['field 0', '00 00', 'no field number'],
    ['a field number beyond 29 bits', '8080808010 00', 'no field number'],
    ['a group', '33 34', 'wire type 3 is not one of 0, 1, 2 and 5'],
    ['a wire type that is none', '37', 'wire type 7 is not one of 0, 1, 2 and 5'],
    ['a timestamp that is a text', '0a 01 41', 'wire type 0 was expected, not 2'],
    ['a metric that is a number', '10 01', 'wire type 2 was expected, not 0'],
    ['a text that is not UTF-8', '22 01 ff', 'not UTF-8'],
  ])('%s', (_what, digits, message) => {
    expect(() => decodePayload(bytesOf(digits))).toThrow(ProtobufError)
    expect(() => decodePayload(bytesOf(digits))).toThrow(message)
  })
})

const uint64 = fc.oneof(fc.maxSafeNat(), fc.bigInt({ min: 2n ** 53n, max: 2n ** 64n - 1n }))
const value: fc.Arbitrary<NonNullable<SparkplugMetric['value']>> = fc.oneof(
  fc.record({ kind: fc.constant('int' as const), value: fc.nat(0xffff_ffff) }),
  fc.record({ kind: fc.constant('long' as const), value: uint64 }),
  fc.record({ kind: fc.constant('float' as const), value: fc.float() }),
  fc.record({ kind: fc.constant('double' as const), value: fc.double() }),
  fc.record({ kind: fc.constant('boolean' as const), value: fc.boolean() }),
  fc.record({ kind: fc.constant('string' as const), value: fc.string({ unit: 'grapheme' }) }),
  fc.record({ kind: fc.constant('bytes' as const), value: fc.uint8Array() }),
)
const metric = fc.record(
  { name: fc.string(), alias: uint64, timestamp: uint64, datatype: fc.nat(99), isNull: fc.boolean(), value },
  { requiredKeys: [] },
)
const payload = fc.record(
  { timestamp: uint64, metrics: fc.array(metric), seq: uint64, uuid: fc.string(), body: fc.uint8Array() },
  { requiredKeys: ['metrics'] },
)

describe('any payload', () => {
  it('is read as it was written', () => {
    fc.assert(
      fc.property(payload, (given) => {
        expect(decodePayload(encodePayload(given))).toEqual(given)
      }),
    )
  })

  it('that is cut or spoilt is read or refused, and nothing else', () => {
    const spoilt = fc.tuple(payload, fc.nat(), fc.nat(255), fc.boolean())
    fc.assert(
      fc.property(spoilt, ([given, at, byte, isCut]) => {
        const bytes = encodePayload(given)
        if (bytes.length === 0) return
        bytes[at % bytes.length] = byte
        readsOrRefuses(isCut ? bytes.subarray(0, at % bytes.length) : bytes)
      }),
      { numRuns: 1000 },
    )
  })

  it('and any bytes are read or refused, and nothing else', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), readsOrRefuses), { numRuns: 2000 })
  })
})

describe('negative numbers', () => {
  it('travel as two`s complement', () => {
    expect(encodePayload({ metrics: [{ value: { kind: 'int', value: -1 } }] })).toEqual(bytesOf('12 06 50 ffffffff0f'))
    expect(encodePayload({ metrics: [{ value: { kind: 'long', value: -2 } }] })).toEqual(
      bytesOf('12 0b 58 feffffffffffffffff01'),
    )
  })

  it.each([
    [0xff, 8, -1],
    [0xffff_ff80, 8, -128],
    [0x7f, 8, 127],
    [0xffff_ffff, 32, -1],
    [2n ** 64n - 1n, 64, -1],
    [2n ** 63n, 64, -(2n ** 63n)],
    [5, 64, 5],
  ] as const)('%d of %i bits is %d', (given, bits, expected) => {
    expect(signedValue(given, bits)).toBe(expected)
  })
})

function readsOrRefuses(bytes: Uint8Array): void {
  try {
    decodePayload(bytes)
  } catch (error) {
    expect(error).toBeInstanceOf(ProtobufError)
  }
}
