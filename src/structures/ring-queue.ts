/** What answers wait for within one sync fits; more is let go of. */
const KEPT_SLOTS = 1024

/**
 * A first-in, first-out queue on a ring that doubles when full.
 *
 *   slots  [ . . a b c . . . ]      head = 2, length = 3, mask = 7
 *                ^ shift takes here      push puts here ^ (head + length) & mask
 */
export class RingQueue<T> {
  #slots: (T | undefined)[] = []
  #head = 0
  #length = 0

  get length(): number {
    return this.#length
  }

  push(item: T): void {
    if (this.#length === this.#slots.length) this.#grow()
    this.#slots[(this.#head + this.#length) & (this.#slots.length - 1)] = item
    this.#length++
  }

  peek(): T | undefined {
    return this.#length === 0 ? undefined : this.#slots[this.#head]
  }

  shift(): T | undefined {
    if (this.#length === 0) return undefined
    const item = this.#slots[this.#head]
    this.#slots[this.#head] = undefined
    this.#head = (this.#head + 1) & (this.#slots.length - 1)
    this.#length--
    // an empty queue holds no slots, so that a burst does not stay in memory
    if (this.#length === 0 && this.#slots.length > KEPT_SLOTS) this.clear()
    return item
  }

  *[Symbol.iterator](): Generator<T> {
    for (let index = 0; index < this.#length; index++) {
      yield this.#slots[(this.#head + index) & (this.#slots.length - 1)] as T
    }
  }

  clear(): void {
    this.#slots = []
    this.#head = 0
    this.#length = 0
  }

  #grow(): void {
    const old = this.#slots
    const slots = old.slice(this.#head)
    for (let slot = 0; slot < this.#head; slot++) slots.push(old[slot])
    const { length } = old
    for (let slot = 0; slot < Math.max(4, length); slot++) slots.push(undefined)
    this.#slots = slots
    this.#head = 0
  }
}
