import { encodeText } from './text.ts'

/** Builds one packet; grows as needed. For packets that are rare: PUBLISH and acknowledgements have their own way. */
export class ByteWriter {
  #bytes = new Uint8Array(64)
  #length = 0

  get length(): number {
    return this.#length
  }

  byte(value: number): this {
    this.#reserve(1)
    this.#bytes[this.#length++] = value
    return this
  }

  twoByteInteger(value: number): this {
    return this.byte(value >> 8).byte(value & 0xff)
  }

  fourByteInteger(value: number): this {
    return this.twoByteInteger(Math.floor(value / 65_536)).twoByteInteger(value % 65_536)
  }

  variableByteInteger(value: number): this {
    let rest = value
    while (rest > 0x7f) {
      this.byte((rest & 0x7f) | 0x80)
      rest >>>= 7
    }
    return this.byte(rest)
  }

  raw(bytes: Uint8Array): this {
    this.#reserve(bytes.length)
    this.#bytes.set(bytes, this.#length)
    this.#length += bytes.length
    return this
  }

  binary(bytes: Uint8Array): this {
    if (bytes.length > 0xffff) throw new RangeError(`${bytes.length} bytes do not fit a two byte length`)
    return this.twoByteInteger(bytes.length).raw(bytes)
  }

  text(text: string): this {
    return this.binary(encodeText(text))
  }

  /** The bytes written so far; valid until the next write. */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }

  /** Puts the fixed header in front of what was written and gives the whole packet. */
  packet(type: number, flags = 0): Uint8Array {
    const header = new ByteWriter().byte((type << 4) | flags).variableByteInteger(this.#length)
    return header.raw(this.view()).view()
  }

  #reserve(byteCount: number): void {
    const needed = this.#length + byteCount
    if (needed <= this.#bytes.length) return
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2))
    grown.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = grown
  }
}

/** Bytes a variable byte integer takes. */
export function variableByteIntegerSize(value: number): 1 | 2 | 3 | 4 {
  return value < 128 ? 1 : value < 16_384 ? 2 : value < 2_097_152 ? 3 : 4
}
