import type { MessageRecipient } from '../contracts/store.ts'
import type { ApplicationMessage } from '../protocol/application-message.ts'
import { decodeText } from '../protocol/text.ts'
import type { Delivery } from '../session/delivery.ts'
import { ReasonCode } from '../protocol/reason-codes.ts'
import type { Connection } from './connection.ts'
import type { BrokerCore } from './core.ts'
import { PublishWriter } from './publish-writer.ts'
import type { Destination, Route } from './router.ts'
import type { ClientSession, ClientSubscription, SubscriptionGroup } from './types.ts'

const noIdentifiers: readonly number[] = []

/** Brings a message to every session that is owed it. Runs inside one loop turn; must not await. */
export class Deliverer {
  readonly #core: BrokerCore
  readonly #writer: PublishWriter
  /** The message under way in a form that outlives the turn, made when the first session needs it. */
  #detached: ApplicationMessage | undefined = undefined
  #lastDelivery: Delivery | undefined = undefined
  #recipients: MessageRecipient[] = []
  #sequence = 0

  constructor(core: BrokerCore) {
    this.#core = core
    this.#writer = new PublishWriter(core)
  }

  /**
   * Delivers one message. Returns the commit after which it may be acknowledged, 0 when it may be at once, or -1 when
   * nobody subscribes to its topic.
   */
  publish(route: Route, message: ApplicationMessage): number {
    this.#detached = undefined
    this.#lastDelivery = undefined
    let commit = 0
    if (message.retain) commit = this.#core.retained.keep(route, message, () => this.#detach(message))
    const { destinations, groups } = route
    for (let index = 0; index < destinations.length; index++) {
      const destination = destinations[index] as Destination
      this.#deliver(route, message, destination)
    }
    for (const group of groups) this.#deliverToGroup(route, message, group)
    if (this.#recipients.length > 0) commit = this.#record(route, message)
    if (destinations.length === 0 && groups.length === 0) {
      this.#core.counters.drops['no-subscribers']++
      return commit === 0 ? -1 : commit
    }
    return commit
  }

  /** Sends a retained message to one session for a subscription just made. [MQTT5-3.3.1-9] */
  replay(session: ClientSession, subscription: ClientSubscription, message: ApplicationMessage): void {
    this.#detached = message
    this.#lastDelivery = undefined
    const qos = Math.min(message.qos, subscription.qos) as 0 | 1 | 2
    const identifier = subscription.subscriptionIdentifier
    this.#offer(session, message, qos, true, identifier === 0 ? noIdentifiers : [identifier])
    if (this.#recipients.length > 0) this.#record(undefined, message)
  }

  /** Sends what waits in a session, as far as quota and outbox allow, then what waits in its groups. */
  pump(session: ClientSession, connection: Connection): void {
    const { outbound } = session
    const { journal, time } = this.#core
    // a session that ends with its connection is not in the store: its messages wait for no commit
    const durable = session.isDurable ? journal.durable : Infinity
    while (outbound.hasWaiting && !this.isOutboxFull(connection)) {
      const taken = outbound.take(time.nowMs, durable)
      if (taken === 'nothing') {
        if (outbound.isWaitingForCommit) journal.wait(connection)
        return
      }
      if (taken === 'pubrel') connection.responses.publishResponse('pubrel', outbound.takenPacketId, 0, 0)
      else this.#sendTaken(session, connection)
    }
    if (session.sharedSubscriptions > 0 && !outbound.hasWaiting) this.#pumpGroups(session)
  }

  /** A member took its leave: what it was sent by a group and did not acknowledge at QoS 1 goes to another. */
  handOver(delivery: Delivery, wasSent: boolean): boolean {
    const group = delivery.group as SubscriptionGroup | undefined
    if (group === undefined || group.members.length === 0 || (delivery.qos === 2 && wasSent)) return false
    this.#queueInGroup(group, delivery.message)
    this.#pumpGroup(group)
    return true
  }

  /** Whether a client reads too slowly to be sent more for now. */
  isOutboxFull(connection: Connection): boolean {
    const { limits, outboxPool } = this.#core
    const { pendingBytes } = connection.outbox
    if (pendingBytes < FAIR_SHARE_BYTES) return false
    return pendingBytes >= limits.maximumOutboxBytes || outboxPool.pendingBytes >= limits.maximumOutboxBytesTotal
  }

  #deliver(route: Route, message: ApplicationMessage, whole: Destination): void {
    const isOwn = whole.session.clientId === message.publisherId
    const destination = isOwn ? whole.local : whole // [MQTT5-3.8.3-3]
    if (destination === undefined) return
    const { session } = whole
    const qos = message.qos < destination.qos ? message.qos : destination.qos // [MQTT5-3.8.4-8]
    const retain = message.retain && destination.retainAsPublished // [MQTT5-3.3.1-12] [MQTT5-3.3.1-13]
    if (session.replay !== undefined) session.replay.sentLive(route.topicName)
    this.#offer(session, message, qos, retain, destination.subscriptionIdentifiers)
  }

  /** Writes, queues or drops: the fate of one message for one session. Hot path. */
  #offer(
    session: ClientSession,
    message: ApplicationMessage,
    qos: 0 | 1 | 2,
    retain: boolean,
    identifiers: readonly number[],
  ): void {
    const connection = session.link
    if (qos === 0) {
      if (connection === undefined) this.#offerOffline(session, message, retain, identifiers)
      else if (this.isOutboxFull(connection)) this.#core.dropped('outbox-full', session.clientId)
      else if (this.#writer.write(connection, message, 0, retain, false, 0, identifiers)) connection.unconfirmedQos0++
      return
    }
    const { outbound } = session
    const { isDurable } = session
    // a QoS 2 PUBLISH to a durable session waits for its commit, so it queues first
    const mayAdmit = !isDurable || (qos === 1 && outbound.hasRoom)
    if (connection !== undefined && mayAdmit && !this.isOutboxFull(connection)) {
      const packetId = outbound.admit(qos)
      if (packetId > 0) {
        if (isDurable) {
          const delivery = this.#delivery(message, qos, retain, identifiers, undefined)
          outbound.keep(delivery)
          this.#addRecipient(session, delivery)
        }
        if (!this.#writer.write(connection, message, qos, retain, false, packetId, identifiers)) outbound.discard(outbound.lastPosition)
        return
      }
    }
    this.#enqueue(session, this.#delivery(message, qos, retain, identifiers, undefined))
  }

  #offerOffline(session: ClientSession, message: ApplicationMessage, retain: boolean, identifiers: readonly number[]): void {
    if (this.#core.limits.queueQos0 && session.isDurable) this.#enqueue(session, this.#delivery(message, 0, retain, identifiers, undefined))
    else this.#core.dropped('offline-qos0', session.clientId)
  }

  #enqueue(session: ClientSession, delivery: Delivery): void {
    const outcome = session.outbound.enqueue(delivery)
    if (outcome === 'queued') {
      if (session.isDurable) this.#addRecipient(session, delivery)
      const connection = session.link
      if (connection !== undefined && session.isDurable) this.#core.journal.wait(connection)
    } else if (outcome === 'overflow') {
      this.#core.dropped('queue-full', session.clientId)
      // later: ending a session may publish its will, and this message is still under way
      setImmediate(() => this.#core.guarded(() => this.#overflowed(session)))
    }
  }

  #overflowed(session: ClientSession): void {
    if (session.link === undefined) this.#core.sessions.end(session)
    else session.link.disconnect(ReasonCode.quotaExceeded, 'the queue of this session is full')
  }

  #deliverToGroup(route: Route, message: ApplicationMessage, group: SubscriptionGroup): void {
    const member = this.#choose(group, message, route.topicName, route.hash)
    if (member !== undefined) this.#sendToMember(member, message)
    else if (message.qos > 0 && group.members.some((candidate) => candidate.qos > 0)) {
      this.#queueInGroup(group, this.#detach(message))
    } else this.#core.dropped(group.members.some((candidate) => candidate.session.link) ? 'outbox-full' : 'offline-qos0', '')
  }

