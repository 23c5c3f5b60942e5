import { EventEmitter } from 'node:events'
import type { Authenticator } from '../contracts/authenticator.ts'
import type { Authorizer } from '../contracts/authorizer.ts'
import type { ByteStream } from '../contracts/byte-stream.ts'
import type { Clock } from '../contracts/clock.ts'
import type { BrokerEvents, ClientInfo, DropInfo } from '../contracts/events.ts'
import type { Features, Limits, Terms } from '../contracts/limits.ts'
import type { Log } from '../contracts/log.ts'
import { type DropReason, type Gauges, newCounters, type Statistics } from '../contracts/statistics.ts'
import type { Store } from '../contracts/store.ts'
import { ApplicationMessage } from '../protocol/application-message.ts'
import { ReasonCode } from '../protocol/reason-codes.ts'
import { encodeText } from '../protocol/text.ts'
import { Denials } from './denials.ts'
import { HookRegistry } from './hooks/hook-registry.ts'
import { tellInOrder } from './hooks/tell-in-order.ts'
import { HookedAuthenticator } from './hooks/hooked-authenticator.ts'
import { HookedAuthorizer } from './hooks/hooked-authorizer.ts'
import { RepeatedLines } from '../structures/repeated-lines.ts'
import { BrokerTime } from './broker-time.ts'
import { Connection } from './connection.ts'
import { ConnectionGate } from './connection-gate.ts'
import { Deliverer } from './deliverer.ts'
import { Journal } from './journal.ts'
import { OutboxPool } from './outbox.ts'
import { RetainedMessages } from './retained-messages.ts'
import { RetainedReplays } from './retained-replays.ts'
import { Router } from './router.ts'
import { SessionRegistry } from './session-registry.ts'
import { Subscriptions } from './subscriptions.ts'
import { Wills } from './wills.ts'

/** What the broker is made of and asks of the world. */
export interface CoreParts {
  readonly limits: Limits
  readonly features: Features
  readonly clock: Clock
  readonly log: Log
  readonly store: Store
  readonly authenticator: Authenticator
  readonly authorizer: Authorizer
}

/** The broker without its listeners: everything that connections share. */
export class BrokerCore implements Statistics {
  /** As they are now: one object that stays, whose values `change` sets. */
  readonly limits: Limits
  /** What clients that connect now are told, and held to until they leave. */
  terms: Terms
  readonly log: Log
  readonly hooks: HookRegistry
  readonly authenticator: HookedAuthenticator
  readonly authorizer: HookedAuthorizer
  readonly events = new EventEmitter<BrokerEvents>()
  readonly #refusals = new RepeatedLines(1000)
  readonly denials = new Denials(this)
  readonly counters = newCounters()
  readonly time: BrokerTime
  readonly journal: Journal
  readonly outboxPool = new OutboxPool(this.counters)
  readonly router: Router
  readonly sessions: SessionRegistry
  readonly subscriptions: Subscriptions
  readonly retained: RetainedMessages
  readonly replays: RetainedReplays
  /** Grows when users, certificates or who may be anonymous change: who is on its way in begins anew. */
  accessChanges = 0
  /** Bytes appended by all connections that are not durable yet. */
  uncommittedBytes = 0
  readonly wills: Wills
  readonly deliverer: Deliverer
  readonly gate: ConnectionGate
  /** The one view all inbound publishes are read into. */
  readonly inbound = new ApplicationMessage()

  constructor(parts: CoreParts) {
    this.limits = { ...parts.limits }
    this.terms = { limits: parts.limits, features: parts.features }
    this.log = parts.log
    this.hooks = new HookRegistry(parts.log, (error) => this.faulted(error, ''))
    this.authenticator = new HookedAuthenticator(parts.authenticator, this.hooks)
    this.authorizer = new HookedAuthorizer(parts.authorizer, this.hooks)
    this.time = new BrokerTime(parts.clock, (task) => this.guarded(task))
    this.journal = new Journal(parts.store, parts.log, (task) => this.guarded(task))
    this.router = new Router(this.authorizer, this.limits)
    this.sessions = new SessionRegistry(this)
    this.subscriptions = new Subscriptions(this)
    this.retained = new RetainedMessages(this)
    this.replays = new RetainedReplays(this)
    this.wills = new Wills(this)
    this.deliverer = new Deliverer(this)
    this.gate = new ConnectionGate(this.limits)
  }

  /** Takes a client's stream, or closes it when there is no room. */
  accept(stream: ByteStream): void {
    this.counters.socketsOpened++
    if (!stream.peer.isTrusted && !this.gate.admit(stream.peer.address)) {
      this.counters.connectionsRefused++
      this.refused('limit', { address: stream.peer.address, detail: 'the connection limit is reached' })
      stream.open({ onData() {}, onClose() {} })
      stream.destroy()
      return
    }
    new Connection(this, stream).open()
  }

