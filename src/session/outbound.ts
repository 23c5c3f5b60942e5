import type { Delivery } from './delivery.ts'
import { InflightBytes } from './inflight-bytes.ts'
import { OutboundQueue } from './outbound-queue.ts'
import { packetIdAt, State } from './outbound-window.ts'

/** What `take` hands out next. */
export type Taken = 'nothing' | 'publish' | 'pubrel'

/**
 * What the broker owes one client at QoS 1 and 2, and in which step each message is. Time is an argument. The payload
 * of a message in flight is kept only where it may have to be sent again.
 */
export class Outbound extends OutboundQueue {
  /** Set by `take`. */
  takenPacketId = 0
  takenPosition = 0
  takenDelivery: Delivery | undefined = undefined
  /** The last `take` gave nothing because of its commit, or because the payload is still in the store. */
  isWaitingForCommit = false
  isWaitingForPayload = false
  /** Position of a message that has been taken and not yet been sent, -1 for none: nobody can have acknowledged it. */
  unsentPosition = -1
  /** The message was sent before, on this or an earlier connection. [MQTT5-3.3.1-1] */
  takenDup = false

  /** A connection begins: everything unacknowledged is to be sent again, in its first order. [MQTT5-4.4.0-1] */
  connected(sendQuota: number): void {
    this.sendQuota = sendQuota
    this.inflight = 0
    this.bounds.connected(sendQuota)
    this.inflightBytes?.connected()
    this.window.cursor = this.window.head
    this.unsentPosition = -1
  }

  /** What a store has need not stay in memory while nobody is there to take it. */
  disconnected(isStored: boolean): void {
    this.sendQuota = 0
    this.bounds.quota = 0
    if (isStored) this.window.unload()
  }

  /** Whether something waits to be sent or resent. */
  get hasWaiting(): boolean {
    return this.window.cursor < this.window.tail || this.outside > 0
  }

  /**
   * Admits a new message straight onto the wire and returns its packet identifier; 0 when it must queue, because
   * others wait before it, the quota is spent or the client is offline. `byteSize` counts where bytes are limited. Hot path.
   */
  admit(qos: 1 | 2, byteSize = 0): number {
    const window = this.window
    if (this.hasWaiting || this.#isFlightFull || window.isFull) return 0
    const position = this.newPosition()
    window.push(qos === 1 ? State.sentQos1 : State.sentQos2, position, undefined)
    window.cursor = window.firstQueued = window.tail
    this.#flightBegan(position, byteSize)
    this.bounds.uncounted++
    return packetIdAt(position)
  }

  /** The client has to acknowledge something before it is sent more. */
  get #isFlightFull(): boolean {
    if (this.inflight >= this.sendQuota) return true
    const { maximumInflightBytes } = this.bounds.limits
    return (
      maximumInflightBytes > 0 && this.inflightBytes !== undefined && this.inflightBytes.total >= maximumInflightBytes
    )
  }

