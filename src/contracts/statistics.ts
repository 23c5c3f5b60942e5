/** Why a message did not reach somebody it was meant for, or a publish was not taken. docs/limits.md explains each. */
export const dropReasons = [
  'queue-full',
  'expired',
  'outbox-full',
  'offline-qos0',
  'packet-too-large',
  'payload-too-large',
  'not-authorized',
  'refused-by-client',
  'refused-by-hook',
  'session-ended',
  'connection-lost',
  'no-subscribers',
  'retained-full',
  'store-failed',
  'queued-too-long',
  'superseded',
] as const

export type DropReason = (typeof dropReasons)[number]

/** Counters that only grow; plain numbers, read when somebody asks. */
export interface Counters {
  /** Control packets of every type. */
  packetsReceived: number
  packetsSent: number
  bytesReceived: number
  bytesSent: number
  publishReceived: number
  publishSent: number
  /** Payload bytes. */
  publishBytesReceived: number
  publishBytesSent: number
  /** Streams accepted. */
  socketsOpened: number
  /** CONNECT packets accepted. */
  connectionsAccepted: number
  connectionsRefused: number
  /** Takeovers beyond what a client that comes back needs: two clients seem to have one client identifier. */
  clientIdCollisions: number
  sessionsExpired: number
  /** Most sessions that were known at once. */
  sessionsMaximum: number
  /** Refused for want of rights: publishes (wills included), and topic filters of SUBSCRIBE. */
  publishesDenied: number
  subscriptionsDenied: number
  /** Connections closed because the client broke the protocol. */
  protocolErrors: number
  /** Connections closed because of a fault of ours; should stay 0. */
  assertions: number
  readonly drops: Record<DropReason, number>
}

/** How things stand at this moment. Computed when asked. */
export interface Gauges {
  readonly startedAtMs: number
  readonly nowMs: number
  readonly sessions: number
  readonly connections: number
  readonly subscriptions: number
  readonly sharedSubscriptions: number
  readonly retainedMessages: number
  /** Messages queued or in flight for sessions, plus retained ones. */
  readonly storedMessages: number
  readonly storedBytes: number
  readonly outboxMessages: number
  readonly outboxBytes: number
}

export interface Statistics {
  readonly counters: Counters
  gauges(): Gauges
}

export function newCounters(): Counters {
  return {
    packetsReceived: 0,
    packetsSent: 0,
    bytesReceived: 0,
    bytesSent: 0,
    publishReceived: 0,
    publishSent: 0,
    publishBytesReceived: 0,
    publishBytesSent: 0,
    socketsOpened: 0,
    connectionsAccepted: 0,
    connectionsRefused: 0,
    clientIdCollisions: 0,
    sessionsExpired: 0,
    sessionsMaximum: 0,
    publishesDenied: 0,
    subscriptionsDenied: 0,
    protocolErrors: 0,
    assertions: 0,
    drops: Object.fromEntries(dropReasons.map((reason) => [reason, 0])) as Record<DropReason, number>,
  }
}
