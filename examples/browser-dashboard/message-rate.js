const windowMs = 5000

/** Messages per second over the last five seconds, in ticks of whatever length. */
export class MessageRate {
  #count = 0
  /** Counts as they stood at earlier ticks, oldest first. */
  #ticks = []

  add() {
    this.#count += 1
  }

  /** Called about once a second. */
  tick(nowMs) {
    const oldest = this.#ticks.findLast((tick) => tick.timeMs <= nowMs - windowMs) ?? this.#ticks[0]
    this.#ticks = [
      ...this.#ticks.slice(Math.max(0, this.#ticks.indexOf(oldest))),
      { timeMs: nowMs, count: this.#count },
    ]
    if (oldest === undefined || oldest.timeMs === nowMs) return 0
    return ((this.#count - oldest.count) * 1000) / (nowMs - oldest.timeMs)
  }
}
