import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { QueueEntry } from '../../src/contracts/store.ts'
import { Backlog } from '../../src/session/backlog.ts'
import { EntryLine, entryOf, entryShape, type EntryShape } from './queue-entries.ts'

type Kept = ReturnType<Backlog<string>['snapshot']>

/** A backlog beside a plain array that is to hold the same. */
class Pair {
  #backlog = new Backlog<string>()
  readonly #line = new EntryLine()
  #list: QueueEntry[] = []

  /** `times`: so often the same, so that segments fill. */
  push(shape: EntryShape, times: number): void {
    for (let time = 0; time < times; time++) {
      const entry = this.#line.next(shape)
      const atHand = entry.sequence < 0 ? `message ${entry.position}` : undefined
      this.#backlog.push(entry, atHand)
      this.#list.push(entry)
    }
  }

  shift(times: number): void {
    for (let time = 0; time < times; time++) {
      const expected = this.#list.shift()
      expectEntry(this.#backlog.peek(), expected)
      expectEntry(this.#backlog.shift(), expected)
      if (expected === undefined) return
      this.#taken(expected)
    }
  }

  withdraw(place: number): void {
    const [entry] = this.#list.splice(place % Math.max(1, this.#list.length), 1)
    if (entry === undefined) return
    this.#backlog.withdraw(entry.position, entry.byteSize)
    this.#taken(entry)
  }

  withdrawFrom(place: number): void {
    const sequence = this.#list[place % Math.max(1, this.#list.length)]?.sequence ?? 0
    if (sequence < 0) return
    const gone = this.#list.filter((entry) => entry.sequence >= sequence)
    this.#list = this.#list.filter((entry) => entry.sequence < sequence)
    expect(this.#backlog.withdrawFrom(sequence)).toEqual(gone)
  }

  withdrawEvery(nth: number): void {
    const isGone = ({ position }: QueueEntry) => position % nth === 0
    expect(this.#backlog.withdrawAll(isGone)).toEqual(this.#list.filter(isGone))
    this.#list = this.#list.filter((entry) => !isGone(entry))
  }

  /** The process is gone: what was kept comes back, and what was at hand is lost. */
  reopen(inFlight: number): void {
    // what was taken out last was in flight, and stands in the window of the session
    const taken = this.#list.splice(0, Math.min(inFlight, this.#list.length))
    for (const _entry of taken) this.#backlog.shift()
    const window = taken.filter(isStored)
    const kept = this.#backlog.snapshot()
    this.#backlog = loaded({ ...kept, window: [...window, ...kept.window] })
    this.#list = [...window, ...this.#list.filter(isStored)]
  }

  expectSame(): void {
    expect(this.#backlog.count).toBe(this.#list.length)
    expect(this.#backlog.byteSize).toBe(this.#list.reduce((sum, { byteSize }) => sum + byteSize, 0))
    expect(this.#backlog.peek()).toEqual(this.#list[0])
    let place = 0
    this.#backlog.visit((entry) => expectEntry(entry, this.#list[place++]))
    expect(place).toBe(this.#list.length)
  }

  #taken({ position }: QueueEntry): void {
    const message = this.#backlog.takeAtHand(position)
    if (message !== undefined && message !== `message ${position}`) expect.fail(`${position} gave ${message}`)
    if (this.#backlog.takeAtHand(position) !== undefined) expect.fail(`${position} is there twice`)
  }
}

const isStored = ({ sequence }: QueueEntry) => sequence >= 0

function loaded({ window, segments, backlogFrom, withdrawn }: Kept): Backlog<string> {
  const backlog = new Backlog<string>()
  for (const entry of window) backlog.pushFront(entry)
  backlog.load(segments, backlogFrom, withdrawn)
  return backlog
}

/** `expect` takes its time, and these are compared a million times. */
function expectEntry(actual: QueueEntry | undefined, expected: QueueEntry | undefined): void {
  if (actual === expected) return
  const isSame =
    actual?.position === expected?.position &&
    actual?.sequence === expected?.sequence &&
    actual?.byteSize === expected?.byteSize &&
    actual?.expiresAtMs === expected?.expiresAtMs &&
    actual?.queuedAtMs === expected?.queuedAtMs
  if (!isSame) expect(actual).toEqual(expected)
}

const many = fc.oneof({ weight: 4, arbitrary: fc.nat(6) }, { weight: 1, arbitrary: fc.nat(1500) })
const action = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.tuple(entryShape, many).map(
      ([shape, times]) =>
        (pair: Pair) =>
          pair.push(shape, times),
    ),
  },
  { weight: 4, arbitrary: many.map((times) => (pair: Pair) => pair.shift(times)) },
  { weight: 3, arbitrary: fc.nat(3000).map((place) => (pair: Pair) => pair.withdraw(place)) },
  { weight: 1, arbitrary: fc.nat(3000).map((place) => (pair: Pair) => pair.withdrawFrom(place)) },
  { weight: 1, arbitrary: fc.integer({ min: 2, max: 9 }).map((nth) => (pair: Pair) => pair.withdrawEvery(nth)) },
  { weight: 2, arbitrary: fc.nat(8).map((inFlight) => (pair: Pair) => pair.reopen(inFlight)) },
)

const positionsOf = (list: readonly QueueEntry[]) => list.map(({ position }) => position)

function drained(backlog: Backlog<string>): number[] {
  const positions: number[] = []
  for (let entry = backlog.shift(); entry !== undefined; entry = backlog.shift()) positions.push(entry.position)
  return positions
}

function filled(count: number, from = 0): Backlog<string> {
  const backlog = new Backlog<string>()
  for (let position = from; position < from + count; position++) {
    backlog.push(entryOf({ position, sequence: 7 + 3 * position }))
  }
  return backlog
}

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index)

it('a backlog is a list, also after being kept and loaded at any time', () => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 40, size: 'max' }), (actions) => {
      const pair = new Pair()
      for (const run of actions) {
        run(pair)
        pair.expectSame()
      }
      pair.shift(Infinity)
      pair.expectSame()
    }),
    { numRuns: 80 },
  )
})

