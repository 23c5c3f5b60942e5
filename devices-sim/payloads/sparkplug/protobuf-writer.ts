import { encodeText } from '../../../src/protocol/text.ts'

export const WIRE = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const

/** Writes fields of one protobuf message; grows as needed and can be used again. */
export class ProtobufWriter {
  #bytes = new Uint8Array(256)
  #view = new DataView(this.#bytes.buffer)
  #length = 0

  clear(): this {
    this.#length = 0
    return this
  }

  /** uint32, uint64, bool or the two's complement of what is negative. Fractions are cut off. */
  integer(field: number, value: number | bigint): this {
    return this.#tag(field, WIRE.varint).#varint(value)
  }

  float(field: number, value: number): this {
    this.#tag(field, WIRE.fixed32).#reserve(4)
    this.#view.setFloat32(this.#length, value, true)
    this.#length += 4
    return this
  }

  double(field: number, value: number): this {
    this.#tag(field, WIRE.fixed64).#reserve(8)
    this.#view.setFloat64(this.#length, value, true)
    this.#length += 8
    return this
  }

  text(field: number, value: string): this {
    return this.bytes(field, encodeText(value))
  }

  /** Bytes, or a message that another writer wrote. */
  bytes(field: number, value: Uint8Array): this {
    this.#tag(field, WIRE.bytes).#varint(value.length).#reserve(value.length)
    this.#bytes.set(value, this.#length)
    this.#length += value.length
    return this
  }

  /** Valid until the next write. */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }

  #tag(field: number, wire: number): this {
    return this.#varint(field * 8 + wire)
  }

  #varint(value: number | bigint): this {
    this.#reserve(10)
    if (typeof value === 'bigint' || value < 0)
      this.#bigVarint(BigInt.asUintN(64, typeof value === 'bigint' ? value : BigInt(Math.trunc(value))))
    else {
      let rest = value
      for (; rest > 0x7f; rest = Math.floor(rest / 128)) this.#bytes[this.#length++] = (rest % 128) | 0x80
      this.#bytes[this.#length++] = rest
    }
    return this
  }

  #bigVarint(value: bigint): void {
    let rest = value
    for (; rest > 0x7fn; rest >>= 7n) this.#bytes[this.#length++] = Number(rest & 0x7fn) | 0x80
    this.#bytes[this.#length++] = Number(rest)
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return
    const bytes = new Uint8Array(Math.max(2 * this.#bytes.length, this.#length + count))
    bytes.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer)
  }
}
