import type { QueueEntry, QueueSegment } from './queue-entry.ts'
import { RingQueue } from '../structures/ring-queue.ts'
import {
  type EntryBase,
  MAXIMUM_ENTRY_BYTES,
  newEntryBase,
  QueueEntryReader,
  writeQueueEntry,
} from './queue-entry-codec.ts'

/** A segment is full at this many bytes: some thousand entries. */
const SEGMENT_BYTES = 8192
const FIRST_BYTES = 32

interface Segment {
  readonly number: number
  bytes: Uint8Array
  /** Bytes written. */
  end: number
  /** Greatest sequence in it. */
  lastSequence: number
  /** What is kept of it; made anew while it grows. */
  stored: QueueSegment | undefined
}

/**
 * The part of a queue that is not in memory as messages: ten million entries weigh some sixty megabytes. First in,
 * first out, and a few may be taken out of the middle. Messages that no store has are held beside it, by position.
 *
 *   front      [entry entry]         what a restart found in flight
 *   segments   [bytes|full] [bytes|full] [bytes|growing]
 *               ^ head                              ^ push
 */
export class Backlog<Message> {
  readonly #front = new RingQueue<QueueEntry>()
  readonly #segments = new RingQueue<Segment>()
  readonly #withdrawn = new Set<number>()
  #atHand: Map<number, Message> | undefined = undefined
  #tail: Segment | undefined = undefined
  #base: EntryBase = newEntryBase()
  #nextNumber = 0
  #reader: QueueEntryReader | undefined = undefined
  #head: QueueEntry | undefined = undefined
  /** What segments hold before this position was done with before a restart, or stands in front. */
  #segmentsFrom = 0
  /** Entries, without those withdrawn. */
  count = 0
  /** Of their messages. */
  byteSize = 0

