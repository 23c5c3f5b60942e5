import type { QueueEntry, SessionNumber, StoredMessage } from '../contracts/store.ts'
import type { OutboundTotals } from '../session/queue-bounds.ts'
import { NEVER_EXPIRES, Session } from '../session/session.ts'
import type { Timer } from '../structures/timing-wheel.ts'
import type { Connection } from './connection.ts'
import type { BrokerCore } from './core.ts'
import type { ClientSession } from './types.ts'

/** A record of a delivery, roughly; and how long it may wait for a batch to ride with. */
const DELIVERED_BYTES = 16
const DELIVERED_DELAY_MS = 100
const READ_SLICE = 256

/** All sessions by client identifier, and when those without a connection end. */
export class SessionRegistry {
  readonly #core: BrokerCore
  readonly #sessions = new Map<string, ClientSession>()
  readonly #byNumber = new Map<SessionNumber, ClientSession>()
  readonly #expiries = new Map<ClientSession, Timer>()
  /** What all of them are owed. */
  readonly totals: OutboundTotals = { queuedMessages: 0, queuedBytes: 0 }
  nextNumber: SessionNumber = 1

  constructor(core: BrokerCore) {
    this.#core = core
  }

  get size(): number {
    return this.#sessions.size
  }

  all(): Iterable<ClientSession> {
    return this.#sessions.values()
  }

  /** The session of a client identifier, unless it is over: the deadline counts, not whether a timer has run. */
  get(clientId: string): ClientSession | undefined {
    const session = this.#sessions.get(clientId)
    if (session === undefined) return undefined
    const expiry = this.#expiries.get(session)
    if (expiry === undefined || expiry.dueMs > this.#core.time.nowMs) return session
    expiry.fire(this.#core.time.nowMs)
    return undefined
  }

  open(clientId: string, user: string | undefined): ClientSession {
    const session = this.#new(clientId, user)
    this.#sessions.set(clientId, session)
    this.#counted()
    return session
  }

  #counted(): void {
    const { counters } = this.#core
    if (this.size > counters.sessionsMaximum) counters.sessionsMaximum = this.size
  }

  #new(clientId: string, user: string | undefined): ClientSession {
    const session: ClientSession = new Session<Connection>(
      clientId,
      user,
      this.#core.limits,
      this.totals,
      ({ sequence }, reason, position) => {
        this.#core.dropped(reason, clientId)
        if (position >= 0) this.recordDelivered(session, position, sequence)
      },
    )
    return session
  }

  /** The store is to know of it, from now on and until it ends. */
  makeDurable(session: ClientSession, number = this.nextNumber): void {
    if (session.isDurable) return
    session.isDurable = true
    session.number = number
    this.nextNumber = Math.max(this.nextNumber, number + 1)
    this.#byNumber.set(number, session)
  }

  byNumber(number: SessionNumber): ClientSession | undefined {
    return this.#byNumber.get(number)
  }

  /** A session that the store gives back; `adopt` makes it one that clients find. */
  found(number: SessionNumber, clientId: string, user: string | undefined): ClientSession {
    const session = this.#new(clientId, user)
    this.makeDurable(session, number)
    return session
  }

  adopt(session: ClientSession): void {
    const other = this.#sessions.get(session.clientId)
    if (other !== undefined && other.number > session.number) this.forget(session)
    else {
      if (other !== undefined) this.forget(other)
      this.#sessions.set(session.clientId, session)
      this.#counted()
    }
  }

