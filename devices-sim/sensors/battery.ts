import type { Sensor, SensorContext } from './sensor.ts'
import type { OptionsOf } from './sensor-parts.ts'

/** Drains evenly; `lasts` is the time from full to empty. */
export class Battery implements Sensor {
  readonly #options: OptionsOf<'battery'>

  constructor(options: OptionsOf<'battery'>) {
    this.#options = options
  }

  read({ elapsedMs }: SensorContext): number {
    const { start, lasts, recharges } = this.#options
    const used = 100 - start + (lasts === 0 ? 100 : (100 * elapsedMs) / lasts)
    return recharges ? 100 - (used % 100) : Math.max(0, 100 - used)
  }
}
