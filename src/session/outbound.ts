import type { Delivery } from './delivery.ts'

/** Why a message that was owed to a session will not reach it. */
export type QueueDropReason = 'queue-full' | 'expired'

export interface OutboundLimits {
  readonly maximumQueuedMessages: number
  readonly maximumQueuedBytes: number
  readonly queueFullPolicy: 'drop-oldest' | 'drop-newest' | 'disconnect'
}

/** What `take` hands out next. */
export type Taken = 'nothing' | 'publish' | 'pubrel'

const State = { done: 0, queued: 1, sentQos1: 2, sentQos2: 3, released: 4 } as const

/** Packet identifiers are 1..65535. */
const IDENTIFIERS = 65_535
/** How far one unacknowledged message may lag behind before the session takes no more: four rounds of identifiers. */
const MAXIMUM_WINDOW = 4 * IDENTIFIERS

/**
 * What the broker owes one client at QoS 1 and 2, and in which step each message is. Time is an argument.
 *
 *   position   head            cursor          firstQueued      tail
 *              v               v               v                v
 *   state    [ sent done sent | sent released | queued queued ]
 *              in flight now    to be resent    waiting
 *
 * A message gets its position when it is queued, and its packet identifier is 1 + position mod 65535, so that a
 * restart finds the same identifiers without having written them. A position whose identifier is still in use is
 * skipped. While a client is connected and keeps up, cursor = firstQueued = tail.
 *
 * The payload of a message in flight is kept only where it may have to be sent again (`keep`).
 */
export class Outbound {
  readonly #limits: OutboundLimits
  /** `position` is -1 for a message that never had one. */
  readonly #onDrop: (delivery: Delivery, reason: QueueDropReason, position: number) => void
  states = new Uint8Array(0)
  deliveries: (Delivery | undefined)[] = []
  head = 0
  cursor = 0
  firstQueued = 0
  tail = 0
  /** Unacknowledged on this connection; bounded by `sendQuota`. */
  inflight = 0
  /** The client's Receive Maximum, ours taken into account; 0 while it is offline. [MQTT5-4.9.0-1] */
  sendQuota = 0
  queuedMessages = 0
  queuedBytes = 0
  /** Set by `take`. */
  takenPacketId = 0
  takenPosition = 0
  takenDelivery: Delivery | undefined = undefined
  /** The last `take` gave nothing because of its commit. */
  isWaitingForCommit = false
  /** Position of a message that has been taken and not yet been sent, -1 for none: nobody can have acknowledged it. */
  unsentPosition = -1
  /** The message was sent before, on this or an earlier connection. [MQTT5-3.3.1-1] */
  takenDup = false

  constructor(limits: OutboundLimits, onDrop: (delivery: Delivery, reason: QueueDropReason, position: number) => void) {
    this.#limits = limits
    this.#onDrop = onDrop
  }

  /** A connection begins: everything unacknowledged is to be sent again, in its first order. [MQTT5-4.4.0-1] */
  connected(sendQuota: number): void {
    this.sendQuota = sendQuota
    this.inflight = 0
    this.cursor = this.head
    this.unsentPosition = -1
  }

  disconnected(): void {
    this.sendQuota = 0
  }

  /** Whether something waits to be sent or resent. */
  get hasWaiting(): boolean {
    return this.cursor < this.tail
  }

