import { describe, expect, it } from 'vitest'
import { SeededSource } from '../../../devices-sim/random.ts'
import { Occurrence } from '../../../devices-sim/sensors/occurrence.ts'
import type { Reading } from '../../../devices-sim/sensors/sensor.ts'
import { hourMs, mean, numbers, readings } from './read-sensor.ts'

const day = { count: 24 * 3600, everyMs: 1000 }

describe('spike', () => {
  const spike = { kind: 'spike', perHour: 20, by: 50 } as const

  it('has single readings off by as much as it says, as often as it says', () => {
    const values = numbers({ model: 'constant', value: 5, anomalies: [spike] }, day)
    expect(new Set(values)).toEqual(new Set([5, 55]))
    const off = values.filter((value) => value === 55).length
    expect(Math.abs(off - 480)).toBeLessThan(60)
  })

  it('is one reading even where several happened since the last', () => {
    const values = numbers({ model: 'constant', value: 5, anomalies: [spike] }, { count: 10, everyMs: 10 * hourMs })
    expect(values).toEqual([5, ...Array.from({ length: 9 }, () => 55)])
  })

  it.each([['text'], [true]])('leaves %j as it is', (value) => {
    const anomalies = [{ ...spike, perHour: 3600 }]
    expect(new Set(readings({ model: 'constant', value, anomalies }, { count: 99, everyMs: 1000 }))).toEqual(
      new Set([value]),
    )
  })

  it('has a position so many metres further north', () => {
    const points: [number, number][] = [
      [47, 8],
      [47, 8],
    ]
    const anomalies = [{ ...spike, perHour: 600, by: 1000 }]
    const seen = readings({ model: 'route', points, kilometresPerHour: 1, anomalies }, { count: 99, everyMs: 1000 })
    const latitudes = new Set((seen as unknown as { latitude: number }[]).map(({ latitude }) => latitude.toFixed(6)))
    expect(latitudes).toEqual(new Set(['47.000000', '47.008993']))
  })
})

describe('stuck', () => {
  const anomalies = [{ kind: 'stuck', perHour: 10, lasts: '60s' } as const]
  const plain = numbers({ model: 'normal', mean: 0, deviation: 1 }, day)
  const values = numbers({ model: 'normal', mean: 0, deviation: 1, anomalies }, day)

  it('repeats the last reading for its time, as often as it says', () => {
    const runs = runsOf(values, (value, index) => index > 0 && value === values[index - 1])
    expect(Math.abs(runs.length - 240)).toBeLessThan(40)
    for (const length of runs.slice(0, -1)) expect(Math.abs(length - 60)).toBeLessThanOrEqual(1)
  })

  it('goes on with what is measured by then', () => {
    const stuck = values.filter((value, index) => index > 0 && value === values[index - 1]).length
    expect(values.filter((value, index) => value !== plain[index]).length).toBe(stuck)
  })

  it('says nothing where nothing happened', () => {
    const seen = readings({ model: 'events', perHour: 360, anomalies }, day)
    expect(seen).toEqual(readings({ model: 'events', perHour: 360 }, day))
  })
})

describe('drift', () => {
  it('moves away evenly up to what it says, then is back at once', () => {
    const anomalies = [{ kind: 'drift', perHour: 6, lasts: '100s', by: -20 } as const]
    const values = numbers({ model: 'constant', value: 5, anomalies }, day)
    expect(Math.min(...values)).toBeGreaterThanOrEqual(-15)
    expect(Math.min(...values)).toBeLessThan(-14.7)
    expect(Math.max(...values)).toBe(5)
    const runs = runsOf(values, (value) => value < 5)
    expect(Math.abs(runs.length - 144)).toBeLessThan(30)
    const steps = values.slice(1).map((value, index) => value - (values[index] as number))
    const within = steps.filter((step, index) => (values[index] as number) < 5 && step < 0)
    expect(within.length).toBeGreaterThan(100 * 90)
    for (const step of within) expect(step).toBeCloseTo(-0.2, 9)
  })
})

describe('dropout', () => {
  const anomalies = [{ kind: 'dropout', perHour: 10, lasts: '60s' } as const]

  it('gives no readings for its time, as often as it says', () => {
    const seen = readings({ model: 'constant', value: 'on', anomalies }, day)
    expect(new Set(seen)).toEqual(new Set(['on', null]))
    const runs = runsOf(seen, (reading) => reading === null)
    expect(Math.abs(runs.length - 240)).toBeLessThan(40)
    expect(Math.abs(mean(runs) - 60)).toBeLessThan(3)
  })

  it('says nothing where nothing happened', () => {
    const seen = readings({ model: 'events', perHour: 60, anomalies }, day)
    const plain = readings({ model: 'events', perHour: 60 }, day)
    expect(seen).toContain(null)
    expect(seen.every((reading, index) => (reading === undefined) === (plain[index] === undefined))).toBe(true)
  })
})

it('anomalies of one sensor come together', () => {
  const anomalies = [
    { kind: 'dropout', perHour: 10, lasts: '60s' },
    { kind: 'spike', perHour: 60, by: 9 },
  ] as const
  const seen = readings({ model: 'constant', value: 1, decimals: 0, anomalies: [...anomalies] }, day)
  expect(new Set(seen)).toEqual(new Set([1, 10, null]))
})

it('anomalies of one kind come each in its own time', () => {
  const anomalies = [1, 10].map((by) => ({ kind: 'spike', perHour: 20, by }) as const)
  const seen = readings({ model: 'constant', value: 0, anomalies }, day)
  expect(seen).toContain(1)
  expect(seen).toContain(10)
})

describe('an occurrence', () => {
  it.each([
    ['longer than the time between two', 60, 120_000],
    ['just as long', 60, 60_000],
  ])('that lasts %s never ends', (_what, perHour, lastsMs) => {
    const occurrence = new Occurrence(new SeededSource(1), perHour, lastsMs)
    for (let elapsedMs = 0; elapsedMs < 24 * hourMs; elapsedMs += 7777) {
      expect(occurrence.shareAt(elapsedMs)).toBeGreaterThanOrEqual(0)
    }
  })

  it('that comes a million times in an hour is no work after a year of silence', () => {
    let drawn = 0
    const source = new SeededSource(1)
    const counting = { next: () => (drawn++, source.next()) }
    const occurrence = new Occurrence(counting, 1e6, 0)
    expect(occurrence.hasPassed(365 * 24 * hourMs)).toBe(true)
    expect(drawn).toBeLessThan(100)
  })

  it('that takes no time is never under way', () => {
    const occurrence = new Occurrence(new SeededSource(1), 3600, 0)
    for (let elapsedMs = 0; elapsedMs < hourMs; elapsedMs += 500) expect(occurrence.shareAt(elapsedMs)).toBe(undefined)
  })
})

/** Lengths of the stretches of readings of some kind. */
function runsOf<R extends Reading>(seen: readonly R[], isOne: (reading: R, index: number) => boolean): number[] {
  const runs: number[] = []
  let length = 0
  for (const [index, reading] of seen.entries()) {
    if (isOne(reading, index)) length++
    else if (length > 0) {
      runs.push(length)
      length = 0
    }
  }
  if (length > 0) runs.push(length)
  return runs
}
