import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readMark, readMarkText } from '../../../devices-sim/payloads/read-mark.ts'
import { MAXIMUM_MARK_LENGTH, markText, writeMark } from '../../../devices-sim/proof/mark.ts'
import { anyMark, mark, markedText } from './payload-cases.ts'

describe('a mark', () => {
  it('as a text is its numbers in order', () => {
    expect(markText(mark)).toBe(markedText)
  })

  it('is the same text and bytes', () => {
    fc.assert(
      fc.property(anyMark, fc.nat(9), (given, at) => {
        const target = new Uint8Array(MAXIMUM_MARK_LENGTH + at)
        const end = writeMark(target, at, given)
        expect(Buffer.from(target.subarray(at, end)).toString()).toBe(markText(given))
        expect([...target.subarray(0, at), ...target.subarray(end)].every((byte) => byte === 0)).toBe(true)
      }),
    )
  })

  it.each([[''], ['a b'], ['a~'], ['a"'], ['a\\'], ['ü'], ['x'.repeat(65)]])('has no run called %j', (run) => {
    expect(() => writeMark(new Uint8Array(200), 0, { ...mark, run })).toThrow(/^a run is named by 1 to 64 visible/)
  })

  it('is read as it was written, from bytes and from a text', () => {
    fc.assert(
      fc.property(anyMark, (given) => {
        expect(readMark(Buffer.from(markText(given)))).toEqual(given)
        expect(readMarkText(markText(given))).toEqual(given)
      }),
    )
  })

  it('is found among other bytes', () => {
    fc.assert(
      fc.property(anyMark, fc.uint8Array({ maxLength: 99 }), fc.uint8Array(), (given, before, after) => {
        const calm = before.map((byte) => (byte === 0x7e ? 0 : byte))
        expect(readMark(Buffer.concat([calm, Buffer.from(markText(given)), after]))).toEqual(given)
      }),
    )
  })

  it.each([
    ['after tildes', `~~si~sim ~${markedText}`],
    ['after a broken one', `~sim r7 12 1 ${markedText}`],
    ['after one that is cut', `~sim r7 12${markedText}`],
    ['before another', `${markedText}~sim r8 1 1 1 1~`],
    ['at the last place that is looked at', `${'.'.repeat(255)}${markedText}`],
  ])('is found %s', (_where, text) => {
    expect(readMark(Buffer.from(text))).toEqual(mark)
  })

  it('is not found further back than 256 bytes', () => {
    expect(readMark(Buffer.from(`${'.'.repeat(256)}${markedText}`))).toBe(undefined)
  })
})

describe('no mark is', () => {
  it.each([
    ['nothing', ''],
    ['a beginning', '~sim '],
    ['an upper case one', '~SIM r7 12 1 345 6789012~'],
    ['one without a run', '~sim  12 1 345 6789012~'],
    ['one with a quote in its run', '~sim r"7 12 1 345 6789012~'],
    ['one with a backslash in its run', '~sim r\\7 12 1 345 6789012~'],
    ['one with a run too long', `~sim ${'r'.repeat(65)} 12 1 345 6789012~`],
    ['one with three numbers', '~sim r7 12 345 6789012~'],
    ['one with five numbers', '~sim r7 12 1 345 6789012 1~'],
    ['one with an empty number', '~sim r7 12  345 6789012~'],
    ['one with a negative number', '~sim r7 -12 1 345 6789012~'],
    ['one with a fraction', '~sim r7 12 1 345 6789.12~'],
    ['one with a zero in front', '~sim r7 012 1 345 6789012~'],
    ['one with a number beyond 53 bits', '~sim r7 12 1 345 9007199254740992~'],
    ['one with a number of 17 digits', '~sim r7 12 1 345 10000000000000000~'],
    ['one with sequence 0', '~sim r7 12 1 0 6789012~'],
    ['one without an end', '~sim r7 12 1 345 6789012'],
    ['one with another end', '~sim r7 12 1 345 6789012 ~'],
    ['one with a line end', '~sim r7 12 1 345\n6789012~'],
  ])('%s', (_what, text) => {
    expect(readMark(Buffer.from(text))).toBe(undefined)
    expect(readMarkText(text)).toBe(undefined)
  })

  it.each([
    ['with something before', ` ${markedText}`],
    ['with something after', `${markedText} `],
    ['with a letter beyond ASCII', markedText.replace('r7', 'rť')],
    ['of great length', markedText + 'x'.repeat(1000)],
  ])('a text %s', (_what, text) => {
    expect(readMarkText(text)).toBe(undefined)
  })

  it('a mark of a payload that was there before', () => {
    expect(readMarkText(markedText)).toEqual(mark)
    expect(readMarkText(markedText.slice(0, -1))).toBe(undefined)
    expect(readMarkText('')).toBe(undefined)
  })
})

it('any bytes are read without a fault', () => {
  const piece = fc.oneof(fc.uint8Array({ maxLength: 20 }), fc.constantFrom('~sim ', 'r7 ', '1 ', '~', '0').map(bytesOf))
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
      const found = readMark(Buffer.concat(pieces))
      if (found !== undefined) expect(Buffer.concat(pieces).includes(markText(found))).toBe(true)
    }),
    { numRuns: 2000 },
  )
})

it('any text is read without a fault', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(readMarkText(text)).toBe(undefined)
    }),
  )
})

function bytesOf(text: string): Uint8Array {
  return Buffer.from(text)
}