  /**
   * Admits a new message straight onto the wire and returns its packet identifier; 0 when it must queue, because
   * others wait before it, the quota is spent or the client is offline. Hot path.
   */
  admit(qos: 1 | 2): number {
    if (this.cursor !== this.tail || this.inflight >= this.sendQuota) return 0
    if (!this.#reserve()) return 0
    const position = this.tail++
    this.states[position & (this.states.length - 1)] = qos === 1 ? State.sentQos1 : State.sentQos2
    this.cursor = this.tail
    this.firstQueued = this.tail
    this.inflight++
    return 1 + (position % IDENTIFIERS)
  }

  /** Whether `admit` would. */
  get canAdmit(): boolean {
    return this.cursor === this.tail && this.inflight < this.sendQuota && this.tail - this.head < MAXIMUM_WINDOW
  }

  /** Whether a message offered now would leave without waiting for an acknowledgement of another. */
  get hasSpareQuota(): boolean {
    return this.inflight + this.tail - this.cursor < this.sendQuota && this.tail - this.head < MAXIMUM_WINDOW
  }

  /** Whether one more message may be kept: what is in flight and might be sent again counts like what waits. */
  get hasRoom(): boolean {
    const { maximumQueuedMessages, maximumQueuedBytes } = this.#limits
    return this.queuedMessages < maximumQueuedMessages && this.queuedBytes < maximumQueuedBytes
  }

  /** Whether a message of that size would be queued without another being dropped for it. */
  hasRoomFor(byteSize: number): boolean {
    const { maximumQueuedMessages, maximumQueuedBytes } = this.#limits
    return this.queuedMessages < maximumQueuedMessages && this.queuedBytes + byteSize <= maximumQueuedBytes
  }

  /** Keeps the message just admitted, because it may have to be sent again. */
  keep(delivery: Delivery): void {
    this.deliveries[(this.tail - 1) & (this.states.length - 1)] = delivery
    this.queuedMessages++
    this.queuedBytes += delivery.message.byteSize
  }

  /** Position of the message admitted or queued last. */
  get lastPosition(): number {
    return this.tail - 1
  }

  /** Queues a message behind all others. 'overflow': nothing was queued, and the client is to go. */
  enqueue(delivery: Delivery): 'queued' | 'dropped' | 'overflow' {
    const { maximumQueuedBytes, queueFullPolicy } = this.#limits
    const byteSize = delivery.message.byteSize
    while (!this.hasRoomFor(byteSize)) {
      if (queueFullPolicy === 'disconnect') return 'overflow'
      // what alone is above the limit finds no room however many are dropped for it
      if (queueFullPolicy === 'drop-oldest' && byteSize <= maximumQueuedBytes && this.#dropOldest()) continue
      this.#onDrop(delivery, 'queue-full', -1)
      return 'dropped'
    }
    if (!this.#reserve()) {
      this.#onDrop(delivery, 'queue-full', -1)
      return 'dropped'
    }
    const slot = this.tail++ & (this.states.length - 1)
    this.states[slot] = State.queued
    this.deliveries[slot] = delivery
    this.queuedMessages++
    this.queuedBytes += byteSize
    return 'queued'
  }

  /**
   * Takes the next message to send or resend, or a PUBREL to resend, into `taken...`. 'nothing' when none waits, the
   * quota is spent [MQTT5-4.9.0-2], or the next must wait for `durableCommit`.
   */
  take(nowMs: number, durableCommit: number): Taken {
    this.isWaitingForCommit = false
    while (this.cursor < this.tail) {
      const position = this.cursor
      const slot = position & (this.states.length - 1)
      const state = this.states[slot] as number
      const delivery = this.deliveries[slot]
      if (state === State.done) {
        this.#stepOver()
        continue
      }
      if (state === State.released) {
        this.cursor++
        this.inflight++
        this.takenPosition = position
        this.takenPacketId = 1 + (position % IDENTIFIERS)
        return 'pubrel'
      }
      if (delivery === undefined) throw new Error(`position ${position} is ${state} but holds no message`)
      if (state === State.queued && delivery.message.expiresAtMs <= nowMs) {
        this.#finish(slot)
        this.#stepOver()
        this.#onDrop(delivery, 'expired', position) // [MQTT5-3.3.2-5]
        continue
      }
      if (delivery.qos > 0 && this.inflight >= this.sendQuota) return 'nothing'
      if (delivery.qos === 2 && delivery.commit > durableCommit) {
        this.isWaitingForCommit = true
        return 'nothing'
      }
      if (delivery.qos > 0 && state === State.queued && this.#isIdentifierInUse(position)) return 'nothing'
      this.takenPosition = position
      this.takenDelivery = delivery
      this.takenDup = state !== State.queued
      if (delivery.qos === 0) {
        this.takenPacketId = 0
        this.#finish(slot)
        this.#stepOver()
      } else {
        this.takenPacketId = 1 + (position % IDENTIFIERS)
        this.states[slot] = delivery.qos === 1 ? State.sentQos1 : State.sentQos2
        this.inflight++
        this.cursor++
        if (this.firstQueued < this.cursor) this.firstQueued = this.cursor
      }
      return 'publish'
    }
    return 'nothing'
  }

  /** The message just taken or admitted cannot be sent to this client: it counts as delivered. [MQTT5-3.1.2-25] */
  discard(position: number): void {
    const slot = position & (this.states.length - 1)
    // at QoS 0 it has ended already, and with it the slots of a queue now empty
    if (position < this.head || this.states[slot] === State.done) return
    this.inflight--
    this.#finish(slot)
    this.#advanceHead()
  }

  /** After sending, a message that will never be sent again needs no payload. */
  forgetTaken(): void {
    this.#forget(this.takenPosition & (this.states.length - 1))
  }

  /** PUBACK. Returns the position it ended, or -1 when no QoS 1 message has that identifier. */
  acknowledge(packetId: number): number {
    const position = this.#find(packetId, State.sentQos1)
    if (position >= 0) this.#end(position)
    return position
  }

  /** PUBREC below 0x80: the payload is done with, PUBREL follows. -1 when no such message was sent. */
  received(packetId: number): number {
    const position = this.#find(packetId, State.sentQos2)
    if (position < 0) return this.#find(packetId, State.released)
    const slot = position & (this.states.length - 1)
    this.states[slot] = State.released
    this.#forget(slot)
    return position
  }

  /** PUBREC with an error: the flow ends here. [MQTT5-4.3.3-4] */
  refused(packetId: number): number {
    const position = this.#find(packetId, State.sentQos2)
    if (position >= 0) this.#end(position)
    return position
  }

  /** PUBCOMP. */
  completed(packetId: number): number {
    const position = this.#find(packetId, State.released)
    if (position >= 0) this.#end(position)
    return position
  }

  /** Empties the queue and hands out every message that was not acknowledged, oldest first. */
  clear(visit: (delivery: Delivery, wasSent: boolean) => void): void {
    for (let position = this.head; position < this.tail; position++) {
      const slot = position & (this.states.length - 1)
      const delivery = this.deliveries[slot]
      if (delivery !== undefined) visit(delivery, this.states[slot] !== State.queued)
    }
    this.states = new Uint8Array(0)
    this.deliveries = []
    this.head = this.cursor = this.firstQueued = this.tail
    this.inflight = this.queuedMessages = this.queuedBytes = 0
  }

  /** Messages waiting to be sent or resent, skipped positions included. */
  get waitingMessages(): number {
    return this.tail - this.cursor
  }

  /** Messages in flight or waiting, for `$SYS` and limits. */
  get pending(): number {
    return this.tail - this.head
  }

  #find(packetId: number, wanted: number): number {
    const mask = this.states.length - 1
    let position = this.head - (this.head % IDENTIFIERS) + packetId - 1
    if (position < this.head) position += IDENTIFIERS
    for (; position < this.cursor; position += IDENTIFIERS) {
      if (this.states[position & mask] === wanted && position !== this.unsentPosition) return position
    }
    return -1
  }

  #isIdentifierInUse(position: number): boolean {
    const mask = this.states.length - 1
    for (let other = position - IDENTIFIERS; other >= this.head; other -= IDENTIFIERS) {
      if ((this.states[other & mask] as number) >= State.sentQos1) return true
    }
    return false
  }

  #end(position: number): void {
    this.inflight--
    this.#finish(position & (this.states.length - 1))
    this.#advanceHead()
  }

