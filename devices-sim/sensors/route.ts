import type { RandomSource } from '../random.ts'
import { bearing, between, type Coordinate, distance, moved } from './great-circle.ts'
import { noise } from './noise.ts'
import { rounded } from './rounding.ts'
import type { Reading, Sensor, SensorContext } from './sensor.ts'
import type { OptionsOf } from './sensor-parts.ts'

/** Six places are 11 centimetres. */
const usualDecimals = 6
const hourMs = 3_600_000
/** Metres from the first point to each; one array for all devices that travel a route. */
const milestonesOf = new WeakMap<readonly Coordinate[], Float64Array>()

export class Route implements Sensor {
  readonly #options: OptionsOf<'route'>
  readonly #random: RandomSource
  /** Metres travelled before the first reading, there and back. */
  readonly #ahead: number

  constructor(options: OptionsOf<'route'>, random: RandomSource) {
    this.#options = options
    this.#random = random
    this.#ahead = random.next() * 2 * (milestones(options.points).at(-1) as number)
  }

  read({ elapsedMs }: SensorContext): Reading {
    const { points, kilometresPerHour, noise: deviation, decimals = usualDecimals } = this.#options
    const stones = milestones(points)
    const length = stones.at(-1) as number
    const travelled = length === 0 ? 0 : (this.#ahead + (kilometresPerHour * 1000 * elapsedMs) / hourMs) % (2 * length)
    const isOut = travelled < length
    const metres = isOut ? travelled : 2 * length - travelled
    const leg = legAt(stones, metres)
    const [from, to] = [points[leg] as Coordinate, points[leg + 1] as Coordinate]
    const [start, end] = [stones[leg] as number, stones[leg + 1] as number]
    const place = between(from, to, end === start ? 0 : (metres - start) / (end - start))
    const course = isOut ? bearing(place, to) : bearing(place, from)
    const [latitude, longitude] =
      deviation === 0 ? place : moved(place, noise(this.#random, deviation), noise(this.#random, deviation))
    return {
      latitude: rounded(latitude, decimals),
      longitude: rounded(longitude, decimals),
      speed: length === 0 ? 0 : kilometresPerHour,
      course: rounded(course, 1) % 360,
    }
  }
}

function milestones(points: readonly Coordinate[]): Float64Array {
  const known = milestonesOf.get(points)
  if (known !== undefined) return known
  const stones = new Float64Array(points.length)
  for (let index = 1; index < points.length; index++) {
    const leg = distance(points[index - 1] as Coordinate, points[index] as Coordinate)
    stones[index] = (stones[index - 1] as number) + leg
  }
  milestonesOf.set(points, stones)
  return stones
}

/** The last leg that begins at or before a place, by halving. */
function legAt(stones: Float64Array, metres: number): number {
  let low = 0
  let high = stones.length - 2
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if ((stones[middle] as number) <= metres) low = middle
    else high = middle - 1
  }
  return low
}
