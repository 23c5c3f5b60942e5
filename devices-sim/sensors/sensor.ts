import type { Random } from '../random.ts'

/** What a sensor measured. undefined: nothing happened, so there is nothing to say. null: it gave no reading. */
export type Reading = number | string | boolean | null | undefined | Readonly<Record<string, number>>

export interface SensorContext {
  /** Simulated time, in milliseconds since 1970. */
  readonly timeMs: number
  /** Simulated time since the device's first reading, in milliseconds. */
  readonly elapsedMs: number
  /** Number of this reading, 0 for the first. */
  readonly index: number
}

/** A measuring point of one device. Repeats itself for the same seed and the same times. */
export interface Sensor {
  read(context: SensorContext): Reading
}

/** What a scenario written in TypeScript may hand in where no model fits. Called once per device. */
export type SensorFunction = (device: { readonly number: number; readonly random: Random }) => Sensor['read']