  #finish(slot: number): void {
    this.states[slot] = State.done
    this.#forget(slot)
  }

  #forget(slot: number): void {
    const delivery = this.deliveries[slot]
    if (delivery === undefined) return
    this.deliveries[slot] = undefined
    this.queuedMessages--
    this.queuedBytes -= delivery.message.byteSize
  }

  #stepOver(): void {
    this.cursor++
    if (this.firstQueued < this.cursor) this.firstQueued = this.cursor
    this.#advanceHead()
  }

  #advanceHead(): void {
    const mask = this.states.length - 1
    while (this.head < this.cursor && this.states[this.head & mask] === State.done) this.head++
    // an empty queue holds no slots, so that a night's backlog does not stay in memory
    if (this.head === this.tail && this.states.length > 1024) {
      this.states = new Uint8Array(0)
      this.deliveries = []
    }
  }

  #dropOldest(): boolean {
    const mask = this.states.length - 1
    for (let position = this.firstQueued; position < this.tail; position++) {
      const slot = position & mask
      const delivery = this.deliveries[slot]
      if (this.states[slot] !== State.queued || delivery === undefined) continue
      this.firstQueued = position + 1
      this.#finish(slot)
      // the window moves on, or it would be at its end after a long time offline
      if (position === this.cursor) this.#stepOver()
      this.#onDrop(delivery, 'queue-full', position)
      return true
    }
    return false
  }

  /** Makes room for one more position, and steps over identifiers in use. False when the window is at its end. */
  #reserve(): boolean {
    if (this.head === this.tail) {
      if (this.states.length === 0) this.#resize(8)
      return true
    }
    for (;;) {
      const span = this.tail - this.head
      if (span >= MAXIMUM_WINDOW) return false
      if (span === this.states.length) this.#resize(this.states.length * 2)
      if (span < IDENTIFIERS || !this.#isIdentifierInUse(this.tail)) return true
      this.states[this.tail & (this.states.length - 1)] = State.done
      const isCaughtUp = this.cursor === this.tail
      this.tail++
      if (isCaughtUp) this.cursor = this.firstQueued = this.tail
    }
  }

  #resize(slots: number): void {
    const states = new Uint8Array(slots)
    const deliveries: (Delivery | undefined)[] = Array.from({ length: slots })
    for (let position = this.head; position < this.tail; position++) {
      const from = position & (this.states.length - 1)
      const to = position & (slots - 1)
      states[to] = this.states[from] as number
      deliveries[to] = this.deliveries[from]
    }
    this.states = states
    this.deliveries = deliveries
  }
}
