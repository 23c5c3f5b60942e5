/** Rewrites the beginnings of packets; what follows them passes as it is. */
export interface HeadEditor {
  /**
   * How many bytes of the body `edit` wants to see: those up to `end` are there, and the answer may grow once they
   * are. 0: none, the packet is not looked at.
   */
  needed(head: PacketHead): number
  /** What stands in the place of the fixed header and the bytes needed; undefined: they stay. */
  edit(head: PacketHead): Edit | undefined
}

export interface PacketHead {
  readonly bytes: Uint8Array
  readonly firstByte: number
  readonly start: number
  readonly bodyStart: number
  /** Of what has arrived. */
  readonly end: number
  readonly remainingLength: number
}

export interface Edit {
  readonly bytes: Uint8Array
  /** Nothing that comes after is let through: who reads these bytes ends the connection. */
  readonly isLast?: true
}

/**
 * A stream of packets on its way past an editor, in whatever chunks it comes.
 *
 *   [ head | rest        ][ head | rest ] . . .
 *     edited, kept until    passes as it comes
 *     it is whole
 */
export class PacketEdits {
  readonly #editor: HeadEditor
  /** Bytes of the rest that are still to come. */
  #passing = 0
  /** A head that is not whole: so many bytes of it. */
  #kept = noBytes
  #keptLength = 0
  #isOver = false
  #parts: Uint8Array[] = []

  constructor(editor: HeadEditor) {
    this.#editor = editor
  }

  /** The chunk as it is to go on; the same one when nothing in it is changed. */
  push(chunk: Uint8Array): Uint8Array {
    let at = 0
    let isChanged = this.#keptLength > 0
    while (at < chunk.length && !this.#isOver) {
      if (this.#passing > 0) {
        const byteCount = Math.min(this.#passing, chunk.length - at)
        this.#parts.push(chunk.subarray(at, at + byteCount))
        this.#passing -= byteCount
        at += byteCount
      } else if (this.#keptLength > 0) {
        at += this.#complete(chunk, at)
        isChanged = true
      } else {
        const head = readHead(chunk, at, chunk.length)
        const wanted = this.#wanted(head, chunk.length - at)
        if (at + wanted > chunk.length) {
          this.#keep(chunk, at, chunk.length)
          at = chunk.length
          isChanged = true
        } else {
          if (this.#take(head, chunk, at, wanted)) isChanged = true
          at += wanted
        }
      }
    }
    const parts = this.#parts
    this.#parts = []
    if (!isChanged && at === chunk.length) return chunk
    return parts.length === 1 ? (parts[0] as Uint8Array) : joined(parts)
  }

  /** Adds what the kept head still wants. Returns how many bytes of the chunk it took. */
  #complete(chunk: Uint8Array, at: number): number {
    const head = readHead(this.#kept, 0, this.#keptLength)
    const wanted = this.#wanted(head, this.#keptLength)
    const byteCount = Math.min(wanted - this.#keptLength, chunk.length - at)
    this.#keep(chunk, at, at + byteCount)
    const grown = readHead(this.#kept, 0, this.#keptLength)
    if (this.#wanted(grown, this.#keptLength) > this.#keptLength) return byteCount
    const kept = this.#kept
    const length = this.#keptLength
    this.#kept = noBytes
    this.#keptLength = 0
    this.#take(grown, kept, 0, length)
    return byteCount
  }

  /** Bytes of a packet that must be there before it goes on, its fixed header included; `available` are. */
  #wanted(head: PacketHead | 'short' | 'malformed', available: number): number {
    if (head === 'malformed') return available
    if (head === 'short') return available + 1
    return head.bodyStart - head.start + Math.min(head.remainingLength, this.#editor.needed(head))
  }

  /** Lets a head through, edited or not. Returns whether it was edited. */
  #take(head: PacketHead | 'short' | 'malformed', bytes: Uint8Array, start: number, byteCount: number): boolean {
    if (typeof head === 'string') {
      // whoever reads it ends the connection
      this.#isOver = true
      this.#parts.push(bytes.subarray(start, start + byteCount))
      return false
    }
    this.#passing = head.bodyStart - head.start + head.remainingLength - byteCount
    const edit = this.#editor.edit(head)
    this.#parts.push(edit === undefined ? bytes.subarray(start, start + byteCount) : edit.bytes)
    if (edit?.isLast === true) this.#isOver = true
    return edit !== undefined
  }

  #keep(chunk: Uint8Array, start: number, end: number): void {
    const length = this.#keptLength + end - start
    if (length > this.#kept.length) {
      const grown = new Uint8Array(Math.max(64, length, this.#kept.length * 2))
      grown.set(this.#kept.subarray(0, this.#keptLength))
      this.#kept = grown
    }
    this.#kept.set(chunk.subarray(start, end), this.#keptLength)
    this.#keptLength = length
  }
}

/** A remaining length has at most four bytes, and no more than it needs. */
function readHead(bytes: Uint8Array, start: number, end: number): PacketHead | 'short' | 'malformed' {
  let remainingLength = 0
  for (let count = 1; count <= 4; count++) {
    if (start + count >= end) return 'short'
    const byte = bytes[start + count] as number
    remainingLength += (byte & 0x7f) * 2 ** (7 * (count - 1))
    if (byte >= 0x80) continue
    if (byte === 0 && count > 1) return 'malformed'
    return { bytes, firstByte: bytes[start] as number, start, bodyStart: start + count + 1, end, remainingLength }
  }
  return 'malformed'
}

const noBytes = new Uint8Array(0)

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
