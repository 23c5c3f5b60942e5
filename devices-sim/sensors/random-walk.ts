import type { RandomSource } from '../random.ts'
import { noise } from './noise.ts'
import type { Sensor, SensorContext } from './sensor.ts'
import type { OptionsOf } from './sensor-parts.ts'

/** The first reading is `start`; each further one is a step away from the one before. */
export class RandomWalk implements Sensor {
  readonly #options: OptionsOf<'random-walk'>
  readonly #random: RandomSource
  #value: number

  constructor(options: OptionsOf<'random-walk'>, random: RandomSource) {
    this.#options = options
    this.#random = random
    this.#value = reflect(options.start, options.min, options.max)
  }

  read({ index }: SensorContext): number {
    const { step, min, max } = this.#options
    if (index > 0) this.#value = reflect(this.#value + noise(this.#random, step), min, max)
    return this.#value
  }
}

/** Folds a number back between two bounds as two mirrors would, however far outside it is. */
function reflect(value: number, min: number, max: number): number {
  if (value >= min && value <= max) return value
  const width = max - min
  if (width <= 0) return min
  const folded = Math.abs(value - min) % (2 * width)
  return folded <= width ? min + folded : Math.max(min, max - (folded - width))
}
