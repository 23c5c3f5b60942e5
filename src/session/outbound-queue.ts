import type { QueueEntry, StoredQueue } from './queue-entry.ts'
import { Backlog } from './backlog.ts'
import { type Delivery, entryOf, type OnDrop, type Owed } from './delivery.ts'
import { InflightBytes } from './inflight-bytes.ts'
import { LatestPerTopic, type WaitingMessage } from './latest-per-topic.ts'
import { OutboundWindow, State } from './outbound-window.ts'
import { type OutboundLimits, type OutboundTotals, QueueBounds, type QueueDropReason } from './queue-bounds.ts'
import { RestoredQueue } from './restored-queue.ts'

/** What became of a message that was to wait: in memory, in the store, or not at all. */
export type Enqueued = 'queued' | 'in-store' | 'dropped' | 'overflow'

/** Messages that are held in memory, or read from the store, ahead of their turn. */
const READ_AHEAD_MESSAGES = 256
const READ_AHEAD_BYTES = 1024 * 1024
const noBacklog: ReturnType<Backlog<Delivery>['snapshot']> = { window: [], segments: [], backlogFrom: 0, withdrawn: [] }
/** The rights of another process. */
const OTHER_EPOCH = -1

/**
 * What one session is owed, bounded, in order. What is in flight or next to be sent stands in a window; where a store
 * keeps messages, the rest waits outside, in a backlog without payloads, and comes in as the window empties. While a
 * client is connected and keeps up, both are empty but for what is in flight.
 */
export class OutboundQueue {
  protected readonly bounds: QueueBounds
  protected readonly onDrop: OnDrop
  protected readonly window = new OutboundWindow()
  protected latest: LatestPerTopic | undefined = undefined
  #backlog: Backlog<Delivery> | undefined = undefined
  #restored: RestoredQueue | undefined = undefined
  /** How many of the first in the backlog may have been sent before a restart. */
  #maybeSent = 0
  /** Positions from here on were given after it. */
  #restoredBefore = 0
  nextPosition = 0
  /** Unacknowledged on this connection; bounded by `sendQuota`. */
  inflight = 0
  /** Their bytes, while these are limited or were. */
  protected inflightBytes: InflightBytes | undefined = undefined
  /** The client's Receive Maximum, ours taken into account; 0 while it is offline. [MQTT5-4.9.0-1] */
  sendQuota = 0
  /** Of the position that ended last, under which the store knows its message; -1 for none. */
  endedSequence = -1

  constructor(limits: OutboundLimits, totals: OutboundTotals, onDrop: OnDrop) {
    this.bounds = new QueueBounds(limits, totals)
    this.onDrop = onDrop
  }

  /**
   * Queues a message behind all others; where a store keeps messages, it may wait without its payload in memory.
   * 'overflow': nothing was queued, and the client is to go.
   */
  enqueue(delivery: Delivery, isStoreReadable: boolean): Enqueued {
    const { byteSize } = delivery
    const latest = this.#latestOf(delivery)
    if (latest !== undefined) this.#supersede(latest.queue.take(latest.topicBytes))
    if (!this.#makeRoom(byteSize)) {
      if (this.bounds.limits.queueFullPolicy === 'disconnect') return 'overflow'
      this.onDrop(delivery, 'queue-full', -1)
      return 'dropped'
    }
    const isOutside = isStoreReadable && delivery.group === undefined && this.#isBehind()
    if (!isOutside && this.window.isFull) {
      this.onDrop(delivery, 'queue-full', -1)
      return 'dropped'
    }
    const { sequence } = delivery
    const position = isOutside ? this.nextPosition++ : this.newPosition()
    latest?.queue.waits(latest.topicBytes, { position, sequence, byteSize })
    this.bounds.count(1, byteSize)
    if (!isOutside) {
      this.window.push(State.queued, position, delivery)
      return 'queued'
    }
    this.#queue().push(entryOf(delivery, position), sequence < 0 ? delivery : undefined)
    return sequence < 0 ? 'queued' : 'in-store'
  }

