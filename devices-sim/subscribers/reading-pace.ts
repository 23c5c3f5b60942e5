import type { Stage } from '../devices/stage.ts'
import type { SimulatedClient } from '../engines/engine.ts'

/** Turns looked at together: shorter pauses than this are not worth their cost. */
const SLICE_MS = 50

/** A reader that takes so many messages in a second and leaves the rest in its socket. */
export class ReadingPace {
  readonly #perSlice: number
  readonly #client: SimulatedClient
  readonly #stage: Stage
  #allowed: number
  #isWaiting = false

  constructor(perSecond: number, client: SimulatedClient, stage: Stage) {
    this.#perSlice = (perSecond * SLICE_MS) / 1000
    this.#allowed = this.#perSlice
    this.#client = client
    this.#stage = stage
  }

  /** One message was read. What was read already when the pause began is worked off by longer pauses. */
  read(): void {
    this.#allowed--
    if (this.#allowed > 0 || this.#isWaiting) return
    this.#isWaiting = true
    this.#client.pauseReading()
    const slices = Math.max(1, Math.ceil(-this.#allowed / this.#perSlice))
    this.#stage.after(slices * SLICE_MS, () => this.#goOn(slices))
  }

  #goOn(slices: number): void {
    this.#isWaiting = false
    this.#allowed += slices * this.#perSlice
    this.#client.resumeReading()
  }
}
