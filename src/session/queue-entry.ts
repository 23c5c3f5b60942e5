/** A message in a queue, as it is known without its payload. */
export interface QueueEntry {
  /** Place in the session's queue; 0 in the queue of a shared subscription. */
  readonly position: number
  /** -1: the store does not have it, and it ends with the process. */
  readonly sequence: number
  readonly qos: 0 | 1 | 2
  readonly retain: boolean
  readonly subscriptionIdentifiers: readonly number[]
  /** Topic, properties and payload. */
  readonly byteSize: number
  readonly queuedAtMs: number
  /** Infinity: never. */
  readonly expiresAtMs: number
}

/** Part of a long queue, in the form of session/backlog.ts; a store does not look inside. */
export interface QueueSegment {
  /** Counts up within one session. */
  readonly number: number
  readonly bytes: Uint8Array
}

/** A queue as it is kept. */
export interface StoredQueue {
  /** Of the next message queued. */
  readonly nextPosition: number
  /** In flight or next to be sent, ascending. */
  readonly window: readonly QueueEntry[]
  /** Positions that wait for PUBCOMP only, ascending. */
  readonly released: readonly number[]
  /** Behind the window, ascending. A segment that is full does not change any more, but may go. */
  readonly segments: readonly QueueSegment[]
  /** Entries of the segments before this position are done with, and so are the `withdrawn`. */
  readonly backlogFrom: number
  readonly withdrawn: readonly number[]
}
