import { LatencyHistogram } from './latency-histogram.ts'

/** Counted in one process since the run began. Plain fields: they are raised for every message. */
export class Tallies {
  connected = 0
  opened = 0
  reconnects = 0
  failed = 0
  lost = 0
  due = 0
  sent = 0
  acknowledged = 0
  received = 0
  duplicates = 0
  discarded = 0
  /** Messages that no device of this run can have sent. */
  stray = 0
  /** First arrivals of what was owed: QoS 1 and 2 on both sides. */
  owedReceived = 0
  /** Why connections failed or were lost. */
  readonly reasons = new Map<string, number>()

  failedBecause(reason: string): void {
    this.reasons.set(reason, (this.reasons.get(reason) ?? 0) + 1)
  }
}

/** Latencies of one process; those of the second under way are emptied into the totals when it ends. */
export class Latencies {
  readonly connect = new LatencyHistogram()
  readonly suback = new LatencyHistogram()
  /** How much later than due a message was made. */
  readonly late = new LatencyHistogram()
  readonly secondEndToEnd = new LatencyHistogram()
  readonly secondAcknowledgement = new LatencyHistogram()
}