describe('what was kept of a backlog', () => {
  it.each([0, 1, 5, 1300, 2999])('comes back with its head after %d of three thousand', (gone) => {
    const backlog = filled(3000)
    for (let count = 0; count < gone; count++) backlog.shift()
    expect(drained(loaded(backlog.snapshot()))).toEqual(range(gone, 3000))
  })

  it('comes back once when what was in flight stands before its segments, and lies in them as well', () => {
    const backlog = filled(10)
    const inFlight = [backlog.shift(), backlog.shift(), backlog.shift()] as QueueEntry[]
    const once = loaded({ ...backlog.snapshot(), window: inFlight })
    const twice = loaded(once.snapshot())
    expect(once.count).toBe(10)
    expect(twice.count).toBe(10)
    expect(drained(once)).toEqual(range(0, 10))
    expect(drained(twice)).toEqual(range(0, 10))
  })

  it('comes back without those in front that are done with since', () => {
    const backlog = filled(10)
    const inFlight = [backlog.shift(), backlog.shift(), backlog.shift()] as QueueEntry[]
    const again = loaded({ ...backlog.snapshot(), window: inFlight })
    again.shift()
    again.withdraw(2, 10)
    again.withdraw(6, 10)
    const kept = again.snapshot()
    expect(positionsOf(kept.window)).toEqual([1])
    expect(drained(loaded(kept))).toEqual([1, 3, 4, 5, 7, 8, 9])
  })

  it('names only what is still there of what was withdrawn', () => {
    const backlog = filled(10)
    for (const position of [3, 4, 8]) backlog.withdraw(position, 10)
    for (let count = 0; count < 4; count++) backlog.shift()
    expect(backlog.peek()?.position).toBe(6)
    expect(backlog.snapshot()).toMatchObject({ backlogFrom: 6, withdrawn: [8] })
  })

  it('has segments that stay the same bytes once they are full, and numbers that are not used twice', () => {
    const backlog = filled(4000)
    const before = backlog.snapshot().segments
    for (let count = 0; count < 3000; count++) backlog.shift()
    for (let position = 4000; position < 8000; position++) backlog.push(entryOf({ position, sequence: position * 9 }))
    const after = backlog.snapshot().segments
    const full = after.find(({ number }) => number === 1)
    const last = after.find(({ number }) => number === before.at(-1)?.number)
    expect(before.length).toBeGreaterThan(2)
    if (full !== undefined) expect(full).toBe(before[1])
    expect(last).not.toBe(before.at(-1))
    expect(new Set(after.map(({ number }) => number)).size).toBe(after.length)
    expect(after.map(({ number }) => number)).toEqual(after.map(({ number }) => number).toSorted((a, b) => a - b))
  })

  it('does not change when the backlog goes on', () => {
    const backlog = filled(10)
    const kept = backlog.snapshot()
    const bytes = kept.segments.map((segment) => [...segment.bytes])
    for (let position = 10; position < 30; position++) backlog.push(entryOf({ position, sequence: position * 1000 }))
    expect(kept.segments.map((segment) => [...segment.bytes])).toEqual(bytes)
    expect(drained(loaded(kept))).toEqual(range(0, 10))
  })

  it('is taken on behind, with numbers after those loaded', () => {
    const backlog = loaded(filled(3000).snapshot())
    const last = backlog.snapshot().segments.at(-1)?.number ?? 0
    backlog.push(entryOf({ position: 3000, sequence: 5 })) // older than all before it
    expect(backlog.snapshot().segments.at(-1)?.number).toBe(last + 1)
    expect(drained(backlog)).toEqual(range(0, 3001))
  })

  it('is nothing when all of it was withdrawn', () => {
    const backlog = filled(20)
    backlog.withdrawAll(() => true)
    expect(backlog.snapshot()).toEqual({ window: [], segments: [], backlogFrom: 0, withdrawn: [] })
    backlog.push(entryOf({ position: 20 }))
    expect(drained(backlog)).toEqual([20])
  })
})