  #choose(group: SubscriptionGroup, message: ApplicationMessage, topicName: string, hash: number): ClientSubscription | undefined {
    return group.choose(hash, (member) => this.#canTake(member, message.qos, topicName))
  }

  #canTake(member: ClientSubscription, qos: number, topicName: string): boolean {
    const connection = member.session.link
    if (connection === undefined || this.isOutboxFull(connection)) return false
    if (!this.#core.router.mayReceive(member.session, topicName)) return false
    const { outbound } = member.session
    return Math.min(qos, member.qos) === 0 || (outbound.canAdmit && outbound.hasRoom)
  }

  #sendToMember(member: ClientSubscription, message: ApplicationMessage): void {
    const { session } = member
    const connection = session.link as Connection
    const qos = Math.min(message.qos, member.qos) as 0 | 1 | 2
    const retain = message.retain && member.retainAsPublished
    const identifiers = member.subscriptionIdentifier === 0 ? noIdentifiers : [member.subscriptionIdentifier]
    if (qos === 0) {
      if (this.#writer.write(connection, message, 0, retain, false, 0, identifiers)) connection.unconfirmedQos0++
      return
    }
    const { outbound } = session
    if (session.isDurable && qos === 2) {
      this.#enqueue(session, this.#delivery(message, qos, retain, identifiers, member.group))
      return
    }
    const packetId = outbound.admit(qos)
    const delivery = this.#delivery(message, qos, retain, identifiers, member.group)
    outbound.keep(delivery) // also for a session that ends: then another member gets it
    if (session.isDurable) this.#addRecipient(session, delivery)
    if (!this.#writer.write(connection, message, qos, retain, false, packetId, identifiers)) outbound.discard(outbound.lastPosition)
  }

  #queueInGroup(group: SubscriptionGroup, message: ApplicationMessage): void {
    const { maximumQueuedMessages, maximumQueuedBytes, queueFullPolicy } = this.#core.limits
    const byteSize = message.byteSize
    while (group.waiting.length >= maximumQueuedMessages || group.waitingBytes + byteSize > maximumQueuedBytes) {
      const oldest = queueFullPolicy === 'drop-oldest' ? group.waiting.shift() : undefined
      this.#core.dropped('queue-full', '')
      if (oldest === undefined) return
      group.waitingBytes -= oldest.byteSize
    }
    group.waiting.push(message)
    group.waitingBytes += byteSize
  }

