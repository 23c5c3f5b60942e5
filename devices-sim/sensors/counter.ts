import type { RandomSource } from '../random.ts'
import type { Sensor, SensorContext } from './sensor.ts'
import type { OptionsOf } from './sensor-parts.ts'

const hourMs = 3_600_000

export class Counter implements Sensor {
  readonly #options: OptionsOf<'counter'>
  readonly #random: RandomSource
  #value: number
  #readAtMs = 0

  constructor(options: OptionsOf<'counter'>, random: RandomSource) {
    this.#options = options
    this.#random = random
    this.#value = options.start
  }

  read({ elapsedMs }: SensorContext): number {
    const { perHour, noise, rollover } = this.#options
    const passedMs = Math.max(0, elapsedMs - this.#readAtMs)
    this.#readAtMs = elapsedMs
    const share = noise === 0 ? 1 : 1 + noise * (2 * this.#random.next() - 1)
    const value = this.#value + (perHour * passedMs * share) / hourMs
    this.#value = rollover === undefined ? value : value % rollover
    return this.#value
  }
}
