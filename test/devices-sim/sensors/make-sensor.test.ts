import { describe, expect, it } from 'vitest'
import { parseCsv } from '../../../devices-sim/sensors/csv.ts'
import { makeSensor } from '../../../devices-sim/sensors/make-sensor.ts'
import { type SensorInput, sensorSchema } from '../../../devices-sim/sensors/schema.ts'
import { readings } from './read-sensor.ts'

const table = parseCsv('v\n1\n2\n3\n4\n5\n6\n7\n8\n9\n', 'day.csv')
const readCsv = () => table

/** One of each model, and whether two devices differ. */
const models: readonly (readonly [SensorInput, isByChance: boolean])[] = [
  [{ model: 'constant', value: 'on' }, false],
  [{ model: 'uniform', min: 1, max: 2 }, true],
  [{ model: 'normal', mean: 1, deviation: 2 }, true],
  [{ model: 'random-walk', start: 5, step: 1, min: 0, max: 10 }, true],
  [{ model: 'sine', mean: 1, amplitude: 2, period: '1m', noise: 0.1 }, true],
  [{ model: 'daily', low: 1, high: 2, noise: 0.1 }, true],
  [{ model: 'ramp', from: 1, to: 2, over: '1m', noise: 0.1 }, true],
  [{ model: 'step', values: [1, 'a', true], every: '1s' }, false],
  [{ model: 'states', start: 'a', states: { a: { b: 0.5 }, b: { a: 0.5 } } }, true],
  [{ model: 'events', perHour: 1800 }, true],
  [{ model: 'counter', perHour: 1000, noise: 0.5 }, true],
  [
    {
      model: 'route',
      points: [
        [47, 8],
        [47.1, 8],
      ],
      kilometresPerHour: 50,
    },
    true,
  ],
  [{ model: 'battery', lasts: '1h' }, false],
  [{ model: 'replay', file: 'day.csv', column: 'v' }, true],
  [{ model: 'constant', value: 1, anomalies: [{ kind: 'spike', perHour: 900, by: 3 }] }, true],
  [{ model: 'normal', mean: 1, deviation: 1, anomalies: [{ kind: 'stuck', perHour: 90, lasts: '9s' }] }, true],
  [{ model: 'constant', value: 1, anomalies: [{ kind: 'drift', perHour: 90, lasts: '9s', by: 3 }] }, true],
  [{ model: 'constant', value: 1, anomalies: [{ kind: 'dropout', perHour: 90, lasts: '9s' }] }, true],
]

describe.each(models.map(([input, isByChance]) => ({ name: nameOf(input), input, isByChance })))(
  'a sensor of model $name',
  ({ input, isByChance }) => {
    const options = sensorSchema.parse(input)

    it('repeats itself for the same seed and times, whatever others do meanwhile', () => {
      const [one, other, same] = [11, 12, 11].map((seed) => makeSensor(options, { seed, readCsv }))
      const seen = { one: [] as unknown[], same: [] as unknown[] }
      for (let index = 0; index < 300; index++) {
        const context = { timeMs: 1e12 + index * 1000, elapsedMs: index * 1000, index }
        seen.one.push(one?.read(context))
        if (index % 3 === 0) other?.read(context)
      }
      for (let index = 0; index < 300; index++) {
        seen.same.push(same?.read({ timeMs: 1e12 + index * 1000, elapsedMs: index * 1000, index }))
      }
      expect(seen.same).toEqual(seen.one)
    })

    it(isByChance ? 'differs for another seed' : 'is the same for every seed', () => {
      const [one, other] = [1, 2].map((seed) => readings(input, { seed, count: 300, everyMs: 1000, csv: csvText }))
      if (isByChance) expect(one).not.toEqual(other)
      else expect(one).toEqual(other)
    })
  },
)

const csvText = `v\n${Array.from({ length: 50 }, (_, index) => index).join('\n')}\n`

it('every model stands in the table', () => {
  const all = sensorSchema.options.map(({ shape }) => shape.model.value)
  expect(new Set(models.map(([{ model }]) => model))).toEqual(new Set(all))
})

it('takes random numbers from elsewhere', () => {
  const sensor = makeSensor({ model: 'uniform', min: 10, max: 20 }, { seed: 1, random: () => 0.25, readCsv })
  expect(sensor.read({ timeMs: 0, elapsedMs: 0, index: 0 })).toBe(12.5)
})

it('an anomaly leaves the readings between as they were', () => {
  const plain = { model: 'normal', mean: 0, deviation: 1 } as const
  const asked = { count: 500, everyMs: 1000 }
  const before = readings(plain, asked)
  const after = readings({ ...plain, anomalies: [{ kind: 'dropout', perHour: 60, lasts: '10s' }] }, asked)
  expect(after).toContain(null)
  expect(after.every((reading, index) => reading === null || reading === before[index])).toBe(true)
})

describe('decimals', () => {
  it.each([
    [21.456, 1, 21.5],
    [21.456, 0, 21],
    [-0.04, 1, 0],
    [1234567.8949, 2, 1234567.89],
    [1e15 + 0.5, 9, 1e15 + 0.5],
    ['21.456', 1, '21.456'],
    [true, 1, true],
  ] as const)('of %j with %i is %j', (value, decimals, expected) => {
    expect(readings({ model: 'constant', value, decimals }, { count: 1, everyMs: 1 })).toEqual([expected])
  })
})

function nameOf({ model, anomalies }: SensorInput): string {
  return anomalies === undefined ? model : `${model} with ${anomalies.map(({ kind }) => kind).join()}`
}
