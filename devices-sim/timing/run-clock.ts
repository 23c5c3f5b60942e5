/** Time of a run, the same in all its processes: microseconds since it began, by the machine's monotonic clock. */
export class RunClock {
  readonly #simulatedStartMs: number
  readonly #speed: number
  #originUs = performance.now() * 1000

  constructor(simulatedStart: string, speed: number) {
    this.#simulatedStartMs = Date.parse(simulatedStart)
    this.#speed = speed
  }

  /** `startNs`: what `process.hrtime.bigint()` says when the run begins, in whichever process. */
  begin(startNs: bigint): void {
    // performance.now() is the same clock with an origin of its own, and costs no BigInt
    this.#originUs = performance.now() * 1000 + Number(startNs - process.hrtime.bigint()) / 1000
  }

  /** Negative before the beginning. */
  nowUs(): number {
    return performance.now() * 1000 - this.#originUs
  }

  /** Simulated wall time of a moment of the run, in milliseconds since 1970. */
  simulatedMs(us: number): number {
    return this.#simulatedStartMs + (us / 1000) * this.#speed
  }
}
