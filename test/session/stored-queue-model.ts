import { expect } from 'vitest'
import { ApplicationMessage } from '../../src/protocol/application-message.ts'
import { encodeText } from '../../src/protocol/text.ts'
import type { Delivery } from '../../src/session/delivery.ts'
import type { Owed } from '../../src/session/delivery.ts'
import { Outbound } from '../../src/session/outbound.ts'
import type { OutboundLimits, QueueDropReason } from '../../src/session/queue-bounds.ts'
import { deliveryOf, IDENTIFIERS, packetIdAt } from './outbound-model.ts'

export interface MessageShape {
  readonly qos: 0 | 1 | 2
  readonly byteSize: number
  /** Infinity: for ever. */
  readonly lifeMs: number
  readonly topic: string
  readonly isStored: boolean
}

/** One message that the session is owed. */
interface OwedOne {
  readonly position: number
  readonly shape: MessageShape
  readonly message: ApplicationMessage
  readonly queuedAtMs: number
  readonly expiresAtMs: number
  sequence: number
  state: 'queued' | 'sent' | 'released'
  /** Sent on this connection. */
  isCurrent: boolean
  /** A restart does not know whether it was sent. */
  isUncertain: boolean
}

/** What is going on while something is dropped. */
type Occasion = 'none' | 'lost' | 'withdrawn' | { readonly enqueues: MessageShape }

/**
 * The queue of a session in a store, beside one plain list that knows no window and no backlog. When something is
 * dropped is for the queue to decide; whether it may be dropped is decided here.
 */
export class StoredQueuePair {
  readonly #limits: OutboundLimits
  readonly #totals = { queuedMessages: 0, queuedBytes: 0 }
  #outbound: Outbound
  #owed: OwedOne[] = []
  #nowMs = 1_000_000
  #nextSequence = 1
  #sendQuota = 0
  #occasion: Occasion = 'none'
  /** Deliveries whose payload is being read, some of them long forgotten. */
  #reading: Delivery[] = []

  constructor(limits: OutboundLimits, startPosition: number) {
    this.#limits = limits
    this.#outbound = this.#newOutbound()
    this.#outbound.nextPosition = startPosition
  }

