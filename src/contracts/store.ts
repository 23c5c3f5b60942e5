import type { ApplicationMessage } from '../protocol/application-message.ts'
import type { QueueEntry, StoredQueue } from '../session/queue-entry.ts'

export type { QueueEntry, QueueSegment } from '../session/queue-entry.ts'

/**
 * What must outlive the process. The broker appends records of what happened, one batch at a time, and answers its
 * clients (PUBACK, PUBREC, PUBCOMP, SUBACK, UNSUBACK, CONNACK) only once the batch is durable. A store may ask the
 * broker for whole entities (`DurableState`) in order to forget records; at opening it hands back those entities and
 * the records after them. How it looks on disk: docs/storage.md.
 */
export type StoreRecord =
  | {
      readonly kind: 'session-opened'
      readonly session: SessionNumber
      readonly clientId: string
      readonly user: string | undefined
      /** Seconds the session outlives its connection; 4294967295 = for ever. */
      readonly expirySeconds: number
      /** Most messages it may have been sent unacknowledged: these are sent again with DUP after a restart. */
      readonly sendQuota: number
    }
  | {
      readonly kind: 'session-closed'
      readonly session: SessionNumber
      /** Infinity: never. */
      readonly expiresAtMs: number
    }
  | {
      readonly kind: 'session-ended'
      readonly session: SessionNumber
      /** What it was still owed: nobody waits for these on its account any more. Not for the disk. */
      readonly outstanding: readonly number[]
    }
  | ({ readonly kind: 'subscribed'; readonly session: SessionNumber } & StoredSubscription)
  | { readonly kind: 'unsubscribed'; readonly session: SessionNumber; readonly topicFilter: string }
  | {
      /**
       * A message, kept once, however many sessions are owed it. Sequences ascend in the order of records. Those of one
       * block (`blockOf`) are in one batch, one after the other, for the same recipients and for later; a message that is
       * not for later has a block to itself. In `replay` a message for later has QoS, retain flag, size and expiry only.
       */
      readonly kind: 'message'
      readonly sequence: number
      /** Owns its bytes. */
      readonly message: ApplicationMessage
      readonly publishedAtMs: number
      readonly recipients: readonly MessageRecipient[]
      /** Shared subscriptions, as `$share/{ShareName}/{filter}`, in whose queue it waits for a member. */
      readonly groups: readonly string[]
      /** Nobody is about to get it: it will be read back from the store, or at least stay there for long. */
      readonly isForLater: boolean
    }
  | {
      /** A message has left the queue of a shared subscription: bound to a member, or for good. */
      readonly kind: 'group-left'
      readonly topicFilter: string
      readonly sequence: number
      readonly recipient: MessageRecipient | undefined
    }
  | {
      /**
       * A message whose member went before acknowledging it is back in the queue of the shared subscription. It is
       * owed once more by this; the member's share ends by `delivered` or `session-ended`, as any other.
       */
      readonly kind: 'group-returned'
      readonly topicFilter: string
      readonly sequence: number
    }
  | {
      /** A position is done with: acknowledged, expired or dropped. */
      readonly kind: 'delivered'
      readonly session: SessionNumber
      readonly position: number
      /** The message that is owed once less; -1 when it was already given up by `released`, or never stored. */
      readonly sequence: number
    }
  | {
      /** PUBREC came: PUBREL is to follow, the payload is not needed any more. */
      readonly kind: 'released'
      readonly session: SessionNumber
      readonly position: number
      readonly sequence: number
    }
  | {
      readonly kind: 'inbound-id'
      readonly session: SessionNumber
      readonly packetId: number
      readonly held: boolean
    }
  | ({ readonly kind: 'retained' } & StoredRetained)
  | { readonly kind: 'retained-cleared'; readonly topicName: string }
  | ({ readonly kind: 'will' } & StoredWill)
  | { readonly kind: 'will-cleared'; readonly clientId: string }

/** Messages of a block are kept together and go together. */
export const MESSAGES_PER_BLOCK = 32

export function blockOf(sequence: number): number {
  return Math.floor(sequence / MESSAGES_PER_BLOCK)
}

/** Names a stored session; counts up and is never used twice, also when its client identifier comes again. */
export type SessionNumber = number

/** One session that is owed a message, and how. */
export interface MessageRecipient {
  readonly session: SessionNumber
  /** Place in the session's queue; the packet identifier is 1 + position mod 65535. */
  readonly position: number
  readonly qos: 1 | 2
  readonly retain: boolean
  readonly subscriptionIdentifiers: readonly number[]
}

export interface StoredSubscription {
  /** As subscribed, `$share/...` included. */
  readonly topicFilter: string
  /** QoS in bits 0-1, No Local 4, Retain As Published 8, Retain Handling in bits 4-5: the byte of the wire. */
  readonly options: number
  readonly subscriptionIdentifier: number | undefined
}