  /** Keeps the message just admitted, because it may have to be sent again. */
  keep(delivery: Delivery): void {
    const { deliveries, tail } = this.window
    deliveries[this.window.slot(tail - 1)] = delivery
    this.bounds.uncounted--
    this.bounds.count(1, delivery.byteSize)
  }

  /** Position of the message admitted or queued last. */
  get lastPosition(): number {
    return this.nextPosition - 1
  }

  /** Whether one more message may be kept: what is in flight and might be sent again counts like what waits. */
  get hasRoom(): boolean {
    return this.hasRoomFor(1)
  }

  /** Whether a message of that size would be queued without another being dropped for it. */
  hasRoomFor(byteSize: number): boolean {
    return this.bounds.hasRoomFor(byteSize)
  }

  get queuedMessages(): number {
    return this.bounds.messages
  }

  get queuedBytes(): number {
    return this.bounds.bytes
  }

  /** Messages waiting to be sent or resent, skipped positions included. */
  get waitingMessages(): number {
    return this.window.tail - this.window.cursor + this.outside
  }

  /** Messages in flight or waiting, for `$SYS` and limits. */
  get pending(): number {
    return this.window.tail - this.window.head + this.outside
  }

  /** Those next to be sent whose payload is to be read from the store, in order. */
  unloaded(): Delivery[] {
    return this.window.unloaded(READ_AHEAD_MESSAGES, READ_AHEAD_BYTES)
  }

  /** Drops what has waited too long, or expired, from the head of the queue of a client that is not there. */
  dropOld(nowMs: number): void {
    const window = this.window
    for (let index = window.firstQueued; index < window.tail; index++) {
      const slot = window.slot(index)
      const delivery = window.deliveries[slot]
      if (window.states[slot] !== State.queued || delivery === undefined) continue
      const reason = this.bounds.reasonToDrop(delivery, nowMs)
      if (reason === undefined) return
      this.finish(slot)
      this.onDrop(delivery, reason, window.positions[slot] as number)
    }
    this.#dropOldOutside(nowMs)
  }

  /** The store failed: it has none of the messages from that sequence on, and those not yet sent never are. */
  withdrawFrom(sequence: number): void {
    const window = this.window
    for (let index = window.head; index < window.tail; index++) {
      const slot = window.slot(index)
      const delivery = window.deliveries[slot]
      if (delivery === undefined || delivery.sequence < sequence) continue
      if (window.states[slot] === State.queued || delivery.message === undefined) {
        if (index < window.cursor) this.flightEnded(window.positions[slot] as number)
        this.finish(slot)
        this.onDrop(delivery, 'store-failed', -1)
      } else window.deliveries[slot] = { ...delivery, sequence: -1 } // it is sent again from memory
    }
    for (const entry of this.#backlog?.withdrawFrom(sequence) ?? []) {
      this.latest?.left(entry.position)
      this.bounds.count(-1, -entry.byteSize)
      this.onDrop(entry, 'store-failed', -1)
    }
  }

  /** Empties the queue and hands out every message that was not acknowledged, oldest first. */
  clear(visit: (owed: Owed, wasSent: boolean) => void): void {
    this.window.visit(visit)
    this.#backlog?.visit((entry) => visit(entry, false))
    this.bounds.count(-this.queuedMessages, -this.queuedBytes)
    this.window.clear()
    this.#backlog = undefined
    this.latest?.clear()
    this.inflight = 0
    this.bounds.uncounted = 0
    this.inflightBytes = undefined
  }

  /** Every message in the store that this session is owed. */
  visitOutstanding(visit: (sequence: number) => void): void {
    const show = ({ sequence }: Owed): void => {
      if (sequence >= 0) visit(sequence)
    }
    this.window.visit(show)
    this.#backlog?.visit(show)
  }

  /** As it is to be kept. */
  snapshot(): StoredQueue {
    const { window, released } = this.window.snapshot()
    const backlog = this.#backlog?.snapshot() ?? noBacklog
    return { ...backlog, nextPosition: this.nextPosition, window: [...window, ...backlog.window], released }
  }

