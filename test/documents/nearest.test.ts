import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { editDistance, nearest } from '../../src/documents/nearest.ts'

describe('editDistance', () => {
  it.each([
    ['', '', 0],
    ['', 'abc', 3],
    ['port', 'port', 0],
    ['prot', 'port', 1],
    ['por', 'port', 1],
    ['portt', 'port', 1],
    ['part', 'port', 1],
    ['kitten', 'sitting', 3],
  ])('from %j to %j is %i', (from, to, distance) => {
    expect(editDistance(from, to)).toBe(distance)
  })

  it('is the same both ways, and 0 only for equal words', () => {
    const word = fc.string({ maxLength: 8 })
    fc.assert(
      fc.property(word, word, (one, other) => {
        expect(editDistance(one, other)).toBe(editDistance(other, one))
        expect(editDistance(one, other) === 0).toBe(one === other)
        expect(editDistance(one, other)).toBeLessThanOrEqual(Math.max(one.length, other.length))
      }),
    )
  })
})

describe('nearest', () => {
  it.each([
    ['prot', 'port'],
    ['ws-prot', 'ws-port'],
    ['log', 'log-level'],
    ['hots', 'host'],
    ['frobnicate', undefined],
    ['x', undefined],
  ])('takes %j for %j', (word, expected) => {
    expect(nearest(word, ['host', 'port', 'ws-port', 'no-ws', 'log-level'])).toBe(expected)
  })

  it('is not sought for words that are far longer than all candidates', () => {
    const startedMs = performance.now()
    expect(nearest('a'.repeat(1_000_000), ['listener', 'persistence', 'password_file'])).toBeUndefined()
    expect(performance.now() - startedMs).toBeLessThan(100)
  })
})
