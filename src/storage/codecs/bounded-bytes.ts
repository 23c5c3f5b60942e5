import { copyOf } from '../../protocol/copy-bytes.ts'

/** Bytes that do not say what they should. Thrown by the reader and caught by `decoded`; it goes no further. */
export class DamagedBytes extends Error {
  override readonly name = 'DamagedBytes'
}

/** Reads what GrowingBytes wrote. Nothing is read past the end, and no list is begun that could not be there. */
export class BoundedBytes {
  readonly #bytes: Uint8Array
  #at: number

  constructor(bytes: Uint8Array, start: number) {
    this.#bytes = bytes
    this.#at = start
  }

  get remaining(): number {
    return this.#bytes.length - this.#at
  }

  byte(): number {
    const byte = this.#bytes[this.#at]
    if (byte === undefined) throw new DamagedBytes('it ends too early')
    this.#at++
    return byte
  }

  varint(): number {
    let value = 0
    let scale = 1
    for (let count = 0; count < 8; count++) {
      const byte = this.byte()
      value += (byte & 0x7f) * scale
      if (byte < 0x80) {
        if (value > Number.MAX_SAFE_INTEGER) break
        return value
      }
      scale *= 128
    }
    throw new DamagedBytes('a number is too large')
  }

  signed(): number {
    const folded = this.varint()
    return folded % 2 === 0 ? folded / 2 : -(folded + 1) / 2
  }

  time(): number {
    const value = this.varint()
    return value === 0 ? Infinity : value - 1
  }

  /** How many entries follow, each of at least `leastBytes`. */
  count(leastBytes: number): number {
    const count = this.varint()
    if (count * leastBytes > this.remaining) throw new DamagedBytes(`it ends before a list of ${count}`)
    return count
  }

  /** A copy that owns its memory. */
  binary(): Uint8Array {
    const byteCount = this.count(1)
    this.#at += byteCount
    return copyOf(this.#bytes, this.#at - byteCount, this.#at)
  }

  /** Two runs of bytes, each with its length in front, as one array that owns its memory. */
  joined(): { readonly bytes: Uint8Array; readonly border: number } {
    const first = this.#run()
    const second = this.#run()
    const bytes = new Uint8Array(first.length + second.length)
    bytes.set(first)
    bytes.set(second, first.length)
    return { bytes, border: first.length }
  }

  text(): string {
    const run = this.#run()
    return Buffer.from(run.buffer, run.byteOffset, run.length).toString()
  }

  optionalText(): string | undefined {
    return this.oneOf(2, 'a text that may be missing') === 0 ? undefined : this.text()
  }

  qos(): 0 | 1 | 2 {
    return this.oneOf(3, 'a QoS') as 0 | 1 | 2
  }

  boolean(): boolean {
    return this.oneOf(2, 'yes or no') === 1
  }

  skipAll(): void {
    this.#at = this.#bytes.length
  }

  expectEnd(): void {
    if (this.remaining !== 0) throw new DamagedBytes(`${this.remaining} bytes are too many`)
  }

  oneOf(limit: number, what: string): number {
    const value = this.byte()
    if (value >= limit) throw new DamagedBytes(`${value} is not ${what}`)
    return value
  }

  #run(): Uint8Array {
    const byteCount = this.count(1)
    this.#at += byteCount
    return this.#bytes.subarray(this.#at - byteCount, this.#at)
  }
}

/** What `read` makes of a whole value, or why it cannot. */
export function decoded<T>(bytes: Uint8Array, start: number, read: (from: BoundedBytes) => T): T | DamagedBytes {
  try {
    const from = new BoundedBytes(bytes, start)
    const value = read(from)
    from.expectEnd()
    return value
  } catch (error) {
    if (error instanceof DamagedBytes) return error
    throw error
  }
}
