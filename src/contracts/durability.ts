/**
 * What an acknowledgement of a publish means. `always`: it is on disk for every durable session that is owed it.
 * `interval`: it will be, within an interval. `memory`: it is kept in memory only.
 */
export type DurabilityLevel = 'always' | 'interval' | 'memory'

export interface DurabilityRule {
  /** Topic filters, without shares. */
  readonly topics: readonly string[]
  readonly durability: DurabilityLevel
}

/** Decided by the first topic rule that matches, then by the publisher's listener, then by `level`. */
export interface DurabilityTerms {
  /** Also that of session data: subscriptions, identifiers, expiry. */
  readonly level: DurabilityLevel
  /** How long `interval` may wait, in milliseconds. */
  readonly intervalMs: number
  readonly rules: readonly DurabilityRule[]
  /** The most that any of them asks for: QoS 2 is kept so, or exactly once would not hold where they meet. */
  readonly strictest: DurabilityLevel
}
