import type { Clock } from '../contracts/clock.ts'
import { TimingWheel, type Timer } from '../structures/timing-wheel.ts'

const TICK_MS = 100

/**
 * One line of time for the whole broker: milliseconds since 1970 as the wall clock had them at start, moved on by
 * the monotonic clock, so that a corrected wall clock expires nothing early.
 */
export class BrokerTime {
  readonly #clock: Clock
  #offsetMs: number
  readonly #wheel: TimingWheel
  readonly #stopTicking: () => void
  /** Time at the last `update`; near enough within a loop turn. */
  nowMs: number
  readonly startedAtMs: number

  /** `guarded` runs a timer so that a fault in it stops no other. */
  constructor(clock: Clock, guarded: (task: () => void) => void) {
    this.#clock = clock
    this.#offsetMs = clock.wallMs() - clock.monotonicMs()
    this.nowMs = this.startedAtMs = clock.wallMs()
    this.#wheel = new TimingWheel(this.nowMs, TICK_MS)
    const fire = (timer: Timer): void => guarded(() => timer.fire(this.nowMs))
    this.#stopTicking = clock.every(TICK_MS, () => this.#wheel.advance(this.update(), fire))
  }

  update(): number {
    this.nowMs = this.#clock.monotonicMs() + this.#offsetMs
    return this.nowMs
  }

  /** Time never runs backwards from one start to the next. */
  notBefore(wallMs: number): void {
    this.#offsetMs += Math.max(0, wallMs - this.update())
    this.update()
  }

  schedule(timer: Timer): void {
    this.#wheel.add(timer)
  }

  cancel(timer: Timer): void {
    this.#wheel.remove(timer)
  }

  stop(): void {
    this.#stopTicking()
  }
}
