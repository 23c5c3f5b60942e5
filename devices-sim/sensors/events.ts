import type { RandomSource } from '../random.ts'
import type { Reading, Sensor, SensorContext } from './sensor.ts'
import type { OptionsOf } from './sensor-parts.ts'

const hourMs = 3_600_000

export class Events implements Sensor {
  readonly #options: OptionsOf<'events'>
  readonly #random: RandomSource
  #readAtMs = 0

  constructor(options: OptionsOf<'events'>, random: RandomSource) {
    this.#options = options
    this.#random = random
  }

  read({ elapsedMs }: SensorContext): Reading {
    const { perHour, value } = this.#options
    const expected = (perHour * (elapsedMs - this.#readAtMs)) / hourMs
    this.#readAtMs = elapsedMs
    return this.#random.next() < -Math.expm1(-expected) ? value : undefined
  }
}
