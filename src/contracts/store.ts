/**
 * What must outlive the process, as records. The broker appends one batch at a time and answers its clients
 * (PUBACK, PUBREC, PUBCOMP, SUBACK, UNSUBACK, CONNACK) only once the batch is durable.
 */
export type StoreRecord =
  | {
      readonly kind: 'session-opened'
      readonly clientId: string
      readonly user: string | undefined
      /** Seconds the session outlives its connection; 4294967295 = for ever. */
      readonly expirySeconds: number
    }
  | { readonly kind: 'session-closed'; readonly clientId: string; readonly expiresAtMs: number }
  | { readonly kind: 'session-ended'; readonly clientId: string }
  | {
      readonly kind: 'subscribed'
      readonly clientId: string
      readonly topicFilter: string
      /** QoS in bits 0-1, No Local 4, Retain As Published 8, Retain Handling in bits 4-5: the byte of the wire. */
      readonly options: number
      readonly subscriptionIdentifier: number | undefined
    }
  | { readonly kind: 'unsubscribed'; readonly clientId: string; readonly topicFilter: string }
  | {
      readonly kind: 'message'
      /** The message as it goes to disk once, however many sessions are owed it. */
      readonly sequence: number
      /** UTF-8. */
      readonly topicBytes: Uint8Array
      readonly properties: Uint8Array
      readonly payload: Uint8Array
      readonly expiresAtMs: number
      readonly recipients: readonly MessageRecipient[]
      /** Shared subscriptions, as `$share/{ShareName}/{filter}`, in whose queue it waits for a member. */
      readonly groups: readonly string[]
    }
  | {
      /** A message has left the queue of a shared subscription: bound to a member, or for good. */
      readonly kind: 'group-left'
      readonly topicFilter: string
      readonly sequence: number
      readonly recipient: MessageRecipient | undefined
    }
  | { readonly kind: 'delivered'; readonly clientId: string; readonly position: number }
  | { readonly kind: 'released'; readonly clientId: string; readonly position: number }
  | { readonly kind: 'inbound-id'; readonly clientId: string; readonly packetId: number; readonly held: boolean }
  | {
      readonly kind: 'retained'
      readonly topicName: string
      readonly qos: 0 | 1 | 2
      readonly properties: Uint8Array
      readonly payload: Uint8Array
      readonly expiresAtMs: number
    }
  | { readonly kind: 'retained-cleared'; readonly topicName: string }

/** One session that is owed a message, and how. */
export interface MessageRecipient {
  readonly clientId: string
  /** Place in the session's queue; the packet identifier is 1 + position mod 65535. */
  readonly position: number
  readonly qos: 1 | 2
  readonly retain: boolean
  readonly subscriptionIdentifiers: readonly number[]
}

/** Keeps records. The broker has at most one batch under way and gathers what arrives meanwhile into the next. */
export interface Store {
  /**
   * Keeps `batch`, whole or not at all, then calls `onDurable` exactly once, in a later turn and never from
   * within this call. After an error nothing of the batch is kept.
   */
  append(batch: readonly StoreRecord[], onDurable: (error?: Error) => void): void
  close(): Promise<void>
}
