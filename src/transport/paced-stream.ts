import type { ByteStream, ByteStreamEvents } from '../contracts/byte-stream.ts'
import type { TokenBucket } from '../structures/token-bucket.ts'
import { AroundStream } from './around-stream.ts'
import { PacketScanner } from './packet-scanner.ts'

/** Buckets that a stream draws from, all of them for everything. */
export interface Allowance {
  readonly messages: readonly TokenBucket[]
  readonly bytes: readonly TokenBucket[]
}

/** What a stream under rate limits is told and asks for. */
export interface Pacing {
  nowMs(): number
  inbound(): Allowance
  outbound(): Allowance
  /** Nothing may pass for now: `proceed` is to be called soon. */
  wait(stream: PacedStream): void
  closed(stream: PacedStream): void
}

interface Write {
  readonly bytes: Uint8Array
  readonly onWritten: (error?: Error | null) => void
}

/**
 * A stream that lets through no more than its allowance. What came in and may not pass yet is kept while the other end
 * is not read; what goes out waits, and is seen as unwritten: the client counts as slow, with all that follows.
 */
export class PacedStream extends AroundStream {
  readonly #pacing: Pacing
  readonly #inboundScanner = new PacketScanner()
  readonly #outboundScanner = new PacketScanner()
  #events: ByteStreamEvents | undefined
  /** Come in and not passed on yet. */
  #held: Uint8Array[] = []
  #heldFrom = 0
  #isPassing = false
  #isPausedByReader = false
  #isPausedByUs = false
  readonly #writes: Write[] = []
  #writtenTo = 0
  #isWriting = false
  #isEnding = false
  #hasMoved = false
  #isClosed = false

  constructor(stream: ByteStream, pacing: Pacing) {
    super(stream)
    this.#pacing = pacing
  }

  open(events: ByteStreamEvents): void {
    this.#events = events
    this.inner.open({
      onData: (chunk) => {
        this.#held.push(chunk)
        this.#passOn()
      },
      onClose: (error) => this.#close(events, error),
    })
  }

  #close(events: ByteStreamEvents, error: Error | undefined): void {
    this.#isClosed = true
    this.#held = []
    this.#pacing.closed(this)
    for (const { onWritten } of this.#writes.splice(this.#isWriting ? 1 : 0)) {
      onWritten(error ?? new Error('the connection was closed'))
    }
    events.onClose(error)
  }

  /** Time has passed. Returns whether anything could. */
  proceed(): boolean {
    this.#hasMoved = false
    this.#passOn()
    this.#writeOn()
    return this.#hasMoved
  }

  #passOn(): void {
    if (this.#isPassing) return
    this.#isPassing = true // reading may be paused and resumed from within
    while (this.#held.length > 0 && !this.#isPausedByReader && !this.#isClosed) {
      const chunk = this.#held[0] as Uint8Array
      const end = this.#cut(this.#pacing.inbound(), this.#inboundScanner, chunk, this.#heldFrom, chunk.length)
      if (end === this.#heldFrom) {
        this.#pacing.wait(this)
        break
      }
      const part = chunk.subarray(this.#heldFrom, end)
      this.#heldFrom = end
      if (end === chunk.length) {
        this.#held.shift()
        this.#heldFrom = 0
      }
      this.#events?.onData(part)
    }
    this.#isPassing = false
    this.#pauseOrResume()
  }

  override write(bytes: Uint8Array, onWritten: (error?: Error | null) => void): void {
    this.#writes.push({ bytes, onWritten })
    if (this.#writes.length === 1) this.#writeOn()
  }

  #writeOn(): void {
    if (this.#isWriting || this.#isClosed) return
    const write = this.#writes[0]
    if (write === undefined) {
      if (this.#isEnding) this.inner.end()
      return
    }
    const { bytes, onWritten } = write
    const start = this.#writtenTo
    const end = this.#cut(this.#pacing.outbound(), this.#outboundScanner, bytes, start, bytes.length)
    if (end === start && bytes.length > 0) {
      this.#pacing.wait(this)
      return
    }
    this.#isWriting = true
    this.#writtenTo = end
    this.inner.write(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end), (error) => {
      this.#isWriting = false
      if (end === bytes.length || error) {
        this.#writes.shift()
        this.#writtenTo = 0
        onWritten(error)
      }
      if (!error) this.#writeOn()
    })
  }

  /** How far it may go now, paid for. */
  #cut(allowance: Allowance, scanner: PacketScanner, bytes: Uint8Array, start: number, end: number): number {
    const nowMs = this.#pacing.nowMs()
    const byteCount = least(allowance.bytes, nowMs, end - start)
    const publishes = least(allowance.messages, nowMs, Infinity)
    const to = scanner.cut(bytes, start, byteCount, publishes)
    if (to > start) this.#hasMoved = true
    for (const bucket of allowance.bytes) bucket.take(to - start)
    for (const bucket of allowance.messages) bucket.take(scanner.publishes)
    return to
  }

  override pause(): void {
    this.#isPausedByReader = true
    this.#pauseOrResume()
  }

  override resume(): void {
    this.#isPausedByReader = false
    if (this.#held.length > 0) this.#passOn()
    else this.#pauseOrResume()
  }

  /** The stream below is read only when what it brings can be passed on. */
  #pauseOrResume(): void {
    const isPaused = this.#isPausedByReader || this.#held.length > 0
    if (isPaused === this.#isPausedByUs || this.#isClosed) return
    this.#isPausedByUs = isPaused
    if (isPaused) this.inner.pause()
    else this.inner.resume()
  }

  override end(): void {
    this.#isEnding = true
    if (this.#writes.length === 0) this.inner.end()
  }
}

function least(buckets: readonly TokenBucket[], nowMs: number, most: number): number {
  let found = most
  for (const bucket of buckets) found = Math.min(found, bucket.available(nowMs))
  return found
}
