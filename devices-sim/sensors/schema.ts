import { z } from 'zod'
import { duration, share } from '../quantities.ts'

/**
 * What goes wrong with a sensor at times, on top of its model. Each happens by chance, `perHour` times in an hour of
 * simulated time, and lasts `lasts`.
 */
const anomaly = z.discriminatedUnion('kind', [
  z
    .strictObject({ kind: z.literal('spike'), perHour: z.number().positive(), by: z.number() })
    .describe('One reading is off by `by`; a position, by so many metres to the north.'),
  z
    .strictObject({ kind: z.literal('stuck'), perHour: z.number().positive(), lasts: duration })
    .describe('The last reading is repeated.'),
  z
    .strictObject({ kind: z.literal('drift'), perHour: z.number().positive(), lasts: duration, by: z.number() })
    .describe('Readings move away evenly until they are off by `by`, then come back at once.'),
  z
    .strictObject({ kind: z.literal('dropout'), perHour: z.number().positive(), lasts: duration })
    .describe('There is no reading: null in a payload.'),
])

const common = {
  unit: z.string().min(1).optional().describe('For people and for payloads that carry units.'),
  decimals: z.int().min(0).max(9).optional().describe('Places after the point that readings are rounded to.'),
  anomalies: z.array(anomaly).optional(),
}
const noise = z.number().min(0).default(0).describe('Standard deviation of what is added by chance.')
const coordinate = z.tuple([z.number().min(-90).max(90), z.number().min(-180).max(180)])

/** One measuring point of a device. Times are simulated time: `clock.speed` makes it pass faster. */
export const sensorSchema = z.discriminatedUnion('model', [
  z.strictObject({ model: z.literal('constant'), value: z.union([z.number(), z.string(), z.boolean()]), ...common }),
  z.strictObject({ model: z.literal('uniform'), min: z.number(), max: z.number(), ...common }),
  z.strictObject({ model: z.literal('normal'), mean: z.number(), deviation: z.number().min(0), ...common }),
  z
    .strictObject({
      model: z.literal('random-walk'),
      start: z.number(),
      step: z.number().positive().describe('Standard deviation of one step.'),
      min: z.number().describe('It is reflected here.'),
      max: z.number(),
      ...common,
    })
    .describe('A bounded random walk, one step per reading.'),
  z.strictObject({
    model: z.literal('sine'),
    mean: z.number(),
    amplitude: z.number(),
    period: duration,
    phase: share.default(0).describe('Where in its period it begins, 0 to 1.'),
    noise,
    ...common,
  }),
  z
    .strictObject({
      model: z.literal('daily'),
      low: z.number(),
      high: z.number(),
      peakHour: z.number().min(0).max(24).default(15).describe('Hour of the day, UTC, at which it is highest.'),
      noise,
      ...common,
    })
    .describe('A curve that repeats every day.'),
  z
    .strictObject({ model: z.literal('ramp'), from: z.number(), to: z.number(), over: duration, noise, ...common })
    .describe('Evenly from one value to the other, again and again.'),
  z
    .strictObject({
      model: z.literal('step'),
      values: z.array(z.union([z.number(), z.string(), z.boolean()])).min(1),
      every: duration,
      ...common,
    })
    .describe('One value after the other, round and round.'),
  z
    .strictObject({
      model: z.literal('states'),
      start: z.string(),
      states: z
        .record(z.string(), z.record(z.string(), z.number().min(0)))
        .describe('For each state, the chance per reading of going to another; what is left of 1 is staying.'),
      ...common,
    })
    .describe('A Markov chain.'),
  z
    .strictObject({
      model: z.literal('events'),
      perHour: z.number().positive(),
      value: z.union([z.number(), z.string(), z.boolean()]).default(true),
      ...common,
    })
    .describe('A Poisson process: a reading only where something happened since the last one.'),
  z
    .strictObject({
      model: z.literal('counter'),
      start: z.number().default(0),
      perHour: z.number().positive(),
      noise: z.number().min(0).max(1).default(0).describe('Share by which each increase may differ.'),
      rollover: z.number().positive().optional().describe('It begins at 0 again when it would reach this.'),
      ...common,
    })
    .describe('Goes up only, as a meter does.'),
  z
    .strictObject({
      model: z.literal('route'),
      points: z.array(coordinate).min(2).describe('Latitude and longitude; travelled along, and back again.'),
      kilometresPerHour: z.number().positive(),
      noise: z.number().min(0).default(0).describe('Standard deviation of a position, in metres.'),
      ...common,
    })
    .describe('A GPS position: {latitude, longitude, speed, course}. Each device begins somewhere else on it.'),
  z
    .strictObject({
      model: z.literal('battery'),
      start: z.number().min(0).max(100).default(100),
      lasts: duration.describe('From full to empty.'),
      recharges: z.boolean().default(false).describe('Full again when it is empty; otherwise it stays at 0.'),
      ...common,
    })
    .describe('Percent left.'),
  z
    .strictObject({
      model: z.literal('replay'),
      file: z.string().min(1).describe('A CSV file with a heading line, beside the scenario file.'),
      column: z.string().min(1),
      ...common,
    })
    .describe('The values of a column, one per reading, round and round. Each device begins at another line.'),
])

export type SensorOptions = z.output<typeof sensorSchema>
export type SensorInput = z.input<typeof sensorSchema>
export type AnomalyOptions = z.output<typeof anomaly>
