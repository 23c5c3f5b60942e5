import fc from 'fast-check'
import type { PayloadContext } from '../../../devices-sim/payloads/payload-context.ts'
import type { Mark } from '../../../devices-sim/proof/mark.ts'

export const mark: Mark = { run: 'r7', device: 12, stream: 1, sequence: 345, dueUs: 6_789_012 }
export const markedText = '~sim r7 12 1 345 6789012~'

export const context: PayloadContext = {
  readings: { temperature: 21.5, door: 'open', moving: false, gone: null, quiet: undefined, place: { latitude: 47 } },
  mark: undefined,
  timeMs: Date.UTC(2026, 0, 1, 6),
  dueUs: 6_789_012,
  sequence: 345,
  run: 'r7',
  fleet: 'machines',
  number: 13,
  client: 'machines-13',
}

const count = fc.oneof(fc.nat(), fc.maxSafeNat(), fc.constantFrom(9, 10, 999_999_999, 1e9, 2 ** 32, 2 ** 53 - 1))
const runCharacter = fc.constantFrom(...'abcXYZ019-_.:/{}!#[]')

export const anyMark: fc.Arbitrary<Mark> = fc.record({
  run: fc.string({ unit: runCharacter, minLength: 1, maxLength: 64 }),
  device: count,
  stream: count,
  sequence: count.map((value) => Math.max(1, value)),
  dueUs: count,
})
