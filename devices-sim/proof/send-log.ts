import type { Scenario } from '../scenario/schema.ts'

/** Before and after a planned absence, when sending is noted as well. A client comes back later than planned, if at all. */
const BEFORE_US = 1_000_000
const AFTER_US = 5_000_000

/**
 * The times around planned absences of subscribers. What was sent in them is noted with its moment, so that what a
 * subscriber without a session need not have got can be told from what was lost.
 */
export class SendLog {
  readonly #times: readonly { readonly fromUs: number; readonly toUs: number }[]

  constructor(scenario: Scenario, rampEndUs: number) {
    this.#times = Object.values(scenario.subscribers).flatMap(({ away }) =>
      away.map(({ from, lasts }) => ({
        fromUs: rampEndUs + from * 1000 - BEFORE_US,
        toUs: rampEndUs + (from + lasts) * 1000 + AFTER_US,
      })),
    )
  }

  get isNeeded(): boolean {
    return this.#times.length > 0
  }

  isOpen(nowUs: number): boolean {
    for (const { fromUs, toUs } of this.#times) if (nowUs >= fromUs && nowUs < toUs) return true
    return false
  }
}
