import { describe, expect, it } from 'vitest'
import { makeSensor } from '../../../devices-sim/sensors/make-sensor.ts'
import type { Reading } from '../../../devices-sim/sensors/sensor.ts'
import { deviation, hourMs, mean, numbers, readings } from './read-sensor.ts'

describe('constant', () => {
  it.each([[1.5], ['open'], [false]])('is %j', (value) => {
    expect(readings({ model: 'constant', value }, { count: 3, everyMs: 1 })).toEqual([value, value, value])
  })
})

describe('uniform', () => {
  const values = numbers({ model: 'uniform', min: -2, max: 6 }, { count: 20_000, everyMs: 1 })

  it('has its middle as mean and the deviation of an even spread', () => {
    expect(mean(values)).toBeCloseTo(2, 1)
    expect(deviation(values)).toBeCloseTo(8 / Math.sqrt(12), 1)
  })

  it('stays between its bounds and comes near to both', () => {
    expect(Math.min(...values)).toBeGreaterThanOrEqual(-2)
    expect(Math.min(...values)).toBeLessThan(-1.99)
    expect(Math.max(...values)).toBeLessThanOrEqual(6)
    expect(Math.max(...values)).toBeGreaterThan(5.99)
  })
})

describe('normal', () => {
  it('has its mean and deviation, and two thirds within one of it', () => {
    const values = numbers({ model: 'normal', mean: 20, deviation: 3 }, { count: 20_000, everyMs: 1 })
    expect(Math.abs(mean(values) - 20)).toBeLessThan(0.1)
    expect(Math.abs(deviation(values) - 3)).toBeLessThan(0.1)
    expect(values.filter((value) => Math.abs(value - 20) < 3).length / values.length).toBeCloseTo(0.683, 1)
  })

  it('is its mean without deviation', () => {
    expect(numbers({ model: 'normal', mean: 20, deviation: 0 }, { count: 2, everyMs: 1 })).toEqual([20, 20])
  })
})

describe('random-walk', () => {
  const walk = { model: 'random-walk', start: 5, step: 0.5, min: 0, max: 10 } as const

  it('begins at its start and goes by steps of its deviation', () => {
    const values = numbers({ ...walk, min: -1e9, max: 1e9 }, { count: 20_000, everyMs: 1 })
    expect(values[0]).toBe(5)
    const steps = values.slice(1).map((value, index) => value - (values[index] as number))
    expect(Math.abs(mean(steps))).toBeLessThan(0.02)
    expect(deviation(steps)).toBeCloseTo(0.5, 1)
  })

  it.each([0.5, 7, 1000])('never leaves its bounds with steps of %d, and comes near to both', (step) => {
    const values = numbers({ ...walk, step }, { count: 20_000, everyMs: 1 })
    expect(values.every((value) => value >= 0 && value <= 10)).toBe(true)
    expect(Math.min(...values)).toBeLessThan(0.1)
    expect(Math.max(...values)).toBeGreaterThan(9.9)
  })

  it.each([
    ['lower', 1, 0.5, 2],
    ['upper', 9, 0, 8],
  ])('is reflected at its %s bound', (_bound, start, direction, expected) => {
    const drawn = [1 - Math.exp(-0.5), direction] // a normally distributed 1, or -1
    const options = { ...walk, start, step: 3 }
    const sensor = makeSensor(options, { seed: 1, random: () => drawn.shift() as number, readCsv: expect.unreachable })
    expect(sensor.read({ timeMs: 1, elapsedMs: 1, index: 1 })).toBeCloseTo(expected, 9)
  })

  it('stands still where its bounds are one', () => {
    expect(numbers({ ...walk, start: 3, min: 3, max: 3 }, { count: 3, everyMs: 1 })).toEqual([3, 3, 3])
  })
})

describe('sine', () => {
  const sine = { model: 'sine', mean: 10, amplitude: 4, period: '8s' } as const

  it.each([
    [0, [10, 14, 10, 6, 10]],
    [0.25, [14, 10, 6, 10, 14]],
  ])('with phase %d goes round', (phase, expected) => {
    const values = numbers({ ...sine, phase }, { count: 5, everyMs: 2000 })
    for (const [index, value] of values.entries()) expect(value).toBeCloseTo(expected[index] as number, 9)
  })

  it('has noise of its deviation', () => {
    const asked = { count: 10_000, everyMs: 777 }
    const smooth = numbers(sine, asked)
    const off = numbers({ ...sine, noise: 0.5 }, asked).map((value, index) => value - (smooth[index] as number))
    expect(deviation(off)).toBeCloseTo(0.5, 1)
    expect(mean(off)).toBeCloseTo(0, 1)
  })

  it('stays at its beginning without a period', () => {
    expect(numbers({ ...sine, period: 0 }, { count: 2, everyMs: 1 })).toEqual([10, 10])
  })
})

it('daily is highest at its peak hour and lowest twelve hours off', () => {
  const values = numbers({ model: 'daily', low: 10, high: 30, peakHour: 15 }, { count: 48, everyMs: hourMs })
  expect(values[15]).toBeCloseTo(30, 9)
  expect(values[3]).toBeCloseTo(10, 9)
  expect(values[9]).toBeCloseTo(20, 9)
  expect(values[39]).toBeCloseTo(30, 9)
})

it('ramp goes from one to the other, again and again', () => {
  const values = numbers({ model: 'ramp', from: 10, to: 2, over: '4s' }, { count: 9, everyMs: 1000 })
  expect(values).toEqual([10, 8, 6, 4, 10, 8, 6, 4, 10])
})

