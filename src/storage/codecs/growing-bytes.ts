import { copyInto } from '../../protocol/copy-bytes.ts'

/**
 * One buffer that values are written into, one after another, and copied out of.
 *
 * Whole numbers are varints: seven bits a byte, lowest first, as many bytes as it takes, up to 2^53 - 1. Signed ones
 * are folded first: 0 -1 1 -2 -> 0 1 2 3.
 */
export class GrowingBytes {
  bytes = Buffer.allocUnsafeSlow(4096)
  length = 0

  clear(): void {
    // one huge value is no reason to hold its room for ever
    if (this.bytes.length > MAXIMUM_KEPT) this.bytes = Buffer.allocUnsafeSlow(4096)
    this.length = 0
  }

  reserve(byteCount: number): void {
    const needed = this.length + byteCount
    if (needed <= this.bytes.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.bytes.length * 2))
    grown.set(this.bytes.subarray(0, this.length))
    this.bytes = grown
  }

  byte(value: number): void {
    this.reserve(1)
    this.bytes[this.length++] = value
  }

  varint(value: number): void {
    this.reserve(MAXIMUM_VARINT_BYTES)
    const { bytes } = this
    let at = this.length
    let rest = value
    while (rest > 0x7fff_ffff) {
      bytes[at++] = (rest % 128) | 0x80
      rest = Math.floor(rest / 128)
    }
    while (rest > 0x7f) {
      bytes[at++] = (rest & 0x7f) | 0x80
      rest >>>= 7
    }
    bytes[at++] = rest
    this.length = at
  }

  /** A difference, either way. */
  signed(value: number): void {
    this.varint(value < 0 ? -2 * value - 1 : 2 * value)
  }

  /** Milliseconds since 1970; 0 stands for never. */
  time(ms: number): void {
    this.varint(ms === Infinity ? 0 : Math.max(0, Math.round(ms)) + 1)
  }

  raw(source: Uint8Array, start: number, end: number): void {
    this.reserve(end - start)
    this.length = copyInto(this.bytes, this.length, source, start, end)
  }

  /** With its length in front. */
  binary(source: Uint8Array): void {
    this.varint(source.length)
    this.raw(source, 0, source.length)
  }

  text(text: string): void {
    const byteCount = Buffer.byteLength(text)
    this.varint(byteCount)
    this.reserve(byteCount)
    this.bytes.write(text, this.length)
    this.length += byteCount
  }

  optionalText(text: string | undefined): void {
    this.byte(text === undefined ? 0 : 1)
    if (text !== undefined) this.text(text)
  }
}

const MAXIMUM_VARINT_BYTES = 8
const MAXIMUM_KEPT = 4 << 20
