import fc from 'fast-check'
import { expect, it } from 'vitest'
import { SequenceSet } from '../../../devices-sim/proof/sequence-set.ts'

const number = fc.integer({ min: 1, max: 40 })
const step = fc.oneof(
  fc.record({ what: fc.constant('add' as const), first: number, length: fc.integer({ min: 0, max: 9 }) }),
  fc.record({ what: fc.constant('delete' as const), first: number, length: fc.constant(1) }),
  fc.record({ what: fc.constant('deleteAll' as const), first: number, length: fc.integer({ min: 0, max: 30 }) }),
)

function numbers(first: number, length: number): number[] {
  return Array.from({ length }, (_, index) => first + index)
}

it('holds what a set of numbers holds, in ascending ranges that never touch', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const set = new SequenceSet()
      const oracle = new Set<number>()
      for (const { what, first, length } of steps) {
        const all = numbers(first, length)
        if (what === 'add') {
          set.addRange(first, first + length - 1)
          for (const one of all) oracle.add(one)
        } else if (what === 'delete') expect(set.delete(first)).toBe(oracle.delete(first))
        else {
          const other = new SequenceSet()
          for (const one of all.filter((each) => each % 3 !== 0)) {
            other.add(one)
            oracle.delete(one)
          }
          set.deleteAll(other)
        }
        expect(set.size).toBe(oracle.size)
        expect(set.ranges().flatMap(([low, high]) => numbers(low, high - low + 1))).toEqual(
          [...oracle].toSorted((one, other) => one - other),
        )
        expect(SequenceSet.from(set.bounds).bounds).toEqual(set.bounds)
        for (const [index, bound] of set.bounds.entries()) {
          if (index > 0 && index % 2 === 0) expect(bound).toBeGreaterThan((set.bounds[index - 1] as number) + 1)
        }
        for (let one = 0; one <= 60; one++) expect(set.has(one)).toBe(oracle.has(one))
      }
    }),
  )
})

/** Every second number from 1 on. */
function scattered(count: number, from: number): SequenceSet {
  return SequenceSet.from(numbers(0, count).flatMap((index) => [from + index * 2, from + index * 2]))
}

it('takes many ranges out of many in one pass over both', () => {
  const [set, other] = [scattered(100_000, 1), scattered(100_000, 100_001)]
  let copies = 0
  // each look at the ranges of one copies them all
  const ranges = (): [number, number][] => {
    copies++
    return []
  }
  set.ranges = ranges
  other.ranges = ranges
  set.deleteAll(other)
  expect(set.size).toBe(50_000)
  expect(set.bounds.slice(-2)).toEqual([99_999, 99_999])
  expect(copies).toBe(0)
})

it('takes itself out', () => {
  const set = SequenceSet.from([1, 5, 9, 9])
  set.deleteAll(set)
  expect([set.size, set.bounds]).toEqual([0, []])
})
