import type { RandomSource } from '../random.ts'

const hourMs = 3_600_000
/** Rounds that may have passed unseen between two readings before it is begun afresh instead of counted through. */
const maximumUnseen = 64

/**
 * When something happens that comes `perHour` times in an hour and lasts a while: pauses are exponentially distributed,
 * and as much shorter as it lasts. Without memory, so that it can begin afresh anywhere.
 */
export class Occurrence {
  readonly #random: RandomSource
  readonly #lastsMs: number
  readonly #meanPauseMs: number
  #startsAtMs: number

  constructor(random: RandomSource, perHour: number, lastsMs: number) {
    this.#random = random
    this.#lastsMs = lastsMs
    this.#meanPauseMs = Math.max(0, hourMs / perHour - lastsMs)
    this.#startsAtMs = this.#pause()
  }

  /** How much of it is over, 0 up to 1, or undefined while it does not happen. */
  shareAt(elapsedMs: number): number | undefined {
    this.#goOn(elapsedMs)
    return elapsedMs < this.#startsAtMs ? undefined : (elapsedMs - this.#startsAtMs) / this.#lastsMs
  }

  /** Whether it happened since this was asked before. For what lasts no time. */
  hasPassed(elapsedMs: number): boolean {
    const before = this.#startsAtMs
    this.#goOn(elapsedMs)
    return this.#startsAtMs !== before
  }

  /** Afterwards it goes on now or begins later. */
  #goOn(elapsedMs: number): void {
    for (let unseen = 0; elapsedMs >= this.#startsAtMs + this.#lastsMs; unseen++) {
      const from = unseen < maximumUnseen ? this.#startsAtMs + this.#lastsMs : elapsedMs
      this.#startsAtMs = from + this.#pause()
      if (unseen >= maximumUnseen) return
    }
  }

  #pause(): number {
    return -Math.log(1 - this.#random.next()) * this.#meanPauseMs
  }
}
