import type {
  DurableState,
  MessageRecipient,
  QueueEntry,
  SessionNumber,
  StoredGroup,
  StoredMessage,
  StoredRetained,
  StoredSession,
  StoredSubscription,
  StoredWill,
  StoreRecord,
} from '../contracts/store.ts'
import { subscriptionOptions } from '../protocol/packets/subscribe.ts'
import { Backlog } from '../session/backlog.ts'
import { NEVER_EXPIRES } from '../session/session.ts'
import type { BrokerCore } from './core.ts'
import type { ClientSession } from './types.ts'

/** Of a session that a restart found: what becomes of it once all is replayed. */
interface Found {
  expiresAtMs: number
  isConnected: boolean
}

/** The broker as its store sees it: whole entities on demand, and everything back after a restart. */
export class BrokerState implements DurableState {
  readonly #core: BrokerCore
  readonly #found = new Map<ClientSession, Found>()
  /** Their time was over before; they are built only when a later record speaks of them. */
  readonly #dead = new Map<SessionNumber, StoredSession>()
  /** Their time was over as well, but that stood only in a record. */
  readonly #over: ClientSession[] = []
  readonly #groups = new Map<string, Map<number, QueueEntry>>()
  readonly #wills = new Map<string, StoredWill>()
  #isRestored = false

  constructor(core: BrokerCore) {
    this.#core = core
  }

  session(number: SessionNumber): StoredSession | undefined {
    const session = this.#core.sessions.byNumber(number)
    if (session === undefined) return this.#dead.get(number)
    const { clientId, user, expirySeconds, sendQuota, expiresAtMs } = session
    return {
      session: number,
      clientId,
      user,
      expirySeconds,
      sendQuota,
      expiresAtMs,
      isConnected: session.claimant !== undefined,
      subscriptions: [...session.subscriptions.values()].map((subscription) => ({
        topicFilter: subscription.filter,
        options: subscriptionOptions({ ...subscription, retainHandling: 0 }),
        subscriptionIdentifier: subscription.subscriptionIdentifiers[0],
      })),
      inboundIds: [...session.inboundIds],
      ...session.outbound.snapshot(),
    }
  }

  group(topicFilter: string): StoredGroup | undefined {
    return this.#core.subscriptions.storedGroup(topicFilter)
  }

  retained(topicName: string): StoredRetained | undefined {
    return this.#core.retained.stored(topicName)
  }

  will(clientId: string): StoredWill | undefined {
    return this.#core.wills.stored(clientId)
  }

  restoreSession(stored: StoredSession): void {
    const isDead = !stored.isConnected && stored.expiresAtMs <= this.#core.time.nowMs
    if (isDead) this.#dead.set(stored.session, stored)
    else this.#build(stored)
  }

  restoreGroup({ topicFilter, waiting }: StoredGroup): void {
    this.#groups.set(topicFilter, new Map(waiting.map((entry) => [entry.sequence, entry])))
  }

  restoreRetained(retained: StoredRetained): void {
    this.#core.retained.restore(retained)
  }

  restoreWill(will: StoredWill): void {
    this.#wills.set(will.clientId, will)
  }

  replay(record: StoreRecord): void {
    switch (record.kind) {
      case 'session-opened':
        return this.#opened(record)
      case 'session-closed':
        return this.#closed(record.session, record.expiresAtMs)
      case 'session-ended':
        return this.#ended(record.session)
      case 'subscribed':
        return this.#subscribed(this.#session(record.session), record)
      case 'unsubscribed':
        return this.#unsubscribed(this.#session(record.session), record.topicFilter)
      case 'message':
        return this.#owed(record)
      case 'group-left':
        return this.#groupLeft(record)
      case 'group-returned':
        return this.#groupOwed(record.topicFilter, this.#unknown(record.sequence))
      case 'delivered':
        return this.#session(record.session)?.outbound.replayDelivered(record.position)
      case 'released':
        return this.#session(record.session)?.outbound.replayReleased(record.position)
      case 'inbound-id':
        return this.#inboundId(this.#session(record.session), record.packetId, record.held)
      case 'retained':
        return this.#core.retained.restore(record)
      case 'retained-cleared':
        return this.#core.retained.forget(record.topicName)
      case 'will':
        this.#wills.set(record.clientId, record)
        return
      case 'will-cleared':
        this.#wills.delete(record.clientId)
        return
      default:
        record satisfies never
    }
  }

