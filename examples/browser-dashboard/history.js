/** How far back a chart looks. */
export const historySeconds = 300
/** One point per second, and as many again for the breaks between them. */
const capacity = 2 * historySeconds

/** The last minutes of one number: at most one point per second, the latest of that second, in a ring. */
export class History {
  #timesMs = new Float64Array(capacity)
  #values = new Float64Array(capacity)
  #start = 0
  #length = 0

  add(timeMs, value) {
    const last = this.#indexOf(this.#length - 1)
    const isSameSecond = Math.floor(this.#timesMs[last] / 1000) === Math.floor(timeMs / 1000)
    if (this.#length > 0 && isSameSecond && !Number.isNaN(this.#values[last])) {
      this.#values[last] = value
      return
    }
    this.#push(timeMs, value)
  }

  /** What was missed from here to the next point is not drawn as if it were known. */
  breakLine(timeMs) {
    if (this.#length > 0 && !Number.isNaN(this.#values[this.#indexOf(this.#length - 1)])) this.#push(timeMs, Number.NaN)
  }

  /** `[timeMs, value]` from `sinceMs` on, oldest first; a value that is NaN breaks the line. */
  *pointsSince(sinceMs) {
    for (let position = 0; position < this.#length; position++) {
      const index = this.#indexOf(position)
      if (this.#timesMs[index] >= sinceMs) yield [this.#timesMs[index], this.#values[index]]
    }
  }

  #push(timeMs, value) {
    if (this.#length === capacity) this.#start = (this.#start + 1) % capacity
    else this.#length += 1
    const index = this.#indexOf(this.#length - 1)
    this.#timesMs[index] = timeMs
    this.#values[index] = value
  }

  #indexOf(position) {
    return (this.#start + position + capacity) % capacity
  }
}
