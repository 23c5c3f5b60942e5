import { describe, expect, it } from 'vitest'
import { SlabPool } from '../../src/structures/slab-pool.ts'

function poolOf(keepBytesPerSize?: number) {
  const allocated: number[] = []
  const pool = new SlabPool(
    [16, 64, 256],
    (byteCount) => {
      allocated.push(byteCount)
      return new Uint8Array(byteCount)
    },
    keepBytesPerSize,
  )
  return { pool, allocated }
}

describe('SlabPool', () => {
  it.each([
    [0, 16],
    [1, 16],
    [16, 16],
    [17, 64],
    [64, 64],
    [65, 256],
    [256, 256],
    [257, 257],
    [10_000, 10_000],
  ])('%i bytes come in a slab of %i', (wanted, given) => {
    const { pool, allocated } = poolOf()
    expect(pool.take(wanted)).toHaveLength(given)
    expect(allocated).toEqual([given])
  })

  it('gives out again what came back, the last first, and only in its size', () => {
    const { pool, allocated } = poolOf()
    const [first, second] = [pool.take(16), pool.take(16)]
    pool.give(first)
    pool.give(second)
    expect(pool.take(64)).toHaveLength(64)
    expect(pool.take(10)).toBe(second)
    expect(pool.take(16)).toBe(first)
    expect(pool.take(16)).not.toBe(first)
    expect(allocated).toEqual([16, 16, 64, 16])
  })

  it('keeps nothing of another size', () => {
    const { pool, allocated } = poolOf()
    const odd = pool.take(300)
    pool.give(odd)
    pool.give(new Uint8Array(17))
    expect(pool.take(300)).not.toBe(odd)
    expect(pool.take(17)).toHaveLength(64)
    expect(allocated).toEqual([300, 300, 64])
  })

  it('keeps as many bytes of each size as it may', () => {
    const { pool } = poolOf(128)
    const small = Array.from({ length: 9 }, () => pool.take(16))
    const large = Array.from({ length: 3 }, () => pool.take(64))
    const largest = pool.take(256)
    for (const slab of [...small, ...large, largest]) pool.give(slab)
    const isKept = (slab: Uint8Array): boolean => [...small, ...large, largest].includes(slab)
    expect(Array.from({ length: 10 }, () => pool.take(16)).filter(isKept)).toHaveLength(8)
    expect(Array.from({ length: 4 }, () => pool.take(64)).filter(isKept)).toHaveLength(2)
    expect(isKept(pool.take(256))).toBe(false)
  })

  it('keeps four MiB of each size unless told otherwise', () => {
    const pool = new SlabPool([1024 * 1024], (byteCount) => new Uint8Array(byteCount))
    const slabs = Array.from({ length: 6 }, () => pool.take(1))
    for (const slab of slabs) pool.give(slab)
    expect(slabs.filter((slab) => slabs.includes(pool.take(1)) && slab !== undefined)).toHaveLength(4)
  })
})
