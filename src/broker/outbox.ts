import type { ByteStream } from '../contracts/byte-stream.ts'
import type { Counters } from '../contracts/statistics.ts'
import { RingQueue } from '../structures/ring-queue.ts'
import { SlabPool } from '../structures/slab-pool.ts'

const LARGEST_SLAB = 64 * 1024

interface Part {
  readonly bytes: Uint8Array
  /** To be given back once written; absent for bytes that belong to somebody else. */
  readonly slab: Uint8Array | undefined
}

/** What all outboxes of a broker share: slabs, the sum of what waits, and the list to flush at the end of the turn. */
export class OutboxPool {
  readonly slabs = new SlabPool([1024, 8 * 1024, LARGEST_SLAB], (byteCount) => Buffer.allocUnsafeSlow(byteCount))
  pendingBytes = 0
  readonly counters: Pick<Counters, 'bytesSent'>
  #dirty: Outbox[] = []
  readonly #flush = (): void => {
    const dirty = this.#dirty
    this.#dirty = []
    for (const outbox of dirty) outbox.endTurn()
  }

  constructor(counters: Pick<Counters, 'bytesSent'>) {
    this.counters = counters
  }

  /** The outbox has gathered its first bytes of this turn. */
  flushAtTurnEnd(outbox: Outbox): void {
    if (this.#dirty.push(outbox) === 1) setImmediate(this.#flush)
  }
}

/**
 * Gathers what a connection is to be sent during a loop turn and writes it once, at the turn's end. The only writer
 * to a stream; at most one write is under way, the rest waits here, where its size can be seen.
 *
 *   parts  [ full slab ][ large payload by reference ]   slab [ being filled ....    ]
 *            ^ next to be written                               ^ length
 */
export class Outbox {
  readonly #pool: OutboxPool
  readonly #stream: Pick<ByteStream, 'write'>
  readonly #onWritten: (error?: Error | null) => void
  readonly #onDrained: () => void
  readonly #parts = new RingQueue<Part>()
  #writing: Part | undefined = undefined
  #onFinished: (() => void) | undefined = undefined
  #isDirty = false
  #isClosed = false
  /** Size of the last turn's output: the next slab is taken to fit. */
  #lastLength = 0
  /** Where the caller writes, from `length` on, after `reserve`. */
  slab: Uint8Array = noBytes
  length = 0
  /** Bytes gathered and not yet taken by the operating system. */
  pendingBytes = 0
  /** Bytes the operating system has taken so far. */
  bytesWritten = 0

  /** `onDrained` is called when everything gathered so far has been taken. */
  constructor(pool: OutboxPool, stream: Pick<ByteStream, 'write'>, onDrained: () => void) {
    this.#pool = pool
    this.#stream = stream
    this.#onDrained = onDrained
    this.#onWritten = (error) => this.#written(error)
  }

  /** Makes `slab` hold `byteCount` more bytes from `length` on. Hot path. Follow with `advance`. */
  reserve(byteCount: number): number {
    if (this.length + byteCount > this.slab.length) this.#makeRoom(byteCount)
    if (!this.#isDirty) {
      this.#isDirty = true
      this.#pool.flushAtTurnEnd(this)
    }
    return this.length
  }

  /** The caller has written up to `end` in `slab`. */
  advance(end: number): void {
    const byteCount = end - this.length
    this.length = end
    this.pendingBytes += byteCount
    this.#pool.pendingBytes += byteCount
  }

  append(bytes: Uint8Array): void {
    const at = this.reserve(bytes.length)
    this.slab.set(bytes, at)
    this.advance(at + bytes.length)
  }

  /** Sends bytes from where they lie. They must not change until written. */
  appendReference(bytes: Uint8Array): void {
    this.reserve(0)
    this.#closeSlab()
    this.#parts.push({ bytes, slab: undefined })
    this.pendingBytes += bytes.length
    this.#pool.pendingBytes += bytes.length
  }

  endTurn(): void {
    this.#isDirty = false
    this.flush()
  }

  /** Hands the next part to the stream unless a write is under way. */
  flush(): void {
    if (this.#writing !== undefined || this.#isClosed) return
    const part = this.#parts.length === 0 ? this.#wholeSlab() : this.#parts.shift()
    if (part === undefined) return
    this.#writing = part
    this.#stream.write(part.bytes, this.#onWritten)
  }

  /** Sends what is gathered, then calls `onFinished`; nothing may be added any more. */
  finish(onFinished: () => void): void {
    this.#onFinished = onFinished
    this.flush()
    if (this.pendingBytes === 0) this.#finished()
  }

  #finished(): void {
    const onFinished = this.#onFinished
    this.#onFinished = undefined
    onFinished?.()
  }

  /** Forgets what was not sent. Returns how many bytes that were. */
  close(): number {
    this.#isClosed = true
    const lost = this.pendingBytes
    this.#pool.pendingBytes -= this.pendingBytes
    this.pendingBytes = 0
    if (this.slab.length > 0) this.#pool.slabs.give(this.slab)
    this.slab = noBytes
    this.length = 0
    for (let part = this.#parts.shift(); part !== undefined; part = this.#parts.shift()) {
      if (part.slab !== undefined) this.#pool.slabs.give(part.slab)
    }
    // the part being written stays with the stream until its callback
    return lost
  }

  #written(error: Error | null | undefined): void {
    const part = this.#writing
    if (part === undefined) return
    this.#writing = undefined
    if (part.slab !== undefined) this.#pool.slabs.give(part.slab)
    // what was not sent stays pending: the stream is about to close, and then it is counted as lost
    if (this.#isClosed || error) return
    const byteCount = part.bytes.length
    this.bytesWritten += byteCount
    this.#pool.counters.bytesSent += byteCount
    this.pendingBytes -= byteCount
    this.#pool.pendingBytes -= byteCount
    if (this.#parts.length > 0 || (this.length > 0 && !this.#isDirty)) this.flush()
    else if (this.pendingBytes === 0) {
      if (this.#onFinished === undefined) this.#onDrained()
      else this.#finished()
    }
  }

  #makeRoom(byteCount: number): void {
    const { slabs } = this.#pool
    if (this.slab.length === 0) {
      this.slab = slabs.take(Math.max(byteCount, Math.min(this.#lastLength, LARGEST_SLAB)))
      return
    }
    const needed = this.length + byteCount
    if (needed > LARGEST_SLAB) {
      this.#closeSlab()
      this.slab = slabs.take(byteCount)
      return
    }
    const larger = slabs.take(needed)
    larger.set(this.slab.subarray(0, this.length))
    slabs.give(this.slab)
    this.slab = larger
  }

  /** What has been gathered, as the next to be written; undefined when that is nothing. */
  #wholeSlab(): Part | undefined {
    if (this.length === 0) return undefined
    this.#lastLength = this.length
    const part = { bytes: this.slab.subarray(0, this.length), slab: this.slab }
    this.slab = noBytes
    this.length = 0
    return part
  }

  #closeSlab(): void {
    const part = this.#wholeSlab()
    if (part !== undefined) this.#parts.push(part)
    else if (this.slab.length > 0) this.#pool.slabs.give(this.slab)
    this.slab = noBytes
    this.length = 0
  }
}

const noBytes = new Uint8Array(0)
