import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ByteHeap } from '../../src/structures/byte-heap.ts'

interface Run {
  readonly address: number
  readonly byteCount: number
  readonly mark: number
}

function write(heap: ByteHeap, byteCount: number, mark: number): Run {
  const address = heap.allocate(byteCount)
  const offset = heap.offset(address)
  heap.bytes(address).fill(mark, offset, offset + byteCount)
  return { address, byteCount, mark }
}

function isWhole(heap: ByteHeap, { address, byteCount, mark }: Run): boolean {
  const offset = heap.offset(address)
  const bytes = heap.bytes(address).subarray(offset, offset + byteCount)
  return bytes.length === byteCount && bytes.every((byte) => byte === mark)
}

describe('ByteHeap', () => {
  it('never hands out the address 0', () => {
    const heap = new ByteHeap()
    for (const byteCount of [0, 1, 16, 100_000]) expect(heap.allocate(byteCount)).toBeGreaterThan(0)
  })

  it.each([1, 15, 16, 17, 255, 256, 257, 4096, 8192, 16_384, 16_385, 300_000])(
    'holds runs of %i bytes',
    (byteCount) => {
      const heap = new ByteHeap()
      const runs = Array.from({ length: 40 }, (_, index) => write(heap, byteCount, index))
      expect(new Set(runs.map(({ address }) => address)).size).toBe(40)
      for (const run of runs) expect(isWhole(heap, run)).toBe(true)
    },
  )

  it('keeps what is in each run through any taking and giving back', () => {
    const size = fc.oneof(fc.nat(64), fc.nat(9000), fc.constantFrom(16, 32, 16_384, 16_385, 70_000))
    const step = fc.oneof(
      fc.record({ take: size }),
      fc.record({ take: size }),
      fc.record({ giveBack: fc.nat(1_000_000) }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const heap = new ByteHeap()
        const runs: Run[] = []
        for (const [index, one] of steps.entries()) {
          if ('take' in one) runs.push(write(heap, one.take, index & 0xff))
          else if (runs.length > 0) {
            const [given] = runs.splice(one.giveBack % runs.length, 1)
            heap.free((given as Run).address)
          }
          expect(runs.every((run) => isWhole(heap, run))).toBe(true)
        }
      }),
      { numRuns: 100 },
    )
  })

  it('uses again what was given back', () => {
    const heap = new ByteHeap()
    const first = Array.from({ length: 5000 }, () => heap.allocate(100))
    for (const address of first) heap.free(address)
    const again = Array.from({ length: 5000 }, () => heap.allocate(100))
    expect(pagesOf(again)).toBeLessThanOrEqual(pagesOf(first) + 1)
    expect(Math.max(...again)).toBeLessThan(Math.max(...first) + (1 << 14))
  })

  it('lets a page go that is empty, so that its number serves runs of another size', () => {
    const heap = new ByteHeap()
    const small = Array.from({ length: 40_000 }, () => heap.allocate(16))
    expect(pagesOf(small)).toBe(3)
    for (const address of small) heap.free(address)
    // one page is kept in hand
    expect(pagesOf([heap.allocate(8000), ...Array.from({ length: 40 }, () => heap.allocate(8000))])).toBe(2)
    expect(heap.allocate(100_000) >>> 14).toBeLessThanOrEqual(4)
  })

  it('a run above 16 KiB lies alone, and its bytes outlive it', () => {
    const heap = new ByteHeap()
    const { address } = write(heap, 16_385, 7)
    const bytes = heap.bytes(address)
    expect(bytes.length).toBe(16_385)
    heap.free(address)
    write(heap, 16_385, 9)
    expect(bytes.every((byte) => byte === 7)).toBe(true)
  })
})

it('an address stays a positive integer to the last page, and then there are none', () => {
  const none = new Uint8Array()
  const heap = new ByteHeap(() => none) // what counts is the number of pages
  const addresses: number[] = []
  while (!heap.isFull) addresses.push(heap.allocate(16_385))
  expect(addresses.length).toBe(131_071)
  expect(Math.min(...[addresses[0], addresses.at(-1)].map(Number))).toBeGreaterThan(0)
  expect(new Set(addresses).size).toBe(addresses.length)
  expect(() => heap.allocate(16_385)).toThrow(RangeError)
  heap.free(addresses.pop() as number)
  expect(heap.isFull).toBe(false)
  expect(heap.allocate(16_385)).toBeGreaterThan(0)
})

function pagesOf(addresses: readonly number[]): number {
  return new Set(addresses.map((address) => address >>> 14)).size
}
