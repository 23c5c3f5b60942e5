/** What a wheel holds: it knows when it is due, and that it may be in a wheel at all. */
export interface Timer {
  /** The instant at which `fire` is wanted. May be moved later while waiting; the wheel looks again then. */
  dueMs: number
  /** Runs once, at the first tick at or after `dueMs`. */
  fire(nowMs: number): void
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
  readonly #slotOf = new Map<Timer, number>()
  #tick: number

  constructor(nowMs: number, tickMs = 100, slotCount = 1024) {
    this.#tickMs = tickMs
    this.#slots = Array.from({ length: slotCount }, () => new Set<Timer>())
    this.#tick = Math.floor(nowMs / tickMs)
  }

  get size(): number {
    return this.#slotOf.size
  }

  /** Puts a timer on the wheel, or moves it when its `dueMs` was brought forward. */
  add(timer: Timer): void {
    this.remove(timer)
    const ticksAhead = Math.ceil(timer.dueMs / this.#tickMs) - this.#tick
    const bounded = Math.min(Math.max(ticksAhead, 1), this.#slots.length - 1)
    const slot = (this.#tick + bounded) % this.#slots.length
    this.#slots[slot]?.add(timer)
    this.#slotOf.set(timer, slot)
  }

  remove(timer: Timer): void {
    const slot = this.#slotOf.get(timer)
    if (slot === undefined) return
    this.#slots[slot]?.delete(timer)
    this.#slotOf.delete(timer)
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
