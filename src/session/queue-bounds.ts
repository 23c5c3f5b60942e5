/** Why a message that was owed to a session will not reach it. */
export type QueueDropReason = 'queue-full' | 'expired' | 'queued-too-long' | 'superseded' | 'store-failed'

export interface OutboundLimits {
  /** Unacknowledged on a connection; 0 = no limit. */
  readonly maximumInflightBytes: number
  readonly maximumQueuedMessages: number
  /** false: while a client is connected, as many messages as it may have in flight come on top. */
  readonly queueCountsInflight: boolean
  readonly maximumQueuedBytes: number
  /** 0 = no limit; so are the totals. */
  readonly maximumQueuedAgeSeconds: number
  readonly maximumQueuedMessagesTotal: number
  readonly maximumQueuedBytesTotal: number
  readonly queueFullPolicy: 'drop-oldest' | 'drop-newest' | 'reject-publish' | 'disconnect' | 'latest-per-topic'
}

/** What all sessions together are owed. */
export interface OutboundTotals {
  queuedMessages: number
  queuedBytes: number
}

/** What one session is owed, counted against its limits and those of all together. */
export class QueueBounds {
  readonly limits: OutboundLimits
  readonly #totals: OutboundTotals
  messages = 0
  bytes = 0
  /** How many may be in flight on this connection, and how many are without being counted, since they are not kept. */
  quota = 0
  uncounted = 0

  constructor(limits: OutboundLimits, totals: OutboundTotals) {
    this.limits = limits
    this.#totals = totals
  }

  count(messages: number, bytes: number): void {
    this.messages += messages
    this.bytes += bytes
    this.#totals.queuedMessages += messages
    this.#totals.queuedBytes += bytes
  }

  connected(quota: number): void {
    this.quota = quota
    this.uncounted = 0
  }

  hasRoomFor(byteSize: number): boolean {
    const { maximumQueuedMessages, maximumQueuedBytes, queueCountsInflight } = this.limits
    const onTop = queueCountsInflight ? 0 : Math.max(0, this.quota - this.uncounted)
    const { maximumQueuedMessagesTotal: messagesTotal, maximumQueuedBytesTotal: bytesTotal } = this.limits
    return (
      this.messages < maximumQueuedMessages + onTop &&
      this.bytes + byteSize <= maximumQueuedBytes &&
      (messagesTotal === 0 || this.#totals.queuedMessages < messagesTotal) &&
      (bytesTotal === 0 || this.#totals.queuedBytes + byteSize <= bytesTotal)
    )
  }

  /** Whether messages are dropped to make room for others. */
  get dropsOldest(): boolean {
    const { queueFullPolicy } = this.limits
    return queueFullPolicy === 'drop-oldest' || queueFullPolicy === 'latest-per-topic'
  }

  /** Why a message that waits is not to be sent any more. [MQTT5-3.3.2-5] */
  reasonToDrop(
    { expiresAtMs, queuedAtMs }: { readonly expiresAtMs: number; readonly queuedAtMs: number },
    nowMs: number,
  ): QueueDropReason | undefined {
    if (expiresAtMs <= nowMs) return 'expired'
    const { maximumQueuedAgeSeconds: age } = this.limits
    return age > 0 && queuedAtMs + age * 1000 <= nowMs ? 'queued-too-long' : undefined
  }
}
