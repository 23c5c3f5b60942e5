import { MAXIMUM_MARK_LENGTH, markText, writeMark } from '../proof/mark.ts'
import { mix, SeededSource } from '../random.ts'
import type { PayloadContext } from './payload-context.ts'
import type { PayloadWriter } from './payload-writer.ts'

export interface FixedPayloadWriter extends PayloadWriter {
  readonly bytes: number
  /** Writes the payload into `target` from `at` on, which must have room for `bytes`. Returns the place after it. */
  writeInto(context: Pick<PayloadContext, 'mark' | 'sequence'>, target: Uint8Array, at: number): number
  write(context: Pick<PayloadContext, 'mark' | 'sequence'>): Uint8Array
}

/** Exactly so many bytes: the mark, then filler that follows from the seed and the sequence number alone. */
export function fixedWriter(bytes: number, seed: number): FixedPayloadWriter {
  const writer: FixedPayloadWriter = {
    bytes,
    writeInto({ mark, sequence }, target, at) {
      const filled = mark === undefined ? at : writeWholeMark(target, at, at + bytes, mark)
      fill(target, filled, at + bytes, mix(seed ^ sequence) % poolSize)
      return at + bytes
    },
    write(context) {
      const payload = Buffer.allocUnsafe(bytes)
      writer.writeInto(context, payload, 0)
      return payload
    },
  }
  return writer
}

const tilde = 0x7e
/** Divides no usual size of a payload, so that repeats do not line up. */
const poolSize = 16_381
/** One pool for all: its filler cannot be compressed, and none of it is a tilde, with which marks begin. */
const pool = makePool()

function makePool(): Uint8Array {
  const random = new SeededSource(0x70_6f_6f_6c)
  return Uint8Array.from({ length: poolSize }, () => {
    const byte = Math.floor(random.next() * 255)
    return byte < tilde ? byte : byte + 1
  })
}

function writeWholeMark(
  target: Uint8Array,
  at: number,
  end: number,
  mark: NonNullable<PayloadContext['mark']>,
): number {
  if (end - at >= MAXIMUM_MARK_LENGTH) return writeMark(target, at, mark)
  const length = writeMark(scratch, 0, mark)
  if (length > end - at) {
    throw new RangeError(
      `a fixed payload of ${end - at} bytes has no room for "${markText(mark)}"; make it ${length} or more`,
    )
  }
  for (let index = 0; index < length; index++) target[at + index] = scratch[index] as number
  return at + length
}

const scratch = new Uint8Array(MAXIMUM_MARK_LENGTH)

/** Short pieces are cheaper byte by byte than by a call that makes a view. */
const shortPiece = 64

function fill(target: Uint8Array, start: number, end: number, offset: number): void {
  let from = offset
  for (let at = start; at < end; from = 0) {
    const length = Math.min(end - at, poolSize - from)
    if (length > shortPiece) target.set(pool.subarray(from, from + length), at)
    else for (let index = 0; index < length; index++) target[at + index] = pool[from + index] as number
    at += length
  }
}
