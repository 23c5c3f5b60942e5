import type { Authenticator } from '../contracts/authenticator.ts'
import type { Authorizer } from '../contracts/authorizer.ts'
import type { ByteStream } from '../contracts/byte-stream.ts'
import type { Clock } from '../contracts/clock.ts'
import type { Features, Limits } from '../contracts/limits.ts'
import type { Log } from '../contracts/log.ts'
import { type DropReason, type Gauges, newCounters, type Statistics } from '../contracts/statistics.ts'
import type { Store } from '../contracts/store.ts'
import { ApplicationMessage } from '../protocol/application-message.ts'
import { encodeText } from '../protocol/text.ts'
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
  readonly limits: Limits
  readonly features: Features
  readonly log: Log
  readonly authenticator: Authenticator
  readonly authorizer: Authorizer
  readonly counters = newCounters()
  readonly time: BrokerTime
  readonly journal: Journal
  readonly outboxPool = new OutboxPool(this.counters)
  readonly router: Router
  readonly sessions: SessionRegistry
  readonly subscriptions: Subscriptions
  readonly retained: RetainedMessages
  readonly replays: RetainedReplays
  /** Bytes appended by all connections that are not durable yet. */
  uncommittedBytes = 0
  readonly wills: Wills
  readonly deliverer: Deliverer
  readonly gate: ConnectionGate
  /** The one view all inbound publishes are read into. */
  readonly inbound = new ApplicationMessage()

  constructor(parts: CoreParts) {
    this.limits = parts.limits
    this.features = parts.features
    this.log = parts.log
    this.authenticator = parts.authenticator
    this.authorizer = parts.authorizer
    this.time = new BrokerTime(parts.clock, (task) => this.guarded(task))
    this.journal = new Journal(parts.store, parts.log, (task) => this.guarded(task))
    this.router = new Router(parts.authorizer, parts.limits.maximumTopicLevels)
    this.sessions = new SessionRegistry(this)
    this.subscriptions = new Subscriptions(this)
    this.retained = new RetainedMessages(this)
    this.replays = new RetainedReplays(this)
    this.wills = new Wills(this)
    this.deliverer = new Deliverer(this)
    this.gate = new ConnectionGate(parts.limits)
  }

  /** Takes a client's stream, or closes it when there is no room. */
  accept(stream: ByteStream): void {
    this.counters.socketsOpened++
    if (!this.gate.admit(stream.peer.address)) {
      this.counters.connectionsRefused++
      this.log.warn({ address: stream.peer.address }, 'connection refused: the connection limit is reached')
      stream.open({ onData() {}, onClose() {} })
      stream.destroy()
      return
    }
    new Connection(this, stream).open()
  }

  /** Publishes a message of the broker's own, e.g. for `$SYS` or a will. `message` owns its bytes. */
  publish(topicName: string, message: ApplicationMessage): void {
    const topicBytes = encodeText(topicName)
    const route = this.router.resolve(topicBytes, 0, topicBytes.length, Infinity) // the limit is for clients
    message.topicBytes = route.topicBytes
    this.deliverer.publish(route, message)
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
  }

  /** Ends all connections the way a stopping server does: wills go out, then DISCONNECT 0x8B. [MQTT5-3.14.4-2] */
  disconnectAll(): void {
    const connections = [...this.gate.connections]
    for (const connection of connections) connection.publishWillEarly()
    for (const connection of connections) connection.shutDown()
  }

  /** Stops timers. Connections must be gone. */
  stop(): void {
    this.time.stop()
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
