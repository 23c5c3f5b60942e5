import { describe, expect, it } from 'vitest'
import { rateAt, timetableOf } from '../../../devices-sim/timing/timetable.ts'
import { scenarioOf } from '../scenario/written-scenario.ts'

type Phases = Parameters<typeof scenarioOf>[1] extends infer More | undefined ? NonNullable<More> : never

const hold = { phase: 'hold', lasts: 2 } as const
const ramp = { phase: 'ramp', lasts: 1 } as const
const drain = { phase: 'drain', lasts: 3 } as const

describe('a timetable', () => {
  it.each<[string, NonNullable<Phases['phases']>, object]>([
    [
      'has a ramp by the number of devices where none is given',
      [hold],
      { rampEndUs: 4000, endUs: 2_004_000, drainUs: 10e6 },
    ],
    ['takes the ramp that is given', [ramp, hold], { rampEndUs: 1e6, endUs: 3e6, drainUs: 10e6 }],
    ['takes the drain that is given', [ramp, hold, drain], { rampEndUs: 1e6, endUs: 3e6, drainUs: 3e6 }],
    ['is a ramp and a drain where nothing is given', [], { rampEndUs: 4000, endUs: 4000, drainUs: 10e6 }],
  ])('%s', (_, phases, expected) => {
    expect(timetableOf(scenarioOf({}, { phases }))).toMatchObject(expected)
  })

  it('lets each phase begin where the one before ends', () => {
    const spike = { phase: 'spike', lasts: 0.5, times: 3 } as const
    const { phases } = timetableOf(scenarioOf({}, { phases: [ramp, hold, spike, drain] }))
    expect(phases.map(({ phase, fromUs, toUs }) => [phase.phase, fromUs / 1e6, toUs / 1e6])).toEqual([
      ['ramp', 0, 1],
      ['hold', 1, 3],
      ['spike', 3, 3.5],
      ['drain', 3.5, 6.5],
    ])
  })

  it('counts the warm-up from the end of the ramp', () => {
    expect(timetableOf(scenarioOf({}, { phases: [ramp, hold], warmUp: '500ms' })).warmUpEndUs).toBe(1_500_000)
  })

  it.each([
    [999_999, 1],
    [1_000_000, 4],
    [1_999_999, 4],
    [2_000_000, 0.5],
    [3_000_000, 1],
  ])('at %i us devices report %d times as often', (us, rate) => {
    const phases = [ramp, { phase: 'spike', lasts: 1, times: 4 }, { phase: 'spike', lasts: 1, times: 0.5 }] as const
    expect(rateAt(timetableOf(scenarioOf({}, { phases: [...phases] })).phases, us)).toBe(rate)
  })
})