describe('a damaged backlog', () => {
  it('is a RangeError, or entries that come to an end', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.nat(30), (bit, cut, shifted) => {
        const backlog = filled(40)
        for (let count = 0; count < shifted; count++) backlog.shift()
        const { segments, ...others } = backlog.snapshot()
        const damaged = segments.map(({ number, bytes }) => {
          const copy = bytes.slice(0, bytes.length - (cut % 4))
          const at = (bit >> 3) % copy.length
          copy[at] = (copy[at] as number) ^ (1 << (bit & 7))
          return { number, bytes: copy }
        })
        try {
          const again = loaded({ ...others, segments: damaged })
          const { count } = again
          expect(drained(again).length).toBe(count)
        } catch (error) {
          if (!(error instanceof RangeError)) throw error
        }
      }),
      { numRuns: 500 },
    )
  })
})

describe('the memory of a backlog', () => {
  it('is a few bytes an entry, and nothing once it is drained', () => {
    const backlog = filled(20_000)
    const bytes = backlog.snapshot().segments.reduce((sum, segment) => sum + segment.bytes.length, 0)
    expect(bytes).toBeLessThan(20_000 * 7)
    expect(drained(backlog).length).toBe(20_000)
    expect(backlog.snapshot().segments).toEqual([])
  })

  it('shrinks as it is drained while more comes in behind', () => {
    const backlog = filled(5000)
    for (let position = 5000; position < 40_000; position++) {
      backlog.push(entryOf({ position, sequence: 7 + 3 * position }))
      backlog.shift()
    }
    const { segments } = backlog.snapshot()
    expect(backlog.count).toBe(5000)
    expect(segments.length).toBeLessThan(8)
  })

  it('is small for a short queue', () => {
    expect(filled(1).snapshot().segments[0]?.bytes.length).toBeLessThan(10)
  })
})
