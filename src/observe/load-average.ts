/** A rate per minute, averaged over 1, 5 and 15 minutes the way Mosquitto does. */
export class LoadAverage {
  readonly #averages: number[] = [0, 0, 0]
  #lastCount = 0

  /** Takes the counter's value now, `elapsedMs` after the last time. Returns the three averages. */
  update(count: number, elapsedMs: number): readonly number[] {
    const ratePerMinute = ((count - this.#lastCount) * 60_000) / elapsedMs
    this.#lastCount = count
    for (const [index, periodSeconds] of [60, 300, 900].entries()) {
      const decay = Math.exp(-elapsedMs / 1000 / periodSeconds)
      this.#averages[index] = ratePerMinute + decay * ((this.#averages[index] as number) - ratePerMinute)
    }
    return this.#averages
  }
}