describe('step', () => {
  it.each([
    ['2s', ['a', 'a', 2, 2, true, true, 'a']],
    [0, ['a', 2, true, 'a', 2, true, 'a']],
  ])('goes on every %s', (every, expected) => {
    const step = { model: 'step', values: ['a', 2, true], every } as const
    expect(readings({ ...step, values: [...step.values] }, { count: 7, everyMs: 1000 })).toEqual(expected)
  })
})

describe('states', () => {
  const states = { idle: { busy: 0.2, broken: 0.05 }, busy: { idle: 0.3 }, broken: {} }

  it('begins at its start and changes by its chances', () => {
    const seen = readings({ model: 'states', start: 'idle', states: { ...states, broken: { idle: 1 } } }, asked)
    expect(seen[0]).toBe('idle')
    const after = (from: string, to: string) => {
      const places = seen.flatMap((state, index) => (state === from && index + 1 < seen.length ? [index + 1] : []))
      return places.filter((index) => seen[index] === to).length / places.length
    }
    expect(after('idle', 'busy')).toBeCloseTo(0.2, 1)
    expect(Math.abs(after('idle', 'broken') - 0.05)).toBeLessThan(0.01)
    expect(after('busy', 'idle')).toBeCloseTo(0.3, 1)
    expect(after('busy', 'broken')).toBe(0)
    expect(after('broken', 'idle')).toBe(1)
  })

  const asked = { count: 20_000, everyMs: 1 }

  it('spends its time as the chain has it', () => {
    const seen = readings({ model: 'states', start: 'a', states: { a: { b: 0.1 }, b: { a: 0.3 } } }, asked)
    expect(Math.abs(seen.filter((state) => state === 'a').length / seen.length - 0.75)).toBeLessThan(0.02)
  })

  it('stays for ever in a state without a way out', () => {
    const seen = readings({ model: 'states', start: 'idle', states }, asked)
    expect(new Set(seen.slice(seen.indexOf('broken')))).toEqual(new Set(['broken']))
  })

  it.each(['toString', 'nowhere'])('stays in a state called %s that is not described', (start) => {
    expect(readings({ model: 'states', start, states: {} }, { count: 2, everyMs: 1 })).toEqual([start, start])
  })
})

describe('events', () => {
  it('happens as often as its rate says, and says nothing otherwise', () => {
    const seen = readings({ model: 'events', perHour: 360, value: 'ring' }, { count: 36_000, everyMs: 1000 })
    expect(new Set(seen)).toEqual(new Set(['ring', undefined]))
    expect(Math.abs(happened(seen) / 36_000 - (1 - Math.exp(-0.1)))).toBeLessThan(0.006)
  })

  it('has pauses without memory: their deviation is their mean', () => {
    const seen = readings({ model: 'events', perHour: 3600 }, { count: 200_000, everyMs: 50 })
    const places = seen.flatMap((reading, index) => (reading === undefined ? [] : [index * 0.05]))
    const pauses = places.slice(1).map((place, index) => place - (places[index] as number))
    expect(mean(pauses)).toBeCloseTo(1, 1)
    expect(Math.abs(deviation(pauses) - 1)).toBeLessThan(0.06)
  })

  it('is true unless it has a value, and never comes with the first reading', () => {
    const seen = readings({ model: 'events', perHour: 1e9 }, { count: 3, everyMs: 1000 })
    expect(seen).toEqual([undefined, true, true])
  })
})

describe('counter', () => {
  it('goes up by its rate', () => {
    const values = numbers({ model: 'counter', start: 7, perHour: 3600 }, { count: 4, everyMs: 2000 })
    expect(values).toEqual([7, 9, 11, 13])
  })

  it('never goes back, and differs by its share at most', () => {
    const values = numbers({ model: 'counter', perHour: 3600, noise: 0.4 }, { count: 10_000, everyMs: 1000 })
    const steps = values.slice(1).map((value, index) => value - (values[index] as number))
    expect(Math.min(...steps)).toBeGreaterThan(0.599)
    expect(Math.max(...steps)).toBeLessThan(1.401)
    expect(mean(steps)).toBeCloseTo(1, 1)
    expect(deviation(steps)).toBeCloseTo(0.8 / Math.sqrt(12), 1)
  })

  it('never goes back with a share of all', () => {
    const values = numbers({ model: 'counter', perHour: 3600, noise: 1 }, { count: 10_000, everyMs: 1000 })
    expect(values.every((value, index) => index === 0 || value >= (values[index - 1] as number))).toBe(true)
  })

  it('begins at 0 again where it would reach its rollover', () => {
    const counter = { model: 'counter', start: 7, perHour: 3600, rollover: 10 } as const
    expect(numbers(counter, { count: 6, everyMs: 1000 })).toEqual([7, 8, 9, 0, 1, 2])
  })
})

describe('battery', () => {
  it.each([
    ['drains from full to empty', {}, [100, 75, 50, 25, 0, 0, 0]],
    ['drains from where it starts', { start: 60 }, [60, 35, 10, 0, 0, 0, 0]],
    ['is full again when it is empty', { recharges: true }, [100, 75, 50, 25, 100, 75, 50]],
    ['is full again sooner when it starts lower', { recharges: true, start: 30 }, [30, 5, 80, 55, 30, 5, 80]],
    ['that starts empty recharges at once', { recharges: true, start: 0 }, [100, 75, 50, 25, 100, 75, 50]],
    ['that lasts no time is empty', { lasts: 0 }, [0, 0, 0, 0, 0, 0, 0]],
  ])('%s', (_what, options, expected) => {
    const values = numbers({ model: 'battery', lasts: '4h', ...options }, { count: 7, everyMs: hourMs })
    expect(values).toEqual(expected)
  })
})

function happened(seen: readonly Reading[]): number {
  return seen.filter((reading) => reading !== undefined).length
}
