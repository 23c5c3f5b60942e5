import type { ApplicationMessage } from '../protocol/application-message.ts'
import type { Connection } from './connection.ts'
import type { BrokerCore } from './core.ts'
import type { Deliverer } from './deliverer.ts'
import type { GroupDestination, Route } from './route.ts'
import type { GroupMessage } from './subscription-group.ts'
import type { ClientSubscription, SubscriptionGroup } from './types.ts'

/**
 * Brings a message to one member of a shared subscription: one that is online, may receive it and has quota to spare.
 * While there is none it waits in the group's queue, in order. Section 4.8.2.
 */
export class GroupDeliverer {
  readonly #core: BrokerCore
  readonly #deliverer: Deliverer

  constructor(core: BrokerCore, deliverer: Deliverer) {
    this.#core = core
    this.#deliverer = deliverer
  }

  deliver(route: Route, message: ApplicationMessage, destination: GroupDestination): void {
    const { group, denied } = destination
    // behind those that wait, but for QoS 0, which waits for nobody
    const isQos0 = message.qos === 0 && !this.#core.upgradesQos
    const mayGoFirst = isQos0 || group.waiting.length === 0
    const member = mayGoFirst ? this.#choose(route, message, destination) : undefined
    if (member !== undefined) this.#send(member, group, message)
    else if (group.members.length === denied.size) this.#core.dropped('not-authorized', '')
    else if (!isQos0 && group.members.some((candidate) => candidate.qos > 0)) {
      const isStored = group.isDurable
      this.#enqueue(group, {
        message: this.#deliverer.detach(message),
        sequence: isStored ? this.#deliverer.recorder.sequence : -1,
        queuedAtMs: this.#core.time.nowMs,
      })
      if (isStored && this.#deliverer.recorder.sequence >= 0) this.#deliverer.recorder.addWaitingGroup(group)
    } else
      this.#core.dropped(group.members.some((candidate) => candidate.session.link) ? 'outbox-full' : 'offline-qos0', '')
  }

  /** Sends what waits, as far as members can take it. */
  pump(group: SubscriptionGroup): void {
    for (let next = group.waiting.peek(); next !== undefined; next = group.waiting.peek()) {
      const { message } = next
      const route = this.#core.router.resolve(message.topicBytes, 0, message.topicBytes.length, Infinity)
      const destination = route.groups.find((one) => one.group === group)
      if (message.expiresAtMs <= this.#core.time.nowMs) {
        this.#shift(group)
        this.#core.dropped('expired', '')
        this.#recordLeft(group, next)
        continue
      }
      if (destination === undefined || destination.denied.size === group.members.length) {
        this.#shift(group)
        this.#core.dropped('not-authorized', '')
        this.#recordLeft(group, next)
        continue
      }
      const member = this.#choose(route, message, destination)
      if (member === undefined) return
      this.#shift(group)
      const { sequence } = next
      const level = this.#core.levelOf(message.topicBytes)
      this.#deliverer.begin(message)
      this.#deliverer.recorder.begin(level, sequence < 0 ? undefined : sequence)
      this.#send(member, group, message)
      this.#recordLeft(group, next)
    }
  }

  /** Puts a message back that a member was sent and did not acknowledge. */
  requeue(group: SubscriptionGroup, message: ApplicationMessage, sequence: number): void {
    this.#enqueue(group, { message, sequence, queuedAtMs: this.#core.time.nowMs })
    if (sequence >= 0) this.#core.keep({ kind: 'group-returned', topicFilter: group.filter, sequence })
    this.pump(group)
  }

  dissolve(group: SubscriptionGroup): void {
    const count = group.waiting.length
    if (count > 0) this.#core.dropped('session-ended', '', count)
    for (let next = this.#shift(group); next !== undefined; next = this.#shift(group)) this.#recordLeft(group, next)
  }

  #choose(
    route: Route,
    message: ApplicationMessage,
    { group, denied }: GroupDestination,
  ): ClientSubscription | undefined {
    return group.choose(route.hash, (member) => !denied.has(member) && this.#canTake(member, message.qos))
  }

  #canTake(member: ClientSubscription, qos: 0 | 1 | 2): boolean {
    const { link, outbound } = member.session
    if (link === undefined || this.#deliverer.isOutboxFull(link)) return false
    return this.#core.outgoingQos(qos, member.qos) === 0 || (outbound.hasSpareQuota && outbound.hasRoom)
  }

  #send(member: ClientSubscription, group: SubscriptionGroup, message: ApplicationMessage): void {
    const { session, subscriptionIdentifiers } = member
    const qos = this.#core.outgoingQos(message.qos, member.qos) // [MQTT5-4.8.2-3]
    const retain = message.retain && member.retainAsPublished
    if (qos === 0) this.#deliverer.sendQos0(session.link as Connection, message, retain, subscriptionIdentifiers)
    else this.#deliverer.send(session, message, qos, retain, subscriptionIdentifiers, group)
  }

  #enqueue(group: SubscriptionGroup, waiting: GroupMessage): void {
    const { maximumQueuedMessages, maximumQueuedBytes, queueFullPolicy } = this.#core.limits
    const { byteSize } = waiting.message
    const mayDropOldest = queueFullPolicy === 'drop-oldest' && byteSize <= maximumQueuedBytes
    while (group.waiting.length >= maximumQueuedMessages || group.waitingBytes + byteSize > maximumQueuedBytes) {
      this.#core.dropped('queue-full', '')
      const oldest = mayDropOldest ? this.#shift(group) : undefined
      if (oldest === undefined) return
      this.#recordLeft(group, oldest)
    }
    group.waiting.push(waiting)
    group.waitingBytes += byteSize
  }

  #shift(group: SubscriptionGroup): GroupMessage | undefined {
    const next = group.waiting.shift()
    if (next !== undefined) group.waitingBytes -= next.message.byteSize
    return next
  }

  /** A stored message has left the group's queue, bound to a member or for good. */
  #recordLeft(group: SubscriptionGroup, { message, sequence }: GroupMessage): void {
    if (sequence < 0) {
      if (this.#deliverer.recorder.isNeeded) this.#deliverer.recorder.append(message)
      return
    }
    const [recipient] = this.#deliverer.recorder.takeRecipients()
    this.#core.keep({ kind: 'group-left', topicFilter: group.filter, sequence, recipient })
  }
}