  #pumpGroups(session: ClientSession): void {
    for (const subscription of session.subscriptions.values()) {
      if (subscription.group !== undefined) this.#pumpGroup(subscription.group as SubscriptionGroup)
    }
  }

  #pumpGroup(group: SubscriptionGroup): void {
    for (let message = group.waiting.peek(); message !== undefined; message = group.waiting.peek()) {
      const isExpired = message.expiresAtMs <= this.#core.time.nowMs
      const topicName = topicNameOf(message)
      const member = isExpired ? undefined : this.#choose(group, message, topicName, 0)
      if (!isExpired && member === undefined) return
      group.waiting.shift()
      group.waitingBytes -= message.byteSize
      if (member === undefined) {
        this.#core.dropped('expired', '')
        continue
      }
      this.#detached = message
      this.#lastDelivery = undefined
      this.#sendToMember(member, message)
      if (this.#recipients.length > 0) this.#record(undefined, message)
    }
  }

  #sendTaken(session: ClientSession, connection: Connection): void {
    const { outbound } = session
    const delivery = outbound.takenDelivery as Delivery
    const { takenPacketId, takenDup } = outbound
    const { message, qos, retain, subscriptionIdentifiers } = delivery
    if (!this.#writer.write(connection, message, qos, retain, takenDup, takenPacketId, subscriptionIdentifiers)) {
      outbound.discard(outbound.takenPosition)
    } else if (qos === 0) connection.unconfirmedQos0++
    else if (!session.isDurable && delivery.group === undefined) outbound.forgetTaken()
  }

  #delivery(
    message: ApplicationMessage,
    qos: 0 | 1 | 2,
    retain: boolean,
    subscriptionIdentifiers: readonly number[],
    group: SubscriptionGroup | ClientSubscription['group'],
  ): Delivery {
    const commit = this.#core.journal.commit
    const last = this.#lastDelivery
    const isSame =
      last !== undefined &&
      last.qos === qos &&
      last.retain === retain &&
      last.subscriptionIdentifiers === subscriptionIdentifiers &&
      last.group === group &&
      last.commit === commit
    if (isSame) return last
    this.#lastDelivery = { message: this.#detach(message), qos, retain, subscriptionIdentifiers, commit, group }
    return this.#lastDelivery
  }

  #detach(message: ApplicationMessage): ApplicationMessage {
    return (this.#detached ??= message.detach())
  }

  #addRecipient(session: ClientSession, delivery: Delivery): void {
    if (delivery.qos === 0) return
    this.#recipients.push({
      clientId: session.clientId,
      position: session.outbound.lastPosition,
      qos: delivery.qos,
      retain: delivery.retain,
      subscriptionIdentifiers: delivery.subscriptionIdentifiers,
    })
  }

  #record(route: Route | undefined, message: ApplicationMessage): number {
    const recipients = this.#recipients
    this.#recipients = []
    const kept = this.#detach(message)
    return this.#core.journal.append({
      kind: 'message',
      sequence: this.#sequence++,
      topicName: route?.topicName ?? topicNameOf(kept),
      properties: kept.bytes.subarray(kept.propertiesStart, kept.propertiesEnd),
      payload: kept.bytes.subarray(kept.payloadStart, kept.payloadEnd),
      expiresAtMs: kept.expiresAtMs,
      recipients,
    })
  }
}

function topicNameOf(message: ApplicationMessage): string {
  return decodeText(message.topicBytes, 0, message.topicBytes.length)
}

/** Below this a client counts as keeping up, whatever all outboxes hold together. */
const FAIR_SHARE_BYTES = 64 * 1024
