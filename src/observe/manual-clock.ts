import type { Clock } from '../contracts/clock.ts'

/** A clock that stands still until somebody moves it, for tests. Both of its times advance together. */
export class ManualClock implements Clock {
  #nowMs = 0
  readonly #startWallMs: number
  readonly #tasks = new Set<{ intervalMs: number; dueMs: number; task: () => void }>()

  /** `startWallMs` is its wall time at first, in milliseconds since 1970; the start of 2026 when left out. */
  constructor(startWallMs = Date.UTC(2026, 0, 1)) {
    this.#startWallMs = startWallMs
  }

  monotonicMs(): number {
    return this.#nowMs
  }

  wallMs(): number {
    return this.#startWallMs + this.#nowMs
  }

  every(intervalMs: number, task: () => void): () => void {
    const entry = { intervalMs, dueMs: this.#nowMs + intervalMs, task }
    this.#tasks.add(entry)
    return () => this.#tasks.delete(entry)
  }

  /** Moves time forward and runs what falls due on the way, each task at its own instant. */
  advance(byMs: number): void {
    const untilMs = this.#nowMs + byMs
    for (;;) {
      let next: { intervalMs: number; dueMs: number; task: () => void } | undefined
      for (const entry of this.#tasks) if (next === undefined || entry.dueMs < next.dueMs) next = entry
      if (next === undefined || next.dueMs > untilMs) break
      this.#nowMs = next.dueMs
      next.dueMs += next.intervalMs
      next.task()
    }
    this.#nowMs = untilMs
  }

  /** Moves time forward at once, as on a machine that slept: what fell due meanwhile runs once, now. */
  leap(byMs: number): void {
    this.#nowMs += byMs
    for (const entry of this.#tasks) {
      if (entry.dueMs > this.#nowMs) continue
      entry.dueMs = this.#nowMs + entry.intervalMs
      entry.task()
    }
  }
}