  /** Takes back what `snapshot` gave; `replay...` and `restored` follow. Throws RangeError when it is damaged. */
  restore(stored: StoredQueue): void {
    this.nextPosition = stored.nextPosition
    this.#restored = new RestoredQueue(stored.released)
    for (const entry of stored.window) this.#queue().pushFront(entry)
    if (stored.segments.length > 0) this.#queue().load(stored.segments, stored.backlogFrom, stored.withdrawn)
  }

  /** The store says that this was owed after the snapshot was made. */
  replayOwed(entry: QueueEntry): void {
    if (entry.position < this.nextPosition) return
    this.#queue().push(entry)
    this.nextPosition = entry.position + 1
  }

  replayDelivered(position: number): void {
    this.#replayedUse(position)
    const isFirst = this.#backlog?.peek()?.position === position
    if (isFirst) this.#backlog?.shift()
    this.#replayed().delivered(position, isFirst)
  }

  replayReleased(position: number): void {
    this.#replayedUse(position)
    this.#replayed().released(position)
  }

  /** What no store had was given positions as well: only how it ended was recorded, and they are not given again. */
  #replayedUse(position: number): void {
    this.nextPosition = Math.max(this.nextPosition, position + 1)
  }

  /** All is replayed. At most `sendQuota` messages may have been sent; they go out again with DUP. */
  restored(sendQuota: number, nowMs: number): void {
    const replayed = this.#replayed()
    this.#restored = undefined
    if (replayed.ended.size > 0) this.#backlog?.withdrawAll(({ position }) => replayed.ended.has(position))
    this.bounds.count(this.outside, this.#backlog?.byteSize ?? 0)
    for (const position of replayed.waiting()) {
      // what was sent before a message that was received has been sent as well
      for (let entry = this.#backlog?.peek(); entry !== undefined; entry = this.#backlog?.peek()) {
        if (entry.position > position) break
        this.#backlog?.shift()
        this.#moveIn(entry, true)
      }
      this.window.push(State.released, position, undefined)
    }
    const { head, tail } = this.window
    this.window.firstQueued = tail
    this.#maybeSent = Math.max(0, sendQuota - (tail - head))
    this.#restoredBefore = this.nextPosition
    this.#dropOldOutside(nowMs)
  }

  /** Of a queue that a restart found, where the latest of each topic is kept: what its topics are. */
  rememberTopic(topicBytes: Uint8Array, { position, sequence, byteSize }: QueueEntry): void {
    this.latest ??= new LatestPerTopic()
    this.#supersede(this.latest.take(topicBytes))
    this.latest.waits(topicBytes, { position, sequence, byteSize })
  }

  /** Entries outside the window. */
  visitBacklog(visit: (entry: QueueEntry) => void): void {
    this.#backlog?.visit(visit)
  }

  /** A position whose identifier is not in use. */
  protected newPosition(): number {
    while (this.window.isIdentifierInUse(this.nextPosition)) this.nextPosition++
    return this.nextPosition++
  }

  protected readAhead(nowMs: number): void {
    const window = this.window
    if (window.tail - window.cursor >= READ_AHEAD_MESSAGES / 2) return
    let bytes = 0
    while (window.tail - window.cursor < READ_AHEAD_MESSAGES && bytes < READ_AHEAD_BYTES && !window.isFull) {
      const entry = this.#backlog?.shift()
      if (entry === undefined) return
      bytes += entry.byteSize
      const isFound = this.#maybeSent > 0 && entry.qos > 0 && entry.position < this.#restoredBefore
      if (isFound) this.#maybeSent--
      // while an earlier one has its identifier it has not been sent
      const mayBeSent = isFound && !window.isIdentifierInUse(entry.position)
      const reason = this.bounds.reasonToDrop(entry, nowMs)
      if (reason === undefined) this.#moveIn(entry, mayBeSent)
      else this.#dropOutside(entry, reason)
    }
  }

  protected flightEnded(position: number): void {
    this.inflight--
    this.inflightBytes?.ended(position)
  }

  protected finish(slot: number): void {
    this.window.finish(slot)
    this.latest?.left(this.window.positions[slot] as number)
    this.forget(slot)
  }

  protected forget(slot: number): void {
    const { deliveries } = this.window
    const delivery = deliveries[slot]
    if (delivery === undefined) return
    deliveries[slot] = undefined
    this.endedSequence = delivery.sequence
    this.bounds.count(-1, -delivery.byteSize)
  }

  protected get outside(): number {
    return this.#backlog === undefined ? 0 : this.#backlog.count
  }

  #queue(): Backlog<Delivery> {
    return (this.#backlog ??= new Backlog())
  }

  /** Whether a new message would wait behind others for long. */
  #isBehind(): boolean {
    const { tail, cursor } = this.window
    return this.sendQuota === 0 || this.outside > 0 || tail - cursor >= READ_AHEAD_MESSAGES
  }

  #moveIn(entry: QueueEntry, isSent: boolean): void {
    const { position, qos } = entry
    const state = !isSent ? State.queued : qos === 1 ? State.sentQos1 : State.sentQos2
    const atHand = this.#backlog?.takeAtHand(position)
    const unloaded = { ...entry, message: undefined, commit: 0, rightsEpoch: OTHER_EPOCH, group: undefined }
    this.window.push(state, position, atHand ?? unloaded)
  }

  /** An entry has left the backlog for good. */
  #dropOutside(entry: QueueEntry, reason: QueueDropReason): void {
    this.#backlog?.takeAtHand(entry.position)
    this.latest?.left(entry.position)
    this.bounds.count(-1, -entry.byteSize)
    this.onDrop(entry, reason, entry.position)
  }

  #dropOldOutside(nowMs: number): void {
    for (let entry = this.#backlog?.peek(); entry !== undefined; entry = this.#backlog?.peek()) {
      const reason = this.bounds.reasonToDrop(entry, nowMs)
      if (reason === undefined) return
      this.#backlog?.shift()
      if (this.#maybeSent > 0 && entry.qos > 0) this.#maybeSent--
      this.#dropOutside(entry, reason)
    }
  }

  #replayed(): RestoredQueue {
    return (this.#restored ??= new RestoredQueue())
  }

  #latestOf({ message }: Delivery): { readonly queue: LatestPerTopic; readonly topicBytes: Uint8Array } | undefined {
    if (this.bounds.limits.queueFullPolicy !== 'latest-per-topic' || message === undefined) return undefined
    this.latest ??= new LatestPerTopic()
    return { queue: this.latest, topicBytes: message.topicBytes }
  }

  /** A newer message of its topic takes its place at the end of the queue. */
  #supersede(waiting: WaitingMessage | undefined): void {
    if (waiting === undefined) return
    const { position, byteSize } = waiting
    const window = this.window
    const index = window.indexOf(position)
    if (index >= 0) {
      if (window.states[window.slot(index)] === State.queued) this.#dropQueued(index, 'superseded')
      return
    }
    const first = this.#backlog?.peek()
    if (first === undefined || position < first.position) return // dropped from the head before
    this.#queue().withdraw(position, byteSize)
    this.#dropOutside({ ...first, ...waiting }, 'superseded')
  }

  #makeRoom(byteSize: number): boolean {
    const { dropsOldest, limits } = this.bounds
    while (!this.hasRoomFor(byteSize)) {
      // what alone is above the limit finds no room however many are dropped for it
      if (!dropsOldest || byteSize > limits.maximumQueuedBytes || !this.#dropOldest()) return false
    }
    return true
  }

  #dropOldest(): boolean {
    const index = this.window.passOldestQueued()
    if (index >= 0) {
      this.#dropQueued(index, 'queue-full')
      return true
    }
    const entry = this.#backlog?.shift()
    if (entry === undefined) return false
    if (this.#maybeSent > 0 && entry.qos > 0) this.#maybeSent--
    this.#dropOutside(entry, 'queue-full')
    return true
  }

  #dropQueued(index: number, reason: QueueDropReason): void {
    const window = this.window
    const slot = window.slot(index)
    const position = window.positions[slot] as number
    const delivery = window.deliveries[slot] as Delivery
    this.finish(slot)
    // the window moves on, or it would be at its end after a long time offline
    if (index === window.cursor) window.stepOver()
    this.onDrop(delivery, reason, position)
  }
}
