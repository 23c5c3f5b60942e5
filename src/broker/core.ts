import { EventEmitter } from 'node:events'
import type { Authenticator } from '../contracts/authenticator.ts'
import type { Authorizer } from '../contracts/authorizer.ts'
import type { ByteStream } from '../contracts/byte-stream.ts'
import type { Clock } from '../contracts/clock.ts'
import type { BrokerEvents, ClientInfo, DropInfo } from '../contracts/events.ts'
import type { Features, Limits, Terms } from '../contracts/limits.ts'
import type { ListenerRules } from '../contracts/listener.ts'
import type { Log } from '../contracts/log.ts'
import type { DurabilityLevel, DurabilityTerms } from '../contracts/durability.ts'
import { type DropReason, type Gauges, newCounters, type Statistics } from '../contracts/statistics.ts'
import type { Store, StoreOpening, StoreRecord } from '../contracts/store.ts'
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
import { BrokerState } from './durable-state.ts'
import { Journal } from './journal.ts'
import { keptCounters, restoreCounters } from './kept-counters.ts'
import { ListenerTerms } from './listener-terms.ts'
import { OutboxPool } from './outbox.ts'
import { PublishAdmission } from './publish-admission.ts'
import { RetainedMessages } from './retained-messages.ts'
import { RetainedReplays } from './retained-replays.ts'
import type { Route } from './route.ts'
import { Router } from './router.ts'
import { SessionRegistry } from './session-registry.ts'
import { Subscriptions } from './subscriptions.ts'
import { TakeoverLoops } from './takeover-loops.ts'
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
  /** What an acknowledged publish is worth; `always` when left out. */
  readonly durability?: DurabilityTerms | undefined
}

const alwaysDurable: DurabilityTerms = { level: 'always', intervalMs: 1000, rules: [], strictest: 'always' }

/** A record without a payload, roughly. */
const RECORD_BYTES = 64
/** Sessions looked at in one tick, and how often all of them are. */
const WATCH_SLICE = 2000
const WATCH_INTERVAL_MS = 5000

/** The broker without its listeners: everything that connections share. */
export class BrokerCore implements Statistics {
  /** As they are now: one object that stays, whose values `change` sets. */
  readonly limits: Limits
  #terms: ListenerTerms
  /** Subscribers get the QoS they asked for, also where the publisher chose a lower one. */
  upgradesQos: boolean
  readonly log: Log
  readonly hooks: HookRegistry
  readonly authenticator: HookedAuthenticator
  readonly authorizer: HookedAuthorizer
  readonly events = new EventEmitter<BrokerEvents>()
  readonly #refusals = new RepeatedLines(1000)
  readonly denials = new Denials(this)
  readonly counters = newCounters()
  readonly time: BrokerTime
  readonly store: Store
  readonly state: BrokerState
  readonly journal: Journal
  durability: DurabilityTerms
  /** The store takes nothing for now. */
  isDegraded = false
  readonly admission: PublishAdmission
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
  readonly takeoverLoops = new TakeoverLoops(this)
  /** The one view all inbound publishes are read into. */
  readonly inbound = new ApplicationMessage()

  constructor(parts: CoreParts) {
    this.limits = { ...parts.limits }
    this.#terms = new ListenerTerms(parts.limits, parts.features)
    this.upgradesQos = parts.features.upgradeOutgoingQos
    this.log = parts.log
    this.hooks = new HookRegistry(parts.log, (error) => this.faulted(error, ''))
    this.authenticator = new HookedAuthenticator(parts.authenticator, this.hooks)
    this.authorizer = new HookedAuthorizer(parts.authorizer, this.hooks)
    this.time = new BrokerTime(parts.clock, (task) => this.guarded(task))
    this.store = parts.store
    this.durability = parts.durability ?? alwaysDurable
    this.journal = new Journal({
      store: parts.store,
      log: parts.log,
      guarded: (task) => this.guarded(task),
      flushLater: (delayMs) => {
        this.time.schedule({ dueMs: this.time.nowMs + delayMs, fire: () => this.journal.flush() })
      },
      withdrawn: (sequence, lost) => {
        // a QoS 2 message that comes again is new, whoever is connected by now
        for (const record of lost) {
          if (record.kind === 'inbound-id') this.sessions.byNumber(record.session)?.inboundIds.delete(record.packetId)
        }
        for (const session of this.sessions.all()) session.outbound.withdrawFrom(sequence)
        this.subscriptions.withdrawFrom(sequence)
      },
    })
    if (!parts.store.keepsMessages) this.journal.start() // nothing to wait for
    this.state = new BrokerState(this)
    this.admission = new PublishAdmission(this)
    this.router = new Router(this.authorizer, this.limits, () => this.durability.rules)
    this.router.sendsEach = parts.features.overlappingSubscriptions === 'each'
    this.sessions = new SessionRegistry(this)
    this.subscriptions = new Subscriptions(this)
    this.retained = new RetainedMessages(this)
    this.replays = new RetainedReplays(this)
    this.wills = new Wills(this)
    this.deliverer = new Deliverer(this)
    this.gate = new ConnectionGate(this.limits)
    this.#watchQueues()
  }