  /** It was over before the restart. */
  forget(session: ClientSession): void {
    session.isEnded = true
    this.#byNumber.delete(session.number)
    if (this.#sessions.get(session.clientId) === session) this.#sessions.delete(session.clientId)
    this.#core.subscriptions.removeAll(session)
    session.outbound.clear(() => {})
  }

  /** Where the latest of each topic is kept, the topics of what a restart found are read. */
  async rememberTopics(): Promise<void> {
    if (this.#core.limits.queueFullPolicy !== 'latest-per-topic') return
    for (const { outbound } of this.#sessions.values()) {
      const entries: QueueEntry[] = []
      outbound.visitBacklog((entry) => entries.push(entry))
      for (let start = 0; start < entries.length; start += READ_SLICE) {
        const slice = entries.slice(start, start + READ_SLICE)
        const sequences = slice.map(({ sequence }) => sequence)
        const messages = await new Promise<readonly (StoredMessage | undefined)[]>((resolve) => {
          this.#core.store.read(sequences, (_error, found) => resolve(found))
        })
        slice.forEach((entry, index) => {
          const found = messages[index]
          if (found !== undefined) outbound.rememberTopic(found.message.topicBytes, entry)
        })
      }
    }
  }

  /** Drops what waits too long, or has expired, for clients that are not there. */
  *dropOld(nowMs: number): Generator<void> {
    for (const session of this.#sessions.values()) {
      session.outbound.dropOld(nowMs)
      yield
    }
  }

  /** A connection takes the session; it is served from `activate` on. */
  claim(session: ClientSession, connection: Connection): void {
    const expiry = this.#expiries.get(session)
    if (expiry !== undefined) {
      this.#expiries.delete(session)
      this.#core.time.cancel(expiry)
    }
    session.claimant = connection
    session.expiresAtMs = Infinity
  }

  /** CONNACK is on its way: messages may follow it. */
  activate(session: ClientSession, connection: Connection): void {
    session.link = connection
    session.outbound.connected(session.sendQuota)
    this.#core.gate.connectedClients++
  }

  /** The connection is gone. In a takeover the session is somebody else's already, wills included. */
  connectionEnded(session: ClientSession, connection: Connection, isTakenOver: boolean): void {
    if (session.link === connection) {
      session.link = undefined
      session.outbound.disconnected(session.isDurable && this.#core.store.keepsMessages)
      this.#core.gate.connectedClients--
    }
    if (session.claimant === connection) session.claimant = undefined
    if (isTakenOver || session.isEnded) return
    this.#core.wills.connectionEnded(session, connection)
    if (session.expirySeconds === 0) {
      this.end(session)
      return
    }
    const { nowMs } = this.#core.time
    this.watch(session, session.expirySeconds === NEVER_EXPIRES ? Infinity : nowMs + session.expirySeconds * 1000)
    this.#core.keep({ kind: 'session-closed', session: session.number, expiresAtMs: session.expiresAtMs })
  }

  /** Without a connection it ends then. */
  watch(session: ClientSession, dueMs: number): void {
    session.expiresAtMs = dueMs
    if (dueMs === Infinity) return
    const expiry = { dueMs, fire: () => this.expire(session) }
    this.#expiries.set(session, expiry)
    this.#core.time.schedule(expiry)
  }

  /** Ends a session: nothing of it is left. [MQTT5-4.1.0-2] Returns the commit that makes it so, 0 for none. */
  end(session: ClientSession): number {
    if (session.isEnded) return 0
    session.isEnded = true
    this.#sessions.delete(session.clientId)
    const expiry = this.#expiries.get(session)
    if (expiry !== undefined) this.#core.time.cancel(expiry)
    this.#expiries.delete(session)
    this.#core.replays.end(session)
    this.#core.subscriptions.removeAll(session)
    this.#byNumber.delete(session.number)
    let lost = 0
    const outstanding: number[] = []
    session.outbound.clear((owed, wasSent) => {
      if (!this.#core.deliverer.handOver(owed, wasSent)) lost++
      if (owed.sequence >= 0) outstanding.push(owed.sequence)
    })
    if (lost > 0) this.#core.dropped('session-ended', session.clientId, lost)
    this.#core.wills.sessionEnded(session)
    return session.isDurable ? this.#core.keep({ kind: 'session-ended', session: session.number, outstanding }) : 0
  }

  /** A position is done with: acknowledged, expired, or dropped. */
  recordDelivered(session: ClientSession, position: number, sequence: number): void {
    if (session.isDurable) {
      // what a crash takes of these is sent once more
      const record = { kind: 'delivered', session: session.number, position, sequence } as const
      this.#core.journal.appendLater(record, DELIVERED_BYTES, DELIVERED_DELAY_MS)
    }
  }

  /** Its time is over. */
  expire(session: ClientSession): void {
    this.#core.counters.sessionsExpired++
    this.end(session)
  }
}
