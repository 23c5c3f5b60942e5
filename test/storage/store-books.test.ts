import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CommitIndex } from '../../src/storage/log/commit-index.ts'
import { DirtyEntities } from '../../src/storage/log/dirty-entities.ts'
import { OwedCounts } from '../../src/storage/log/owed-counts.ts'
import { keyText, numberedKey, numberIn, rangeOf, segmentIn, segmentKey } from '../../src/storage/codecs/store-keys.ts'

describe('OwedCounts', () => {
  it('counts like a map does', () => {
    const step = fc.record({ sequence: fc.oneof(fc.nat(20), fc.nat(5000)), isAdded: fc.boolean(), count: fc.nat(4) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const owed = new OwedCounts()
        const model = new Map<number, number>()
        for (const { sequence, isAdded, count } of steps) {
          const before = model.get(sequence) ?? 0
          if (isAdded) {
            owed.add(sequence, count + 1, false)
            model.set(sequence, before + count + 1)
          } else {
            expect(owed.release(sequence)).toBe(before === 0 ? 'gone' : before === 1 ? 'delete' : 'owed')
            model.set(sequence, Math.max(0, before - 1))
          }
          expect(owed.has(sequence)).toBe((model.get(sequence) ?? 0) > 0)
          const hasAny = [...model].some(([one, left]) => one >= sequence && one <= sequence + 3000 && left > 0)
          expect(owed.hasAny(sequence, sequence + 3000)).toBe(hasAny)
        }
      }),
    )
  })

  it('knows which message has no key of its own', () => {
    const owed = new OwedCounts()
    owed.add(1, 2, true)
    expect([owed.release(1), owed.release(1), owed.has(1)]).toEqual(['owed', 'gone', false])
    owed.add(2, 1, true)
    owed.setBeside(2)
    expect(owed.release(2)).toBe('delete')
    owed.add(3, 1, false)
    owed.setInline(3)
    owed.setInline(4)
    expect([owed.release(3), owed.has(4)]).toEqual(['gone', false])
  })
})

describe('DirtyEntities', () => {
  it('gives them oldest first, and one that was written counts anew', () => {
    const dirty = new DirtyEntities()
    dirty.touch({ kind: 'will-cleared', clientId: 'w' }, 1)
    dirty.touch({ kind: 'session-closed', session: 5, expiresAtMs: 1 }, 2)
    dirty.touch({ kind: 'retained-cleared', topicName: 'r' }, 3)
    dirty.touch({ kind: 'group-returned', topicFilter: 'g', sequence: 1 }, 4)
    dirty.touch({ kind: 'session-closed', session: 5, expiresAtMs: 1 }, 5)
    expect([...dirty.inOrder()].map(({ key, since }) => [key, since])).toEqual([
      ['w', 1],
      [5, 2],
      ['r', 3],
      ['g', 4],
    ])
    dirty.clean({ kind: 'will', key: 'w' })
    dirty.clean({ kind: 'session', key: 5 })
    expect(dirty.oldest).toBe(3)
    dirty.touch({ kind: 'session-closed', session: 5, expiresAtMs: 1 }, 6)
    expect([...dirty.inOrder()].at(-1)).toEqual({ kind: 'session', key: 5, since: 6 })
    dirty.clear()
    expect(dirty.isEmpty).toBe(true)
  })
})

describe('CommitIndex', () => {
  const index = new CommitIndex()
  const empty = { firstSequence: Infinity, lastSequence: -1 }
  index.push({ number: 3, byteSize: 10, firstSequence: 5, lastSequence: 9 })
  index.push({ number: 4, byteSize: 20, ...empty })
  index.push({ number: 7, byteSize: 30, ...empty })
  index.push({ number: 8, byteSize: 40, firstSequence: 12, lastSequence: 12 })
  index.push({ number: 9, byteSize: 50, ...empty })

  it.each([
    [5, 3],
    [9, 3],
    [10, undefined],
    [12, 8],
    [13, undefined],
    [1, undefined],
  ])('finds the commit that message %i may be in', (sequence, number) => {
    expect(index.holding(sequence)?.number).toBe(number)
  })

  it('knows the bytes from a commit on, over gaps and after the front is cut', () => {
    expect([1, 3, 4, 5, 8, 10].map((number) => index.bytesFrom(number))).toEqual([150, 150, 140, 120, 90, 0])
    expect(index.before(8, 10, 1000).map(({ number }) => number)).toEqual([3, 4, 7])
    expect(index.before(8, 10, 15).map(({ number }) => number)).toEqual([3, 4])
    index.forgetThrough(4)
    expect([index.bytes, index.bytesFrom(7), index.firstNumber]).toEqual([120, 120, 7])
    expect(index.holding(5)).toBeUndefined()
  })
})

describe('Keys', () => {
  it('stand in the order of their numbers and say them', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.maxSafeNat(), (left, right) => {
        const [one, other] = [numberedKey('m', left), numberedKey('m', right)]
        expect(Math.sign(Buffer.compare(one, other))).toBe(Math.sign(left - right))
        expect(numberIn(one)).toBe(left)
        const segment = segmentKey(left, right)
        expect([numberIn(segment), segmentIn(segment), keyText(segment)]).toEqual([left, right, `q|${left}|${right}`])
        expect(Buffer.compare(rangeOf('m').from, one)).toBe(-1)
        expect(Buffer.compare(one, rangeOf('m').to)).toBe(-1)
      }),
    )
  })
})