  enqueue(shape: MessageShape): void {
    const { qos, byteSize, lifeMs, topic, isStored } = shape
    const sequence = isStored && qos > 0 ? this.#nextSequence++ : -1
    const expiresAtMs = this.#nowMs + lifeMs
    const delivery: Delivery = { ...deliveryOf({ qos, byteSize, expiresAtMs }), sequence, queuedAtMs: this.#nowMs }
    const message = delivery.message as ApplicationMessage
    message.topicBytes = encodeText(topic)
    this.#occasion = { enqueues: { ...shape, byteSize: delivery.byteSize } }
    const outcome = this.#outbound.enqueue(delivery, true)
    this.#occasion = 'none'
    if (outcome === 'dropped') return
    if (outcome === 'overflow') expect.fail('nobody asked for the client to go')
    if (outcome === 'in-store') expect(sequence).toBeGreaterThan(0)
    const position = this.#outbound.lastPosition
    expect(position).toBeGreaterThan(this.#owed.at(-1)?.position ?? -1)
    const owed = { position, shape: { ...shape, byteSize: delivery.byteSize }, message, sequence, expiresAtMs }
    const { queuedAtMs } = delivery
    this.#owed.push({ ...owed, queuedAtMs, state: 'queued', isCurrent: false, isUncertain: false })
  }

  /** Takes up to `count` messages. Returns how many there were. */
  take(count: number): number {
    for (let turn = 0; turn < count; turn++) {
      const taken = this.#outbound.take(this.#nowMs, 0)
      const next = this.#owed.find(({ isCurrent }) => !isCurrent)
      if (taken === 'nothing') {
        this.#expectReasonToWait(next)
        return turn
      }
      if (next === undefined) expect.fail(`a ${taken} of ${this.#outbound.takenPosition}, and nothing is owed`)
      this.#expectTaken(taken, next)
      if (next.shape.qos === 0) this.#remove(next)
      else {
        next.isCurrent = true
        next.isUncertain = false
        if (next.state === 'queued') next.state = 'sent'
      }
    }
    return count
  }

  answer(kind: 'acknowledge' | 'received' | 'refused' | 'completed', place: number): void {
    const packetId = packetIdAt(this.#owed[place % (this.#owed.length + 1)]?.position ?? place)
    const [qos, state] = ANSWERS[kind]
    const one =
      this.#find(packetId, qos, state) ?? (kind === 'received' ? this.#find(packetId, 2, 'released') : undefined)
    expect(this.#outbound[kind](packetId)).toBe(one?.position ?? -1)
    if (one === undefined) return
    if (state === 'sent' && one.state === 'sent') expect(this.#outbound.endedSequence).toBe(one.sequence)
    if (kind === 'received') one.state = 'released'
    else this.#remove(one)
  }

  connected(sendQuota: number): void {
    this.#sendQuota = sendQuota
    this.#outbound.connected(sendQuota)
    for (const one of this.#owed) one.isCurrent = false
  }

  disconnected(): void {
    this.#sendQuota = 0
    this.#outbound.disconnected(true)
  }

  pass(byMs: number): void {
    this.#nowMs += byMs
  }

  dropOld(): void {
    this.#outbound.dropOld(this.#nowMs)
  }

  /** Positions go by that others had: identifiers come round. */
  skip(count: number): void {
    this.#outbound.nextPosition += count
  }

  read(): void {
    this.#reading.push(...this.#outbound.unloaded().filter((delivery) => !this.#reading.includes(delivery)))
  }

  /** Payloads come back in any order; some are not there. */
  arrive(places: readonly number[], isLost: boolean): void {
    for (const place of places) {
      const [delivery] = this.#reading.splice(place % Math.max(1, this.#reading.length), 1)
      if (delivery === undefined || delivery.message !== undefined) continue
      const one = this.#owed.find(({ sequence }) => sequence === delivery.sequence)
      if (isLost || one === undefined) {
        this.#occasion = 'lost'
        this.#outbound.lost(delivery)
        this.#occasion = 'none'
      } else delivery.message = one.message
    }
  }

  withdrawFrom(place: number): void {
    const stored = this.#owed.filter(({ sequence }) => sequence >= 0)
    const from = stored[place % Math.max(1, stored.length)]?.sequence ?? this.#nextSequence
    this.#occasion = 'withdrawn'
    this.#outbound.withdrawFrom(from)
    this.#occasion = 'none'
    for (const one of this.#owed) {
      if (one.sequence < from || one.state === 'released') continue
      if (one.state === 'queued' && !one.isUncertain)
        expect.fail(`position ${one.position} is not in the store, and still waits`)
      one.sequence = -1 // sent again from memory
    }
  }

  /** The process is gone and comes back. What no store has is lost, so that none may be owed. */
  reopen(): void {
    this.#owed = this.#owed.filter(({ sequence, state }) => sequence >= 0 || state === 'released')
    const kept = structuredClone(this.#outbound.snapshot())
    this.#outbound.clear(() => {})
    expect(this.#totals).toEqual({ queuedMessages: 0, queuedBytes: 0 })
    for (const one of this.#owed) {
      one.isCurrent = false
      one.isUncertain = one.state !== 'released'
    }
    this.#reading = []
    this.#outbound = this.#newOutbound()
    this.#outbound.restore(kept)
    this.#outbound.restored(MAXIMUM_QUOTA, this.#nowMs)
    this.#sendQuota = 0
    if (this.#limits.queueFullPolicy !== 'latest-per-topic') return
    const waiting: { readonly sequence: number }[] = []
    this.#outbound.visitBacklog((entry) => waiting.push(entry))
    for (const entry of waiting as Parameters<Parameters<Outbound['visitBacklog']>[0]>[0][]) {
      const one = this.#owed.find(({ sequence }) => sequence === entry.sequence)
      if (one === undefined) continue
      this.#occasion = { enqueues: one.shape }
      this.#outbound.rememberTopic(one.message.topicBytes, entry)
      this.#occasion = 'none'
    }
  }

  /** A client comes that takes and acknowledges everything. */
  drain(): void {
    for (let turn = 0; this.#owed.length > 0; turn++) {
      if (turn > 10_000) expect.fail(`${this.#owed.length} messages do not come`)
      this.connected(MAXIMUM_QUOTA)
      this.read()
      this.arrive(
        this.#reading.map(() => 0),
        false,
      )
      this.take(MAXIMUM_QUOTA)
      for (const { isCurrent, position, state, shape } of this.#owed.slice()) {
        if (!isCurrent) continue
        const place = this.#owed.findIndex((one) => one.position === position)
        if (shape.qos === 1) this.answer('acknowledge', place)
        else if (state === 'released') this.answer('completed', place)
        else this.answer('received', place)
      }
      this.expectSame()
    }
    expect(this.#outbound.hasWaiting && this.#outbound.take(this.#nowMs, 0)).not.toBe('publish')
    expect(this.#totals).toEqual({ queuedMessages: 0, queuedBytes: 0 })
  }

  expectSame(): void {
    const kept = this.#owed.filter(({ state }) => state !== 'released')
    const bytes = kept.reduce((sum, { shape }) => sum + shape.byteSize, 0)
    expectEqual('queuedMessages', this.#outbound.queuedMessages, kept.length)
    expectEqual('queuedBytes', this.#outbound.queuedBytes, bytes)
    expectEqual('totals', `${this.#totals.queuedMessages}, ${this.#totals.queuedBytes}`, `${kept.length}, ${bytes}`)
    expectEqual('inflight', this.#outbound.inflight, this.#inflight)
    expectEqual('pending is enough', this.#outbound.pending >= this.#owed.length, true)
    const outstanding: number[] = []
    this.#outbound.visitOutstanding((sequence) => outstanding.push(sequence))
    expectEqual('outstanding', `${outstanding}`, `${kept.flatMap(({ sequence }) => (sequence < 0 ? [] : [sequence]))}`)
    const identifiers = this.#owed.filter(({ isCurrent }) => isCurrent).map(({ position }) => packetIdAt(position))
    expectEqual('identifiers in use', new Set(identifiers).size, identifiers.length)
    if (this.#limits.queueFullPolicy !== 'latest-per-topic') return
    const topics = kept
      .filter(({ state, isUncertain }) => state === 'queued' && !isUncertain)
      .map(({ shape }) => shape.topic)
    expectEqual('topics that wait', new Set(topics).size, topics.length)
  }

  get #inflight(): number {
    return this.#owed.filter(({ isCurrent }) => isCurrent).length
  }

  #newOutbound(): Outbound {
    return new Outbound(this.#limits, this.#totals, (owed, reason, position) => this.#dropped(owed, reason, position))
  }

  #expectTaken(taken: 'publish' | 'pubrel', next: OwedOne): void {
    const { takenPosition, takenPacketId, takenDelivery, takenDup } = this.#outbound
    expectEqual('takenPosition', takenPosition, next.position)
    expectEqual('taken', taken, next.state === 'released' ? 'pubrel' : 'publish')
    expectEqual('takenPacketId', takenPacketId, next.shape.qos === 0 ? 0 : packetIdAt(next.position))
    if (taken === 'pubrel') return
    if (!(next.isUncertain && next.state === 'queued')) expectEqual('takenDup', takenDup, next.state === 'sent')
    if (takenDelivery?.message !== next.message) expect.fail(`position ${next.position} has another message`)
    expectEqual('sequence', takenDelivery.sequence, next.sequence)
    if (next.shape.qos > 0) expectEqual('quota is left', this.#inflight < this.#sendQuota, true)
    if (next.state === 'queued' && this.#reasonToDrop(next, next.queuedAtMs) !== undefined && !takenDup)
      expect.fail('it is too late')
  }

  #expectReasonToWait(next: OwedOne | undefined): void {
    if (next === undefined) return
    if (next.shape.qos > 0 && this.#inflight >= this.#sendQuota) return
    if (next.state === 'queued' && this.#isIdentifierInUse(next.position)) return
    expectEqual('isWaitingForPayload', this.#outbound.isWaitingForPayload, true)
    expectEqual('the first to be read', this.#outbound.unloaded()[0]?.sequence, next.sequence)
  }

  #dropped(owed: Owed, reason: QueueDropReason, position: number): void {
    if (position < 0 && reason === 'queue-full') {
      this.#expectFull(true)
      return
    }
    const one = this.#owed.find((candidate) => {
      return position < 0 ? candidate.sequence === owed.sequence : candidate.position === position
    })
    if (one === undefined) expect.fail(`${position} is dropped, which is not owed: ${reason}`)
    this.#expectReason(one, reason)
    expectEqual('sequence of what is dropped', owed.sequence, one.sequence)
    this.#remove(one)
  }

  #expectReason(one: OwedOne, reason: QueueDropReason): void {
    const occasion = this.#occasion
    const mayGo = one.state === 'queued' || one.isUncertain
    if (reason === 'store-failed') expectEqual('occasion', occasion === 'lost' || occasion === 'withdrawn', true)
    else if (!mayGo) expect.fail(`${one.position} is ${one.state} and dropped: ${reason}`)
    else if (reason === 'queue-full') {
      this.#expectFull(false)
      const oldest = this.#owed.find(({ state, isUncertain }) => state === 'queued' && !isUncertain)
      expectEqual('is the oldest', one.position <= (oldest?.position ?? Infinity), true)
    } else if (reason === 'superseded') {
      expectEqual('topic', typeof occasion === 'object' && occasion.enqueues.topic, one.shape.topic)
    } else expectEqual('reason', reason, this.#reasonToDrop(one))
  }

  #expectFull(isNewest: boolean): void {
    const { maximumQueuedMessages, maximumQueuedBytes, queueFullPolicy } = this.#limits
    const { queuedMessages, queuedBytes } = this.#outbound
    if (typeof this.#occasion !== 'object') expect.fail('dropped for want of room, and nothing comes in')
    const { byteSize } = this.#occasion.enqueues
    const isFull = queuedMessages >= maximumQueuedMessages - (isNewest ? 0 : 1) || queuedBytes + byteSize > 0
    expectEqual('full', isFull, true)
    if (!isNewest) {
      expectEqual('policy', queueFullPolicy === 'drop-newest', false)
      return
    }
    const hasOldest = this.#owed.some(({ state, isUncertain }) => state === 'queued' && !isUncertain)
    const isRight = queueFullPolicy === 'drop-newest' || byteSize > maximumQueuedBytes || !hasOldest
    expectEqual('the new one goes', isRight, true)
  }

  /** The backlog knows the second in which it was queued. */
  #reasonToDrop(
    { expiresAtMs, queuedAtMs }: OwedOne,
    sinceMs = Math.floor(queuedAtMs / 1000) * 1000,
  ): QueueDropReason | undefined {
    const { maximumQueuedAgeSeconds: age } = this.#limits
    if (expiresAtMs <= this.#nowMs) return 'expired'
    return age > 0 && sinceMs + age * 1000 <= this.#nowMs ? 'queued-too-long' : undefined
  }

  #isIdentifierInUse(position: number): boolean {
    return this.#owed.some((one) => {
      const mayBeInUse = one.state !== 'queued' || one.isUncertain
      return mayBeInUse && one.position < position && (position - one.position) % IDENTIFIERS === 0
    })
  }

  #find(packetId: number, qos: 1 | 2, state: OwedOne['state']): OwedOne | undefined {
    return this.#owed.find((one) => {
      return one.isCurrent && one.state === state && one.shape.qos === qos && packetIdAt(one.position) === packetId
    })
  }

  #remove(one: OwedOne): void {
    this.#owed.splice(this.#owed.indexOf(one), 1)
  }
}

/** Greatest Receive Maximum of any connection. */
export const MAXIMUM_QUOTA = 20

const ANSWERS = {
  acknowledge: [1, 'sent'],
  received: [2, 'sent'],
  refused: [2, 'sent'],
  completed: [2, 'released'],
} as const

/** `expect` takes its time, and these are compared a hundred thousand times. */
function expectEqual(name: string, actual: unknown, expected: unknown): void {
  if (actual !== expected) expect.fail(`${name} is ${String(actual)} and not ${String(expected)}`)
}
