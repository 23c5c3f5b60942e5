import { crc32 } from 'node:zlib'
import { DamagedBytes } from './bounded-bytes.ts'
import type { GrowingBytes } from './growing-bytes.ts'

/**
 * Every value in the database: LevelDB may hand back flipped bytes, so each carries its own checksum.
 *
 *   [ CRC32 of key, format and body: 4, lowest first ][ format: 1 ][ body ]
 */
export const VALUE_FORMAT = 1

/** Where the body of a value begins. */
export const BODY_START = 5

/** Begins a value; the body is written behind it. */
export function beginFrame(out: GrowingBytes): void {
  out.clear()
  out.reserve(BODY_START)
  out.bytes[4] = VALUE_FORMAT
  out.length = BODY_START
}

/** The value, in memory of its own. */
export function endFrame(out: GrowingBytes, key: Uint8Array): Buffer {
  const value = Buffer.allocUnsafe(out.length)
  out.bytes.copy(value, 0, 0, out.length)
  value.writeUInt32LE(checksum(key, value), 0)
  return value
}

/** Undefined when the value is sound and of our format. */
export function frameFault(key: Uint8Array, value: Uint8Array): DamagedBytes | undefined {
  if (value.length < BODY_START) return new DamagedBytes(`${value.length} bytes are too few`)
  const view = new DataView(value.buffer, value.byteOffset, value.length)
  if (view.getUint32(0, true) !== checksum(key, value)) return new DamagedBytes('its checksum is wrong')
  const format = value[4] as number
  if (format === VALUE_FORMAT) return undefined
  return new DamagedBytes(`it has format ${format}, and this version of Topiary knows ${VALUE_FORMAT}`)
}

function checksum(key: Uint8Array, value: Uint8Array): number {
  return crc32(value.subarray(4), crc32(key))
}
