import type { Random } from '../random.ts'

/** One measuring point of a device. What it measures depends on its seed and how often it was read, on nothing else. */
export interface Sensor {
  readonly name: string
  readonly qos: 0 | 1 | 2
  /** Milliseconds between two readings at rate 1. */
  readonly intervalMs: number
  /** The next reading, or undefined when there is nothing to report. */
  read(): object | undefined
}

export type SensorMaker = (random: Random) => Sensor

/** Simulated seconds that pass from one reading to the next: a day goes by in 288 readings. */
export const secondsPerReading = 300
export const readingsPerDay = 86_400 / secondsPerReading

export function round(value: number, digits: number): number {
  return Number(value.toFixed(digits))
}
