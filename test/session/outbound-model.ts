import { ApplicationMessage } from '../../src/protocol/application-message.ts'
import type { Delivery } from '../../src/session/delivery.ts'
import type { Owed as OwedMessage } from '../../src/session/delivery.ts'
import type { Taken } from '../../src/session/outbound.ts'
import type { OutboundLimits, QueueDropReason } from '../../src/session/queue-bounds.ts'

export const IDENTIFIERS = 65_535

export interface DeliveryShape {
  readonly qos: 0 | 1 | 2
  readonly byteSize: number
  readonly expiresAtMs: number
  readonly commit: number
}

export function deliveryOf({ qos, byteSize, expiresAtMs, commit }: Partial<DeliveryShape>): Delivery {
  const message = new ApplicationMessage()
  message.bytes = new Uint8Array(byteSize ?? 10)
  message.payloadEnd = message.bytes.length
  message.expiresAtMs = expiresAtMs ?? Infinity
  return {
    message,
    sequence: -1,
    byteSize: message.byteSize,
    queuedAtMs: 0,
    expiresAtMs: message.expiresAtMs,
    qos: qos ?? 1,
    retain: false,
    subscriptionIdentifiers: [],
    commit: commit ?? 0,
    rightsEpoch: 0,
    group: undefined,
  }
}

/** A message that will not arrive; its position is -1 when it never had one. */
export type Dropped = readonly [delivery: OwedMessage, reason: QueueDropReason, position: number]

/** One message owed to a client. */
interface Owed {
  readonly position: number
  /** How many came before it. */
  readonly index: number
  readonly qos: 0 | 1 | 2
  state: 'queued' | 'sent' | 'released'
  delivery: Delivery | undefined
  /** Sent on this connection. */
  isCurrent: boolean
  /** What it weighs once it is sent. */
  flightBytes: number
}

export function packetIdAt(position: number): number {
  return 1 + (position % IDENTIFIERS)
}

/** What `Outbound` does, as a plain list that is searched from its beginning every time. */
export class OutboundModel {
  owed: Owed[] = []
  readonly dropped: Dropped[] = []
  nextPosition: number
  sendQuota = 0
  nowMs = 1000
  durableCommit = 0
  isWaitingForCommit = false
  readonly #limits: OutboundLimits
  #count = 0

  constructor(limits: OutboundLimits, nextPosition: number) {
    this.#limits = limits
    this.nextPosition = nextPosition
  }

  get inflight(): number {
    return this.owed.filter((one) => one.isCurrent).length
  }

  get isFlightFull(): boolean {
    const { maximumInflightBytes } = this.#limits
    if (this.inflight >= this.sendQuota) return true
    const bytes = this.owed.reduce((sum, one) => sum + (one.isCurrent ? one.flightBytes : 0), 0)
    return maximumInflightBytes > 0 && bytes >= maximumInflightBytes
  }

  get waiting(): number {
    return this.owed.filter((one) => !one.isCurrent).length
  }

  get kept(): Delivery[] {
    return this.owed.flatMap((one) => one.delivery ?? [])
  }

  get keptBytes(): number {
    return this.kept.reduce((sum, delivery) => sum + delivery.byteSize, 0)
  }

  get mostKept(): number {
    const { maximumQueuedMessages, queueCountsInflight } = this.#limits
    const notKept = this.owed.filter((one) => one.isCurrent && one.delivery === undefined).length
    return maximumQueuedMessages + (queueCountsInflight ? 0 : Math.max(0, this.sendQuota - notKept))
  }

  /** Messages from the oldest owed to the newest, those in between that have ended included. */
  get span(): number {
    return this.#count - (this.owed[0]?.index ?? this.#count)
  }

  admit(qos: 1 | 2, flightBytes = 0): number {
    if (this.waiting > 0 || this.isFlightFull) return 0
    this.owed.push({
      position: this.#takePosition(),
      index: this.#count++,
      qos,
      state: 'sent',
      delivery: undefined,
      isCurrent: true,
      flightBytes,
    })
    return packetIdAt(this.nextPosition - 1)
  }

  keep(delivery: Delivery): void {
    const last = this.owed.at(-1)
    if (last !== undefined) last.delivery = delivery
  }

