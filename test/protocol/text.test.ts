import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeText, encodeText } from '../../src/protocol/text.ts'
import { wire } from '../packet-cases/wire-notation.ts'

const well: readonly (readonly [name: string, bytes: string, text: string])[] = [
  ['nothing', '', ''],
  ['ASCII', '41 7a 7e', 'Az~'],
  ['control characters', '01 1f 7f', '\u0001\u001F\u007F'],
  ['the first of two bytes', 'c2 80', '\u0080'],
  ['the last of two bytes', 'df bf', '\u07FF'],
  ['the first of three bytes', 'e0 a0 80', '\u0800'],
  ['before the surrogates', 'ed 9f bf', '\uD7FF'],
  ['after the surrogates', 'ee 80 80', '\uE000'],
  ['U+FEFF alone [MQTT5-1.5.4-3]', 'ef bb bf', '\uFEFF'],
  ['U+FEFF in front [MQTT5-1.5.4-3]', 'ef bb bf 61', '\uFEFFa'],
  ['U+FEFF within [MQTT5-1.5.4-3]', '61 ef bb bf 62', 'a\uFEFFb'],
  ['the noncharacter U+FFFF [MQTT5-U-1.5.4-a]', 'ef bf bf', '\uFFFF'],
  ['the noncharacter U+FDD0 [MQTT5-U-1.5.4-a]', 'ef b7 90', '\uFDD0'],
  ['the noncharacter U+1FFFE', 'f0 9f bf be', '\u{1FFFE}'],
  ['the first of four bytes', 'f0 90 80 80', '\u{10000}'],
  ['the last of all', 'f4 8f bf bf', '\u{10FFFF}'],
  ['a composed and a decomposed letter, as they are [MQTT5-4.7.3-4]', 'c3 a9 65 cc 81', '\u00E9e\u0301'],
]

const ill: readonly (readonly [name: string, bytes: string])[] = [
  ['U+0000 [MQTT5-1.5.4-2]', '00'],
  ['U+0000 within ASCII [MQTT5-1.5.4-2]', '61 00 62'],
  ['U+0000 at the end of a long text [MQTT5-1.5.4-2]', '61*100 00'],
  ['U+0000 beside two-byte letters [MQTT5-1.5.4-2]', 'c3 a9 00'],
  ['U+0000, overlong', 'c0 80'],
  ['/, overlong in two bytes', 'c0 af'],
  ['U+007F, overlong', 'c1 bf'],
  ['/, overlong in three bytes', 'e0 80 af'],
  ['U+07FF, overlong', 'e0 9f bf'],
  ['U+FFFF, overlong', 'f0 8f bf bf'],
  ['the first surrogate', 'ed a0 80'],
  ['the last surrogate', 'ed bf bf'],
  ['a surrogate pair', 'ed a0 bd ed b8 80'],
  ['a continuation alone', '80'],
  ['a continuation behind ASCII', '61 bf'],
  ['a two-byte form cut', 'c3'],
  ['a three-byte form cut', 'e2 82'],
  ['a four-byte form cut', 'f0 9f 8c'],
  ['a two-byte form broken off', 'c3 28'],
  ['beyond U+10FFFF', 'f4 90 80 80'],
  ['a five-byte form', 'f8 88 80 80 80'],
  ['FE', 'fe'],
  ['FF', 'ff'],
]

describe('decodeText reads', () => {
  for (const [name, bytes, text] of well) {
    it(`${name} [MQTT5-1.5.4-1]`, () => {
      const array = wire(`ff 00 ${bytes} 00 ff`)
      expect(decodeText(array, 2, array.length - 2)).toBe(text)
      expect(encodeText(text)).toEqual(wire(bytes))
    })
  }

  it.each([63, 64, 65, 66, 65_535])('ASCII of %i characters', (length) => {
    const text = 'abc'.repeat(length).slice(0, length)
    expect(decodeText(encodeText(text), 0, length)).toBe(text)
  })

  it('what encodeText writes, for any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 100 }), (text) => {
        fc.pre(!text.includes('\0'))
        const bytes = encodeText(text)
        expect(decodeText(bytes, 0, bytes.length)).toBe(text)
      }),
    )
  })
})

describe('decodeText refuses', () => {
  for (const [name, notation] of ill) {
    it(`${name} [MQTT5-1.5.4-1]`, () => {
      const bytes = wire(notation)
      const error = expect.objectContaining({ name: 'ProtocolError', reasonCode: 0x81 })
      expect(() => decodeText(bytes, 0, bytes.length)).toThrow(error)
    })
  }

  it('says which of the two it was', () => {
    expect(() => decodeText(Uint8Array.of(0), 0, 1)).toThrow('U+0000')
    expect(() => decodeText(Uint8Array.of(0xff), 0, 1)).toThrow('UTF-8')
  })
})
