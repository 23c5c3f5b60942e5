import { ByteReader } from '../protocol/byte-reader.ts'
import { variableByteIntegerSize } from '../protocol/byte-writer.ts'
import { PacketType, type ProtocolVersion } from '../protocol/packet-types.ts'
import { decodeConnectHeader } from '../protocol/packets/connect.ts'
import { writeVariableByteInteger } from '../protocol/packets/publish.ts'
import { ProtocolError } from '../protocol/protocol-error.ts'
import { decodeProperties } from '../protocol/properties.ts'
import type { Edit, HeadEditor, PacketHead } from './packet-edits.ts'

const LONGEST_TEXT = 65_535
const LARGEST_REMAINING = 268_435_455

/** Largest packets that clients may send: the first, which is CONNECT, and all others. */
export interface PacketLimits {
  readonly maximumConnectPacketBytes: number
  readonly maximumPacketBytes: number
}

/** Where a text stands that gets longer: its two bytes of length, and the place of what is put in. */
interface Place {
  readonly lengthAt: number
  readonly at: number
}

/**
 * From the client: every topic gets the mount point. What is malformed goes on as it is, and is answered there; nothing
 * goes on that would be taken with a topic as the client wrote it.
 */
export class MountingEditor implements HeadEditor {
  readonly #mount: Uint8Array
  readonly #limits: PacketLimits
  #protocolVersion: ProtocolVersion | undefined
  #isFirst = true

  constructor(mount: Uint8Array, { maximumConnectPacketBytes, maximumPacketBytes }: PacketLimits) {
    this.#mount = mount
    this.#limits = { maximumConnectPacketBytes, maximumPacketBytes } // as they are now: clients are told
  }

  needed(head: PacketHead): number {
    if (this.#isTooLarge(head)) return 0
    switch (head.firstByte >> 4) {
      case PacketType.publish:
        return 2
      case PacketType.connect:
      case PacketType.subscribe:
      case PacketType.unsubscribe:
        return head.remainingLength
    }
    return 0
  }

  edit(head: PacketHead): Edit | undefined {
    if (this.#isTooLarge(head)) return tooLarge(head)
    const isFirst = this.#isFirst
    this.#isFirst = false
    try {
      const places = this.#places(head, isFirst)
      return places.length === 0 ? undefined : this.#spliced(head, places)
    } catch (error) {
      if (error instanceof ProtocolError) return undefined
      throw error
    }
  }

  #isTooLarge({ start, bodyStart, remainingLength }: PacketHead): boolean {
    const { maximumConnectPacketBytes, maximumPacketBytes } = this.#limits
    return bodyStart - start + remainingLength > (this.#isFirst ? maximumConnectPacketBytes : maximumPacketBytes)
  }

  #places(head: PacketHead, isFirst: boolean): readonly Place[] {
    const { bytes, bodyStart, remainingLength } = head
    const type = head.firstByte >> 4
    if (type === PacketType.publish) return remainingLength < 2 ? [] : topicPlace(bytes, bodyStart)
    const reader = new ByteReader(bytes, bodyStart, bodyStart + remainingLength)
    if (type === PacketType.connect) return isFirst ? this.#willPlace(reader) : []
    const isSubscribe = type === PacketType.subscribe
    return isSubscribe || type === PacketType.unsubscribe ? this.#filterPlaces(reader, isSubscribe) : []
  }

  #willPlace(reader: ByteReader): readonly Place[] {
    const header = decodeConnectHeader(reader)
    if (header === undefined) return []
    this.#protocolVersion = header.protocolVersion
    const hasWill = (reader.byte() & 4) !== 0
    if (!hasWill) return []
    reader.twoByteInteger()
    const isVersion5 = header.protocolVersion === 5
    if (isVersion5) decodeProperties(reader, 'connect')
    reader.skipText()
    if (isVersion5) decodeProperties(reader, 'will')
    const lengthAt = reader.at
    reader.skip(reader.twoByteInteger()) // or it is malformed
    return topicPlace(reader.bytes, lengthAt)
  }

