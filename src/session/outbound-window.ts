import { type Delivery, entryOf } from './delivery.ts'
import type { QueueEntry } from './queue-entry.ts'

export const State = { done: 0, queued: 1, sentQos1: 2, sentQos2: 3, released: 4 } as const

/** Packet identifiers are 1..65535. */
export const IDENTIFIERS = 65_535
/** Messages in it, and gaps between them, before no more are taken in: four rounds of identifiers. */
const MAXIMUM_WINDOW = 4 * IDENTIFIERS

/** The remainder of a double is costly, and most positions are small. */
export function packetIdAt(position: number): number {
  return 1 + (position < 0x7fff_ffff ? (position | 0) % IDENTIFIERS : position % IDENTIFIERS)
}

// most sessions are owed nothing, and hold nothing for it
const noStates = new Uint8Array(0)
const noPositions = new Float64Array(0)
const noDeliveries: (Delivery | undefined)[] = []

/**
 * The messages of a session that are in flight or next to be sent, on a ring.
 *
 *   index      head            cursor          firstQueued      tail
 *              v               v               v                v
 *   state    [ sent done sent | sent released | queued queued ]
 *   position   4    5    6      9    10         11     15          ascending, with gaps
 *
 * A message gets its position when it is queued, and its packet identifier is 1 + position mod 65535, so that a
 * restart finds the same identifiers without having written them.
 */
export class OutboundWindow {
  states = noStates
  positions = noPositions
  deliveries = noDeliveries
  head = 0
  cursor = 0
  firstQueued = 0
  tail = 0
  /** Messages between head and tail that are over. */
  #gaps = 0

  get isFull(): boolean {
    if (this.tail - this.head < MAXIMUM_WINDOW) return false
    if (this.#gaps * 2 >= MAXIMUM_WINDOW) this.#closeGaps()
    return this.tail - this.head >= MAXIMUM_WINDOW
  }

  /** The message in a slot is over: a gap remains. */
  finish(slot: number): void {
    if (this.states[slot] !== State.done) this.#gaps++
    this.states[slot] = State.done
  }

  slot(index: number): number {
    return index & (this.states.length - 1)
  }

  /** Adds a message behind all others; there is room. */
  push(state: number, position: number, delivery: Delivery | undefined): void {
    if (this.tail - this.head === this.states.length) this.#makeRoom()
    const slot = this.tail++ & (this.states.length - 1)
    this.states[slot] = state
    this.positions[slot] = position
    this.deliveries[slot] = delivery
  }

  /** Index of a message that has been sent, by its packet identifier and state; -1 when there is none. */
  findSent(packetId: number, state: number): number {
    if (this.head === this.cursor) return -1
    const first = this.positions[this.slot(this.head)] as number
    const last = this.positions[this.slot(this.cursor - 1)] as number
    if (last - first > IDENTIFIERS * (this.cursor - this.head)) return this.#searchSent(packetId, state)
    let position = first - packetIdAt(first) + packetId
    if (position < first) position += IDENTIFIERS
    for (; position <= last; position += IDENTIFIERS) {
      const index = this.indexOf(position)
      if (index >= 0 && this.states[this.slot(index)] === state) return index
    }
    return -1
  }

  /** Whether the identifier of a position is that of an earlier message in flight. */
  isIdentifierInUse(position: number): boolean {
    if (this.head === this.tail) return false
    const first = this.positions[this.slot(this.head)] as number
    if (position - first > IDENTIFIERS * (this.tail - this.head)) return this.#searchIdentifier(packetIdAt(position))
    for (let other = position - IDENTIFIERS; other >= first; other -= IDENTIFIERS) {
      const index = this.indexOf(other)
      if (index >= 0 && (this.states[this.slot(index)] as number) >= State.sentQos1) return true
    }
    return false
  }

  /** Where one message lags behind by more rounds of identifiers than there are messages, these are looked at one by one. */
  #searchSent(packetId: number, state: number): number {
    for (let index = this.head; index < this.cursor; index++) {
      const slot = this.slot(index)
      if (this.states[slot] === state && packetIdAt(this.positions[slot] as number) === packetId) return index
    }
    return -1
  }

