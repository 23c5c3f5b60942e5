import { afterEach, expect, it } from 'vitest'
import { Agenda } from '../../../devices-sim/devices/agenda.ts'
import type { Stage } from '../../../devices-sim/devices/stage.ts'
import type { Stream } from '../../../devices-sim/devices/stream.ts'
import { LatencyHistogram } from '../../../devices-sim/measures/latency-histogram.ts'
import { Pacer } from '../../../devices-sim/run/pacer.ts'

const NOW_US = 10_000_000
const pacers: Pacer[] = []
afterEach(() => {
  for (const pacer of pacers.splice(0)) pacer.stop()
})

/** How late messages were, one of each stream, once a first turn is over. */
function latenessOf(dueUs: readonly number[], endUs: number = Infinity): LatencyHistogram {
  const agenda = new Agenda()
  const late = new LatencyHistogram()
  for (const [number, nextDueUs] of dueUs.entries()) agenda.add(streamOf(number, nextDueUs))
  const stage = { agenda, latencies: { late }, timetable: { endUs }, clock: { nowUs: () => NOW_US } }
  const pacer = new Pacer(stage as unknown as Stage)
  pacers.push(pacer)
  pacer.start()
  return late
}

function streamOf(number: number, nextDueUs: number): Stream {
  const device = { number, make: (stream: { nextDueUs: number }) => (stream.nextDueUs = Infinity) }
  return { device, flow: { stream: 0 }, nextDueUs } as unknown as Stream
}

/** Due one after the other, the last just now. */
function inSteps(count: number, stepUs: number): number[] {
  return Array.from({ length: count }, (_, index) => NOW_US - (count - 1 - index) * stepUs)
}

it('each message of a turn has a lateness of its own', () => {
  const late = latenessOf(inSteps(101, 1000))
  expect(late.count).toBe(101)
  expect(late.percentileMs(50)).toBeCloseTo(50, 0)
  expect(late.maxMs).toBeCloseTo(100, 0)
  expect(late.summary().min).toBeLessThan(1)
})

it('a long turn counts all its messages, and the spread of their lateness', () => {
  const late = latenessOf(inSteps(3001, 10))
  expect(late.count).toBe(3001)
  expect(Math.abs(late.percentileMs(50) - 15)).toBeLessThan(0.5)
  expect(late.summary().min).toBeLessThan(0.1)
})

it('what is due after the end, or later, counts for nothing', () => {
  expect(latenessOf([NOW_US - 5000, NOW_US - 1000, NOW_US + 1], NOW_US - 1000).count).toBe(1)
})
