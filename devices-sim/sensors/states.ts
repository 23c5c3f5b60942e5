import type { RandomSource } from '../random.ts'
import type { Sensor, SensorContext } from './sensor.ts'
import type { OptionsOf } from './sensor-parts.ts'

/** The first reading is `start`. */
export class States implements Sensor {
  readonly #options: OptionsOf<'states'>
  readonly #random: RandomSource
  #state: string

  constructor(options: OptionsOf<'states'>, random: RandomSource) {
    this.#options = options
    this.#random = random
    this.#state = options.start
  }

  read({ index }: SensorContext): string {
    if (index > 0) this.#state = this.#next()
    return this.#state
  }

  #next(): string {
    const { states } = this.#options
    const chances = Object.hasOwn(states, this.#state) ? states[this.#state] : undefined
    let rest = this.#random.next()
    for (const to in chances) {
      rest -= chances[to] ?? 0
      if (rest < 0) return to
    }
    return this.#state
  }
}
