/** What a wheel holds: it knows when it is due, and that it may be in a wheel at all. */
export interface Timer {
  /** The instant at which `fire` is wanted. May be moved later while waiting; the wheel looks again then. */
  dueMs: number
  /** Runs once, at the first tick at or after `dueMs`. */
  fire(nowMs: number): void
  /** The wheel's: where it is, or has been. */
  slot?: Set<Timer> | undefined
}

/**
 * Many deadlines, few of which come true: keep alive, session expiry, will delay.
 *
 *   slots  [ {a} {} {b,c} {} ... ]   one slot per tick; a timer further away than a whole turn of the
 *             ^ tick                 wheel waits in the last slot reached and is then put on again
 *
 * A timer that is moved later costs nothing until its old slot comes round.
 */
export class TimingWheel {
  readonly #tickMs: number
  readonly #slots: Set<Timer>[]
  #size = 0
  #tick: number

  constructor(nowMs: number, tickMs = 100, slotCount = 1024) {
    this.#tickMs = tickMs
    this.#slots = Array.from({ length: slotCount }, () => new Set<Timer>())
    this.#tick = Math.floor(nowMs / tickMs)
  }

  get size(): number {
    return this.#size
  }

  /** Puts a timer on the wheel, or moves it when its `dueMs` was brought forward. */
  add(timer: Timer): void {
    this.remove(timer)
    const ticksAhead = Math.ceil(timer.dueMs / this.#tickMs) - this.#tick
    const bounded = Math.min(Math.max(ticksAhead, 1), this.#slots.length - 1)
    const slot = this.#slots[(this.#tick + bounded) % this.#slots.length] as Set<Timer>
    slot.add(timer)
    timer.slot = slot
    this.#size++
  }

  remove(timer: Timer): void {
    if (timer.slot === undefined) return
    timer.slot.delete(timer)
    timer.slot = undefined
    this.#size--
  }

  /** Takes off what is due at `nowMs` and has it fired. A leap of more than a turn of the wheel visits every slot once. */
  advance(nowMs: number, fire = (timer: Timer): void => timer.fire(nowMs)): void {
    const target = Math.floor(nowMs / this.#tickMs)
    const steps = Math.min(target - this.#tick, this.#slots.length)
    const first = target - steps + 1
    for (let tick = first; tick <= target; tick++) {
      this.#tick = tick
      const slot = this.#slots[tick % this.#slots.length]
      if (slot === undefined || slot.size === 0) continue
      for (const timer of slot) {
        this.remove(timer)
        if (timer.dueMs > nowMs) this.add(timer)
        else fire(timer)
      }
    }
  }
}
