import { NEVER_EXPIRES, Session } from '../session/session.ts'
import type { Timer } from '../structures/timing-wheel.ts'
import type { Connection } from './connection.ts'
import type { BrokerCore } from './core.ts'
import type { ClientSession } from './types.ts'

/** All sessions by client identifier, and when those without a connection end. */
export class SessionRegistry {
  readonly #core: BrokerCore
  readonly #sessions = new Map<string, ClientSession>()
  readonly #expiries = new Map<ClientSession, Timer>()

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
    const session: ClientSession = new Session<Connection>(
      clientId,
      user,
      this.#core.limits,
      (_delivery, reason, position) => {
        this.#core.dropped(reason, clientId)
        if (position >= 0) this.recordDelivered(session, position)
      },
    )
    this.#sessions.set(clientId, session)
    const { counters } = this.#core
    if (this.size > counters.sessionsMaximum) counters.sessionsMaximum = this.size
    return session
  }

  /** A connection takes the session; it is served from `activate` on. */
  claim(session: ClientSession, connection: Connection): void {
    const expiry = this.#expiries.get(session)
    if (expiry !== undefined) {
      this.#expiries.delete(session)
      this.#core.time.cancel(expiry)
    }
    session.claimant = connection
  }

  /** CONNACK is on its way: messages may follow it. */
  activate(session: ClientSession, connection: Connection, sendQuota: number): void {
    session.link = connection
    session.outbound.connected(sendQuota)
    this.#core.gate.connectedClients++
  }

  /** The connection is gone. In a takeover the session is somebody else's already, wills included. */
  connectionEnded(session: ClientSession, connection: Connection, isTakenOver: boolean): void {
    if (session.link === connection) {
      session.link = undefined
      session.outbound.disconnected()
      this.#core.gate.connectedClients--
    }
    if (session.claimant === connection) session.claimant = undefined
    if (isTakenOver || session.isEnded) return
    this.#core.wills.connectionEnded(session, connection)
    if (session.expirySeconds === 0) {
      this.end(session)
      return
    }
    if (session.expirySeconds === NEVER_EXPIRES) {
      this.#recordClosed(session, Infinity)
      return
    }
    const dueMs = this.#core.time.nowMs + session.expirySeconds * 1000
    this.#recordClosed(session, dueMs)
    const expiry = { dueMs, fire: () => this.#expired(session) }
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
    this.#core.subscriptions.removeAll(session)
    let lost = 0
    session.outbound.clear((delivery, wasSent) => {
      if (!this.#core.deliverer.handOver(delivery, wasSent)) lost++
    })
    if (lost > 0) this.#core.dropped('session-ended', session.clientId, lost)
    this.#core.wills.sessionEnded(session)
    return session.isDurable ? this.#core.journal.append({ kind: 'session-ended', clientId: session.clientId }) : 0
  }

  /** A position is done with: acknowledged, expired, or dropped. */
  recordDelivered(session: ClientSession, position: number): void {
    if (session.isDurable) this.#core.journal.append({ kind: 'delivered', clientId: session.clientId, position })
  }

  #expired(session: ClientSession): void {
    this.#core.counters.sessionsExpired++
    this.end(session)
  }

  #recordClosed(session: ClientSession, expiresAtMs: number): void {
    this.#core.journal.append({ kind: 'session-closed', clientId: session.clientId, expiresAtMs })
  }
}
