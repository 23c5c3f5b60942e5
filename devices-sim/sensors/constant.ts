import type { Reading, Sensor } from './sensor.ts'
import type { OptionsOf } from './sensor-parts.ts'

export class Constant implements Sensor {
  readonly #options: OptionsOf<'constant'>

  constructor(options: OptionsOf<'constant'>) {
    this.#options = options
  }

  read(): Reading {
    return this.#options.value
  }
}
