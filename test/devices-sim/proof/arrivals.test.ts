import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Arrivals } from '../../../devices-sim/proof/arrivals.ts'
import { SequenceSet } from '../../../devices-sim/proof/sequence-set.ts'

function booked(sequences: readonly number[]): Arrivals {
  const arrivals = new Arrivals(1)
  for (const sequence of sequences) arrivals.arrive(sequence, false, 1, true)
  return arrivals
}

describe('arrivals of one stream', () => {
  it.each([
    ['in order', [1, 2, 3], {}],
    ['with a gap', [1, 4], { missing: [2, 3] }],
    ['from the middle on', [3], { missing: [1, 2] }],
    ['one late', [1, 3, 2], { late: [2, 2], reordered: 1 }],
    ['all backwards', [3, 2, 1], { late: [1, 2], reordered: 2 }],
    ['one twice', [1, 1], { repeated: [1, 1], duplicates: 1 }],
    ['one three times', [1, 1, 1], { repeated: [1, 1], duplicates: 2 }],
    ['a late one twice', [2, 1, 1], { late: [1, 1], repeated: [1, 1], reordered: 1, duplicates: 1 }],
  ])('%s', (_, sequences, expected) => {
    const { missing, late, repeated, reordered, duplicates } = booked(sequences)
    const found = { missing: missing?.bounds ?? [], late: late?.bounds ?? [], repeated: repeated?.bounds ?? [] }
    const nothing = { missing: [], late: [], repeated: [], reordered: 0, duplicates: 0 }
    expect({ ...found, reordered, duplicates }).toEqual({ ...nothing, ...expected })
  })

  it('tells what each arrival was', () => {
    const arrivals = new Arrivals(1)
    const told = [1, 3, 2, 2, 3, 4].map((sequence) => arrivals.arrive(sequence, false, 1, true))
    expect(told).toEqual(['first', 'first', 'late', 'duplicate', 'duplicate', 'first'])
  })

  it('counts duplicates with DUP apart, and no first arrival among them', () => {
    const arrivals = new Arrivals(1)
    for (const dup of [true, true, false]) arrivals.arrive(1, dup, 1, true)
    expect(arrivals).toMatchObject({ received: 1, duplicates: 2, duplicatesWithDup: 1 })
  })

  it.each([
    ['without a session: nobody promised it', false, 2, { missing: undefined, missedAway: [2, 3] }],
    ['with a session: it is missing', true, 2, { missing: [2, 3], missedAway: undefined }],
    ['in one connection: it is missing', false, 1, { missing: [2, 3], missedAway: undefined }],
  ])('a gap over an absence %s', (_, isPromised, connection, expected) => {
    const arrivals = new Arrivals(1)
    arrivals.arrive(1, false, 1, isPromised)
    arrivals.arrive(4, false, connection, isPromised)
    const { missing, missedAway } = arrivals
    expect({ missing: missing?.bounds, missedAway: missedAway?.bounds }).toEqual(expected)
  })

  it('what was missed while away and comes all the same counts as received', () => {
    const arrivals = new Arrivals(1)
    arrivals.arrive(1, false, 1, false)
    arrivals.arrive(3, false, 2, false)
    expect(arrivals.arrive(2, false, 2, false)).toBe('late')
    expect(arrivals).toMatchObject({ received: 3, reordered: 1 })
    expect(arrivals.missedAway?.size).toBe(0)
  })

  it('agrees with lists, whatever comes', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 25 }), { minLength: 1, maxLength: 60 }), (sequences) => {
        const arrivals = booked(sequences)
        const distinct = new Set(sequences)
        const highest = Math.max(...sequences)
        const all = SequenceSet.from([1, highest])
        for (const one of distinct) all.delete(one)
        const firsts = sequences.filter((one, index) => sequences.indexOf(one) === index)
        const late = firsts.filter((one, index) => firsts.slice(0, index).some((before) => before > one))
        expect(arrivals).toMatchObject({
          highest,
          received: distinct.size,
          duplicates: sequences.length - distinct.size,
          reordered: late.length,
        })
        expect(arrivals.missing?.bounds ?? []).toEqual(all.bounds)
        expect(arrivals.late?.size ?? 0).toBe(late.length)
      }),
    )
  })
})
