import type {
  DurableState,
  MessageRecipient,
  QueueEntry,
  StoreRecord,
  StoredGroup,
  StoredRetained,
  StoredSession,
  StoredSubscription,
  StoredWill,
} from '../../contracts/store.ts'
import { Backlog } from '../../session/backlog.ts'

/** A session as it is after all records, with its whole queue in order of positions. */
export interface FoldedSession extends Omit<StoredSession, 'subscriptions' | 'inboundIds' | 'window' | 'released'> {
  readonly subscriptions: Map<string, StoredSubscription>
  readonly inboundIds: Set<number>
  readonly queue: Map<number, QueueEntry>
  readonly released: Set<number>
}

type Mutable<T> = { -readonly [Name in keyof T]: T[Name] }

/** What a data directory comes to, without a broker: for looking at it and for taking it elsewhere. */
export class FoldedState implements DurableState {
  readonly sessions = new Map<number, Mutable<FoldedSession>>()
  readonly groups = new Map<string, Map<number, QueueEntry>>()
  readonly retainedMessages = new Map<string, StoredRetained>()
  readonly wills = new Map<string, StoredWill>()
  /** What left a group may return to it. */
  readonly #left = new Map<number, QueueEntry>()

  restoreSession(stored: StoredSession): void {
    const { subscriptions, inboundIds, window, released, segments, backlogFrom, withdrawn } = stored
    const queue = new Map(window.map((entry) => [entry.position, entry]))
    const backlog = new Backlog()
    backlog.load(segments, backlogFrom, withdrawn)
    backlog.visit((entry) => queue.set(entry.position, entry))
    this.sessions.set(stored.session, {
      ...stored,
      subscriptions: new Map(subscriptions.map((one) => [one.topicFilter, one])),
      inboundIds: new Set(inboundIds),
      released: new Set(released),
      queue,
    })
  }

  restoreGroup({ topicFilter, waiting }: StoredGroup): void {
    this.groups.set(topicFilter, new Map(waiting.map((entry) => [entry.sequence, entry])))
  }

  restoreRetained(retained: StoredRetained): void {
    this.retainedMessages.set(retained.topicName, retained)
  }

  restoreWill(will: StoredWill): void {
    this.wills.set(will.clientId, will)
  }

  replay(record: StoreRecord): void {
    switch (record.kind) {
      case 'session-opened':
      case 'session-closed':
      case 'session-ended':
      case 'subscribed':
      case 'unsubscribed':
      case 'inbound-id':
      case 'delivered':
      case 'released':
        return this.#replaySession(record)
      case 'message':
      case 'group-left':
      case 'group-returned':
        return this.#replayMessage(record)
      case 'retained':
        return this.restoreRetained(record)
      case 'retained-cleared':
        return void this.retainedMessages.delete(record.topicName)
      case 'will':
        return this.restoreWill(record)
      case 'will-cleared':
        return void this.wills.delete(record.clientId)
    }
  }