  visitOutstanding(visit: (sequence: number) => void): void {
    this.#restore()
    for (const session of this.#core.sessions.all()) session.outbound.visitOutstanding(visit)
    for (const waiting of this.#groups.values()) for (const sequence of waiting.keys()) visit(sequence)
    for (const stored of this.#dead.values()) for (const sequence of outstandingOf(stored)) visit(sequence)
  }

  storeChanged(error: Error | undefined): void {
    this.#core.storeChanged(error)
  }

  /** The store is open: everything found is in its place before the first client comes. */
  async settle(): Promise<void> {
    for (const [topicFilter, waiting] of this.#groups) await this.#settleGroup(topicFilter, [...waiting.keys()])
    this.#groups.clear()
    for (const will of this.#wills.values()) this.#core.wills.restore(will)
    this.#wills.clear()
    for (const session of this.#over.splice(0)) this.#core.sessions.expire(session)
  }

  /** Sessions whose time was over are ended, in slices, while clients are served. */
  async endDead(): Promise<void> {
    let count = 0
    for (const [number, stored] of this.#dead) {
      this.#dead.delete(number)
      this.#core.counters.sessionsExpired++
      this.#core.keep({ kind: 'session-ended', session: number, outstanding: outstandingOf(stored) })
      if (++count % DEAD_SLICE === 0) await new Promise((resolve) => setImmediate(resolve))
    }
  }

  /** The queue of a shared subscription is held in memory. */
  async #settleGroup(topicFilter: string, sequences: readonly number[]): Promise<void> {
    for (let start = 0; start < sequences.length; start += GROUP_SLICE) {
      const slice = sequences.slice(start, start + GROUP_SLICE)
      const messages = await new Promise<readonly (StoredMessage | undefined)[]>((resolve) => {
        this.#core.store.read(slice, (_error, found) => resolve(found))
      })
      slice.forEach((sequence, index) => {
        const found = messages[index]
        if (found === undefined) this.#core.dropped('store-failed', '')
        else this.#core.subscriptions.restoreWaiting(topicFilter, sequence, found)
      })
    }
  }

  /** What is kept becomes what is: once, when the last record has been replayed. */
  #restore(): void {
    if (this.#isRestored) return
    this.#isRestored = true
    const { sessions, time } = this.#core
    for (const [session, { isConnected, expiresAtMs }] of this.#found) {
      // acknowledgements that were not on disk yet had made room for more: any of them may have been sent
      session.outbound.restored(isConnected ? Infinity : session.sendQuota, time.nowMs)
      sessions.adopt(session)
      const { expirySeconds } = session
      const fromNow = expirySeconds === NEVER_EXPIRES ? Infinity : time.nowMs + expirySeconds * 1000
      const endsAtMs = isConnected ? fromNow : expiresAtMs
      if (endsAtMs > time.nowMs) sessions.watch(session, endsAtMs)
      else this.#over.push(session)
    }
    this.#found.clear()
  }

  #build(stored: StoredSession): ClientSession {
    const { clientId, user, expirySeconds, sendQuota, inboundIds, subscriptions } = stored
    const session = this.#core.sessions.found(stored.session, clientId, user)
    session.expirySeconds = expirySeconds
    session.sendQuota = sendQuota
    for (const packetId of inboundIds) session.inboundIds.add(packetId)
    try {
      session.outbound.restore(stored)
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      this.#core.log.error(
        { clientId, error: error.message },
        'a part of a queue makes no sense; the rest of it is lost',
      )
    }
    this.#found.set(session, { expiresAtMs: stored.expiresAtMs, isConnected: stored.isConnected })
    for (const subscription of subscriptions) this.#subscribed(session, subscription)
    return session
  }

  /** The session a record speaks of; undefined when its beginning was damaged, or its end is known. */
  #session(number: SessionNumber): ClientSession | undefined {
    const dead = this.#dead.get(number)
    if (dead === undefined) return this.#core.sessions.byNumber(number)
    this.#dead.delete(number)
    return this.#build(dead)
  }

  #opened({
    session: number,
    clientId,
    user,
    expirySeconds,
    sendQuota,
  }: StoreRecord & { kind: 'session-opened' }): void {
    const session = this.#session(number) ?? this.#core.sessions.found(number, clientId, user)
    session.expirySeconds = expirySeconds
    session.sendQuota = sendQuota
    this.#found.set(session, { expiresAtMs: Infinity, isConnected: true })
  }

