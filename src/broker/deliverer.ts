import type { Awaitable } from '../contracts/hooks.ts'
import type { DurabilityLevel } from '../contracts/durability.ts'
import type { DropReason } from '../contracts/statistics.ts'
import type { ApplicationMessage } from '../protocol/application-message.ts'
import { ReasonCode } from '../protocol/reason-codes.ts'
import { decodeText } from '../protocol/text.ts'
import type { Delivery } from '../session/delivery.ts'
import type { Owed } from '../session/delivery.ts'
import type { Connection } from './connection.ts'
import type { BrokerCore } from './core.ts'
import { askInOrder } from './hooks/ask-in-order.ts'
import { GroupDeliverer } from './group-deliverer.ts'
import { MessageRecorder } from './message-recorder.ts'
import { PayloadReader } from './payload-reader.ts'
import { PublishWriter } from './publish-writer.ts'
import type { Destination, Route } from './route.ts'
import type { ClientSession, ClientSubscription, SubscriptionGroup } from './types.ts'

/** Below this a client counts as keeping up, whatever all outboxes hold together. */
const FAIR_SHARE_BYTES = 64 * 1024

/** What was taken to be sent has its payload. */
type TakenDelivery = Delivery & { readonly message: ApplicationMessage }

/** Brings a message to every session that is owed it. Runs inside one loop turn; must not await. */
export class Deliverer {
  readonly #core: BrokerCore
  readonly #writer: PublishWriter
  readonly #groups: GroupDeliverer
  readonly #payloads: PayloadReader
  /** What the store is to know of the message under way. */
  readonly recorder: MessageRecorder
  /** The message under way in a form that outlives the turn, made when the first session needs it. */
  #detached: ApplicationMessage | undefined = undefined
  #lastDelivery: Delivery | undefined = undefined

  constructor(core: BrokerCore) {
    this.#core = core
    this.#writer = new PublishWriter(core)
    this.#groups = new GroupDeliverer(core, this)
    this.#payloads = new PayloadReader(core)
    this.recorder = new MessageRecorder(core)
  }

  /**
   * Delivers one message. Returns the commit after which it may be acknowledged, 0 when it may be at once, or -1 when
   * nobody subscribes to its topic.
   */
  publish(route: Route, message: ApplicationMessage, level: DurabilityLevel): number {
    this.begin(undefined)
    this.recorder.beginPublish(route, message, level)
    let commit = 0
    if (message.retain) commit = this.#core.retained.keep(route, message, level, () => this.detach(message))
    const { destinations, groups } = route
    for (let index = 0; index < destinations.length; index++) {
      this.#deliver(route, message, destinations[index] as Destination)
    }
    for (const destination of groups) this.#groups.deliver(route, message, destination)
    if (this.recorder.isNeeded) commit = Math.max(commit, this.recorder.append(this.detach(message)))
    if (destinations.length === 0 && groups.length === 0) {
      if (message.publisherId !== '') this.#unwanted(message.publisherId)
      return commit === 0 ? -1 : commit
    }
    return commit
  }

  /** Nobody subscribes: too ordinary for a line in the log. */
  #unwanted(clientId: string): void {
    this.#core.counters.drops['no-subscribers']++
    if (this.#core.isWatchingDrops) this.#core.tellDrop({ reason: 'no-subscribers', clientId, count: 1 })
  }

