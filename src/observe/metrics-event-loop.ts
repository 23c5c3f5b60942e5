import type { Histogram } from 'node:perf_hooks'
import type { Clock } from '../contracts/clock.ts'

export interface EventLoopDelay {
  readonly medianSeconds: number
  readonly p99Seconds: number
  readonly maximumSeconds: number
}

/** How often the loop is probed. The histogram counts from probe to probe, so this much of each value is no delay. */
export const PROBE_INTERVAL_MS = 20

const WINDOW_MS = 60_000

/**
 * How late the loop was in the last whole minute, or since the start before the first is over. Minutes begin and end
 * by the clock and not by a scrape, so that any number of scrapers see the same figures and none takes them from
 * another; one that comes once a minute or more often misses no maximum.
 */
export class EventLoopDelayWindow {
  readonly #histogram: Histogram
  readonly #stop: () => void
  #lastWindow: EventLoopDelay | undefined

  /** `histogram` holds nanoseconds, as that of `monitorEventLoopDelay` does. */
  constructor(histogram: Histogram, clock: Clock) {
    this.#histogram = histogram
    this.#stop = clock.every(WINDOW_MS, () => {
      this.#lastWindow = this.#read()
      this.#histogram.reset()
    })
  }

  stop(): void {
    this.#stop()
  }

  delay(): EventLoopDelay {
    return this.#lastWindow ?? this.#read()
  }

  #read(): EventLoopDelay {
    return {
      medianSeconds: delaySeconds(this.#histogram.percentile(50)),
      p99Seconds: delaySeconds(this.#histogram.percentile(99)),
      maximumSeconds: delaySeconds(this.#histogram.max),
    }
  }
}

function delaySeconds(nanoseconds: number): number {
  return Math.max(0, nanoseconds / 1e9 - PROBE_INTERVAL_MS / 1000)
}
