import { describe, expect, it } from 'vitest'
import { gaussian, seededRandom } from '../../devices-sim/random.ts'
import { door } from '../../devices-sim/sensors/door.ts'
import { gps } from '../../devices-sim/sensors/gps.ts'
import { meter } from '../../devices-sim/sensors/meter.ts'
import { readingsPerDay, type SensorMaker } from '../../devices-sim/sensors/sensor.ts'
import { temperature } from '../../devices-sim/sensors/temperature.ts'

const makers: readonly SensorMaker[] = [temperature, gps, meter, door]

function readings<T>(make: SensorMaker, seed: number, count: number): (T | undefined)[] {
  const sensor = make(seededRandom(seed))
  return Array.from({ length: count }, () => sensor.read() as T | undefined)
}

describe('every sensor', () => {
  for (const make of makers) {
    const { name, qos, intervalMs } = make(seededRandom(1))

    it(`${name} measures the same with the same seed`, () => {
      expect(readings(make, 7, 500)).toEqual(readings(make, 7, 500))
    })

    it(`${name} measures something else with another seed`, () => {
      expect(readings(make, 7, 500)).not.toEqual(readings(make, 8, 500))
    })

    it(`${name} has a pace and a QoS`, () => {
      expect(intervalMs).toBeGreaterThan(0)
      expect([0, 1, 2]).toContain(qos)
    })
  }

  it('stands for a QoS of its own kind: all three are in the mix', () => {
    expect(new Set(makers.map((make) => make(seededRandom(1)).qos))).toEqual(new Set([0, 1, 2]))
  })
})

describe('temperature', () => {
  it('repeats its curve from day to day, but for the noise', () => {
    const twoDays = readings<{ celsius: number }>(temperature, 3, 2 * readingsPerDay)
    const all = twoDays.map((one) => one?.celsius ?? Number.NaN)
    const [first, second] = [all.slice(0, readingsPerDay), all.slice(readingsPerDay)]
    const differences = first.map((celsius, index) => Math.abs(celsius - (second[index] ?? Number.NaN)))
    expect(Math.max(...differences)).toBeLessThan(2)
    expect(Math.max(...first) - Math.min(...first)).toBeGreaterThan(5)
  })
})

describe('gps', () => {
  it('walks: every step is between 40 and 60 meters', () => {
    const track = readings<{ latitude: number; longitude: number }>(gps, 3, 200)
    for (let index = 1; index < track.length; index++) {
      const [from, to] = [track[index - 1], track[index]]
      if (from === undefined || to === undefined) throw new Error('gps left a reading out')
      const north = (to.latitude - from.latitude) * 111_320
      const east = (to.longitude - from.longitude) * 111_320 * Math.cos((to.latitude * Math.PI) / 180)
      const meters = Math.hypot(north, east)
      expect(meters).toBeGreaterThan(39.5)
      expect(meters).toBeLessThan(60.5)
    }
  })
})

describe('meter', () => {
  it('counts up by what was used', () => {
    const counts = readings<{ used: number; kilowattHours: number }>(meter, 3, 200)
    for (let index = 1; index < counts.length; index++) {
      const [before, now] = [counts[index - 1], counts[index]]
      expect(now?.used).toBeGreaterThan(0)
      expect(now?.kilowattHours).toBeCloseTo((before?.kilowattHours ?? Number.NaN) + (now?.used ?? 0), 6)
    }
  })
})

describe('door', () => {
  it('reports moves only, and each is the other way', () => {
    const looks = readings<{ open: boolean }>(door, 3, 4_000)
    const moves = looks.filter((one) => one !== undefined)
    expect(moves.length).toBeGreaterThan(120)
    expect(moves.length).toBeLessThan(280)
    for (let index = 1; index < moves.length; index++) expect(moves[index]?.open).toBe(!moves[index - 1]?.open)
  })
})

describe('random', () => {
  it('stays within 0 and 1 and fills it evenly', () => {
    const random = seededRandom(42)
    const tenths = Array.from({ length: 10 }, () => 0)
    for (let draw = 0; draw < 10_000; draw++) {
      const number = random()
      expect(number >= 0 && number < 1).toBe(true)
      tenths[Math.floor(number * 10)] = (tenths[Math.floor(number * 10)] ?? 0) + 1
    }
    for (const count of tenths) expect(Math.abs(count - 1000)).toBeLessThan(150)
  })

  it('draws noise around 0 with deviation 1', () => {
    const random = seededRandom(42)
    const draws = Array.from({ length: 10_000 }, () => gaussian(random))
    const mean = draws.reduce((sum, draw) => sum + draw, 0) / draws.length
    const variance = draws.reduce((sum, draw) => sum + (draw - mean) ** 2, 0) / draws.length
    expect(Math.abs(mean)).toBeLessThan(0.05)
    expect(Math.abs(variance - 1)).toBeLessThan(0.1)
  })
})
