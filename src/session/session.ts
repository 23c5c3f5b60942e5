import { PacketIdSet } from '../structures/packet-id-set.ts'
import { Outbound } from './outbound.ts'
import type { Owed } from './delivery.ts'
import type { OutboundLimits, OutboundTotals, QueueDropReason } from './queue-bounds.ts'
import type { SharedGroup } from '../topics/shared-group.ts'
import type { Subscription } from './subscription.ts'

/** Session expiry that never comes. */
export const NEVER_EXPIRES = 0xffff_ffff

/**
 * What the broker remembers of one client, connected or not. Section 4.1. `Link` is the connection it has now; the
 * will belongs to the connection and is not here.
 */
export class Session<Link> {
  readonly clientId: string
  /** The user who opened it; nobody else resumes it or takes it over. */
  readonly user: string | undefined
  link: Link | undefined = undefined
  /** The connection that has it, from CONNECT on; it becomes `link` when CONNACK leaves. */
  claimant: Link | undefined = undefined
  /** Seconds it outlives its connection: 0 ends with it, 0xFFFFFFFF never ends. */
  expirySeconds = 0
  /** It may outlive its connection, so the store knows of it, and what it is owed is kept until acknowledged. */
  isDurable = false
  #subscriptions: Map<string, Subscription<Link>> | undefined = undefined
  /** The shared subscriptions it is a member of; most sessions have none. */
  groups: Set<SharedGroup<Subscription<Link>>> | undefined = undefined
  readonly outbound: Outbound
  /** Under which the store knows it; 0 while it does not. */
  number = 0
  /** Most messages that its last connection could have unacknowledged. */
  sendQuota = 0
  /** When it ends, as far as the store is concerned; Infinity while it is connected. */
  expiresAtMs = Infinity
  /** QoS 2 packet identifiers received and not yet released: repeats of them are not new. [MQTT5-4.3.3-10] */
  readonly inboundIds = new PacketIdSet()
  /** Retained messages still being sent for new subscriptions. */
  replay: { sentLive(topicName: string): void } | undefined = undefined
  /** It is over: nothing is delivered to it any more. */
  isEnded = false

  constructor(
    clientId: string,
    user: string | undefined,
    limits: OutboundLimits,
    totals: OutboundTotals,
    onDrop: (owed: Owed, reason: QueueDropReason, position: number) => void,
  ) {
    this.clientId = clientId
    this.user = user
    this.outbound = new Outbound(limits, totals, onDrop)
  }

  /** By topic filter as subscribed, `$share/...` included. */
  get subscriptions(): ReadonlyMap<string, Subscription<Link>> {
    return this.#subscriptions ?? noSubscriptions
  }

  /** Puts a subscription under its filter, in the place of an earlier one. */
  subscribe(subscription: Subscription<Link>): void {
    this.#subscriptions ??= new Map()
    this.#subscriptions.set(subscription.filter, subscription)
  }

  unsubscribe(filter: string): void {
    this.#subscriptions?.delete(filter)
  }
}

/** Of the many sessions that only publish. */
const noSubscriptions: ReadonlyMap<string, never> = new Map<string, never>()