  #searchIdentifier(packetId: number): boolean {
    for (let index = this.head; index < this.tail; index++) {
      const slot = this.slot(index)
      if ((this.states[slot] as number) < State.sentQos1) continue
      if (packetIdAt(this.positions[slot] as number) === packetId) return true
    }
    return false
  }

  /** Index of a position, -1 when it is not there. */
  indexOf(position: number): number {
    if (this.head === this.tail) return -1
    const guess = this.head + position - (this.positions[this.slot(this.head)] as number)
    if (guess < this.head) return -1
    // without gaps it stands right there; with gaps it stands before
    if (guess < this.tail && this.positions[this.slot(guess)] === position) return guess
    let low = this.head
    let high = Math.min(guess, this.tail) - 1
    while (low <= high) {
      const middle = low + ((high - low) >>> 1)
      const found = this.positions[this.slot(middle)] as number
      if (found === position) return middle
      if (found < position) low = middle + 1
      else high = middle - 1
    }
    return -1
  }

  /** The cursor steps over one that needs no sending. */
  stepOver(): void {
    this.cursor++
    if (this.firstQueued < this.cursor) this.firstQueued = this.cursor
    this.advanceHead()
  }

  advanceHead(): void {
    const mask = this.states.length - 1
    while (this.head < this.cursor && this.states[this.head & mask] === State.done) {
      this.head++
      this.#gaps--
    }
    // an empty ring holds no slots, so that a night's backlog does not stay in memory
    if (this.head === this.tail && this.states.length > 1024) this.#resize(0)
  }

  clear(): void {
    this.head = this.cursor = this.firstQueued = this.tail
    this.#gaps = 0
    this.#resize(0)
  }

  /** What of it is to be kept. */
  snapshot(): { readonly window: readonly QueueEntry[]; readonly released: readonly number[] } {
    const window: QueueEntry[] = []
    const released: number[] = []
    for (let index = this.head; index < this.tail; index++) {
      const slot = this.slot(index)
      const position = this.positions[slot] as number
      const delivery = this.deliveries[slot]
      if (this.states[slot] === State.released) released.push(position)
      else if (delivery !== undefined && delivery.sequence >= 0) window.push(entryOf(delivery, position))
    }
    return { window, released }
  }

  /** -1 when it has left. */
  indexOfDelivery(delivery: Delivery): number {
    for (let index = this.head; index < this.tail; index++) {
      if (this.deliveries[this.slot(index)] === delivery) return index
    }
    return -1
  }

  /** Shows the messages that are kept, oldest first. */
  visit(visit: (delivery: Delivery, wasSent: boolean) => void): void {
    for (let index = this.head; index < this.tail; index++) {
      const slot = this.slot(index)
      const delivery = this.deliveries[slot]
      if (delivery !== undefined) visit(delivery, this.states[slot] !== State.queued)
    }
  }

  /** Index of the oldest message that waits and was not asked for here before; -1 when there is none. */
  passOldestQueued(): number {
    for (let index = this.firstQueued; index < this.tail; index++) {
      const slot = this.slot(index)
      if (this.states[slot] !== State.queued || this.deliveries[slot] === undefined) continue
      this.firstQueued = index + 1
      return index
    }
    return -1
  }

  /** Payloads that the store has leave memory; those bound to a shared subscription may have to go to another member. */
  unload(): void {
    for (let index = this.head; index < this.tail; index++) {
      const slot = this.slot(index)
      const delivery = this.deliveries[slot]
      if (delivery === undefined || delivery.sequence < 0 || delivery.group !== undefined) continue
      this.deliveries[slot] = { ...delivery, message: undefined }
    }
  }

  /** Those next to be sent whose payload is not at hand, in order. */
  unloaded(mostMessages: number, mostBytes: number): Delivery[] {
    const found: Delivery[] = []
    let bytes = 0
    for (let index = this.cursor; index < this.tail && bytes < mostBytes; index++) {
      const delivery = this.deliveries[this.slot(index)]
      if (delivery === undefined) continue
      bytes += delivery.byteSize
      if (delivery.message === undefined) found.push(delivery)
      if (found.length === mostMessages) break
    }
    return found
  }

  /** Behind a client that acknowledges nothing, what was dropped leaves gaps: they are closed before the ring grows. */
  #makeRoom(): void {
    const slots = this.states.length
    if (slots > 0 && this.#gaps * 2 >= slots) this.#closeGaps()
    else this.#resize(Math.max(8, slots * 2))
  }

  #closeGaps(): void {
    const { head, cursor, firstQueued, tail } = this
    let to = head
    for (let index = head; index < tail; index++) {
      if (index === cursor) this.cursor = to
      if (index === firstQueued) this.firstQueued = to
      const from = this.slot(index)
      const state = this.states[from] as number
      if (state === State.done) continue
      const slot = this.slot(to++)
      this.states[slot] = state
      this.positions[slot] = this.positions[from] as number
      this.deliveries[slot] = this.deliveries[from]
    }
    if (cursor === tail) this.cursor = to
    if (firstQueued === tail) this.firstQueued = to
    this.tail = to
    this.#gaps = 0
    for (let index = to; index < tail; index++) this.deliveries[this.slot(index)] = undefined
  }

  #resize(slots: number): void {
    if (slots === 0) {
      this.states = noStates
      this.positions = noPositions
      this.deliveries = noDeliveries
      return
    }
    const states = new Uint8Array(slots)
    const positions = new Float64Array(slots)
    const deliveries: (Delivery | undefined)[] = Array.from({ length: slots })
    for (let index = this.head; index < this.tail; index++) {
      const from = this.slot(index)
      const to = index & (slots - 1)
      states[to] = this.states[from] as number
      positions[to] = this.positions[from] as number
      deliveries[to] = this.deliveries[from]
    }
    this.states = states
    this.positions = positions
    this.deliveries = deliveries
  }
}
