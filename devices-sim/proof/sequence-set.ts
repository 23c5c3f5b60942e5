/**
 * A set of whole numbers kept as ranges, for what is missing of a long sequence: a hundred losses in a row weigh as
 * much as one.
 *
 *   #bounds  [ 4, 6,  9, 9,  20, 31 ]     4-6, 9, 20-31; ascending, and never touching
 */
export class SequenceSet {
  #bounds: number[] = []
  #size = 0

  /** From what `bounds` gave. */
  static from(bounds: readonly number[]): SequenceSet {
    const set = new SequenceSet()
    for (let at = 0; at < bounds.length; at += 2) set.addRange(bounds[at] as number, bounds[at + 1] as number)
    return set
  }

  get size(): number {
    return this.#size
  }

  /** First and last of each range, one after the other. */
  get bounds(): readonly number[] {
    return this.#bounds
  }

  add(value: number): void {
    this.addRange(value, value)
  }

  /** Adds first..last, both included. */
  addRange(first: number, last: number): void {
    if (last < first) return
    const bounds = this.#bounds
    // the ranges that overlap the new one or touch it: from..to in pairs
    let from = this.#pairFrom(first - 1)
    let to = from
    let [low, high] = [first, last]
    while (to < bounds.length && (bounds[to] as number) <= last + 1) {
      low = Math.min(low, bounds[to] as number)
      high = Math.max(high, bounds[to + 1] as number)
      this.#size -= (bounds[to + 1] as number) - (bounds[to] as number) + 1
      to += 2
    }
    bounds.splice(from, to - from, low, high)
    this.#size += high - low + 1
  }

  has(value: number): boolean {
    const at = this.#pairFrom(value)
    return at < this.#bounds.length && (this.#bounds[at] as number) <= value
  }

  /** Takes a value out; false when it was not in. */
  delete(value: number): boolean {
    const at = this.#pairFrom(value)
    const bounds = this.#bounds
    const [first, last] = [bounds[at], bounds[at + 1]]
    if (first === undefined || last === undefined || first > value) return false
    const rest: number[] = []
    if (first < value) rest.push(first, value - 1)
    if (value < last) rest.push(value + 1, last)
    bounds.splice(at, 2, ...rest)
    this.#size--
    return true
  }

  /** One pass over the bounds of both. */
  deleteAll(other: SequenceSet): void {
    const [bounds, taken] = [this.#bounds, other.#bounds]
    if (bounds.length === 0 || taken.length === 0) return
    const rest: number[] = []
    let size = 0
    let at = 0
    for (let pair = 0; pair < bounds.length; pair += 2) {
      let first = bounds[pair] as number
      const last = bounds[pair + 1] as number
      while (at < taken.length && (taken[at + 1] as number) < first) at += 2
      // what is left before each taken range; the last of them may reach into the next pair, so it stays
      for (let inner = at; first <= last; inner += 2) {
        const from = (inner < taken.length ? taken[inner] : Infinity) as number
        if (first < from) {
          const end = Math.min(last, from - 1)
          rest.push(first, end)
          size += end - first + 1
        }
        if (from > last) break
        first = (taken[inner + 1] as number) + 1
        at = inner
      }
    }
    this.#bounds = rest
    this.#size = size
  }

  ranges(): [first: number, last: number][] {
    const ranges: [number, number][] = []
    for (let at = 0; at < this.#bounds.length; at += 2) {
      ranges.push([this.#bounds[at] as number, this.#bounds[at + 1] as number])
    }
    return ranges
  }

  /** Where the first range begins whose last number is at or above `value`. */
  #pairFrom(value: number): number {
    const bounds = this.#bounds
    let low = 0
    let high = bounds.length / 2
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((bounds[middle * 2 + 1] as number) < value) low = middle + 1
      else high = middle
    }
    return low * 2
  }
}
