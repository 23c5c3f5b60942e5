import type { ExpectedDelivery } from '../scenario/expected-deliveries.ts'
import type { Scenario } from '../scenario/schema.ts'

/** A time in which a group of subscribers is planned to be away. */
export interface AwayWindow {
  readonly subscriber: string
  readonly fromUs: number
  readonly toUs: number
}

/**
 * Counts, for groups with a session, the messages that are due while they are planned to be away: what devices sent
 * is what the broker must keep for them. Devices count what they send, subscribers what they get.
 */
export class AwayWindows {
  readonly windows: readonly AwayWindow[]
  /** Of each window: messages sent in it that its group must get, at QoS 1 and 2. */
  readonly queued: number[]
  readonly #expectedByStream = new Map<string, (ExpectedDelivery | undefined)[]>()

  constructor(scenario: Scenario, deliveries: readonly ExpectedDelivery[], rampEndUs: number) {
    // who of those that share a subscription gets what was queued is for the broker to say
    this.windows = Object.entries(scenario.subscribers).flatMap(([subscriber, { away, session, share }]) =>
      session === 'clean' || share !== undefined
        ? []
        : away.map(({ from, lasts }) => windowOf(subscriber, rampEndUs, from, lasts)),
    )
    this.queued = this.windows.map(() => 0)
    if (this.windows.length === 0) return
    for (const { flow } of deliveries) {
      const expected = this.windows.map(({ subscriber }) =>
        deliveries.find((one) => one.subscriber === subscriber && one.flow.name === flow.name && one.qos > 0),
      )
      this.#expectedByStream.set(flow.name, expected)
    }
  }

  /** A message was made (`by` 1), or will not be sent after all (`by` -1). */
  count(flow: string, device: number, dueUs: number, by: 1 | -1): void {
    if (this.windows.length === 0) return
    const expected = this.#expectedByStream.get(flow)
    for (const [index, { fromUs, toUs }] of this.windows.entries()) {
      if (dueUs < fromUs || dueUs >= toUs || !expected?.[index]?.receives(device)) continue
      this.queued[index] = (this.queued[index] ?? 0) + by
    }
  }
}

function windowOf(subscriber: string, rampEndUs: number, fromMs: number, lastsMs: number): AwayWindow {
  const fromUs = rampEndUs + fromMs * 1000
  return { subscriber, fromUs, toUs: fromUs + lastsMs * 1000 }
}
