import { describe, expect, it } from 'vitest'
import { PacketType, type ProtocolVersion, requiredFlags } from '../../src/protocol/packet-types.ts'
import { ProtocolError } from '../../src/protocol/protocol-error.ts'
import { faultCases, packetCases } from '../packet-cases.ts'
import type { Packet, PacketCase } from '../packet-cases/packet-case.ts'
import { wire } from '../packet-cases/wire-notation.ts'
import { bytesOf, decodePacket, encodePacket, type Frame, framesOf, payloadStartOf } from './packet-codec.ts'

const readable = packetCases.filter(({ only }) => only !== 'encode')
const writable = packetCases.filter(({ only }) => only !== 'decode')

it('the notation of the cases stands for these bytes', () => {
  expect(wire(`10 ff | a comment "(`)).toEqual(Uint8Array.of(0x10, 0xff))
  expect(wire(`'ab' "cd" 61*3 ( 01 ( ) )`)).toEqual(
    Uint8Array.of(0, 2, 0x61, 0x62, 0x63, 0x64, 0x61, 0x61, 0x61, 2, 1, 0),
  )
  expect(wire('( 00*300 )').subarray(0, 2)).toEqual(Uint8Array.of(0xac, 2))
  expect(() => wire('xyz')).toThrow('xyz')
  expect(() => wire('( 00')).toThrow('not closed')
})

it('the fixed header of each case has its type and the flags it must have [MQTT5-2.1.3-1]', () => {
  for (const { name, bytes, packet } of packetCases) {
    const header = bytes[0] as number
    expect(header >> 4, name).toBe(PacketType[packet.type])
    if (packet.type !== 'publish') expect(header & 15, name).toBe(requiredFlags(header >> 4))
  }
  const flagged = Array.from({ length: 16 }, (_, type) => type).filter((type) => requiredFlags(type) !== 0)
  expect(flagged).toEqual([PacketType.pubrel, PacketType.subscribe, PacketType.unsubscribe])
})

describe('decode', () => {
  forEachVersion(readable, ({ bytes, packet }, version) => {
    const frame = frameOf(bytes)
    expect(decodePacket(packet.type, frame, version)).toEqual(packet)
    expect(decodePacket(packet.type, shifted(frame), version)).toEqual(packet)
  })
})

describe('encode, and back', () => {
  forEachVersion(writable, ({ bytes, packet, only }, version) => {
    const encoded = encodePacket(packet, version)
    expect(hex(encoded)).toBe(hex(bytes))
    if (only === undefined) expect(decodePacket(packet.type, frameOf(encoded), version)).toEqual(packet)
  })
})

describe('a form the broker does not write means what the form it writes does', () => {
  const others = packetCases.filter(({ only }) => only === 'decode')
  forEachVersion(others, ({ packet }, version) => {
    expect(decodePacket(packet.type, frameOf(encodePacket(packet, version)), version)).toEqual(packet)
  })
})

describe('cut at every byte of its body, it is refused', () => {
  forEachVersion(readable, ({ bytes, packet, alsoWholeAt = [] }, version) => {
    const frame = frameOf(bytes)
    const payloadStart = packet.type === 'publish' ? payloadStartOf(frame, version) : Infinity
    // the bytes behind the cut stay where they are, so that reading past the end is seen
    for (let end = frame.bodyStart; end < frame.end; end++) {
      const cut = end - frame.bodyStart
      const isWhole = alsoWholeAt.includes(cut) || end >= payloadStart
      const outcome = outcomeOf(packet.type, { ...frame, end }, version)
      if (outcome !== (isWhole ? 'read' : 'refused')) expect.fail(`${outcome} when cut to ${cut} bytes`)
    }
  })
})

describe('cut at every byte, the reader waits', () => {
  forEach(packetCases, ({ bytes }) => {
    for (let cut = 0; cut < bytes.length; cut += cut < 500 ? 1 : 500) {
      const head = bytes.subarray(0, cut)
      expect(framesOf([head])).toHaveLength(0)
      expect(framesOf([head, bytes.subarray(cut)]).map((frame) => hex(bytesOf(frame)))).toEqual([hex(bytes)])
    }
  })
})

describe('fed byte by byte', () => {
  forEachVersion(readable, ({ bytes, packet }, version) => {
    const frames = framesOf(Array.from(bytes, (byte) => Uint8Array.of(byte)))
    expect(frames.map((frame) => decodePacket(packet.type, frame, version))).toEqual([packet])
  })
})

describe('refused', () => {
  forEachVersion(faultCases, ({ bytes, type, reasonCode }, version) => {
    const frame = frameOf(bytes)
    const error = { name: 'ProtocolError', reasonCode }
    expect(() => decodePacket(type, frame, version)).toThrow(expect.objectContaining(error))
    expect(() => decodePacket(type, shifted(frame), version)).toThrow(expect.objectContaining(error))
  })
})

function forEach<Case extends { name: string }>(cases: readonly Case[], check: (one: Case) => void): void {
  for (const one of cases) it(one.name, () => check(one))
}

function forEachVersion<Case extends { name: string; versions: readonly ProtocolVersion[] }>(
  cases: readonly Case[],
  check: (one: Case, version: ProtocolVersion) => void,
): void {
  for (const one of cases) {
    it(one.name, () => {
      for (const version of one.versions) check(one, version)
    })
  }
}

function frameOf(bytes: Uint8Array): Frame {
  const frames = framesOf([bytes])
  expect(frames).toHaveLength(1)
  return frames[0] as Frame
}

/** The same packet lying between other bytes. */
function shifted({ bytes, bodyStart }: Frame): Frame {
  const chunk = new Uint8Array(bytes.length + 20).fill(0x61)
  chunk.set(bytes, 10)
  return { bytes: chunk, packetStart: 10, bodyStart: 10 + bodyStart, end: 10 + bytes.length }
}

function outcomeOf(type: Packet['type'], frame: Frame, version: ProtocolVersion): string {
  try {
    decodePacket(type, frame, version)
    return 'read'
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error
    return error.reasonCode === 0x81 || error.reasonCode === 0x82 ? 'refused' : `refused with ${error.reasonCode}`
  }
}

function hex(bytes: PacketCase['bytes']): string {
  return Buffer.from(bytes).toString('hex')
}
