import { decode } from 'cborg'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fixedWriter } from '../../../devices-sim/payloads/fixed-payload.ts'
import { payloadWriter, type PlainPayloadOptions } from '../../../devices-sim/payloads/payload-writer.ts'
import { readMark } from '../../../devices-sim/payloads/read-mark.ts'
import { compileTemplate } from '../../../devices-sim/scenario/template.ts'
import { anyMark, context, mark, markedText } from './payload-cases.ts'

const sensors = Object.keys(context.readings)

function write(options: PlainPayloadOptions, more: object = {}): Uint8Array {
  return payloadWriter(options, { sensors, seed: 1, compileTemplate }).write({ ...context, ...more })
}

function text(options: PlainPayloadOptions, more: object = {}): string {
  return Buffer.from(write(options, more)).toString()
}

describe.each([
  ['json', { format: 'json' }],
  ['cbor', { format: 'cbor' }],
  ['fixed', { format: 'fixed', bytes: 300 }],
  ['template', { format: 'template', text: 't={temperature}' }],
] as const)('a %s payload', (_format, options) => {
  it('carries any mark so that it is found', () => {
    fc.assert(
      fc.property(anyMark, (given) => {
        expect(readMark(write(options, { mark: given }))).toEqual(given)
      }),
    )
  })

  it('carries none where it travels elsewhere', () => {
    expect(readMark(write(options))).toBe(undefined)
  })

  it('is bytes of its own', () => {
    const writer = payloadWriter(options, { sensors, seed: 1, compileTemplate })
    const first = writer.write({ ...context, mark })
    const copy = Uint8Array.from(first)
    writer.write({ ...context, mark: { ...mark, sequence: 346 }, sequence: 346, timeMs: 0 })
    expect(Uint8Array.from(first)).toEqual(copy)
  })
})

describe('json', () => {
  const all = '"temperature":21.5,"door":"open","moving":false,"gone":null,"place":{"latitude":47}}'

  it('has the mark first, then the time, then what there is to say', () => {
    expect(text({ format: 'json' }, { mark })).toBe(`{"sim":"${markedText}","time":"2026-01-01T06:00:00.000Z",${all}`)
    expect(text({ format: 'json' })).toBe(`{"time":"2026-01-01T06:00:00.000Z",${all}`)
  })

  it('has only the fields asked for', () => {
    expect(JSON.parse(text({ format: 'json', fields: ['door'] }))).toEqual({
      time: '2026-01-01T06:00:00.000Z',
      door: 'open',
    })
  })

  it('is JSON whatever sensors say', () => {
    const reading = fc.oneof(fc.string({ unit: 'binary' }), fc.double(), fc.boolean(), fc.constant(null))
    fc.assert(
      fc.property(reading, (given) => {
        const payload = JSON.parse(text({ format: 'json', fields: ['x'] }, { readings: { x: given } })) as object
        const unsaid = typeof given === 'number' && !Number.isFinite(given)
        expect(payload).toHaveProperty('x', unsaid ? null : given === 0 ? 0 : given)
      }),
    )
  })
})

describe('cbor', () => {
  it('is the same as a map, with the time in milliseconds', () => {
    const rest = { temperature: 21.5, door: 'open', moving: false, gone: null, place: { latitude: 47 } }
    const plain = decode(write({ format: 'cbor' })) as object
    expect(plain).toEqual({ time: context.timeMs, ...rest })
    const marked = decode(write({ format: 'cbor' }, { mark })) as object
    expect(marked).toEqual({ sim: markedText, time: context.timeMs, ...rest })
    expect(Object.keys(marked)[0]).toBe('sim')
  })
})

it.each(['json', 'cbor'] as const)('%s has the mark in front of long readings with short names', (format) => {
  const payload = write({ format, fields: ['a'] }, { mark, readings: { a: 'x'.repeat(500) } })
  expect(readMark(payload)).toEqual(mark)
})

it.each(['json', 'cbor'] as const)('%s refuses a sensor with the name of another member', (format) => {
  expect(() => write({ format, fields: ['door', 'time'] })).toThrow(
    'a sensor in a json or cbor payload cannot be called "time": the payload has one; rename it',
  )
})

describe('template', () => {
  const all = '{run} {fleet} {number:4} {client} {sequence} {time} {due} {temperature} {door} {gone} {quiet} {place}'
  const filled = 'r7 machines 0013 machines-13 345 2026-01-01T06:00:00.000Z 6789012 21.5 open null  {"latitude":47}'

  it('is its text with values, behind the mark and a blank', () => {
    expect(text({ format: 'template', text: all })).toBe(filled)
    expect(text({ format: 'template', text: all }, { mark })).toBe(`${markedText} ${filled}`)
  })
})

describe('fixed', () => {
  it('has its size, whatever the mark', () => {
    fc.assert(
      fc.property(fc.integer({ min: 200, max: 60_000 }), anyMark, (bytes, given) => {
        expect(write({ format: 'fixed', bytes }, { mark: given })).toHaveLength(bytes)
      }),
    )
    for (const bytes of [0, 1, 63, 64, 65]) expect(write({ format: 'fixed', bytes })).toHaveLength(bytes)
  })

  it('begins with its mark, which just fits', () => {
    const bytes = markedText.length
    expect(text({ format: 'fixed', bytes }, { mark })).toBe(markedText)
    expect(() => write({ format: 'fixed', bytes: bytes - 1 }, { mark })).toThrow(
      `a fixed payload of ${bytes - 1} bytes has no room for "${markedText}"; make it ${bytes} or more`,
    )
  })

  it('has filler that follows from the seed and the sequence number alone', () => {
    const payload = fixedWriter(100, 1).write({ mark: undefined, sequence: 5 })
    expect(fixedWriter(100, 1).write({ mark: undefined, sequence: 5 })).toEqual(payload)
    expect(fixedWriter(100, 1).write({ mark: undefined, sequence: 6 })).not.toEqual(payload)
    expect(fixedWriter(100, 2).write({ mark: undefined, sequence: 5 })).not.toEqual(payload)
    const marked = fixedWriter(100, 1).write({ mark, sequence: 5 })
    expect(marked.subarray(markedText.length)).toEqual(payload.subarray(0, 100 - markedText.length))
  })

  it('has filler of every byte but those that marks begin with', () => {
    const seen = new Set(fixedWriter(60_000, 1).write({ mark: undefined, sequence: 1 }))
    expect(seen.size).toBe(255)
    expect(seen.has(0x7e)).toBe(false)
  })

  it('is written into its place and nowhere else', () => {
    for (const bytes of [40, 100, 40_000]) {
      const writer = fixedWriter(bytes, 3)
      const target = new Uint8Array(bytes + 20).fill(0x7e)
      expect(writer.writeInto({ mark, sequence: 9 }, target, 7)).toBe(7 + bytes)
      expect(Buffer.from(target.subarray(7, 7 + bytes))).toEqual(writer.write({ mark, sequence: 9 }))
      expect(target.subarray(0, 7).every((byte) => byte === 0x7e)).toBe(true)
      expect(target.subarray(7 + bytes).every((byte) => byte === 0x7e)).toBe(true)
    }
  })
})