  /** A client that a listener did not let in: no MQTT was spoken. */
  turnedAway(details: object): void {
    this.counters.connectionsRefused++
    this.refused('', details)
  }

  /** Tells of a connection that was refused. Anybody can make these lines come: one a second for each kind. */
  refused(kind: string, details: object): void {
    const unsaid = this.#refusals.next(kind, this.time.nowMs)
    if (unsaid !== undefined) this.log.info(unsaid === 0 ? details : { ...details, unsaid }, 'connection refused')
  }

  /**
   * Publishes a message of the broker's own, e.g. for `$SYS` or a will. `message` owns its bytes. Returns the commit
   * after which it is durable, 0 when it need not be, -1 when nobody subscribes.
   */
  publish(topicName: string, message: ApplicationMessage): number {
    const topicBytes = encodeText(topicName)
    const route = this.router.resolve(topicBytes, 0, topicBytes.length, Infinity) // the limit is for clients
    message.topicBytes = route.topicBytes
    return this.deliverer.publish(route, message)
  }

  /** Runs what no connection answers for: a fault of ours is counted and logged, and the broker goes on. */
  guarded(task: () => void): void {
    try {
      task()
    } catch (error) {
      this.faulted(error, '')
    }
  }

  faulted(error: unknown, clientId: string): void {
    this.counters.assertions++
    const detail = error instanceof Error ? error.stack : String(error)
    this.log.error({ clientId, error: detail }, 'a fault of the broker')
  }

  /** A message did not reach somebody; `clientId` is who went without, where that is one client. */
  dropped(reason: DropReason, clientId: string, count = 1): void {
    this.counters.drops[reason] += count
    this.log.debug({ reason, clientId, count }, 'message dropped')
    if (this.isWatchingDrops) this.tellDrop({ reason, clientId, count })
  }

  /** Somebody wants to hear of every drop, also of those that are only counted otherwise. */
  get isWatchingDrops(): boolean {
    return this.hooks.of('onDrop') !== undefined || this.events.listenerCount('dropped') > 0
  }

  tellDrop(drop: DropInfo): void {
    this.emit('dropped', drop)
    tellInOrder(this.hooks, 'onDrop', (hook) => hook.onDrop(drop))
  }

  /** Tells listeners; one that throws is a fault of theirs, logged, and the next is told all the same. */
  emit<Name extends keyof BrokerEvents>(name: Name, ...values: BrokerEvents[Name]): void {
    for (const listener of this.events.rawListeners(name)) {
      try {
        Reflect.apply(listener, this.events, values)
      } catch (error) {
        this.log.error(
          { event: name, error: error instanceof Error ? error.stack : String(error) },
          'a listener failed',
        )
      }
    }
  }

  /** Other limits and features, for clients that connect from now on and for all that no client was promised. */
  change(limits: Limits, features: Features): void {
    Object.assign(this.limits, limits)
    this.terms = { limits, features }
  }

  /** Before a stop: wills that are due at once go out while those they are for are still here. */
  publishWillsEarly(): void {
    for (const connection of [...this.gate.connections]) connection.publishWillEarly()
  }

  /** Ends all connections the way a stopping server does: DISCONNECT 0x8B. [MQTT5-3.14.4-2] */
  disconnectAll(): void {
    for (const connection of [...this.gate.connections]) connection.shutDown()
  }

  /** Stops timers. Connections must be gone. */
  stop(): void {
    this.time.stop()
  }

  /** Closes connections that would not be let in any more. */
  disconnectThose(isUnwanted: (client: ClientInfo) => boolean): void {
    for (const connection of [...this.gate.connections]) {
      if (connection.session === undefined || !isUnwanted(connection)) continue
      connection.disconnect(ReasonCode.notAuthorized, 'no longer let in')
    }
  }

  gauges(): Gauges {
    let storedMessages = this.retained.size
    let storedBytes = this.retained.bytes
    let outboxMessages = 0
    for (const session of this.sessions.all()) {
      storedMessages += session.outbound.queuedMessages
      storedBytes += session.outbound.queuedBytes
      outboxMessages += session.outbound.pending
    }
    return {
      startedAtMs: this.time.startedAtMs,
      nowMs: this.time.nowMs,
      sessions: this.sessions.size,
      connections: this.gate.connectedClients,
      subscriptions: this.subscriptions.count,
      sharedSubscriptions: this.subscriptions.sharedCount,
      retainedMessages: this.retained.size,
      storedMessages,
      storedBytes,
      outboxMessages,
      outboxBytes: this.outboxPool.pendingBytes,
    }
  }
}
