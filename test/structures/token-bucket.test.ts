import { describe, expect, it } from 'vitest'
import { TokenBucket } from '../../src/structures/token-bucket.ts'

describe('a token bucket', () => {
  it('begins with the tokens of a second, and never has more', () => {
    const bucket = new TokenBucket(10, 0)
    expect(bucket.available(0)).toBe(10)
    expect(bucket.available(60_000)).toBe(10)
  })

  it('fills evenly, and gives whole tokens', () => {
    const bucket = new TokenBucket(10, 0)
    bucket.take(10)
    expect([0, 99, 100, 250, 1000].map((atMs) => bucket.available(atMs))).toEqual([0, 0, 1, 2, 10])
  })

  it('gives in the long run what the rate says, however often it is asked', () => {
    const bucket = new TokenBucket(7, 0)
    let taken = 0
    for (let atMs = 0; atMs <= 100_000; atMs += 3) {
      const some = bucket.available(atMs)
      bucket.take(some)
      taken += some
    }
    expect(taken).toBeGreaterThanOrEqual(706)
    expect(taken).toBeLessThanOrEqual(707)
  })

  it('keeps what it has saved up when the rate changes, as far as it fits', () => {
    const bucket = new TokenBucket(10, 0)
    bucket.take(4)
    bucket.change(100, 0)
    expect(bucket.available(0)).toBe(6)
    bucket.change(2, 0)
    expect(bucket.available(0)).toBe(2)
  })

  it('does not mind time that stands still or runs back', () => {
    const bucket = new TokenBucket(10, 1000)
    bucket.take(10)
    expect(bucket.available(500)).toBe(0)
    expect(bucket.available(1100)).toBe(1)
  })
})
