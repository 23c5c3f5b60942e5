/** What may be spent now: refilled evenly, up to what a second brings. Time is an argument, in milliseconds. */
export class TokenBucket {
  #perSecond: number
  #tokens: number
  #atMs: number

  /** Begins full. */
  constructor(perSecond: number, nowMs: number) {
    this.#perSecond = perSecond
    this.#tokens = perSecond
    this.#atMs = nowMs
  }

  /** Another rate from now on; what was saved up stays, as far as it fits. */
  change(perSecond: number, nowMs: number): void {
    this.available(nowMs)
    this.#perSecond = perSecond
    this.#tokens = Math.min(this.#tokens, perSecond)
  }

  /** Whole tokens there are. */
  available(nowMs: number): number {
    const elapsedMs = nowMs - this.#atMs
    if (elapsedMs > 0) {
      this.#tokens = Math.min(this.#perSecond, this.#tokens + (elapsedMs * this.#perSecond) / 1000)
      this.#atMs = nowMs
    }
    return Math.floor(this.#tokens)
  }

  /** Takes no more than are available. */
  take(count: number): void {
    this.#tokens -= count
  }
}
