import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PacketReader } from '../../src/protocol/packet-reader.ts'
import { ProtocolError } from '../../src/protocol/protocol-error.ts'
import { wire } from '../packet-cases/wire-notation.ts'

/** A reader that notes packets as hexadecimal text and stops after those named in `stopAfter`. */
function noting(maximumPacketBytes = Infinity, stopAfter: readonly string[] = []) {
  const packets: string[] = []
  const bodies: string[] = []
  const reader = new PacketReader(maximumPacketBytes, (bytes, packetStart, bodyStart, end) => {
    const packet = hex(bytes.subarray(packetStart, end))
    packets.push(packet)
    bodies.push(hex(bytes.subarray(bodyStart, end)))
    return !stopAfter.includes(packet)
  })
  return { reader, packets, bodies }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

/** A packet of a type with a body of that many bytes, each its index. */
function packetOf(first: number, bodyLength: number): Uint8Array {
  const length: number[] = []
  for (let rest = bodyLength, more = true; more;) {
    more = rest > 127
    length.push((rest % 128) + (more ? 128 : 0))
    rest = Math.floor(rest / 128)
  }
  return Uint8Array.from([first, ...length, ...Array.from({ length: bodyLength }, (_, index) => index & 0xff)])
}

describe('remaining length', () => {
  it.each([0, 1, 126, 127, 128, 129, 16_383, 16_384, 16_385])('of %i bytes [MQTT5-1.5.5-1]', (bodyLength) => {
    const packet = packetOf(0x30, bodyLength)
    const { reader, packets, bodies } = noting()
    reader.push(packet)
    expect(packets).toEqual([hex(packet)])
    expect(bodies[0]?.length).toBe(bodyLength * 2)
  })

  it.each([
    ['the largest', 'ff ff ff 7f', 268_435_455],
    ['the least of four bytes', '80 80 80 01', 2_097_152],
    ['the largest of three bytes', 'ff ff 7f', 2_097_151],
  ])('%s is told by its header [MQTT5-1.5.5-1]', (_, length, value) => {
    const header = wire(`30 ${length}`)
    const isRefused = (maximum: number): boolean => {
      try {
        noting(maximum).reader.push(header)
        return false
      } catch (error) {
        expect(error).toMatchObject({ name: 'ProtocolError', reasonCode: 0x95 })
        return true
      }
    }
    expect(isRefused(header.length + value)).toBe(false)
    expect(isRefused(header.length + value - 1)).toBe(true)
  })

  it.each([
    ['80 00', 'not in the fewest bytes'],
    ['ff 00', 'not in the fewest bytes'],
    ['80 80 00', 'not in the fewest bytes'],
    ['80 80 80 00', 'not in the fewest bytes'],
    ['ff ff ff 80', 'more than four bytes'],
    ['80 80 80 80 01', 'more than four bytes'],
  ])('%s is malformed: %s [MQTT5-1.5.5-1] [MQTT5-U-1.5.5-a]', (length) => {
    const bytes = wire(`c0 ${length}`)
    const error = expect.objectContaining({ name: 'ProtocolError', reasonCode: 0x81 })
    expect(() => noting().reader.push(bytes)).toThrow(error)
    expect(() => {
      const { reader } = noting()
      for (const byte of bytes) reader.push(Uint8Array.of(byte))
    }).toThrow(error)
  })

  it('a zero as its only byte is no padding', () => {
    const { reader, packets } = noting()
    reader.push(wire('c0 00'))
    expect(packets).toEqual(['c000'])
  })
})

describe('maximum packet size', () => {
  it.each([
    [10, 8, true],
    [10, 9, false],
    [130, 127, true],
    [130, 128, false],
    [131, 128, true],
  ])('a maximum of %i and a body of %i bytes: taken %s', (maximum, bodyLength, isTaken) => {
    const packet = packetOf(0x30, bodyLength)
    for (const chunks of [[packet], Array.from(packet, (byte) => Uint8Array.of(byte))]) {
      const { reader, packets } = noting(maximum)
      const push = (): void => chunks.forEach((chunk) => reader.push(chunk))
      if (isTaken) push()
      else expect(push).toThrow(expect.objectContaining({ name: 'ProtocolError', reasonCode: 0x95 }))
      expect(packets).toEqual(isTaken ? [hex(packet)] : [])
    }
  })

  it('is judged on the fixed header, also when that arrives in two chunks', () => {
    const { reader } = noting(1000)
    reader.push(wire('30'))
    reader.push(wire('ff'))
    expect(reader.partialBytes).toBe(2)
    expect(() => reader.push(wire('7f'))).toThrow(ProtocolError)
  })

  it('is a maximum of each packet, not of the chunk', () => {
    const { reader, packets } = noting(4)
    reader.push(wire('40 02 00 01 40 02 00 02 40 02 00 03'))
    expect(packets).toHaveLength(3)
    expect(() => reader.push(wire('40 02 00 04 40 03'))).toThrow('a packet of 5 bytes is above the maximum of 4')
  })

  it('is not judged on half a fixed header', () => {
    const { reader, packets } = noting(1000)
    reader.push(wire('c0 00 30 80'))
    expect(packets).toEqual(['c000'])
    expect(reader.partialBytes).toBe(2)
  })

  it('may be changed between packets', () => {
    const { reader, packets } = noting(4)
    reader.push(wire('40 02 00 01'))
    reader.maximumPacketBytes = 3
    expect(() => reader.push(wire('40 02 00 01'))).toThrow(ProtocolError)
    expect(packets).toHaveLength(1)
  })
})

describe('memory for a packet under way', () => {
  it.each([
    { title: 'a claim of 256 MiB', header: '30 ff ff ff 7f', body: 100, made: 16 * 1024 },
    { title: 'a claim of 100 bytes', header: '30 64', body: 10, made: 102 },
    { title: 'more than the first room has arrived', header: '30 ff ff ff 7f', body: 40_000, made: 80_010 },
    { title: 'a fixed header without its end', header: '30 ff ff', body: 0, made: 8 },
    { title: 'a first byte', header: '30', body: 0, made: 8 },
  ])('$title', ({ header, body, made }) => {
    const bytes = wire(`${header} 61*${body}`)
    const { reader } = noting()
    expect(allocatedBy(() => reader.push(bytes))).toEqual([made])
    expect(reader.partialBytes).toBe(bytes.length)
  })

  it('doubles as bytes arrive and ends at the size of the packet', () => {
    const packet = packetOf(0x30, 100_000)
    const { reader, packets } = noting()
    const allocated = allocatedBy(() => {
      for (let at = 0; at < packet.length; at += 5000) reader.push(packet.subarray(at, at + 5000))
    })
    expect(packets).toEqual([hex(packet)])
    expect(allocated).toEqual([16_384, 32_768, 65_536, packet.length])
    expect(reader.partialBytes).toBe(0)
  })
})

describe('chunks', () => {
  it('many packets in one are handed out in order, where they lie', () => {
    const chunk = wire('c0 00  40 02 00 01  30 ( 61*200 )  e0 00')
    const seen: Uint8Array[] = []
    const starts: number[][] = []
    const reader = new PacketReader(Infinity, (bytes, packetStart, bodyStart, end) => {
      seen.push(bytes)
      starts.push([packetStart, bodyStart, end])
      return true
    })
    reader.push(chunk)
    expect(starts).toEqual([
      [0, 2, 2],
      [2, 4, 6],
      [6, 9, 209],
      [209, 211, 211],
    ])
    expect(seen.every((bytes) => bytes === chunk)).toBe(true)
    expect(reader.partialBytes).toBe(0)
  })

  it('an empty one changes nothing', () => {
    const { reader, packets } = noting()
    for (const chunk of ['', '40 02', '', '00 01', '']) reader.push(wire(chunk))
    expect(packets).toEqual(['40020001'])
  })

  it('after a packet that spanned two, the rest is read in place', () => {
    const { reader, packets } = noting()
    reader.push(wire('c0 00 40'))
    reader.push(wire('02 00 01 c0 00 40 02 00'))
    expect(reader.partialBytes).toBe(3)
    reader.push(wire('02'))
    expect(packets).toEqual(['c000', '40020001', 'c000', '40020002'])
  })

  it('packets do not depend on how the stream is cut', () => {
    const length = fc.oneof(fc.nat(5), fc.integer({ min: 120, max: 300 }))
    const packet = fc.tuple(fc.constantFrom(0x30, 0x32, 0xc0, 0x40), length)
    fc.assert(
      fc.property(fc.array(packet, { maxLength: 12 }), fc.array(fc.nat(), { maxLength: 20 }), (shapes, cuts) => {
        const expected = shapes.map(([first, bodyLength]) => packetOf(first, bodyLength))
        const stream = Uint8Array.from(expected.flatMap((bytes) => [...bytes]))
        const { reader, packets } = noting()
        for (const chunk of cutAt(stream, cuts)) reader.push(chunk)
        expect(packets).toEqual(expected.map(hex))
        expect(reader.partialBytes).toBe(0)
      }),
    )
  })
})

function cutAt(stream: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const inner = cuts.map((cut) => cut % (stream.length + 1))
  const places = [...new Set([0, ...inner, stream.length])].toSorted((a, b) => a - b)
  return places.slice(1).map((end, index) => stream.subarray(places[index], end))
}

describe('stopping', () => {
  it('keeps what is left of the chunk, and what arrives meanwhile, for resume', () => {
    const { reader, packets } = noting(Infinity, ['40020001', '40020003'])
    reader.push(wire('40 02 00 01 40 02 00 02 40 02'))
    expect(packets).toEqual(['40020001'])
    reader.push(wire('00 03 40 02'))
    reader.push(wire('00 04'))
    expect(packets).toEqual(['40020001'])
    reader.resume()
    expect(packets).toEqual(['40020001', '40020002', '40020003'])
    reader.resume()
    expect(packets.at(-1)).toBe('40020004')
  })

  it('copies what it keeps: the chunk may be written over', () => {
    const { reader, packets } = noting(Infinity, ['c000'])
    const chunk = wire('c0 00 40 02 00 07')
    reader.push(chunk)
    chunk.fill(0)
    reader.resume()
    expect(packets).toEqual(['c000', '40020007'])
  })

  it('works at a packet that spanned chunks', () => {
    const { reader, packets } = noting(Infinity, ['40020001'])
    reader.push(wire('40 02'))
    reader.push(wire('00 01 40 02 00 02'))
    reader.push(wire('c0 00'))
    expect(packets).toEqual(['40020001'])
    reader.resume()
    expect(packets).toEqual(['40020001', '40020002', 'c000'])
  })

  it('works at the last packet of a chunk, whole or put together', () => {
    for (const chunks of [['40 02 00 01'], ['40 02', '00 01']]) {
      const { reader, packets } = noting(Infinity, ['40020001'])
      for (const chunk of chunks) reader.push(wire(chunk))
      reader.push(wire('c0 00'))
      expect(packets).toEqual(['40020001'])
      reader.resume()
      expect(packets).toEqual(['40020001', 'c000'])
    }
  })

  it('keeps a packet that is not complete apart from what comes after it', () => {
    const { reader, packets } = noting(Infinity, ['c000'])
    reader.push(wire('c0 00 40'))
    expect(reader.partialBytes).toBe(0)
    reader.resume()
    expect(reader.partialBytes).toBe(1)
    reader.push(wire('02 00 09'))
    expect(packets).toEqual(['c000', '40020009'])
  })

  it('resume with nothing kept reads nothing', () => {
    const { reader, packets } = noting(Infinity, ['c000'])
    reader.resume()
    reader.push(wire('c0 00'))
    reader.resume()
    reader.resume()
    expect(packets).toEqual(['c000'])
    reader.push(wire('e0 00'))
    expect(packets).toEqual(['c000', 'e000'])
  })

  it('a packet put back comes first again', () => {
    for (const chunks of [['40 02 00 01 c0 00'], ['40 02 00', '01 c0 00'], ['40 02 00 01', 'c0 00']]) {
      const packets: string[] = []
      const reader = new PacketReader(Infinity, (bytes, packetStart, _, end) => {
        const packet = bytes.slice(packetStart, end)
        packets.push(hex(packet))
        if (packets.length > 1) return true
        reader.putBack(packet)
        return false
      })
      for (const chunk of chunks) reader.push(wire(chunk))
      expect(packets).toEqual(['40020001'])
      reader.resume()
      expect(packets).toEqual(['40020001', '40020001', 'c000'])
      reader.resume()
      expect(packets).toHaveLength(3)
    }
  })

  it('a handler that throws ends the push and nothing is handed out twice', () => {
    const packets: string[] = []
    const reader = new PacketReader(Infinity, (bytes, packetStart, _, end) => {
      packets.push(hex(bytes.subarray(packetStart, end)))
      throw new Error('the handler failed')
    })
    reader.push(wire('40 02'))
    expect(() => reader.push(wire('00 01'))).toThrow('the handler failed')
    expect(reader.partialBytes).toBe(0)
    expect(packets).toEqual(['40020001'])
  })

  it('does not change the order, wherever the stream is cut and the handler stops', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(200), fc.constantFrom('go', 'stop', 'put back')), { maxLength: 12 }),
        fc.array(fc.nat(), { maxLength: 12 }),
        (shapes, cuts) => {
          const expected = shapes.map(([length], index) => packetOf(0x30 + (index % 16), length))
          const wishes = shapes.map(([, wish]) => wish)
          const packets: string[] = []
          const reader = new PacketReader(Infinity, (bytes, packetStart, _, end) => {
            const index = packets.length
            if (wishes[index] === 'put back') {
              wishes[index] = 'go'
              reader.putBack(bytes.slice(packetStart, end))
              return false
            }
            packets.push(hex(bytes.subarray(packetStart, end)))
            return wishes[index] !== 'stop'
          })
          const stream = Uint8Array.from(expected.flatMap((bytes) => [...bytes]))
          for (const [index, chunk] of cutAt(stream, cuts).entries()) {
            reader.push(chunk)
            if (index % 2 === 0) reader.resume()
          }
          for (let turn = 0; turn < 2 * shapes.length; turn++) reader.resume()
          expect(packets).toEqual(expected.map(hex))
        },
      ),
    )
  })
})

/** Sizes of the byte arrays a task makes. */
function allocatedBy(task: () => void): number[] {
  const sizes: number[] = []
  const original = globalThis.Uint8Array
  const spy = new Proxy(original, {
    construct(target, parameters: [number], newTarget) {
      const made = Reflect.construct(target, parameters, newTarget === spy ? target : newTarget) as Uint8Array
      if (typeof parameters[0] === 'number') sizes.push(made.length)
      return made
    },
  })
  globalThis.Uint8Array = spy
  try {
    task()
  } finally {
    globalThis.Uint8Array = original
  }
  return sizes
}