  #filterPlaces(reader: ByteReader, hasOptions: boolean): readonly Place[] {
    reader.twoByteInteger()
    if (this.#protocolVersion === 5) reader.skip(reader.variableByteInteger())
    const places: Place[] = []
    while (reader.remaining > 0) {
      const lengthAt = reader.at
      const byteCount = reader.twoByteInteger()
      const start = reader.at
      reader.skip(byteCount)
      const at = filterStart(reader.bytes, start, reader.at)
      if (at < reader.at) places.push({ lengthAt, at }) // an empty filter is malformed, and stays so
      if (hasOptions) reader.skip(1)
    }
    return places
  }

  #spliced(head: PacketHead, places: readonly Place[]): Edit {
    const { bytes, firstByte, bodyStart } = head
    const mount = this.#mount
    const remaining = head.remainingLength + places.length * mount.length
    const isTooLong = places.some(({ lengthAt }) => lengthOf(bytes, lengthAt) + mount.length > LONGEST_TEXT)
    if (isTooLong || remaining > this.#largestRemaining(places.length)) return tooLarge(head)
    const end = bodyStart + (firstByte >> 4 === PacketType.publish ? 2 : head.remainingLength)
    const added = places.length * mount.length
    const target = new Uint8Array(1 + variableByteIntegerSize(remaining) + end - bodyStart + added)
    target[0] = firstByte
    let to = writeVariableByteInteger(target, 1, remaining)
    let from = bodyStart
    for (const { lengthAt, at } of places) {
      target.set(bytes.subarray(from, at), to)
      const length = lengthOf(bytes, lengthAt) + mount.length
      const lengthTo = to + lengthAt - from
      target[lengthTo] = length >> 8
      target[lengthTo + 1] = length & 0xff
      to += at - from
      target.set(mount, to)
      to += mount.length
      from = at
    }
    target.set(bytes.subarray(from, end), to)
    return { bytes: target }
  }

  /** One topic may make a packet longer than the limit; the many of a SUBSCRIBE count. */
  #largestRemaining(places: number): number {
    return places === 1 ? LARGEST_REMAINING : Math.min(LARGEST_REMAINING, this.#limits.maximumPacketBytes)
  }
}

/** To the client: topics lose the mount point. */
export class UnmountingEditor implements HeadEditor {
  readonly #mount: Uint8Array

  constructor(mount: Uint8Array) {
    this.#mount = mount
  }

  needed({ bytes, firstByte, bodyStart, end }: PacketHead): number {
    if (firstByte >> 4 !== PacketType.publish) return 0
    return bodyStart + 2 > end || lengthOf(bytes, bodyStart) <= this.#mount.length ? 2 : 2 + this.#mount.length
  }

  edit({ bytes, firstByte, bodyStart, remainingLength }: PacketHead): Edit | undefined {
    if (firstByte >> 4 !== PacketType.publish) return undefined
    const mount = this.#mount
    const length = lengthOf(bytes, bodyStart) - mount.length
    if (length <= 0 || !mount.every((byte, index) => bytes[bodyStart + 2 + index] === byte)) return undefined
    const remaining = remainingLength - mount.length
    const target = new Uint8Array(1 + variableByteIntegerSize(remaining) + 2)
    target[0] = firstByte
    const to = writeVariableByteInteger(target, 1, remaining)
    target[to] = length >> 8
    target[to + 1] = length & 0xff
    return { bytes: target }
  }
}

/** An empty topic name stands for its alias, or is malformed. */
function topicPlace(bytes: Uint8Array, lengthAt: number): readonly Place[] {
  return lengthOf(bytes, lengthAt) === 0 ? [] : [{ lengthAt, at: lengthAt + 2 }]
}

const SHARE = new TextEncoder().encode('$share/')
const SLASH = 0x2f

/** Where the filter begins behind `$share/{name}/`; the end where there is none. */
function filterStart(bytes: Uint8Array, start: number, end: number): number {
  if (end - start < SHARE.length || !SHARE.every((byte, index) => bytes[start + index] === byte)) return start
  const slash = bytes.indexOf(SLASH, start + SHARE.length)
  return slash < 0 || slash >= end ? end : slash + 1
}

function lengthOf(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number)
}

/** A fixed header that is refused for what it claims. */
function tooLarge({ firstByte }: PacketHead): Edit {
  return { bytes: Uint8Array.of(firstByte, 0xff, 0xff, 0xff, 0x7f), isLast: true }
}
