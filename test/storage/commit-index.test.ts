import { describe, expect, it } from 'vitest'
import { CommitIndex, type IndexedCommit } from '../../src/storage/log/commit-index.ts'

/** Every tenth commit holds the messages of ten sequences; the others hold none. */
function commitOf(number: number): IndexedCommit {
  const [firstSequence, lastSequence] = number % 10 === 0 ? [number, number + 9] : [Infinity, -1]
  return { number, byteSize: 100, firstSequence, lastSequence }
}

function indexOf(count: number): CommitIndex {
  const index = new CommitIndex()
  for (let number = 1; number <= count; number++) index.push(commitOf(number))
  return index
}

describe('the commit that holds a message', () => {
  it('is found among others that hold none, and after those before it were cut off', () => {
    const index = indexOf(40_000)
    for (const cut of [0, 5, 10, 19_999, 20_000, 39_995, 40_000]) {
      index.forgetThrough(cut)
      for (const number of [10, 20_000, 20_010, 40_000]) {
        const expected = number > cut ? number : undefined
        for (const sequence of [number, number + 9]) expect(index.holding(sequence)?.number).toBe(expected)
      }
      expect(index.holding(9)).toBeUndefined()
      expect(index.holding(40_010)).toBeUndefined()
    }
  })
})
