import type {
  DurableState,
  MessageRecipient,
  QueueEntry,
  QueueSegment,
  StoredGroup,
  StoredRetained,
  StoredSession,
  StoredSubscription,
  StoredWill,
  StoreRecord,
} from '../../src/contracts/store.ts'

interface ModelSession {
  readonly clientId: string
  user: string | undefined
  expirySeconds: number
  sendQuota: number
  expiresAtMs: number
  isConnected: boolean
  nextPosition: number
  readonly subscriptions: Map<string, StoredSubscription>
  readonly inboundIds: Set<number>
  readonly queue: Map<number, QueueEntry>
  readonly released: Set<number>
  /** Segments as they were last given, by what they hold. */
  segments: Map<string, QueueSegment>
}

/** Entries before a segment begins. */
const WINDOW = 2
const SEGMENT = 3

/** What a broker would know: a plain fold of records, in maps. */
export class ModelState implements DurableState {
  readonly sessions = new Map<number, ModelSession>()
  readonly groups = new Map<string, Set<number>>()
  readonly retainedMessages = new Map<string, StoredRetained>()
  readonly wills = new Map<string, StoredWill>()
  readonly changes: (Error | undefined)[] = []
  replayed = 0

  replay(record: StoreRecord): void {
    this.replayed++
    this.apply(record)
  }

  /** May be told again of what it knows. */
  apply(record: StoreRecord): void {
    switch (record.kind) {
      case 'session-opened': {
        const { session, kind: _kind, ...rest } = record
        const known = this.sessions.get(session)
        const opened = { ...rest, isConnected: true, expiresAtMs: Infinity }
        if (known === undefined) this.sessions.set(session, { ...newSession(), ...opened })
        else Object.assign(known, opened)
        return
      }
      case 'session-closed': {
        const session = this.sessions.get(record.session)
        if (session !== undefined) Object.assign(session, { isConnected: false, expiresAtMs: record.expiresAtMs })
        return
      }
      case 'session-ended':
        this.sessions.delete(record.session)
        return
      case 'subscribed': {
        const { kind: _kind, session, ...subscription } = record
        this.sessions.get(session)?.subscriptions.set(subscription.topicFilter, subscription)
        return
      }
      case 'unsubscribed':
        this.sessions.get(record.session)?.subscriptions.delete(record.topicFilter)
        return
      case 'message':
        for (const recipient of record.recipients) this.#enqueue(recipient, record)
        for (const group of record.groups) this.#group(group).add(record.sequence)
        return
      case 'group-left':
        this.#group(record.topicFilter).delete(record.sequence)
        if (record.recipient !== undefined) this.#enqueue(record.recipient, record)
        return
      case 'group-returned':
        this.#group(record.topicFilter).add(record.sequence)
        return
      case 'delivered':
        this.sessions.get(record.session)?.queue.delete(record.position)
        this.sessions.get(record.session)?.released.delete(record.position)
        return
      case 'released': {
        const session = this.sessions.get(record.session)
        if (session?.queue.delete(record.position)) session.released.add(record.position)
        return
      }
      case 'inbound-id':
        if (record.held) this.sessions.get(record.session)?.inboundIds.add(record.packetId)
        else this.sessions.get(record.session)?.inboundIds.delete(record.packetId)
        return
      case 'retained':
        this.retainedMessages.set(record.topicName, { topicName: record.topicName, message: record.message })
        return
      case 'retained-cleared':
        this.retainedMessages.delete(record.topicName)
        return
      case 'will': {
        const { kind: _kind, ...will } = record
        this.wills.set(will.clientId, will)
        return
      }
      case 'will-cleared':
        this.wills.delete(record.clientId)
    }
  }

  restoreSession(stored: StoredSession): void {
    const {
      session: number,
      subscriptions,
      inboundIds,
      window,
      released,
      segments,
      withdrawn,
      backlogFrom: _from,
      ...rest
    } = stored
    const behind = segments.flatMap(({ bytes }) => entriesOf(bytes)).filter((it) => !withdrawn.includes(it.position))
    this.sessions.set(number, {
      ...newSession(),
      ...rest,
      subscriptions: new Map(subscriptions.map((subscription) => [subscription.topicFilter, subscription])),
      inboundIds: new Set(inboundIds),
      queue: new Map([...window, ...behind].map((entry) => [entry.position, entry])),
      released: new Set(released),
      segments: new Map(segments.map((segment) => [Buffer.from(segment.bytes).toString(), segment])),
    })
  }

  restoreGroup({ topicFilter, waiting }: StoredGroup): void {
    this.groups.set(topicFilter, new Set(waiting.map(({ sequence }) => sequence)))
  }

  restoreRetained(retained: StoredRetained): void {
    this.retainedMessages.set(retained.topicName, retained)
  }

  restoreWill(will: StoredWill): void {
    this.wills.set(will.clientId, will)
  }