  /** Adds an entry behind all others; its position is greater than theirs. `atHand`: the message is held here. */
  push(entry: QueueEntry, atHand?: Message): void {
    if (atHand !== undefined) (this.#atHand ??= new Map()).set(entry.position, atHand)
    const segment = this.#roomFor(MAXIMUM_ENTRY_BYTES + 8 * entry.subscriptionIdentifiers.length)
    segment.end = writeQueueEntry(segment.bytes, segment.end, entry, this.#base)
    segment.stored = undefined
    if (entry.sequence > segment.lastSequence) segment.lastSequence = entry.sequence
    this.count++
    this.byteSize += entry.byteSize
    if (segment.end >= SEGMENT_BYTES) this.#seal()
  }

  /** The message of an entry that has just left, where it was held here. */
  takeAtHand(position: number): Message | undefined {
    const message = this.#atHand?.get(position)
    if (message !== undefined) this.#atHand?.delete(position)
    return message
  }

  /** Adds an entry that comes before those of the segments loaded after. */
  pushFront(entry: QueueEntry): void {
    this.#front.push(entry)
    this.count++
    this.byteSize += entry.byteSize
  }

  /** The first entry; undefined when there is none. */
  peek(): QueueEntry | undefined {
    while (this.count > 0) {
      const head = (this.#head ??= this.#front.peek() ?? this.#next())
      if (head === undefined) break
      if (!this.#withdrawn.delete(head.position)) return head
      this.#step()
    }
    return undefined
  }

  shift(): QueueEntry | undefined {
    const head = this.peek()
    if (head === undefined) return undefined
    this.#step()
    this.count--
    this.byteSize -= head.byteSize
    if (this.count === 0) this.#reset()
    return head
  }

  /** Takes an entry out from wherever it is. The caller knows that it is there. */
  withdraw(position: number, byteSize: number): void {
    if (this.peek()?.position === position) {
      this.shift()
      return
    }
    this.#withdrawn.add(position)
    this.count--
    this.byteSize -= byteSize
    if (this.count === 0) this.#reset()
  }

  /** Takes out what the store did not keep: entries with that sequence or a later one. */
  withdrawFrom(sequence: number): readonly QueueEntry[] {
    const isIn = [...this.#segments].some((segment) => segment.lastSequence >= sequence)
    if (!isIn && ![...this.#front].some((entry) => entry.sequence >= sequence)) return []
    return this.withdrawAll((entry) => entry.sequence >= sequence)
  }

  /** Takes out all that `isGone` is true of, and returns them. */
  withdrawAll(isGone: (entry: QueueEntry) => boolean): readonly QueueEntry[] {
    const gone: QueueEntry[] = []
    this.visit((entry) => {
      if (isGone(entry)) gone.push(entry)
    })
    for (const { position, byteSize } of gone) this.withdraw(position, byteSize)
    return gone
  }

  /** Shows entries in order. Ten million of them are gone through at a start. */
  visit(visit: (entry: QueueEntry) => void): void {
    const from = this.peek()?.position ?? Infinity
    const show = (entry: QueueEntry): void => {
      if (entry.position >= from && !this.#withdrawn.has(entry.position)) visit(entry)
    }
    for (const entry of this.#front) show(entry)
    for (const { bytes, end } of this.#segments) this.#read(bytes, end, show)
  }

  /** Empty: nothing of what was there is held, but for messages at hand that are about to be taken. */
  #reset(): void {
    this.#front.clear()
    this.#segments.clear()
    this.#withdrawn.clear()
    this.#tail = undefined
    this.#reader = undefined
    this.#head = undefined
    this.count = this.byteSize = 0
  }

  /** What is to be kept of it. */
  snapshot(): {
    readonly window: readonly QueueEntry[]
    readonly segments: readonly QueueSegment[]
    readonly backlogFrom: number
    readonly withdrawn: readonly number[]
  } {
    const head = this.peek()
    const window = [...this.#front].filter(({ position }) => !this.#withdrawn.has(position))
    return {
      window,
      segments: [...this.#segments].map(storedSegment),
      backlogFrom: this.#front.length > 0 ? this.#segmentsFrom : (head?.position ?? 0),
      withdrawn: [...this.#withdrawn],
    }
  }

  /** Takes back what `snapshot` gave. Called once, on an empty backlog, after `pushFront`. Throws for other bytes. */
  load(segments: readonly QueueSegment[], backlogFrom: number, withdrawn: readonly number[]): void {
    const gone = new Set(withdrawn)
    this.#segmentsFrom = backlogFrom
    for (const stored of segments) this.#loadSegment(stored, gone)
    if (this.count === 0) this.#reset()
  }

  /** Whole or not at all. */
  #loadSegment(stored: QueueSegment, gone: ReadonlySet<number>): void {
    const { number, bytes } = stored
    let lastSequence = -1
    let count = 0
    let byteSize = 0
    const withdrawn: number[] = []
    this.#read(bytes, bytes.length, (entry) => {
      if (entry.sequence > lastSequence) lastSequence = entry.sequence
      // what no store had has ended with the process
      if (entry.sequence < 0 || gone.has(entry.position)) withdrawn.push(entry.position)
      else {
        count++
        byteSize += entry.byteSize
      }
    })
    this.#segments.push({ number, bytes, end: bytes.length, lastSequence, stored })
    this.#nextNumber = Math.max(this.#nextNumber, number + 1)
    for (const position of withdrawn) this.#withdrawn.add(position)
    this.count += count
    this.byteSize += byteSize
  }

  /** Shows the entries of a segment that are not done with. */
  #read(bytes: Uint8Array, end: number, visit: (entry: QueueEntry) => void): void {
    const reader = new QueueEntryReader(bytes, end)
    for (let entry = reader.next(); entry !== undefined; entry = reader.next()) {
      if (entry.position >= this.#segmentsFrom) visit(entry)
    }
  }

  /** Reads on in the segments; one that is read to its end is let go. */
  #next(): QueueEntry | undefined {
    for (let segment = this.#segments.peek(); segment !== undefined; segment = this.#segments.peek()) {
      this.#reader ??= new QueueEntryReader(segment.bytes, segment.bytes.length)
      const entry = this.#reader.next(segment.end)
      if (entry !== undefined && entry.position < this.#segmentsFrom) continue
      if (entry !== undefined) return entry
      if (segment === this.#tail) this.#tail = undefined
      this.#segments.shift()
      this.#reader = undefined
    }
    return undefined
  }

  #step(): void {
    if (this.#front.length > 0) this.#front.shift()
    this.#head = undefined
  }

  #roomFor(byteCount: number): Segment {
    const tail = this.#tail
    if (tail === undefined) return this.#newSegment(byteCount)
    if (tail.end + byteCount <= tail.bytes.length) return tail
    const grown = new Uint8Array(Math.max(tail.bytes.length * 2, tail.end + byteCount))
    grown.set(tail.bytes.subarray(0, tail.end))
    tail.bytes = grown
    // a reader that stands in it goes on in the new bytes
    if (this.#segments.peek() === tail) this.#reader?.movedTo(grown)
    return tail
  }

  #newSegment(byteCount: number): Segment {
    const bytes = new Uint8Array(Math.max(FIRST_BYTES, byteCount))
    const segment: Segment = { number: this.#nextNumber++, bytes, end: 0, lastSequence: -1, stored: undefined }
    this.#segments.push(segment)
    this.#base = newEntryBase()
    this.#tail = segment
    return segment
  }

  #seal(): void {
    const tail = this.#tail as Segment
    tail.bytes = tail.bytes.slice(0, tail.end)
    if (this.#segments.peek() === tail) this.#reader?.movedTo(tail.bytes)
    this.#tail = undefined
  }
}

function storedSegment(segment: Segment): QueueSegment {
  const { number, bytes, end } = segment
  return (segment.stored ??= { number, bytes: bytes.length === end ? bytes : bytes.slice(0, end) })
}