  /** Sends a retained message to one session for a subscription just made. [MQTT5-3.3.1-9] */
  replay(subscription: ClientSubscription, message: ApplicationMessage): void {
    const { session } = subscription
    const qos = this.#core.outgoingQos(message.qos, subscription.qos)
    this.begin(undefined)
    this.recorder.begin(session.isDurable && qos > 0 ? this.#core.levelOf(message.topicBytes) : 'memory')
    this.#offer(session, message, qos, true, subscription.subscriptionIdentifiers)
    if (this.recorder.isNeeded) this.recorder.append(this.detach(message))
  }

  /** Sends what waits in a session, as far as quota and outbox allow, then what waits in its groups. */
  pump(session: ClientSession, connection: Connection): void {
    const { outbound } = session
    const { journal, time } = this.#core
    // a session that ends with its connection is not in the store: its messages wait for no commit
    const durable = session.isDurable ? journal.durable : Infinity
    while (outbound.hasWaiting && !connection.isAskingHooks && !this.isOutboxFull(connection)) {
      const taken = outbound.take(time.nowMs, durable)
      if (taken === 'nothing') {
        if (outbound.isWaitingForCommit) journal.wait(connection)
        break
      }
      if (taken === 'pubrel') connection.responses.publishResponse('pubrel', outbound.takenPacketId, 0, 0)
      else this.#sendPastHooks(session, connection)
    }
    if (outbound.isReadingAhead) this.#payloads.read(session, connection)
    if (session.groups !== undefined) {
      for (const group of session.groups) this.#groups.pump(group as SubscriptionGroup)
    }
  }

  /** A session is over: what a group had sent it and it did not acknowledge at QoS 1 goes to another member. */
  handOver(owed: Owed, wasSent: boolean): boolean {
    if (!('message' in owed) || owed.message === undefined) return false
    const group = owed.group as SubscriptionGroup | undefined
    if (group === undefined || group.members.length === 0 || (owed.qos === 2 && wasSent)) return false
    this.#groups.requeue(group, owed.message, owed.sequence)
    return true
  }

  /** A group has no member left: what waited for one is dropped. */
  dissolve(group: SubscriptionGroup): void {
    this.#groups.dissolve(group)
  }

  /** Whether a client reads too slowly to be sent more for now. */
  isOutboxFull(connection: Connection): boolean {
    const { limits, outboxPool } = this.#core
    const { pendingBytes } = connection.outbox
    if (pendingBytes < FAIR_SHARE_BYTES) return false
    return pendingBytes >= limits.maximumOutboxBytes || outboxPool.pendingBytes >= limits.maximumOutboxBytesTotal
  }

  #deliver(route: Route, message: ApplicationMessage, whole: Destination): void {
    const { session } = whole
    const isUnwanted = whole.noLocal && session.clientId === message.publisherId
    const destination = isUnwanted ? whole.local : whole // [MQTT5-3.8.3-3]
    if (destination === undefined) return
    const qos = this.#core.outgoingQos(message.qos, destination.qos)
    const retain = message.retain && destination.retainAsPublished // [MQTT5-3.3.1-12] [MQTT5-3.3.1-13]
    const isOnItsWay = this.#offer(session, message, qos, retain, destination.subscriptionIdentifiers)
    if (session.replay !== undefined && isOnItsWay) session.replay.sentLive(route.topicName)
  }

