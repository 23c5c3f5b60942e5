import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RingQueue } from '../../src/structures/ring-queue.ts'

/** Long runs of one action, so that the ring grows, wraps and lets go of its slots. */
const action = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('push' as const), count: fc.oneof(fc.nat(5), fc.nat(150)) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('shift' as const), count: fc.oneof(fc.nat(5), fc.nat(150)) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('clear' as const), count: fc.constant(1) }) },
)

it('RingQueue is an array used at both ends', () => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 40 }), (actions) => {
      const queue = new RingQueue<number>()
      const array: number[] = []
      let next = 0
      for (const { kind, count } of actions) {
        for (let turn = 0; turn < count; turn++) {
          if (kind === 'push') {
            queue.push(next)
            array.push(next++)
          } else if (kind === 'shift') expect(queue.shift()).toBe(array.shift())
          else {
            queue.clear()
            array.length = 0
          }
        }
        expect(queue.length).toBe(array.length)
        expect(queue.peek()).toBe(array[0])
        expect([...queue]).toEqual(array)
      }
      while (array.length > 0) expect(queue.shift()).toBe(array.shift())
      expect(queue.shift()).toBeUndefined()
    }),
    { numRuns: 300 },
  )
})

describe('RingQueue', () => {
  it.each([3, 4, 5, 8, 9, 64, 65, 300])('grows by %i while its head is anywhere', (count) => {
    for (let shifted = 0; shifted < 4; shifted++) {
      const queue = new RingQueue<number>()
      for (let item = 0; item < 4; item++) queue.push(item)
      for (let item = 0; item < shifted; item++) expect(queue.shift()).toBe(item)
      for (let item = 4; item < 4 + count; item++) queue.push(item)
      const rest = Array.from({ length: queue.length }, () => queue.shift())
      expect(rest).toEqual(Array.from({ length: 4 + count - shifted }, (_, index) => shifted + index))
    }
  })

  it('an undefined item is an item', () => {
    const queue = new RingQueue<undefined>()
    queue.push(undefined)
    expect(queue.length).toBe(1)
    queue.shift()
    expect(queue.length).toBe(0)
  })

  it('does not hold what was shifted or cleared', async () => {
    const queue = new RingQueue<object>()
    const gone = [shiftedAway(queue), clearedAway()]
    await collected(gone)
    expect(gone.map((reference) => reference.deref())).toEqual([undefined, undefined])
    expect(queue.length).toBe(1)
  })
})

function shiftedAway(queue: RingQueue<object>): WeakRef<object> {
  const item = { payload: 'shifted' }
  queue.push(item)
  queue.push({})
  queue.shift()
  return new WeakRef(item)
}

function clearedAway(): WeakRef<object> {
  const queue = new RingQueue<object>()
  const item = { payload: 'cleared' }
  queue.push(item)
  queue.clear()
  return new WeakRef(item)
}

/** Runs the collector until it has taken them, or has had its chances. */
async function collected(references: readonly WeakRef<object>[]): Promise<void> {
  const { setFlagsFromString } = await import('node:v8')
  const { runInNewContext } = await import('node:vm')
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  for (let turn = 0; turn < 50 && references.some((reference) => reference.deref() !== undefined); turn++) {
    await new Promise((resolve) => setImmediate(resolve))
    collect()
  }
}
