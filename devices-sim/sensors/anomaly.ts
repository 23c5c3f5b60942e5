import type { RandomSource } from '../random.ts'
import { type Coordinate, moved } from './great-circle.ts'
import { Occurrence } from './occurrence.ts'
import type { AnomalyOptions } from './schema.ts'
import type { Reading, Sensor, SensorContext } from './sensor.ts'

type Of<K extends AnomalyOptions['kind']> = Extract<AnomalyOptions, { kind: K }>

/** Wraps a sensor. It goes on measuring underneath, and what it has nothing to say of stays unsaid. */
export function withAnomaly(sensor: Sensor, options: AnomalyOptions, random: RandomSource): Sensor {
  switch (options.kind) {
    case 'spike':
      return new Spiking(sensor, options, new Occurrence(random, options.perHour, 0))
    case 'stuck':
      return new Sticking(sensor, new Occurrence(random, options.perHour, options.lasts))
    case 'drift':
      return new Drifting(sensor, options, new Occurrence(random, options.perHour, options.lasts))
    case 'dropout':
      return new DroppingOut(sensor, new Occurrence(random, options.perHour, options.lasts))
  }
}

class Spiking implements Sensor {
  readonly #sensor: Sensor
  readonly #options: Of<'spike'>
  readonly #occurrence: Occurrence

  constructor(sensor: Sensor, options: Of<'spike'>, occurrence: Occurrence) {
    this.#sensor = sensor
    this.#options = options
    this.#occurrence = occurrence
  }

  read(context: SensorContext): Reading {
    const reading = this.#sensor.read(context)
    return this.#occurrence.hasPassed(context.elapsedMs) ? shifted(reading, this.#options.by) : reading
  }
}

class Sticking implements Sensor {
  readonly #sensor: Sensor
  readonly #occurrence: Occurrence
  #last: Reading = undefined

  constructor(sensor: Sensor, occurrence: Occurrence) {
    this.#sensor = sensor
    this.#occurrence = occurrence
  }

  read(context: SensorContext): Reading {
    const reading = this.#sensor.read(context)
    const isStuck = this.#occurrence.shareAt(context.elapsedMs) !== undefined
    if (reading === undefined) return undefined
    if (!isStuck || this.#last === undefined) this.#last = reading
    return this.#last
  }
}

class Drifting implements Sensor {
  readonly #sensor: Sensor
  readonly #options: Of<'drift'>
  readonly #occurrence: Occurrence

  constructor(sensor: Sensor, options: Of<'drift'>, occurrence: Occurrence) {
    this.#sensor = sensor
    this.#options = options
    this.#occurrence = occurrence
  }

  read(context: SensorContext): Reading {
    const reading = this.#sensor.read(context)
    const share = this.#occurrence.shareAt(context.elapsedMs)
    return share === undefined ? reading : shifted(reading, this.#options.by * share)
  }
}

class DroppingOut implements Sensor {
  readonly #sensor: Sensor
  readonly #occurrence: Occurrence

  constructor(sensor: Sensor, occurrence: Occurrence) {
    this.#sensor = sensor
    this.#occurrence = occurrence
  }

  read(context: SensorContext): Reading {
    const reading = this.#sensor.read(context)
    const isOut = this.#occurrence.shareAt(context.elapsedMs) !== undefined
    return isOut && reading !== undefined ? null : reading
  }
}

/** A number off by `by`, a position so many metres further north. Nothing else can be off. */
function shifted(reading: Reading, by: number): Reading {
  if (typeof reading === 'number') return reading + by
  if (typeof reading !== 'object' || reading === null) return reading
  const { latitude, longitude } = reading
  if (latitude === undefined || longitude === undefined) return reading
  const place: Coordinate = moved([latitude, longitude], by, 0)
  return { ...reading, latitude: place[0] }
}
