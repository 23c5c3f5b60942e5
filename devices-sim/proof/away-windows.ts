import type { ExpectedDelivery } from '../scenario/expected-deliveries.ts'
import type { Scenario } from '../scenario/schema.ts'

/** A time in which a group of subscribers is planned to be away. */
export interface AwayWindow {
  readonly subscriber: string
  readonly fromUs: number
  readonly toUs: number
}

/** What the broker must keep while a subscriber is away: number 0 stands for each of a group. */
export interface QueuedBooks {
  readonly window: number
  readonly number: number
  readonly count: number
}

/** Before it left and after it came back, when a message sent may have crossed the event on its way. */
const CROSSING_US = 300_000

/** Whether a subscriber was away, or nearly so, at some time between two moments. */
export function isAwayAt(
  away: readonly (readonly [leftUs: number, backUs: number])[],
  fromUs: number,
  toUs: number,
): boolean {
  return away.some(([leftUs, backUs]) => toUs >= leftUs - CROSSING_US && fromUs <= backUs + CROSSING_US)
}

/**
 * Counts, for groups with a session, the messages that are due while they are planned to be away: what devices sent
 * is what the broker must keep for them. Devices count what they send, subscribers what they get.
 */
export class AwayWindows {
  readonly windows: readonly AwayWindow[]
  readonly #queued: readonly Map<number, number>[]
  /** Of each flow, for each window: who must be kept its messages. */
  readonly #kept = new Map<string, readonly (readonly ExpectedDelivery[])[]>()

  constructor(scenario: Scenario, deliveries: readonly ExpectedDelivery[], rampEndUs: number) {
    // who of those that share a subscription gets what was queued is for the broker to say
    this.windows = Object.entries(scenario.subscribers).flatMap(([subscriber, { away, session, share }]) =>
      session === 'clean' || share !== undefined
        ? []
        : away.map(({ from, lasts }) => windowOf(subscriber, rampEndUs, from, lasts)),
    )
    this.#queued = this.windows.map(() => new Map())
    if (this.windows.length === 0) return
    for (const { flow } of deliveries) {
      const expiryUs = (scenario.fleets[flow.fleet]?.messages[flow.message ?? '']?.expiry ?? Infinity) * 1000
      const kept = this.windows.map(({ subscriber, fromUs, toUs }) =>
        deliveries.filter(
          (one) =>
            one.subscriber === subscriber && one.flow.name === flow.name && one.qos > 0 && expiryUs > toUs - fromUs,
        ),
      )
      this.#kept.set(flow.name, kept)
    }
  }

  get queued(): QueuedBooks[] {
    return this.#queued.flatMap((counts, window) => [...counts].map(([number, count]) => ({ window, number, count })))
  }

  /** A message was made (`by` 1), or will not be sent after all (`by` -1). */
  count(flow: string, device: number, dueUs: number, by: 1 | -1): void {
    if (this.windows.length === 0) return
    const kept = this.#kept.get(flow)
    for (const [index, { fromUs, toUs }] of this.windows.entries()) {
      if (dueUs < fromUs || dueUs >= toUs) continue
      const counts = this.#queued[index] as Map<number, number>
      for (const { number = 0, receives } of kept?.[index] ?? []) {
        if (receives(device)) counts.set(number, (counts.get(number) ?? 0) + by)
      }
    }
  }

  /** Whether a message that arrived is one of those counted for a window. */
  isCounted(window: number, { flow }: ExpectedDelivery, dueUs: number): boolean {
    const time = this.windows[window]
    if (time === undefined || dueUs < time.fromUs || dueUs >= time.toUs) return false
    return (this.#kept.get(flow.name)?.[window] ?? []).length > 0
  }
}

function windowOf(subscriber: string, rampEndUs: number, fromMs: number, lastsMs: number): AwayWindow {
  const fromUs = rampEndUs + fromMs * 1000
  return { subscriber, fromUs, toUs: fromUs + lastsMs * 1000 }
}