  /** Writes, queues or drops: the fate of one message for one session. False when it was dropped. Hot path. */
  #offer(
    session: ClientSession,
    message: ApplicationMessage,
    qos: 0 | 1 | 2,
    retain: boolean,
    identifiers: readonly number[],
  ): boolean {
    const connection = session.link
    if (qos === 0) {
      if (connection !== undefined) return this.sendQos0(connection, message, retain, identifiers)
      if (this.#core.limits.queueQos0 && session.isDurable) {
        return this.#enqueue(session, this.#delivery(message, 0, retain, identifiers, undefined, false))
      }
      this.#core.dropped('offline-qos0', session.clientId)
      return false
    }
    return this.send(session, message, qos, retain, identifiers, undefined)
  }

  sendQos0(
    connection: Connection,
    message: ApplicationMessage,
    retain: boolean,
    identifiers: readonly number[],
  ): boolean {
    if (this.#mustAskFirst(connection)) return this.#enqueueQos0(connection, message, retain, identifiers)
    if (this.isOutboxFull(connection)) {
      this.#core.dropped('outbox-full', connection.clientId)
      return false
    }
    if (!this.#writer.write(connection, message, 0, retain, false, 0, identifiers)) return false
    connection.unconfirmedQos0++
    return true
  }

  /** It waits for a hook alone, and takes nobody's place for that. */
  #enqueueQos0(
    connection: Connection,
    message: ApplicationMessage,
    retain: boolean,
    identifiers: readonly number[],
  ): boolean {
    const session = connection.session as ClientSession
    const delivery = this.#delivery(message, 0, retain, identifiers, undefined, false)
    if (session.outbound.hasRoomFor(delivery.byteSize)) return this.#enqueue(session, delivery)
    this.#core.dropped('outbox-full', connection.clientId)
    return false
  }

  /** Writes or queues a QoS 1 or 2 message. What may have to be sent again, or to another member, is kept. */
  send(
    session: ClientSession,
    message: ApplicationMessage,
    qos: 1 | 2,
    retain: boolean,
    identifiers: readonly number[],
    group: SubscriptionGroup | undefined,
  ): boolean {
    const { outbound, isDurable, link: connection } = session
    const isKept = isDurable || group !== undefined
    // a QoS 2 PUBLISH to a durable session waits for its commit, so it queues first
    const waits =
      (isDurable && qos === 2 && this.recorder.level === 'always') ||
      (connection !== undefined && this.#mustAskFirst(connection))
    const mayAdmit = !waits && (!isKept || outbound.hasRoom)
    const byteSize = this.#core.limits.maximumInflightBytes > 0 ? message.byteSize : 0
    const packetId =
      connection !== undefined && mayAdmit && !this.isOutboxFull(connection) ? outbound.admit(qos, byteSize) : 0
    if (packetId === 0 || connection === undefined) {
      return this.#enqueue(session, this.#delivery(message, qos, retain, identifiers, group, isDurable))
    }
    const position = outbound.lastPosition
    if (!this.#writer.write(connection, message, qos, retain, false, packetId, identifiers)) {
      outbound.discard(position)
      return false
    }
    if (isKept) {
      const delivery = this.#delivery(message, qos, retain, identifiers, group, isDurable)
      outbound.keep(delivery)
      this.recorder.addRecipient(session, delivery)
    }
    return true
  }

  #enqueue(session: ClientSession, delivery: Delivery): boolean {
    const outcome = session.outbound.enqueue(delivery, session.isDurable && this.#core.store.keepsMessages)
    if (outcome === 'queued' || outcome === 'in-store') {
      if (session.link !== undefined && this.#mustAskFirst(session.link)) this.#pumpSoon(session.link)
      if (outcome === 'in-store') this.recorder.isForLater = true
      if (!this.recorder.addRecipient(session, delivery)) return true
      if (session.link !== undefined) this.#core.journal.wait(session.link)
      return true
    }
    if (outcome === 'overflow') {
      this.#core.dropped('queue-full', session.clientId)
      // later: ending a session may publish its will, and this message is still under way
      setImmediate(() => this.#core.guarded(() => this.#overflowed(session)))
    }
    return false
  }

  #overflowed(session: ClientSession): void {
    const connection = session.link ?? session.claimant
    if (connection === undefined) this.#core.sessions.end(session)
    else connection.disconnect(ReasonCode.quotaExceeded, 'the queue of this session is full')
  }

  /** A hook is to be asked, or is being asked about what came before. */
  #mustAskFirst(connection: Connection): boolean {
    return this.#core.hooks.hasOnDeliver || connection.isAskingHooks || connection.isPumpDue
  }

  /** What a hook may drop waits in the session until it has been asked. */
  #pumpSoon(connection: Connection): void {
    if (connection.isPumpDue) return
    connection.isPumpDue = true
    setImmediate(() => {
      connection.isPumpDue = false
      connection.run(() => connection.pump())
    })
  }

  #sendPastHooks(session: ClientSession, connection: Connection): void {
    const { hooks } = this.#core
    const onDeliver = hooks.of('onDeliver')
    if (onDeliver === undefined) {
      this.#sendTaken(session, connection)
      return
    }
    const { outbound } = session
    const { message, qos, retain } = outbound.takenDelivery as TakenDelivery
    const outgoing = {
      clientId: session.clientId,
      user: session.user,
      topicName: decodeText(message.topicBytes, 0, message.topicBytes.length),
      payload: message.bytes.subarray(message.payloadStart, message.payloadEnd),
      qos,
      retain,
    }
    connection.isAskingHooks = true
    outbound.unsentPosition = outbound.takenPosition
    let isLater = false
    askInOrder<(typeof onDeliver)[number], boolean>(
      onDeliver,
      (hook) => hook.onDeliver(outgoing) as Awaitable<boolean | undefined>,
      (hook, error) => {
        hooks.failed(hook, 'onDeliver', error)
        return false
      },
      (answer) => {
        connection.isAskingHooks = false
        if (session.link !== connection) {
          // QoS 1 and 2 are in flight in the session and come again with its client
          if (qos === 0) this.#core.dropped('connection-lost', session.clientId)
          return
        }
        outbound.unsentPosition = -1
        connection.run(() => {
          if (answer === false) this.#discardTaken(session, 'refused-by-hook')
          else this.#sendTaken(session, connection)
          if (isLater) connection.pump()
        })
      },
    )
    isLater = true
  }

  #discardTaken(session: ClientSession, reason: DropReason): void {
    this.#core.dropped(reason, session.clientId)
    this.#endTaken(session)
  }

  /** It cannot be sent, and counts as delivered. */
  #endTaken(session: ClientSession): void {
    const { takenPosition, takenDelivery } = session.outbound
    session.outbound.discard(takenPosition)
    this.#core.sessions.recordDelivered(session, takenPosition, takenDelivery?.sequence ?? -1)
  }

  #sendTaken(session: ClientSession, connection: Connection): void {
    const { outbound } = session
    const delivery = outbound.takenDelivery as TakenDelivery
    const { takenPacketId, takenDup } = outbound
    const { message, qos, retain, subscriptionIdentifiers } = delivery
    if (delivery.rightsEpoch !== this.#core.authorizer.epoch) {
      const { topicBytes } = message
      if (!this.#core.router.mayStillReceive(session, decodeText(topicBytes, 0, topicBytes.length))) {
        this.#discardTaken(session, 'not-authorized')
        return
      }
    }
    if (!this.#writer.write(connection, message, qos, retain, takenDup, takenPacketId, subscriptionIdentifiers)) {
      this.#endTaken(session)
    } else if (qos === 0) connection.unconfirmedQos0++
    else if (!session.isDurable && delivery.group === undefined) outbound.forgetTaken()
  }

  /** Sessions that are owed the same in the same way share one delivery. */
  #delivery(
    message: ApplicationMessage,
    qos: 0 | 1 | 2,
    retain: boolean,
    subscriptionIdentifiers: readonly number[],
    group: SubscriptionGroup | undefined,
    isStored: boolean,
  ): Delivery {
    const commit = this.recorder.level === 'always' ? this.#core.journal.commit : 0
    const sequence = qos > 0 && isStored ? this.recorder.sequence : -1
    const last = this.#lastDelivery
    const isSame =
      last !== undefined &&
      last.qos === qos &&
      last.retain === retain &&
      last.subscriptionIdentifiers === subscriptionIdentifiers &&
      last.group === group &&
      last.sequence === sequence &&
      last.commit === commit
    if (isSame) return last
    const rightsEpoch = this.#core.authorizer.epoch
    const detached = this.detach(message)
    this.#lastDelivery = {
      message: detached,
      sequence,
      byteSize: detached.byteSize,
      queuedAtMs: this.#core.time.nowMs,
      expiresAtMs: detached.expiresAtMs,
      qos,
      retain,
      subscriptionIdentifiers,
      commit,
      rightsEpoch,
      group,
    }
    return this.#lastDelivery
  }

  /** Starts on a message; `detached` when it owns its bytes already. */
  begin(detached: ApplicationMessage | undefined): void {
    this.#detached = detached
    this.#lastDelivery = undefined
  }

  detach(message: ApplicationMessage): ApplicationMessage {
    return (this.#detached ??= message.detach())
  }
}
