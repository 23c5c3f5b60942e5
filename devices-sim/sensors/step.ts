import type { Reading, Sensor, SensorContext } from './sensor.ts'
import type { OptionsOf } from './sensor-parts.ts'

/** Goes on with time; with an `every` of 0, with each reading. */
export class Step implements Sensor {
  readonly #options: OptionsOf<'step'>

  constructor(options: OptionsOf<'step'>) {
    this.#options = options
  }

  read({ elapsedMs, index }: SensorContext): Reading {
    const { values, every } = this.#options
    const steps = every === 0 ? index : Math.floor(elapsedMs / every)
    return values[steps % values.length]
  }
}
