import type { Reading, Sensor, SensorContext } from './sensor.ts'

/** A sensor whose numbers have so many places after the point. Positions round themselves. */
export class Rounded implements Sensor {
  readonly #sensor: Sensor
  readonly #decimals: number

  constructor(sensor: Sensor, decimals: number) {
    this.#sensor = sensor
    this.#decimals = decimals
  }

  read(context: SensorContext): Reading {
    const reading = this.#sensor.read(context)
    return typeof reading === 'number' ? rounded(reading, this.#decimals) : reading
  }
}

export function rounded(value: number, decimals: number): number {
  const scale = 10 ** decimals
  return Math.round(value * scale) / scale + 0 // no negative zero
}
