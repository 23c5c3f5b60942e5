import { describe, expect, it } from 'vitest'
import { mix, normalFrom, seededRandom, seedOf, SeededSource } from '../../../devices-sim/random.ts'
import { deviation, mean } from './read-sensor.ts'

describe('seededRandom', () => {
  it('gives the same numbers for the same seed, and others for another', () => {
    const [one, same, other] = [seededRandom(7), seededRandom(7), seededRandom(8)]
    const first = Array.from({ length: 50 }, one)
    expect(Array.from({ length: 50 }, same)).toEqual(first)
    expect(Array.from({ length: 50 }, other)).not.toEqual(first)
  })

  it('is even from 0 up to 1', () => {
    const values = Array.from({ length: 20_000 }, seededRandom(1))
    expect(values.every((value) => value >= 0 && value < 1)).toBe(true)
    expect(mean(values)).toBeCloseTo(0.5, 2)
    expect(deviation(values)).toBeCloseTo(Math.sqrt(1 / 12), 2)
  })

  it('gives what its source gives', () => {
    const source = new SeededSource(5)
    expect(Array.from({ length: 5 }, seededRandom(5))).toEqual(Array.from({ length: 5 }, () => source.next()))
  })
})

it('normalFrom has mean 0 and deviation 1', () => {
  const random = seededRandom(2)
  const values = Array.from({ length: 20_000 }, () => normalFrom(random(), random()))
  expect(Math.abs(mean(values))).toBeLessThan(0.02)
  expect(deviation(values)).toBeCloseTo(1, 1)
})

describe('seedOf', () => {
  it('is another one for each device of a fleet', () => {
    const seeds = Array.from({ length: 100_000 }, (_, device) => seedOf(1, 'machines', device, 'temperature'))
    expect(new Set(seeds).size).toBe(seeds.length)
  })

  it.each([
    ['the scenario', seedOf(2, 'machines', 1, 'temperature')],
    ['the fleet', seedOf(1, 'machine', 1, 'temperature')],
    ['the device', seedOf(1, 'machines', 2, 'temperature')],
    ['the name', seedOf(1, 'machines', 1, 'temperatur')],
    ['where the fleet ends', seedOf(1, 'machinest', 1, 'emperature')],
  ])('depends on %s', (_what, seed) => {
    expect(seed).not.toBe(seedOf(1, 'machines', 1, 'temperature'))
  })

  it('is a whole number of 32 bits', () => {
    for (let device = 0; device < 1000; device++) {
      const seed = seedOf(0xffff_ffff, 'a', device, 'b')
      expect(seed).toBe(seed >>> 0)
    }
  })

  it('puts neighbours far apart: about half of the bits differ', () => {
    const bits = Array.from({ length: 1000 }, (_, value) => bitsOf(mix(value) ^ mix(value + 1)))
    expect(mean(bits)).toBeGreaterThan(15)
    expect(mean(bits)).toBeLessThan(17)
  })
})

function bitsOf(value: number): number {
  return (value >>> 0).toString(2).replaceAll('0', '').length
}
