import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PacketScanner } from '../../src/transport/packet-scanner.ts'
import { joined, publishPacket } from '../support/wire-packets.ts'

const publish = (payloadBytes: number): Uint8Array => publishPacket(4, 't', new Uint8Array(payloadBytes).fill(0x30))
const pingreq = Uint8Array.of(0xc0, 0)

/** Where PUBLISH packets begin, and all bytes. */
function streamOf(sizes: readonly number[]): { bytes: Uint8Array; starts: number[] } {
  const packets = sizes.map((size) => (size === 0 ? pingreq : publish(size)))
  const starts: number[] = []
  let at = 0
  for (const [index, packet] of packets.entries()) {
    if (sizes[index] !== 0) starts.push(at)
    at += packet.length
  }
  return { bytes: joined(...packets), starts }
}

describe('a packet scanner', () => {
  it('cuts before the PUBLISH that is one too many, and not within one', () => {
    const { bytes, starts } = streamOf([5, 0, 200, 20_000, 3])
    const scanner = new PacketScanner()
    expect(scanner.cut(bytes, 0, Infinity, 2)).toBe(starts[2])
    expect(scanner.publishes).toBe(2)
    expect(scanner.cut(bytes, starts[2] as number, Infinity, 0)).toBe(starts[2])
    expect(scanner.publishes).toBe(0)
    expect(scanner.cut(bytes, starts[2] as number, Infinity, 5)).toBe(bytes.length)
    expect(scanner.publishes).toBe(2)
  })

  it('lets other packets pass where no PUBLISH may', () => {
    const scanner = new PacketScanner()
    expect(scanner.cut(joined(pingreq, pingreq, publish(1)), 0, Infinity, 0)).toBe(4)
  })

  it('counts each PUBLISH once and passes every byte, in whatever pieces', () => {
    const sizes = fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 40_000 })), { maxLength: 8 })
    const pieces = fc.infiniteStream(fc.tuple(fc.integer({ min: 0, max: 9000 }), fc.integer({ min: 0, max: 3 })))
    fc.assert(
      fc.property(sizes, pieces, (ofPackets, allowed) => {
        const { bytes, starts } = streamOf(ofPackets)
        const scanner = new PacketScanner()
        let at = 0
        for (let tries = 0; at < bytes.length && tries < 100_000; tries++) {
          const [maximumBytes, maximumPublishes] = allowed.next().value as [number, number]
          const to = scanner.cut(bytes, at, maximumBytes, maximumPublishes)
          const begun = starts.filter((start) => start >= at && start < to).length
          expect({ to: to <= at + maximumBytes, publishes: scanner.publishes }).toEqual({ to: true, publishes: begun })
          expect(begun).toBeLessThanOrEqual(maximumPublishes)
          if (to < Math.min(bytes.length, at + maximumBytes)) expect(starts).toContain(to)
          at = to
        }
        expect(at).toBe(bytes.length)
      }),
      { numRuns: 200 },
    )
  })
})