  session(number: number): StoredSession | undefined {
    const session = this.sessions.get(number)
    if (session === undefined) return undefined
    const { subscriptions, inboundIds, queue, released, segments: before, ...rest } = session
    const entries = queueOf(queue)
    const segments: QueueSegment[] = []
    session.segments = new Map()
    for (let at = WINDOW; at < entries.length; at += SEGMENT) {
      const text = JSON.stringify(entries.slice(at, at + SEGMENT), (_key, value) => (value === Infinity ? null : value))
      const first = (entries[at] as QueueEntry).position
      const segment = before.get(text) ?? { number: first, bytes: Buffer.from(text) }
      segments.push(segment)
      session.segments.set(text, segment)
    }
    return {
      ...rest,
      session: number,
      subscriptions: [...subscriptions.values()],
      inboundIds: [...inboundIds],
      window: entries.slice(0, WINDOW),
      released: [...released].toSorted((left, right) => left - right),
      segments,
      backlogFrom: 0,
      withdrawn: [],
    }
  }

  group(topicFilter: string): StoredGroup | undefined {
    const waiting = this.groups.get(topicFilter)
    if (waiting === undefined || waiting.size === 0) return undefined
    return { topicFilter, waiting: [...waiting].toSorted((left, right) => left - right).map(groupEntry) }
  }

  retained(topicName: string): StoredRetained | undefined {
    return this.retainedMessages.get(topicName)
  }

  will(clientId: string): StoredWill | undefined {
    return this.wills.get(clientId)
  }

  visitOutstanding(visit: (sequence: number) => void): void {
    for (const { queue } of this.sessions.values()) for (const { sequence } of queue.values()) visit(sequence)
    for (const group of this.groups.values()) for (const sequence of group) visit(sequence)
  }

  storeChanged(error: Error | undefined): void {
    this.changes.push(error)
  }

  outstandingOf(session: number): number[] {
    return [...(this.sessions.get(session)?.queue.values() ?? [])].map(({ sequence }) => sequence)
  }

  /** What a batch that failed said of messages: nobody is owed them. */
  forgetMessages(sequences: ReadonlySet<number>): void {
    for (const { queue } of this.sessions.values()) {
      for (const { position, sequence } of queue.values()) if (sequences.has(sequence)) queue.delete(position)
    }
    for (const group of this.groups.values()) for (const sequence of sequences) group.delete(sequence)
  }

  /** Everything in it, in a form that can be compared. */
  toPlain(): object {
    const sessions = [...this.sessions.keys()]
      .toSorted((left, right) => left - right)
      .map((number) => {
        const {
          queue,
          subscriptions,
          inboundIds,
          released,
          segments: _segments,
          ...rest
        } = this.sessions.get(number) as ModelSession
        return {
          ...rest,
          number,
          queue: queueOf(queue),
          subscriptions: sorted(subscriptions),
          inboundIds: [...inboundIds].toSorted(),
          released: [...released].toSorted(),
        }
      })
    const groups = sorted(this.groups).filter(([, waiting]) => waiting.size > 0)
    const retained = sorted(this.retainedMessages).map(([topic, { message }]) => [topic, Buffer.from(message.bytes)])
    return {
      sessions,
      groups: groups.map(([name, it]) => [name, [...it].toSorted()]),
      retained,
      wills: sorted(this.wills),
    }
  }

  #group(topicFilter: string): Set<number> {
    let group = this.groups.get(topicFilter)
    if (group === undefined) this.groups.set(topicFilter, (group = new Set()))
    return group
  }

  #enqueue(recipient: MessageRecipient, { sequence }: { readonly sequence: number }): void {
    const session = this.sessions.get(recipient.session)
    if (session === undefined || recipient.position < session.nextPosition) return
    session.nextPosition = recipient.position + 1
    const { position, qos, retain, subscriptionIdentifiers } = recipient
    session.queue.set(position, { ...groupEntry(sequence), position, qos, retain, subscriptionIdentifiers })
  }
}

function newSession(): ModelSession {
  return {
    clientId: '',
    user: undefined,
    expirySeconds: 0,
    sendQuota: 0,
    expiresAtMs: Infinity,
    isConnected: false,
    nextPosition: 0,
    subscriptions: new Map(),
    inboundIds: new Set(),
    queue: new Map(),
    released: new Set(),
    segments: new Map(),
  }
}

/** An entry as far as a sequence says what is in it. */
function groupEntry(sequence: number): QueueEntry {
  const expiresAtMs = sequence % 3 === 0 ? Infinity : 5000 + sequence
  const shape = { qos: 1, retain: false, subscriptionIdentifiers: [], byteSize: sequence % 7 } as const
  return { position: 0, sequence, ...shape, queuedAtMs: 1000 + sequence, expiresAtMs }
}

function entriesOf(bytes: Uint8Array): QueueEntry[] {
  const found = JSON.parse(Buffer.from(bytes).toString()) as (Omit<QueueEntry, 'expiresAtMs'> & {
    expiresAtMs: number | null
  })[]
  return found.map((entry) => ({ ...entry, expiresAtMs: entry.expiresAtMs ?? Infinity }))
}

function queueOf(queue: ReadonlyMap<number, QueueEntry>): QueueEntry[] {
  return [...queue.values()].toSorted((left, right) => left.position - right.position)
}

function sorted<T>(map: ReadonlyMap<string, T>): [string, T][] {
  return [...map].toSorted(([left], [right]) => (left < right ? -1 : 1))
}