  #flightBegan(position: number, byteSize: number): void {
    this.inflight++
    if (this.bounds.limits.maximumInflightBytes === 0) return
    this.inflightBytes ??= new InflightBytes()
    this.inflightBytes.sent(position, byteSize)
  }

  /** Whether messages that are next to be sent are in the store only. */
  get isReadingAhead(): boolean {
    return this.isWaitingForPayload || this.outside > 0
  }

  /** Whether a message offered now would leave without waiting for an acknowledgement of another. */
  get hasSpareQuota(): boolean {
    const { tail, cursor, isFull } = this.window
    return this.inflight + tail - cursor + this.outside < this.sendQuota && !isFull && !this.#isFlightFull
  }

  /**
   * Takes the next message to send or resend, or a PUBREL to resend, into `taken...`. 'nothing' when none waits, the
   * quota is spent [MQTT5-4.9.0-2], or the next must wait for `durableCommit` or for its payload.
   */
  take(nowMs: number, durableCommit: number): Taken {
    this.isWaitingForCommit = this.isWaitingForPayload = false
    const window = this.window
    for (;;) {
      if (this.outside > 0) this.readAhead(nowMs)
      if (window.cursor === window.tail) return 'nothing'
      const slot = window.slot(window.cursor)
      const position = window.positions[slot] as number
      const state = window.states[slot] as number
      const delivery = window.deliveries[slot]
      if (state === State.done) {
        window.stepOver()
        continue
      }
      if (state === State.released) {
        window.cursor++
        this.inflight++
        this.bounds.uncounted++
        this.inflightBytes?.sentAgain(position)
        this.takenPosition = position
        this.takenPacketId = packetIdAt(position)
        return 'pubrel'
      }
      if (delivery === undefined) throw new Error(`position ${position} is ${state} but holds no message`)
      const tooLate = state === State.queued ? this.bounds.reasonToDrop(delivery, nowMs) : undefined
      if (tooLate !== undefined) {
        this.finish(slot)
        window.stepOver()
        this.onDrop(delivery, tooLate, position)
        continue
      }
      if (delivery.qos > 0 && this.#isFlightFull) return 'nothing'
      if (delivery.qos === 2 && delivery.commit > durableCommit) {
        this.isWaitingForCommit = true
        return 'nothing'
      }
      if (delivery.qos > 0 && state === State.queued && window.isIdentifierInUse(position)) return 'nothing'
      if (delivery.message === undefined) {
        this.isWaitingForPayload = true
        return 'nothing'
      }
      this.takenPosition = position
      this.takenDelivery = delivery
      this.takenDup = state !== State.queued
      if (state === State.queued) this.latest?.left(position)
      if (delivery.qos === 0) {
        this.takenPacketId = 0
        this.finish(slot)
        window.stepOver()
      } else {
        this.takenPacketId = packetIdAt(position)
        window.states[slot] = delivery.qos === 1 ? State.sentQos1 : State.sentQos2
        this.#flightBegan(position, delivery.byteSize)
        window.cursor++
        if (window.firstQueued < window.cursor) window.firstQueued = window.cursor
      }
      return 'publish'
    }
  }

  /** The message just taken or admitted cannot be sent to this client: it counts as delivered. [MQTT5-3.1.2-25] */
  discard(position: number): void {
    const index = this.window.indexOf(position)
    // at QoS 0 it has ended already, and with it the slots of a queue now empty
    if (index < 0 || this.window.states[this.window.slot(index)] === State.done) return
    this.#end(index)
  }

  /** After sending, a message that will never be sent again needs no payload. */
  forgetTaken(): void {
    const index = this.window.indexOf(this.takenPosition)
    if (index >= 0) this.#forgetSent(this.window.slot(index))
  }

  /** The store does not have the payload of this one: it will never be sent. */
  lost(delivery: Delivery): void {
    const { window } = this
    const index = window.indexOfDelivery(delivery)
    if (index < 0) return
    const slot = window.slot(index)
    const position = window.positions[slot] as number
    if (index < window.cursor) this.flightEnded(position)
    this.finish(slot)
    window.advanceHead()
    this.onDrop(delivery, 'store-failed', position)
  }

  /** PUBACK. Returns the position it ended, or -1 when no QoS 1 message has that identifier. */
  acknowledge(packetId: number): number {
    return this.#endSent(packetId, State.sentQos1)
  }

  /** PUBREC below 0x80: the payload is done with, PUBREL follows. -1 when no such message was sent. */
  received(packetId: number): number {
    const window = this.window
    const index = this.#findSent(packetId, State.sentQos2)
    this.endedSequence = -1
    if (index < 0) {
      const released = window.findSent(packetId, State.released)
      return released < 0 ? -1 : (window.positions[window.slot(released)] as number)
    }
    const slot = window.slot(index)
    window.states[slot] = State.released
    this.#forgetSent(slot)
    return window.positions[slot] as number
  }

  /** PUBREC with an error: the flow ends here. [MQTT5-4.3.3-4] */
  refused(packetId: number): number {
    return this.#endSent(packetId, State.sentQos2)
  }

  /** PUBCOMP. */
  completed(packetId: number): number {
    return this.#endSent(packetId, State.released)
  }

  #findSent(packetId: number, state: number): number {
    const index = this.window.findSent(packetId, state)
    if (index < 0 || this.window.positions[this.window.slot(index)] !== this.unsentPosition) return index
    return -1
  }

  #endSent(packetId: number, state: number): number {
    const index = this.#findSent(packetId, state)
    if (index < 0) return -1
    const position = this.window.positions[this.window.slot(index)] as number
    this.#end(index)
    return position
  }

  /** It is still in flight. */
  #forgetSent(slot: number): void {
    if (this.window.deliveries[slot] === undefined) return
    this.forget(slot)
    this.bounds.uncounted++
  }

  #end(index: number): void {
    this.endedSequence = -1
    const slot = this.window.slot(index)
    if (this.window.deliveries[slot] === undefined) this.bounds.uncounted--
    this.flightEnded(this.window.positions[slot] as number)
    this.finish(slot)
    this.window.advanceHead()
  }
}