  /**
   * Opens the store and takes back what it kept. A store in memory needs none of it. Called once, before the first
   * client. Rejects with what is wrong and what to do.
   */
  async open(): Promise<StoreOpening> {
    const opening = await this.store.open(this.state)
    this.time.notBefore(opening.lastKnownMs)
    const { nextSequence, nextSession, counters } = opening
    this.journal.begin(nextSequence)
    this.sessions.nextNumber = Math.max(this.sessions.nextNumber, nextSession)
    restoreCounters(this.counters, counters)
    await this.state.settle()
    await this.sessions.rememberTopics()
    this.journal.start()
    this.subscriptions.askHooksAgain()
    void this.state.endDead()
    return opening
  }

  /** What clients that connect now are told, and held to until they leave. */
  get terms(): Terms {
    return this.#terms.forAll
  }

  /** The same for those who come in by a listener. */
  termsOf(rules: ListenerRules | undefined): Terms {
    return this.#terms.of(rules)
  }

  /** Keeps a record of a session, with the care that all session data gets; returns the commit to wait for. */
  keep(record: StoreRecord): number {
    return this.keepAt(this.durability.level, record)
  }

  keepAt(level: DurabilityLevel, record: StoreRecord): number {
    if (level === 'always') return this.journal.append(record)
    this.journal.appendLater(record, RECORD_BYTES, this.durability.intervalMs)
    return 0
  }

  /** How publishes to a topic are kept where no listener has a say. */
  levelOf(topicBytes: Uint8Array): DurabilityLevel {
    const route = this.router.resolve(topicBytes, 0, topicBytes.length, Infinity)
    return this.#levelOn(route)
  }

  /** What is raised to QoS 2 is kept as publishes at QoS 2 are. */
  #levelOn(route: Route): DurabilityLevel {
    return this.upgradesQos ? this.durability.strictest : (route.durability ?? this.durability.level)
  }

  storeChanged(error: Error | undefined): void {
    this.isDegraded = error !== undefined
    if (error === undefined) {
      this.wills.storeIsBack()
      for (const { link } of this.sessions.all()) link?.run(() => link.pump())
    }
  }

  /** What waits too long for clients that are away is dropped in slices, and counters are handed to the store. */
  #watchQueues(): void {
    let walk: Iterator<void> | undefined
    const step = (nowMs: number): void => {
      walk ??= this.sessions.dropOld(nowMs)
      for (let count = 0; count < WATCH_SLICE; count++) {
        if (walk.next().done !== true) continue
        walk = undefined
        if (this.journal.isStarted) this.store.keepCounters(keptCounters(this.counters))
        break
      }
      this.time.schedule({ dueMs: nowMs + (walk === undefined ? WATCH_INTERVAL_MS : 0), fire: step })
    }
    this.time.schedule({ dueMs: this.time.nowMs + WATCH_INTERVAL_MS, fire: step })
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
    const { address = '' } = details as { readonly address?: string }
    this.refused(address, details)
  }

  /**
   * Tells of a connection that was refused. Anybody can make these lines come: one a second for each kind, which has the
   * address in it, so that nobody hides behind the lines of another.
   */
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
    return this.deliverer.publish(route, message, this.#levelOn(route))
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
    if (this.events.listenerCount(name) === 0) return
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
    this.#terms = new ListenerTerms(limits, features)
    this.upgradesQos = features.upgradeOutgoingQos
    this.router.sendsEach = features.overlappingSubscriptions === 'each'
    this.router.allChanged()
  }

  /** At which QoS a message leaves that came with one, by a subscription with another. [MQTT5-3.8.4-8] Hot path. */
  outgoingQos(published: 0 | 1 | 2, granted: 0 | 1 | 2): 0 | 1 | 2 {
    return this.upgradesQos || granted < published ? granted : published
  }

  /** Before a stop: wills that are due at once go out while those they are for are still here. */
  publishWillsEarly(): void {
    for (const connection of [...this.gate.connections]) this.wills.publishEarly(connection)
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
      connection.disconnect(ReasonCode.administrativeAction, 'no longer let in')
    }
  }

  gauges(): Gauges {
    const { totals } = this.sessions
    const storedMessages = this.retained.size + totals.queuedMessages
    const storedBytes = this.retained.bytes + totals.queuedBytes
    let outboxMessages = 0
    for (const session of this.sessions.all()) outboxMessages += session.outbound.pending
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
