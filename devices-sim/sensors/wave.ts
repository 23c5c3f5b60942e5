import type { RandomSource } from '../random.ts'
import { cycle } from './cycle.ts'
import { noise } from './noise.ts'
import type { Sensor, SensorContext } from './sensor.ts'
import type { OptionsOf } from './sensor-parts.ts'

const dayMs = 86_400_000

export class Sine implements Sensor {
  readonly #options: OptionsOf<'sine'>
  readonly #random: RandomSource

  constructor(options: OptionsOf<'sine'>, random: RandomSource) {
    this.#options = options
    this.#random = random
  }

  read({ elapsedMs }: SensorContext): number {
    const { mean, amplitude, period, phase, noise: deviation } = this.#options
    const turn = cycle(elapsedMs, period) + phase
    return mean + amplitude * Math.sin(2 * Math.PI * turn) + noise(this.#random, deviation)
  }
}

/** One wave a day, by the hour and not by when the device began. */
export class Daily implements Sensor {
  readonly #options: OptionsOf<'daily'>
  readonly #random: RandomSource

  constructor(options: OptionsOf<'daily'>, random: RandomSource) {
    this.#options = options
    this.#random = random
  }

  read({ timeMs }: SensorContext): number {
    const { low, high, peakHour, noise: deviation } = this.#options
    const turn = cycle(timeMs, dayMs) - peakHour / 24
    return (low + high) / 2 + ((high - low) / 2) * Math.cos(2 * Math.PI * turn) + noise(this.#random, deviation)
  }
}
