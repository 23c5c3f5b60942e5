import { WIRE } from './protobuf-writer.ts'

/** Bytes that are not the message they should be. */
export class ProtobufError extends Error {
  override readonly name = 'ProtobufError'
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Reads the fields of one protobuf message in turn. Each step moves on or throws, so that reading always ends. */
export class ProtobufReader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #at = 0
  #field = 0
  #wire = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /** Number of the next field, whose value must be read or skipped then; undefined at the end. */
  next(): number | undefined {
    if (this.#at >= this.#bytes.length) return undefined
    const tag = this.#varint()
    if (typeof tag === 'bigint' || tag > 0xffff_ffff || tag < 8) throw this.#fault('this is no field number')
    this.#field = Math.floor(tag / 8)
    this.#wire = tag % 8
    return this.#field
  }

  /** A number where it is safe, above that a bigint. Never negative. */
  integer(): number | bigint {
    this.#expect(WIRE.varint)
    return this.#varint()
  }

  uint32(): number {
    const value = this.integer()
    return typeof value === 'bigint' ? Number(BigInt.asUintN(32, value)) : value % 2 ** 32
  }

  boolean(): boolean {
    return this.integer() !== 0
  }

  float(): number {
    this.#expect(WIRE.fixed32)
    return this.#view.getFloat32(this.#take(4), true)
  }

  double(): number {
    this.#expect(WIRE.fixed64)
    return this.#view.getFloat64(this.#take(8), true)
  }

  text(): string {
    const bytes = this.bytes()
    try {
      return utf8.decode(bytes)
    } catch {
      throw this.#fault('the text is not UTF-8')
    }
  }

  /** A view of the bytes that are read from. */
  bytes(): Uint8Array {
    this.#expect(WIRE.bytes)
    const length = this.#varint()
    if (typeof length === 'bigint') throw this.#fault('it ends too early')
    const start = this.#take(length)
    return this.#bytes.subarray(start, start + length)
  }

  skip(): void {
    switch (this.#wire) {
      case WIRE.varint:
        this.#varint()
        return
      case WIRE.fixed64:
        this.#take(8)
        return
      case WIRE.bytes:
        this.bytes()
        return
      case WIRE.fixed32:
        this.#take(4)
        return
      default:
        throw this.#fault(`wire type ${this.#wire} is not one of 0, 1, 2 and 5`)
    }
  }

  #expect(wire: number): void {
    if (this.#wire !== wire) throw this.#fault(`wire type ${wire} was expected, not ${this.#wire}`)
  }

  #take(count: number): number {
    const start = this.#at
    if (count > this.#bytes.length - start) throw this.#fault('it ends too early')
    this.#at = start + count
    return start
  }

  /** At most ten bytes; the first seven fit a number. */
  #varint(): number | bigint {
    let value = 0
    let scale = 1
    for (let index = 0; index < 7; index++) {
      const byte = this.#bytes[this.#take(1)] as number
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return value
      scale *= 128
    }
    return this.#longVarint(BigInt(value))
  }

  #longVarint(low: bigint): number | bigint {
    let value = low
    for (let shift = 49n; shift < 70n; shift += 7n) {
      const byte = this.#bytes[this.#take(1)] as number
      value += BigInt(byte & 0x7f) << shift
      if (byte >= 0x80) continue
      if (value >= 2n ** 64n) break
      return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value
    }
    throw this.#fault('the number is longer than 64 bits')
  }

  #fault(what: string): ProtobufError {
    return new ProtobufError(`field ${this.#field} at byte ${this.#at}: ${what}`)
  }
}
