import { parseCsv, type ReadCsv } from '../../../devices-sim/sensors/csv.ts'
import { makeSensor } from '../../../devices-sim/sensors/make-sensor.ts'
import { type SensorInput, sensorSchema } from '../../../devices-sim/sensors/schema.ts'
import type { Reading } from '../../../devices-sim/sensors/sensor.ts'

/** Thursday, 1 January 2026, midnight UTC. */
export const startMs = Date.UTC(2026, 0, 1)
export const hourMs = 3_600_000

export interface Asked {
  readonly seed?: number
  readonly count: number
  readonly everyMs: number
  readonly csv?: string
}

/** What a sensor says when it is asked `count` times. */
export function readings(input: SensorInput, { seed = 1, count, everyMs, csv = 'v\n1\n2\n3\n' }: Asked): Reading[] {
  const table = parseCsv(csv, 'day.csv')
  const readCsv: ReadCsv = () => table
  const sensor = makeSensor(sensorSchema.parse(input), { seed, readCsv })
  return Array.from({ length: count }, (_, index) =>
    sensor.read({ timeMs: startMs + index * everyMs, elapsedMs: index * everyMs, index }),
  )
}

export function numbers(input: SensorInput, asked: Asked): number[] {
  return readings(input, asked) as number[]
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

export function deviation(values: readonly number[]): number {
  const middle = mean(values)
  return Math.sqrt(mean(values.map((value) => (value - middle) ** 2)))
}
