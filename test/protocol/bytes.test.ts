import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ByteReader, malformed, protocolError } from '../../src/protocol/byte-reader.ts'
import { ByteWriter, variableByteIntegerSize } from '../../src/protocol/byte-writer.ts'
import { wire } from '../packet-cases/wire-notation.ts'

const isMalformed = expect.objectContaining({ name: 'ProtocolError', reasonCode: 0x81 })

function readerOf(notation: string): ByteReader {
  const bytes = wire(notation)
  return new ByteReader(bytes, 0, bytes.length)
}

/** Section 1.5.5, table 1-1. */
const variableByteIntegers: readonly (readonly [value: number, bytes: string])[] = [
  [0, '00'],
  [1, '01'],
  [127, '7f'],
  [128, '80 01'],
  [129, '81 01'],
  [16_383, 'ff 7f'],
  [16_384, '80 80 01'],
  [2_097_151, 'ff ff 7f'],
  [2_097_152, '80 80 80 01'],
  [268_435_455, 'ff ff ff 7f'],
]

describe('variable byte integer', () => {
  it.each(variableByteIntegers)('%i is %s [MQTT5-1.5.5-1]', (value, notation) => {
    const bytes = wire(notation)
    expect(new ByteWriter().variableByteInteger(value).view()).toEqual(bytes)
    expect(variableByteIntegerSize(value)).toBe(bytes.length)
    const reader = readerOf(`${notation} ff`)
    expect(reader.variableByteInteger()).toBe(value)
    expect(reader.remaining).toBe(1)
  })

  const padded = ['80 00', '81 00', '80 80 00', 'ff ff ff 00']
  const long = ['80 80 80 80', 'ff ff ff ff 01']
  const cut = ['', '80', 'ff ff', 'ff ff ff']
  it.each([...padded, ...long, ...cut])('"%s" is malformed [MQTT5-1.5.5-1]', (notation) => {
    expect(() => readerOf(notation).variableByteInteger()).toThrow(isMalformed)
  })

  it('reads back what was written', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 268_435_455 }), (value) => {
        const bytes = new ByteWriter().variableByteInteger(value).view()
        expect(new ByteReader(bytes, 0, bytes.length).variableByteInteger()).toBe(value)
        expect(bytes.length).toBe(variableByteIntegerSize(value))
      }),
    )
  })
})

describe('ByteReader', () => {
  it('reads each data type and counts what remains', () => {
    const reader = readerOf(`ff 01 02 ff fe fd fc 'text' 00 02 00 ff 'abc' 61 62`)
    expect(reader.byte()).toBe(255)
    expect(reader.twoByteInteger()).toBe(0x0102)
    expect(reader.fourByteInteger()).toBe(0xffff_ffff - 0x0001_0203)
    expect(reader.text()).toBe('text')
    expect(reader.binary()).toEqual(Uint8Array.of(0, 255))
    expect(reader.remaining).toBe(7)
    reader.skipText()
    expect(reader.at).toBe(22)
    reader.skip(1)
    expect(reader.remaining).toBe(1)
    reader.skip(1)
    reader.expectEnd('it')
  })

  it('hands out binary data that outlives the chunk', () => {
    const bytes = wire(`'abc'`)
    const copy = new ByteReader(bytes, 0, bytes.length).binary()
    bytes.fill(0)
    expect(copy).toEqual(wire('"abc"'))
  })

  it('begins at its start', () => {
    const reader = new ByteReader(wire('00 00 07 00'), 2, 4)
    expect(reader.at).toBe(2)
    expect(reader.byte()).toBe(7)
  })

  it.each<[string, string, (reader: ByteReader) => unknown]>([
    ['a byte', '', (reader) => reader.byte()],
    ['a two byte integer', '01', (reader) => reader.twoByteInteger()],
    ['a four byte integer', '01 02 03', (reader) => reader.fourByteInteger()],
    ['a text', '00 02 61', (reader) => reader.text()],
    ['a text stepped over', '00 02 61', (reader) => reader.skipText()],
    ['a binary', '00 02 61', (reader) => reader.binary()],
    ['bytes stepped over', '61', (reader) => reader.skip(2)],
  ])('%s past the end is malformed, whatever lies there', (_, notation, read) => {
    const bytes = wire(`${notation} 01 01 01 01`)
    const end = bytes.length - 4
    expect(() => read(new ByteReader(bytes, 0, end))).toThrow(isMalformed)
    expect(() => read(new ByteReader(bytes, 0, end + 1))).not.toThrow()
  })

  it('expects the end where the packet says, and says how many bytes are too many', () => {
    const reader = readerOf('01 02 03')
    reader.skip(1)
    const error = expect.objectContaining({ reasonCode: 0x81, message: 'PING has 2 bytes too many' })
    expect(() => reader.expectEnd('PING')).toThrow(error)
    reader.skip(2)
    expect(() => reader.expectEnd('PING')).not.toThrow()
  })

  it('a text it steps over is checked', () => {
    expect(() => readerOf('00 01 ff').skipText()).toThrow(isMalformed)
  })
})

describe('ByteWriter', () => {
  it('writes each data type', () => {
    const writer = new ByteWriter()
    writer.byte(255).twoByteInteger(0x0102).fourByteInteger(0xfffe_fdfc)
    writer.text('é').binary(Uint8Array.of(0, 255)).raw(Uint8Array.of(9))
    expect(writer.view()).toEqual(wire('ff 01 02 ff fe fd fc 00 02 c3 a9 00 02 00 ff 09'))
    expect(writer.length).toBe(16)
  })

  it.each([0, 1, 63, 64, 65, 127, 128, 129, 1000])('grows to hold %i bytes, one by one and at once', (length) => {
    const expected = Uint8Array.from({ length }, (_, index) => index & 0xff)
    const writer = new ByteWriter()
    for (const byte of expected) writer.byte(byte)
    expect(writer.view()).toEqual(expected)
    expect(new ByteWriter().raw(expected).view()).toEqual(expected)
    expect(new ByteWriter().byte(7).raw(expected).view()).toEqual(Uint8Array.of(7, ...expected))
  })

  it('refuses what does not fit a two byte length', () => {
    expect(new ByteWriter().binary(new Uint8Array(65_535)).length).toBe(65_537)
    expect(() => new ByteWriter().binary(new Uint8Array(65_536))).toThrow(RangeError)
    expect(() => new ByteWriter().text('a'.repeat(65_536))).toThrow(RangeError)
  })

  it('has doubled room, so that many small writes cost few copies', () => {
    const writer = new ByteWriter()
    for (let at = 0; at < 65; at++) writer.byte(at)
    expect(writer.view().buffer.byteLength).toBe(128)
    expect(new ByteWriter().raw(new Uint8Array(64)).view().buffer.byteLength).toBe(64)
  })

  it('puts the fixed header in front', () => {
    expect(new ByteWriter().packet(12)).toEqual(wire('c0 00'))
    expect(new ByteWriter().byte(1).packet(8, 2)).toEqual(wire('82 01 01'))
    expect(new ByteWriter().raw(new Uint8Array(128)).packet(3).subarray(0, 4)).toEqual(wire('30 80 01 00'))
  })
})

it('malformed and protocolError carry their reason codes', () => {
  expect(malformed('a')).toMatchObject({ name: 'ProtocolError', reasonCode: 0x81, message: 'a' })
  expect(protocolError('b')).toMatchObject({ name: 'ProtocolError', reasonCode: 0x82, message: 'b' })
})