  #replaySession(record: SessionRecord): void {
    if (record.kind === 'session-opened') return this.#open(record)
    const session = this.sessions.get(record.session)
    if (session === undefined) return
    switch (record.kind) {
      case 'session-closed':
        session.isConnected = false
        session.expiresAtMs = record.expiresAtMs
        return
      case 'session-ended':
        return void this.sessions.delete(record.session)
      case 'subscribed':
        return void session.subscriptions.set(record.topicFilter, record)
      case 'unsubscribed':
        return void session.subscriptions.delete(record.topicFilter)
      case 'inbound-id':
        if (record.held) session.inboundIds.add(record.packetId)
        else session.inboundIds.delete(record.packetId)
        return
      case 'delivered':
        session.queue.delete(record.position)
        return void session.released.delete(record.position)
      case 'released':
        session.queue.delete(record.position)
        return void session.released.add(record.position)
    }
  }

  #open(record: Extract<StoreRecord, { kind: 'session-opened' }>): void {
    const { session, clientId, user, expirySeconds, sendQuota } = record
    const terms = { clientId, user, expirySeconds, sendQuota, isConnected: true, expiresAtMs: Infinity }
    const known = this.sessions.get(session)
    if (known !== undefined) return void Object.assign(known, terms)
    const nothing = { segments: [], withdrawn: [], backlogFrom: 0, nextPosition: 0 }
    this.sessions.set(session, {
      session,
      ...terms,
      ...nothing,
      subscriptions: new Map(),
      inboundIds: new Set(),
      queue: new Map(),
      released: new Set(),
    })
  }

  #replayMessage(record: QueueRecord): void {
    if (record.kind === 'message') {
      const { sequence, message, publishedAtMs, recipients, groups } = record
      const { byteSize, expiresAtMs, qos, retain } = message
      const base = { position: 0, sequence, byteSize, queuedAtMs: publishedAtMs, expiresAtMs }
      for (const recipient of recipients) this.#queue(recipient, base)
      for (const group of groups) {
        this.#group(group).set(sequence, { ...base, qos, retain, subscriptionIdentifiers: [] })
      }
      return
    }
    const waiting = this.#group(record.topicFilter)
    if (record.kind === 'group-returned') {
      const entry = this.#left.get(record.sequence)
      if (entry !== undefined) waiting.set(record.sequence, entry)
      return
    }
    const entry = waiting.get(record.sequence) ?? this.#left.get(record.sequence)
    if (entry === undefined) return
    waiting.delete(record.sequence)
    this.#left.set(record.sequence, entry)
    if (record.recipient !== undefined) this.#queue(record.recipient, entry)
  }

  /** A position below the next one is in the session already, or was and is done with. */
  #queue(recipient: MessageRecipient, base: Omit<QueueEntry, 'qos' | 'retain' | 'subscriptionIdentifiers'>): void {
    const { session: number, position, qos, retain, subscriptionIdentifiers } = recipient
    const session = this.sessions.get(number)
    if (session === undefined || position < session.nextPosition) return
    session.queue.set(position, { ...base, position, qos, retain, subscriptionIdentifiers })
    session.nextPosition = position + 1
  }

  #group(topicFilter: string): Map<number, QueueEntry> {
    let group = this.groups.get(topicFilter)
    if (group === undefined) this.groups.set(topicFilter, (group = new Map<number, QueueEntry>()))
    return group
  }

  session(number: number): StoredSession | undefined {
    const session = this.sessions.get(number)
    return session === undefined ? undefined : storedSession(session)
  }

  group(topicFilter: string): StoredGroup | undefined {
    const waiting = this.groups.get(topicFilter)
    return waiting === undefined ? undefined : { topicFilter, waiting: [...waiting.values()] }
  }

  retained(topicName: string): StoredRetained | undefined {
    return this.retainedMessages.get(topicName)
  }

  will(clientId: string): StoredWill | undefined {
    return this.wills.get(clientId)
  }

  visitOutstanding(visit: (sequence: number) => void): void {
    for (const { queue } of this.sessions.values()) {
      for (const { sequence } of queue.values()) if (sequence >= 0) visit(sequence)
    }
    for (const waiting of this.groups.values()) for (const sequence of waiting.keys()) visit(sequence)
  }

  storeChanged(): void {}
}

type SessionRecord = Extract<StoreRecord, { readonly session: number }>
type QueueRecord = Extract<StoreRecord, { kind: 'message' | 'group-left' | 'group-returned' }>

/** All of the queue in segments, so that a long one is no list in memory when a broker takes it. */
export function storedSession(folded: FoldedSession): StoredSession {
  const backlog = new Backlog()
  const entries = [...folded.queue.values()].toSorted((one, other) => one.position - other.position)
  for (const entry of entries) backlog.push(entry)
  return {
    ...folded,
    subscriptions: [...folded.subscriptions.values()],
    inboundIds: [...folded.inboundIds],
    released: [...folded.released].toSorted((one, other) => one - other),
    ...backlog.snapshot(),
  }
}
