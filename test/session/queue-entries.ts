import fc from 'fast-check'
import type { QueueEntry } from '../../src/contracts/store.ts'

export function entryOf(fields: Partial<QueueEntry>): QueueEntry {
  return {
    position: 0,
    sequence: 0,
    qos: 1,
    retain: false,
    subscriptionIdentifiers: [],
    byteSize: 10,
    queuedAtMs: 1000,
    expiresAtMs: Infinity,
    ...fields,
  }
}

/** Small as a rule, and as large as a number may be. */
const step = fc.oneof(
  { weight: 8, arbitrary: fc.nat(3) },
  { weight: 4, arbitrary: fc.nat(70_000) },
  { weight: 1, arbitrary: fc.nat(2 ** 40) },
)

const shape = fc.record({
  skipped: step,
  sequence: fc.oneof({ weight: 4, arbitrary: step }, fc.constant(-1), fc.constant('older' as const)),
  qos: fc.constantFrom(0 as const, 1 as const, 2 as const),
  retain: fc.boolean(),
  subscriptionIdentifiers: fc.oneof(
    { weight: 3, arbitrary: fc.constant([]) },
    fc.array(fc.integer({ min: 1, max: 268_435_455 }), { maxLength: 4 }),
  ),
  byteSize: step,
  waitedSeconds: fc.nat(2000),
  lifeMs: fc.oneof(fc.constant(Infinity), fc.nat(10_000_000)),
})

export type EntryShape = typeof shape extends fc.Arbitrary<infer T> ? T : never
export const entryShape = shape

/** Gives each shape a place behind the entries before it. */
export class EntryLine {
  #sequence = 0
  #queuedAtMs = 0
  nextPosition = 0

  next({ skipped, sequence: order, waitedSeconds, lifeMs, ...fields }: EntryShape): QueueEntry {
    const position = this.nextPosition + skipped
    this.nextPosition = position + 1
    this.#queuedAtMs += waitedSeconds * 1000
    return {
      ...fields,
      position,
      sequence: this.#next(order),
      queuedAtMs: this.#queuedAtMs,
      expiresAtMs: this.#queuedAtMs + lifeMs,
    }
  }

  #next(order: number | 'older'): number {
    if (order === 'older') return Math.floor(this.#sequence / 2)
    if (order < 0) return -1
    this.#sequence += order
    return this.#sequence
  }
}

/** Entries as they stand one behind the other. */
export function entries(maxLength = 60): fc.Arbitrary<QueueEntry[]> {
  return fc.array(shape, { maxLength }).map((shapes) => {
    const line = new EntryLine()
    return shapes.map((one) => line.next(one))
  })
}