export interface StoredSession extends StoredQueue {
  readonly session: SessionNumber
  readonly clientId: string
  readonly user: string | undefined
  readonly expirySeconds: number
  readonly sendQuota: number
  /** Infinity while it is connected, or when it never expires. */
  readonly expiresAtMs: number
  readonly isConnected: boolean
  readonly subscriptions: readonly StoredSubscription[]
  /** QoS 2 packet identifiers received and not released. */
  readonly inboundIds: readonly number[]
}

export interface StoredGroup {
  /** `$share/{ShareName}/{filter}`. */
  readonly topicFilter: string
  readonly waiting: readonly QueueEntry[]
}

export interface StoredRetained {
  readonly topicName: string
  /** Owns its bytes. */
  readonly message: ApplicationMessage
  /** Absent where nobody will ask whether it may still publish there. */
  readonly publisher?: StoredPublisher | undefined
}

/** The client that published a message, as it was then. */
export interface StoredPublisher {
  readonly clientId: string
  readonly user: string | undefined
}

/** The will of a client, from CONNECT until it is deleted or published. */
export interface StoredWill {
  readonly clientId: string
  readonly user: string | undefined
  readonly topicName: string
  readonly qos: 0 | 1 | 2
  readonly retain: boolean
  readonly delaySeconds: number
  /** As they go into the PUBLISH. */
  readonly properties: Uint8Array
  readonly payload: Uint8Array
  /** When it is to be published; Infinity while its client is connected. */
  readonly dueAtMs: number
}

/**
 * The broker, as a store sees it: given back what was kept, then asked what is to be kept. All of it is synchronous,
 * and what it answers is as of the record appended last.
 */
export interface DurableState {
  restoreSession(session: StoredSession): void
  restoreGroup(group: StoredGroup): void
  restoreRetained(retained: StoredRetained): void
  restoreWill(will: StoredWill): void
  /** A record that may or may not be in the entities already: what is known is no news. */
  replay(record: StoreRecord): void
  /** Undefined: there is no such thing any more. */
  session(session: SessionNumber): StoredSession | undefined
  group(topicFilter: string): StoredGroup | undefined
  retained(topicName: string): StoredRetained | undefined
  will(clientId: string): StoredWill | undefined
  /** Every message somebody is owed, once for each who is. */
  visitOutstanding(visit: (sequence: number) => void): void
  /** The store takes nothing for now (`error`), or does again (undefined). */
  storeChanged(error: Error | undefined): void
}

/** What a store knows besides entities and records. */
export interface StoreOpening {
  /** Greater than any sequence and session number ever used. */
  readonly nextSequence: number
  readonly nextSession: SessionNumber
  /** Wall time of the last commit: the clock never starts before it. */
  readonly lastKnownMs: number
  /** Counters that outlive the process, by name. */
  readonly counters: Readonly<Record<string, number>>
  /** What was found damaged, a sentence each; all of it has been logged and counted. */
  readonly damage: readonly string[]
}

/** How a store is, for `$SYS`, metrics and health. */
export interface StoreStatistics {
  readonly isDegraded: boolean
  /** Commits missing or unreadable at the last start. */
  readonly missingCommits: number
  /** Values whose checksum was wrong, since the data directory was made. */
  readonly damagedValues: number
  /** Files set aside, since the data directory was made. */
  readonly filesSetAside: number
  /** Bytes of records that a start would replay. */
  readonly logBytes: number
  readonly failedBatches: number
}

/** Keeps records. The broker has at most one batch under way and gathers what arrives meanwhile into the next. */
export interface Store {
  /**
   * Gives back what was kept, by the `restore...` functions first and `replay` in order after, and from then on asks
   * `state` for entities. Called once, before anything else. Rejects with a StoreError that says what to do.
   */
  open(state: DurableState): Promise<StoreOpening>
  /** Whether `read` gives messages back, so that queues need not be held in memory. */
  readonly keepsMessages: boolean
  readonly statistics: StoreStatistics
  /**
   * Keeps `batch`, whole or not at all, then calls `onDurable` exactly once, in a later turn and never from
   * within this call. After an error nothing of the batch is kept, and whatever it said of entities is asked of the
   * state again before the next batch is durable; messages in it are never asked for again.
   */
  append(batch: readonly StoreRecord[], onDurable: (error?: Error) => void): void
  /**
   * Reads messages whose batch is durable; undefined for one that is not there or damaged (which is counted and
   * logged here). Answers in a later turn, with an error when nothing can be read for now.
   */
  read(
    sequences: readonly number[],
    onRead: (error: Error | undefined, messages: readonly (StoredMessage | undefined)[]) => void,
  ): void
  /** Counters that outlive the process; written with some later batch. */
  keepCounters(counters: Readonly<Record<string, number>>): void
  close(): Promise<void>
}

export interface StoredMessage {
  readonly message: ApplicationMessage
  readonly publishedAtMs: number
}
