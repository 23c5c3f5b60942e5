import { describe, expect, it } from 'vitest'
import { FleetOnStage } from '../../../devices-sim/devices/fleet-on-stage.ts'
import type { Stage } from '../../../devices-sim/devices/stage.ts'
import { timetableOf } from '../../../devices-sim/timing/timetable.ts'
import { GroupOnStage } from '../../../devices-sim/subscribers/group-on-stage.ts'
import { scenarioOf } from '../scenario/written-scenario.ts'

interface BackOff {
  backOffMs(attempt: number): number
}

const kinds = ['devices', 'subscribers'] as const

/** As much of a stage as a back-off needs. */
function backOffOf(kind: (typeof kinds)[number], jitter: number, seed = 1): BackOff {
  const reconnect = { first: '100ms', factor: 2, most: '2s', jitter }
  const scenario = scenarioOf({ reconnect }, { subscribers: { s: { filters: ['#'], reconnect } } })
  const engines = { light: () => ({}), mqttjs: () => ({}) }
  const stage = { run: 'r', seed, engines, timetable: timetableOf(scenario), deliveries: [] } as unknown as Stage
  if (kind === 'subscribers') return new GroupOnStage(stage, scenario, 's')
  return new FleetOnStage(stage, scenario, 'machines', () => {
    throw new Error('nothing is replayed here')
  })
}

function waits(backOff: BackOff): number[] {
  return Array.from({ length: 8 }, (_, attempt) => backOff.backOffMs(attempt))
}

describe.each(kinds)('the waits of %s before they come back', (kind) => {
  const plain = [100, 200, 400, 800, 1600, 2000, 2000, 2000]

  it('grow by their factor, up to the most', () => {
    expect(waits(backOffOf(kind, 0))).toEqual(plain)
    expect(backOffOf(kind, 0).backOffMs(100_000)).toBe(2000)
  })

  it('are shorter by chance, by no more than their jitter', () => {
    const backOff = backOffOf(kind, 0.5)
    const shares = Array.from({ length: 50 }, () =>
      waits(backOff).map((wait, index) => wait / (plain[index] as number)),
    ).flat()
    expect(Math.min(...shares)).toBeGreaterThanOrEqual(0.5)
    expect(Math.max(...shares)).toBeLessThanOrEqual(1)
    expect(Math.max(...shares) - Math.min(...shares)).toBeGreaterThan(0.45)
  })

  it('follow from the seed', () => {
    expect(waits(backOffOf(kind, 0.5))).toEqual(waits(backOffOf(kind, 0.5)))
    expect(waits(backOffOf(kind, 0.5))).not.toEqual(waits(backOffOf(kind, 0.5, 2)))
  })
})
