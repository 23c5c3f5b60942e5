import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { QueueEntry } from '../../src/contracts/store.ts'
import {
  MAXIMUM_ENTRY_BYTES,
  newEntryBase,
  QueueEntryReader,
  writeQueueEntry,
} from '../../src/session/queue-entry-codec.ts'
import { entries, entryOf } from './queue-entries.ts'

function written(list: readonly QueueEntry[]): Uint8Array {
  const room = list.reduce((sum, one) => sum + MAXIMUM_ENTRY_BYTES + 8 * one.subscriptionIdentifiers.length, 0)
  const bytes = new Uint8Array(room)
  const base = newEntryBase()
  let end = 0
  for (const entry of list) end = writeQueueEntry(bytes, end, entry, base)
  return bytes.slice(0, end)
}

function read(bytes: Uint8Array): QueueEntry[] {
  const reader = new QueueEntryReader(bytes, bytes.length)
  const list: QueueEntry[] = []
  for (let entry = reader.next(); entry !== undefined; entry = reader.next()) list.push(entry)
  return list
}

describe('entries of a queue', () => {
  it('come back as they were written', () => {
    fc.assert(
      fc.property(entries(), (list) => {
        expect(read(written(list))).toEqual(list)
      }),
      { numRuns: 300 },
    )
  })

  it.each([
    ['usual', { position: 1, sequence: 1, byteSize: 100, queuedAtMs: 0 }, 5],
    ['at the end of all numbers', { position: 2 ** 53 - 1, sequence: 2 ** 53 - 1, byteSize: 2 ** 53 - 1 }, undefined],
    ['not in the store', { sequence: -1 }, undefined],
    ['first of all', { position: 0, sequence: 0, byteSize: 0, queuedAtMs: 0 }, 5],
    [
      'with every flag',
      { qos: 2, retain: true, expiresAtMs: 9_000_000, subscriptionIdentifiers: [1, 268_435_455] },
      15,
    ],
  ] as const)('%s', (_title, fields, byteCount) => {
    const entry = entryOf(fields)
    const bytes = written([entry])
    expect(read(bytes)).toEqual([entry])
    if (byteCount !== undefined) expect(bytes.length).toBe(byteCount)
  })

  it('may have a sequence before that of the one in front: it waited in a shared subscription', () => {
    const sequences = [500, 3, -1, 2, 501, 0, 2 ** 53 - 1, 1]
    const list = sequences.map((sequence, position) => entryOf({ position, sequence }))
    expect(read(written(list)).map(({ sequence }) => sequence)).toEqual(sequences)
  })

  it('are kept to the second they were queued in, and to the millisecond they expire', () => {
    const [read1, read2] = read(
      written([
        entryOf({ position: 1, queuedAtMs: 5999, expiresAtMs: 7123 }),
        entryOf({ position: 2, queuedAtMs: 1000, expiresAtMs: 8000 }), // the clock went back
      ]),
    )
    expect(read1).toMatchObject({ queuedAtMs: 5000, expiresAtMs: 7123 })
    expect(read2).toMatchObject({ queuedAtMs: 5000, expiresAtMs: 8000 })
  })

  it('that had expired when they were queued have expired', () => {
    expect(read(written([entryOf({ queuedAtMs: 5000, expiresAtMs: 10 })]))[0]?.expiresAtMs).toBe(5000)
  })

  it('never take more room than is said', () => {
    fc.assert(
      fc.property(entries(1), ([entry]) => {
        if (entry === undefined) return
        const room = MAXIMUM_ENTRY_BYTES + 8 * entry.subscriptionIdentifiers.length
        expect(written([entry]).length).toBeLessThanOrEqual(room)
      }),
    )
  })
})

describe('a reader of entries', () => {
  it('goes on when more is written behind, also into other bytes', () => {
    const list = Array.from({ length: 20 }, (_, position) => entryOf({ position, sequence: position * 300 }))
    const all = written(list)
    const first = written(list.slice(0, 7))
    const reader = new QueueEntryReader(all.slice(0, first.length), first.length)
    for (const entry of list.slice(0, 7)) expect(reader.next()).toEqual(entry)
    expect(reader.next()).toBeUndefined()
    reader.movedTo(all)
    for (const entry of list.slice(7)) expect(reader.next(all.length)).toEqual(entry)
    expect(reader.next(all.length)).toBeUndefined()
  })

  it('gives entries or a RangeError for bytes of any kind, and comes to an end', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expectEntriesOrRangeError(bytes)
      }),
      { numRuns: 500 },
    )
  })

  it('gives entries or a RangeError for entries that were cut or flipped', () => {
    fc.assert(
      fc.property(entries(), fc.nat(), fc.nat(), (list, cutAt, bit) => {
        const bytes = written(list)
        if (bytes.length === 0) return
        const whole = cutAt % (bytes.length + 1)
        expectEntriesOrRangeError(bytes.subarray(0, whole))
        const at = (bit >> 3) % bytes.length
        bytes[at] = (bytes[at] as number) ^ (1 << (bit & 7))
        expectEntriesOrRangeError(bytes)
      }),
      { numRuns: 500 },
    )
  })

  it.each([
    ['a number that does not end', [0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]],
    ['a number that is cut', [0, 0x80]],
    ['more identifiers than there are bytes', [32, 1, 1, 1, 0xff, 0xff, 0xff, 0x7f]],
    ['a sequence below 0', [8 + 64, 1, 9, 1, 1]],
  ])('refuses %s', (_title, bytes) => {
    expect(() => read(Uint8Array.from(bytes))).toThrow(RangeError)
  })
})

/** At least four bytes an entry, so there is an end to them. */
function expectEntriesOrRangeError(bytes: Uint8Array): void {
  try {
    expect(read(bytes).length).toBeLessThanOrEqual(bytes.length / 4)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
  }
}
