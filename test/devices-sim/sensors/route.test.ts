import { describe, expect, it } from 'vitest'
import { bearing, between, type Coordinate, distance, moved } from '../../../devices-sim/sensors/great-circle.ts'
import { deviation, hourMs, mean, readings } from './read-sensor.ts'

const bern: Coordinate = [46.948, 7.4474]
const zurich: Coordinate = [47.3769, 8.5417]
const geneva: Coordinate = [46.2044, 6.1432]

describe('on the great circle', () => {
  it.each([
    ['Bern and Zurich', bern, zurich, 95_490],
    ['a point and itself', bern, bern, 0],
    ['a quarter of the equator', [0, 0], [0, 90], (Math.PI / 2) * 6_371_000],
    ['both sides of the date line', [0, 179.5], [0, -179.5], (Math.PI / 180) * 6_371_000],
  ] as const)('between %s is so far', (_what, from, to, metres) => {
    expect(Math.abs(distance(from, to) - metres)).toBeLessThan(metres / 1000 + 1e-6)
  })

  it.each([
    ['north', [0, 0], [1, 0], 0],
    ['east', [0, 0], [0, 1], 90],
    ['south', [1, 0], [0, 0], 180],
    ['west over the date line', [0, -179.5], [0, 179.5], 270],
  ] as const)('bearing %s', (_what, from, to, degrees) => {
    expect(bearing(from, to)).toBeCloseTo(degrees, 6)
  })

  it('a point between has its share of the way from both ends', () => {
    const place = between(bern, zurich, 0.3)
    expect(distance(bern, place) / distance(bern, zurich)).toBeCloseTo(0.3, 6)
    expect(distance(place, zurich) / distance(bern, zurich)).toBeCloseTo(0.7, 6)
  })

  it('a point is moved by metres, over the date line too', () => {
    const place = moved([47, 179.9999], 30, 40)
    expect(distance([47, 179.9999], place)).toBeCloseTo(50, 1)
    expect(place[1]).toBeLessThan(-179)
  })
})

interface Position {
  readonly latitude: number
  readonly longitude: number
  readonly speed: number
  readonly course: number
}

const route = {
  model: 'route',
  points: [[...bern], [...zurich], [...geneva]] as [number, number][],
  kilometresPerHour: 120,
  decimals: 9,
} as const
const length = distance(bern, zurich) + distance(zurich, geneva)

function positions(more: object, asked: { seed?: number; count: number; everyMs: number }): Position[] {
  return readings({ ...route, ...more }, asked) as unknown as Position[]
}

function placeOf({ latitude, longitude }: Position): Coordinate {
  return [latitude, longitude]
}

describe('route', () => {
  it('stays on the ways between its points', () => {
    for (const position of positions({}, { count: 2000, everyMs: 10_000 })) {
      const place = placeOf(position)
      const detours = [
        distance(bern, place) + distance(place, zurich) - distance(bern, zurich),
        distance(zurich, place) + distance(place, geneva) - distance(zurich, geneva),
      ]
      expect(Math.min(...detours)).toBeLessThan(0.01)
    }
  })

  it('moves at its speed, and says so', () => {
    const seen = positions({}, { count: 2000, everyMs: 10_000 })
    const steps = seen.slice(1).map((position, index) => distance(placeOf(seen[index] as Position), placeOf(position)))
    const metres = (120_000 / hourMs) * 10_000
    expect(Math.max(...steps)).toBeLessThan(metres + 0.01)
    // only where it turns, at a point, is the straight way shorter
    expect(steps.filter((step) => step < metres - 0.01).length).toBeLessThan(60)
    expect(seen.every(({ speed }) => speed === 120)).toBe(true)
  })

  it('is back where it was after going there and back', () => {
    const roundMs = (2 * length) / (120_000 / hourMs)
    const [first, second] = positions({}, { count: 2, everyMs: roundMs })
    expect(distance(placeOf(first as Position), placeOf(second as Position))).toBeLessThan(0.01)
  })

  it('has a course that it then keeps to', () => {
    const seen = positions({}, { count: 200, everyMs: 1000 })
    for (const [index, position] of seen.slice(1).entries()) {
      const before = seen[index] as Position
      const turn = Math.abs(before.course - bearing(placeOf(before), placeOf(position)))
      expect(Math.min(turn, 360 - turn)).toBeLessThan(0.2)
    }
  })

  it('begins somewhere else for each device, all along the way', () => {
    const starts = Array.from(
      { length: 400 },
      (_, seed) => positions({}, { seed, count: 1, everyMs: 1 })[0] as Position,
    )
    const onFirst = starts.filter((position) => {
      const place = placeOf(position)
      return distance(bern, place) + distance(place, zurich) - distance(bern, zurich) < 0.01
    })
    expect(onFirst.length / starts.length).toBeCloseTo(distance(bern, zurich) / length, 1)
  })

  it('is off by its noise to all sides', () => {
    const exact = positions({}, { count: 5000, everyMs: 1000 })
    const noisy = positions({ noise: 5 }, { count: 5000, everyMs: 1000 })
    const north = noisy.map(({ latitude }, index) => (latitude - (exact[index] as Position).latitude) * 111_195)
    expect(Math.abs(mean(north))).toBeLessThan(0.3)
    expect(Math.abs(deviation(north) - 5)).toBeLessThan(0.3)
    const off = noisy.map((position, index) => distance(placeOf(position), placeOf(exact[index] as Position)))
    expect(Math.abs(mean(off) - 5 * Math.sqrt(Math.PI / 2))).toBeLessThan(0.3)
  })

  it('has six decimals unless it is told otherwise', () => {
    const [usual] = readings({ ...route, decimals: undefined }, { count: 1, everyMs: 1 }) as unknown as [Position]
    const [two] = positions({ decimals: 2 }, { count: 1, everyMs: 1 }) as [Position]
    expect(usual.latitude).toBe(Number(usual.latitude.toFixed(6)))
    expect(usual.latitude).not.toBe(Number(usual.latitude.toFixed(5)))
    expect(two.latitude).toBe(Number(two.latitude.toFixed(2)))
  })

  it('stands still where all its points are one', () => {
    const points: [number, number][] = [[...bern], [...bern]]
    const [first, last] = positions({ points }, { count: 2, everyMs: hourMs })
    expect(first).toEqual({ latitude: bern[0], longitude: bern[1], speed: 0, course: 0 })
    expect(last).toEqual(first)
  })
})
