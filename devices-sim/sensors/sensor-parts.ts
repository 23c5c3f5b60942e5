import type { RandomSource } from '../random.ts'
import type { Sensor } from './sensor.ts'
import type { ReadCsv } from './csv.ts'
import type { SensorOptions } from './schema.ts'

export type OptionsOf<M extends SensorOptions['model']> = Extract<SensorOptions, { model: M }>

/** What a sensor is made of besides its options, which all devices of a fleet share. */
export interface SensorParts {
  readonly random: RandomSource
  readonly readCsv: ReadCsv
}

export type SensorMaker<M extends SensorOptions['model']> = (options: OptionsOf<M>, parts: SensorParts) => Sensor
