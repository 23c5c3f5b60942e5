import type { Clock } from '../../src/contracts/clock.ts'

/** A clock that stands still until a test moves it. Both times start at a fixed instant and advance together. */
export class FakeClock implements Clock {
  #nowMs = 0
  readonly #startWallMs = Date.UTC(2026, 0, 1)
  readonly #tasks = new Set<{ intervalMs: number; dueMs: number; task: () => void }>()

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
}
