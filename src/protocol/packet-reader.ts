import { malformed } from './byte-reader.ts'
import { copyOf } from './copy-bytes.ts'
import { ProtocolError } from './protocol-error.ts'
import { ReasonCode } from './reason-codes.ts'

/**
 * What is done with each framed packet. `bytes[packetStart]` is its first byte; its body is bodyStart..end.
 * The bytes are the chunk's own and hold until the call returns. Returning false stops reading: what is left of
 * the chunk is kept for `resume`.
 */
export type PacketHandler = (bytes: Uint8Array, packetStart: number, bodyStart: number, end: number) => boolean

/** Room made at first for a packet whose header claims more than has arrived: claims are cheap, memory is not. */
const FIRST_PARTIAL_BYTES = 16 * 1024

/**
 * Cuts a stream of bytes into packets, in place.
 *
 *   chunk   [ packet ][ packet ][ pack        frames are handed out where they lie in the chunk;
 *   chunk   et ][ packet ] ...                only a packet that spans chunks is put together in #partial
 */
export class PacketReader {
  /** Packets above this are refused on their fixed header, before a byte of their body is kept. */
  maximumPacketBytes: number
  readonly #handler: PacketHandler
  /** The beginning of a packet: #partialLength bytes of it have arrived. */
  #partial: Uint8Array | undefined
  #partialLength = 0
  /** Bytes that arrived after the handler said stop. */
  #held: Uint8Array | undefined
  #returned: Uint8Array | undefined

  constructor(maximumPacketBytes: number, handler: PacketHandler) {
    this.maximumPacketBytes = maximumPacketBytes
    this.#handler = handler
  }

  /** Bytes kept for a packet that is not complete. */
  get partialBytes(): number {
    return this.#partialLength
  }

  /** Hands out every complete packet. Throws ProtocolError on a bad fixed header. */
  push(chunk: Uint8Array): void {
    if (this.#held !== undefined) {
      this.#held = concatenate(this.#held, chunk)
      return
    }
    const start = this.#partial === undefined ? 0 : this.#completePartial(chunk)
    if (start < 0) return
    if (this.#held === undefined) this.#read(chunk, start)
    else if (start < chunk.length) this.#held = concatenate(this.#held, chunk.subarray(start))
  }

  /** The handler, saying stop, wants to see this packet again first. */
  putBack(packet: Uint8Array): void {
    this.#returned = packet
  }

  /** Goes on after the handler said stop. */
  resume(): void {
    const returned = this.#returned
    this.#returned = undefined
    let held = this.#held
    if (returned !== undefined) held = concatenate(returned, held ?? noBytes)
    this.#held = undefined
    if (held !== undefined && held.length > 0) this.push(held)
  }

  #read(chunk: Uint8Array, from: number): void {
    let start = from
    const { length } = chunk
    while (length - start >= 2) {
      // the remaining length, inlined: one byte for most packets
      let bodyStart = start + 2
      let remaining = chunk[start + 1] as number
      if (remaining > 0x7f) {
        const header = this.#longHeader(chunk, start, length)
        if (header < 0) break
        bodyStart = start + 1 + (header & 7)
        remaining = header >>> 3
      }
      const end = bodyStart + remaining
      if (end - start > this.maximumPacketBytes) throw tooLarge(end - start, this.maximumPacketBytes)
      if (end > length) break
      if (!this.#handler(chunk, start, bodyStart, end)) {
        this.#held = copyOf(chunk, end, chunk.length)
        return
      }
      start = end
    }
    if (start < length) this.#keep(chunk, start)
  }

  /** Length bytes and remaining length as (remaining << 3 | count), or -1 while bytes are missing. [MQTT5-1.5.5-1] */
  #longHeader(bytes: Uint8Array, start: number, end: number): number {
    let remaining = 0
    for (let count = 1; count <= 4; count++) {
      if (start + count >= end) return -1
      const byte = bytes[start + count] as number
      remaining += (byte & 0x7f) * 2 ** (7 * (count - 1))
      if (byte >= 0x80) continue
      if (byte === 0 && count > 1) throw malformed('the remaining length must use the fewest bytes')
      return (remaining << 3) | count
    }
    throw malformed('the remaining length has more than four bytes')
  }

  #keep(chunk: Uint8Array, start: number): void {
    const byteCount = chunk.length - start
    const total = this.#packetBytes(chunk, start, chunk.length)
    const room = total < 0 ? 8 : Math.min(total, Math.max(FIRST_PARTIAL_BYTES, byteCount * 2))
    this.#partial = new Uint8Array(Math.max(room, byteCount))
    this.#partial.set(chunk.subarray(start))
    this.#partialLength = byteCount
  }

  /** Bytes of the packet that begins at `start`, or -1 while its fixed header is not complete. */
  #packetBytes(bytes: Uint8Array, start: number, end: number): number {
    if (end - start < 2) return -1
    const header = this.#longHeader(bytes, start, end)
    return header < 0 ? -1 : 1 + (header & 7) + (header >>> 3)
  }

  /** Adds the chunk to the packet under way. Returns where the chunk goes on after it, or -1 when it is used up. */
  #completePartial(chunk: Uint8Array): number {
    let used = 0
    let total = this.#packetBytes(this.#partial as Uint8Array, 0, this.#partialLength)
    while (total < 0) {
      if (used === chunk.length) return -1
      this.#append(chunk, used, ++used, 8)
      total = this.#packetBytes(this.#partial as Uint8Array, 0, this.#partialLength)
    }
    if (total > this.maximumPacketBytes) throw tooLarge(total, this.maximumPacketBytes)
    const take = Math.min(total - this.#partialLength, chunk.length - used)
    this.#append(chunk, used, used + take, total)
    used += take
    if (this.#partialLength < total) return -1
    const packet = this.#partial as Uint8Array
    this.#partial = undefined
    this.#partialLength = 0
    const header = this.#longHeader(packet, 0, total)
    if (!this.#handler(packet, 0, 1 + (header & 7), total)) this.#held = noBytes
    return used
  }

  #append(chunk: Uint8Array, start: number, end: number, total: number): void {
    const needed = this.#partialLength + end - start
    let partial = this.#partial as Uint8Array
    if (needed > partial.length) {
      const grown = new Uint8Array(Math.max(needed, Math.min(total, partial.length * 2)))
      grown.set(partial.subarray(0, this.#partialLength))
      this.#partial = partial = grown
    }
    partial.set(chunk.subarray(start, end), this.#partialLength)
    this.#partialLength = needed
  }
}

function tooLarge(byteCount: number, maximum: number): ProtocolError {
  return new ProtocolError(
    ReasonCode.packetTooLarge,
    `a packet of ${byteCount} bytes is above the maximum of ${maximum}`,
  )
}

function concatenate(first: Uint8Array, second: Uint8Array): Uint8Array {
  const whole = new Uint8Array(first.length + second.length)
  whole.set(first)
  whole.set(second, first.length)
  return whole
}

const noBytes = new Uint8Array(0)