  enqueue(delivery: Delivery): 'queued' | 'dropped' | 'overflow' {
    const { maximumQueuedBytes, queueFullPolicy } = this.#limits
    const { byteSize } = delivery
    while (this.kept.length >= this.mostKept || this.keptBytes + byteSize > maximumQueuedBytes) {
      if (queueFullPolicy === 'disconnect') return 'overflow'
      const oldest = this.owed.find((one) => one.state === 'queued')
      if (queueFullPolicy === 'drop-newest' || oldest === undefined || byteSize > maximumQueuedBytes) {
        this.dropped.push([delivery, 'queue-full', -1])
        return 'dropped'
      }
      this.#remove(oldest)
      this.dropped.push([oldest.delivery as Delivery, 'queue-full', oldest.position])
    }
    this.owed.push({
      position: this.#takePosition(),
      index: this.#count++,
      qos: delivery.qos,
      state: 'queued',
      delivery,
      isCurrent: false,
      flightBytes: byteSize,
    })
    return 'queued'
  }

  take(): { taken: Taken; one?: Owed; isDup?: boolean } {
    this.isWaitingForCommit = false
    for (;;) {
      const one = this.owed.find((candidate) => !candidate.isCurrent)
      if (one === undefined) return { taken: 'nothing' }
      if (one.state === 'released') {
        one.isCurrent = true
        return { taken: 'pubrel', one }
      }
      const delivery = one.delivery as Delivery
      if (one.state === 'queued' && delivery.expiresAtMs <= this.nowMs) {
        this.#remove(one)
        this.dropped.push([delivery, 'expired', one.position])
        continue
      }
      if (one.qos > 0 && this.isFlightFull) return { taken: 'nothing' }
      if (one.qos === 2 && delivery.commit > this.durableCommit) {
        this.isWaitingForCommit = true
        return { taken: 'nothing' }
      }
      if (one.qos > 0 && one.state === 'queued' && this.#isInUse(one.position)) return { taken: 'nothing' }
      const isDup = one.state !== 'queued'
      if (one.qos === 0) this.#remove(one)
      else {
        one.state = 'sent'
        one.isCurrent = true
      }
      return { taken: 'publish', one, isDup }
    }
  }

  discard(position: number): void {
    const one = this.owed.find((candidate) => candidate.position === position)
    if (one !== undefined) this.#remove(one)
  }

  acknowledge(packetId: number): number {
    return this.#end(packetId, 1, 'sent')
  }

  refused(packetId: number): number {
    return this.#end(packetId, 2, 'sent')
  }

  completed(packetId: number): number {
    return this.#end(packetId, 2, 'released')
  }

  received(packetId: number): number {
    const one = this.#find(packetId, 2, 'sent') ?? this.#find(packetId, 2, 'released')
    if (one === undefined) return -1
    one.state = 'released'
    one.delivery = undefined
    return one.position
  }

  connected(sendQuota: number): void {
    this.sendQuota = sendQuota
    for (const one of this.owed) one.isCurrent = false
  }

  clear(): (readonly [Delivery, wasSent: boolean])[] {
    const left = this.owed.flatMap(({ delivery, state }) => {
      return delivery === undefined ? [] : [[delivery, state !== 'queued'] as const]
    })
    this.owed = []
    return left
  }

  #find(packetId: number, qos: number, state: Owed['state']): Owed | undefined {
    return this.owed.find(
      (one) => one.isCurrent && one.qos === qos && one.state === state && packetIdAt(one.position) === packetId,
    )
  }

  #end(packetId: number, qos: number, state: Owed['state']): number {
    const one = this.#find(packetId, qos, state)
    if (one === undefined) return -1
    this.#remove(one)
    return one.position
  }

  #remove(one: Owed): void {
    this.owed.splice(this.owed.indexOf(one), 1)
  }

  #isInUse(position: number): boolean {
    return this.owed.some((one) => one.state !== 'queued' && packetIdAt(one.position) === packetIdAt(position))
  }

  #takePosition(): number {
    while (this.#isInUse(this.nextPosition)) this.nextPosition++
    return this.nextPosition++
  }
}