  #closed(number: SessionNumber, expiresAtMs: number): void {
    const session = this.#session(number)
    const found = session === undefined ? undefined : this.#found.get(session)
    if (found === undefined) return
    found.isConnected = false
    found.expiresAtMs = expiresAtMs
  }

  #ended(number: SessionNumber): void {
    this.#dead.delete(number)
    const session = this.#core.sessions.byNumber(number)
    if (session === undefined) return
    this.#found.delete(session)
    this.#core.sessions.forget(session)
  }

  #subscribed(
    session: ClientSession | undefined,
    { topicFilter, options, subscriptionIdentifier }: StoredSubscription,
  ): void {
    if (session === undefined) return
    const request = {
      topicFilter,
      qos: (options & 3) as 0 | 1 | 2,
      noLocal: (options & 4) !== 0,
      retainAsPublished: (options & 8) !== 0,
      retainHandling: 0 as const,
    }
    this.#core.subscriptions.add(session, request, subscriptionIdentifier ?? 0)
  }

  #unsubscribed(session: ClientSession | undefined, topicFilter: string): void {
    if (session !== undefined) this.#core.subscriptions.remove(session, topicFilter)
  }

  #inboundId(session: ClientSession | undefined, packetId: number, isHeld: boolean): void {
    if (isHeld) session?.inboundIds.add(packetId)
    else session?.inboundIds.delete(packetId)
  }

  #owed({ sequence, message, publishedAtMs, recipients, groups }: StoreRecord & { kind: 'message' }): void {
    const shared = { sequence, byteSize: message.byteSize, queuedAtMs: publishedAtMs, expiresAtMs: message.expiresAtMs }
    for (const recipient of recipients) this.#owedBy(recipient, shared)
    for (const filter of groups) this.#groupOwed(filter, { ...unknownEntry, ...shared })
  }

  #groupOwed(topicFilter: string, entry: QueueEntry): void {
    const waiting = this.#groups.get(topicFilter) ?? new Map<number, QueueEntry>()
    this.#groups.set(topicFilter, waiting)
    waiting.set(entry.sequence, entry)
  }

  #owedBy(
    { session, position, qos, retain, subscriptionIdentifiers }: MessageRecipient,
    shared: Pick<QueueEntry, 'sequence' | 'byteSize' | 'queuedAtMs' | 'expiresAtMs'>,
  ): void {
    this.#session(session)?.outbound.replayOwed({ ...shared, position, qos, retain, subscriptionIdentifiers })
  }

  #groupLeft({ topicFilter, sequence, recipient }: StoreRecord & { kind: 'group-left' }): void {
    const waiting = this.#groups.get(topicFilter)
    // the group may have been kept after this, and the session before
    const entry = waiting?.get(sequence) ?? this.#unknown(sequence)
    waiting?.delete(sequence)
    if (recipient !== undefined && sequence >= 0) this.#owedBy(recipient, entry)
  }

  /** The store has its message; what that is like is known when it has been read. */
  #unknown(sequence: number): QueueEntry {
    return { ...unknownEntry, sequence, queuedAtMs: this.#core.time.nowMs }
  }
}

/** Sessions ended, and messages read, in one turn. */
const DEAD_SLICE = 1000
const GROUP_SLICE = 256

/** What a session that is over was owed: somebody else may be owed the same. */
function outstandingOf({ window, segments, backlogFrom, withdrawn }: StoredSession): number[] {
  const backlog = new Backlog<never>()
  for (const entry of window) backlog.pushFront(entry)
  try {
    backlog.load(segments, backlogFrom, withdrawn)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
  }
  const sequences: number[] = []
  backlog.visit(({ sequence }) => {
    if (sequence >= 0) sequences.push(sequence)
  })
  return sequences
}

/** In the queue of a shared subscription; what it holds is known when it has been read. */
const unknownEntry: QueueEntry = {
  position: 0,
  sequence: -1,
  qos: 1,
  retain: false,
  subscriptionIdentifiers: [],
  byteSize: 0,
  queuedAtMs: 0,
  expiresAtMs: Infinity,
}
