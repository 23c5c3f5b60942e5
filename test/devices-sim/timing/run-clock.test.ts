import { expect, it } from 'vitest'
import { RunClock } from '../../../devices-sim/timing/run-clock.ts'

it('counts from the given moment of the monotonic clock, before it below zero', () => {
  const clock = new RunClock('2026-01-01T00:00:00Z', 1)
  const beforeNs = process.hrtime.bigint()
  clock.begin(beforeNs + 5_000_000_000n)
  const nowUs = clock.nowUs()
  const passedUs = Number(process.hrtime.bigint() - beforeNs) / 1000
  expect(nowUs).toBeGreaterThan(-5_000_100)
  expect(nowUs).toBeLessThanOrEqual(-5_000_000 + passedUs + 100)
  expect(clock.nowUs()).toBeGreaterThanOrEqual(nowUs)
})

it('lets simulated time pass at its speed', () => {
  const clock = new RunClock('2026-01-01T06:00:00Z', 60)
  expect(new Date(clock.simulatedMs(0)).toISOString()).toBe('2026-01-01T06:00:00.000Z')
  expect(new Date(clock.simulatedMs(2_000_000)).toISOString()).toBe('2026-01-01T06:02:00.000Z')
})
