import fc from 'fast-check'
import { expect, it } from 'vitest'
import { assignmentsOf, rangesOf } from '../../../devices-sim/run/assignment.ts'
import type { Scenario } from '../../../devices-sim/scenario/schema.ts'
import { scenarioOf } from '../scenario/written-scenario.ts'

const base = scenarioOf()
const fleet = base.fleets['machines'] as Scenario['fleets'][string]
const group = scenarioOf({}, { subscribers: { s: { filters: ['#'] } } }).subscribers[
  's'
] as Scenario['subscribers'][string]

const scenarios = fc
  .record({
    workers: fc.integer({ min: 1, max: 9 }),
    fleets: fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 4 }),
    groups: fc.array(fc.record({ count: fc.integer({ min: 1, max: 12 }), isShared: fc.boolean() }), { maxLength: 4 }),
  })
  .map(({ workers, fleets, groups }): Scenario => {
    return {
      ...base,
      workers,
      fleets: Object.fromEntries(fleets.map((count, index) => [`f${index}`, { ...fleet, count }])),
      subscribers: Object.fromEntries(
        groups.map(({ count, isShared }, index) => [`g${index}`, { ...group, count, ...(isShared && { share: 'x' }) }]),
      ),
    }
  })

it('the parts of a run are disjoint, whole and even', () => {
  fc.assert(
    fc.property(scenarios, (scenario) => {
      const parts = assignmentsOf(scenario)
      expect(parts.map(({ worker }) => worker)).toEqual(Array.from({ length: scenario.workers }, (_, index) => index))
      const all = Object.values(scenario.fleets).reduce((sum, { count }) => sum + count, 0)
      let next = 0
      for (const { devices } of parts) {
        expect(devices.first).toBe(next)
        next = devices.end
      }
      expect(next).toBe(all)
      const sizes = parts.map(({ devices }) => devices.end - devices.first)
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1)
    }),
  )
})

it('each subscriber has one process, and those who share a subscription are in one', () => {
  fc.assert(
    fc.property(scenarios, (scenario) => {
      const parts = assignmentsOf(scenario)
      for (const [name, { count, share }] of Object.entries(scenario.subscribers)) {
        const numbers = parts.flatMap(({ subscribers }) => subscribers[name] ?? [])
        expect(numbers.toSorted((one, other) => one - other)).toEqual(
          Array.from({ length: count }, (_, index) => index + 1),
        )
        if (share !== undefined) expect(parts.filter(({ subscribers }) => name in subscribers)).toHaveLength(1)
      }
    }),
  )
})

it('fleets follow each other in the numbers of the run', () => {
  const scenario = { ...base, fleets: { a: { ...fleet, count: 3 }, b: { ...fleet, count: 2 } } }
  expect(rangesOf(scenario)).toEqual([
    { fleet: 'a', first: 0, end: 3 },
    { fleet: 'b', first: 3, end: 5 },
  ])
})
