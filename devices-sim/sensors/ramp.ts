import type { RandomSource } from '../random.ts'
import { cycle } from './cycle.ts'
import { noise } from './noise.ts'
import type { Sensor, SensorContext } from './sensor.ts'
import type { OptionsOf } from './sensor-parts.ts'

export class Ramp implements Sensor {
  readonly #options: OptionsOf<'ramp'>
  readonly #random: RandomSource

  constructor(options: OptionsOf<'ramp'>, random: RandomSource) {
    this.#options = options
    this.#random = random
  }

  read({ elapsedMs }: SensorContext): number {
    const { from, to, over, noise: deviation } = this.#options
    return from + (to - from) * cycle(elapsedMs, over) + noise(this.#random, deviation)
  }
}
