import type { RandomSource } from '../random.ts'
import { noise } from './noise.ts'
import type { Sensor } from './sensor.ts'
import type { OptionsOf } from './sensor-parts.ts'

/** Readings that know nothing of the ones before. */
export class Uniform implements Sensor {
  readonly #options: OptionsOf<'uniform'>
  readonly #random: RandomSource

  constructor(options: OptionsOf<'uniform'>, random: RandomSource) {
    this.#options = options
    this.#random = random
  }

  read(): number {
    const { min, max } = this.#options
    return min + (max - min) * this.#random.next()
  }
}

export class Normal implements Sensor {
  readonly #options: OptionsOf<'normal'>
  readonly #random: RandomSource

  constructor(options: OptionsOf<'normal'>, random: RandomSource) {
    this.#options = options
    this.#random = random
  }

  read(): number {
    return this.#options.mean + noise(this.#random, this.#options.deviation)
  }
}
