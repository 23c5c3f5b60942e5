import { expect, it } from 'vitest'
import { LatencyHistogram } from '../../../devices-sim/measures/latency-histogram.ts'
import type { SecondBooks } from '../../../devices-sim/proof/books.ts'
import { mergeSeconds } from '../../../devices-sim/run/merge-seconds.ts'

function secondOf(second: number, latenciesMs: readonly number[], given: Partial<SecondBooks> = {}): SecondBooks {
  const histogram = new LatencyHistogram()
  for (const ms of latenciesMs) histogram.record(ms * 1000)
  const counts = { connected: 1, due: 2, sent: 3, acknowledged: 4, received: 5, discarded: 6, lost: 7, duplicates: 8 }
  const text = histogram.encode()
  return { second, ...counts, endToEnd: text, acknowledgement: text, cpuCores: 0.25, loopDelayP99Ms: 3, ...given }
}

it('seconds of several processes become one line each, in their order', () => {
  const merged = mergeSeconds([
    secondOf(1, []),
    secondOf(0, [10, 10, 10], { loopDelayP99Ms: 9 }),
    secondOf(0, [100], { received: 50, cpuCores: 0.5 }),
  ])
  expect(merged.map(({ second }) => second)).toEqual([0, 1])
  expect(merged[0]).toMatchObject({ connected: 2, due: 4, sent: 6, acknowledged: 8, received: 55, discarded: 12 })
  expect(merged[0]).toMatchObject({ lostConnections: 14, cpuCores: 0.75, loopDelayP99Ms: 9 })
  expect(merged[0]?.p50Ms).toBeCloseTo(10, 0)
  expect(Math.round((merged[0]?.maxMs ?? 0) / 2)).toBe(50)
  expect(merged[1]).toMatchObject({ p50Ms: null, p90Ms: null, p99Ms: null, maxMs: null, ackP99Ms: null })
})
