import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LatencyHistogram } from '../../../devices-sim/measures/latency-histogram.ts'

const microseconds = fc.array(fc.integer({ min: 1, max: 3_600_000_000 }), { minLength: 1, maxLength: 80 })

function histogramOf(values: readonly number[]): LatencyHistogram {
  const histogram = new LatencyHistogram()
  for (const one of values) histogram.record(one)
  return histogram
}

describe('a histogram of latencies', () => {
  it('is all zero while nothing is in it', () => {
    const nothing = { count: 0, min: 0, mean: 0, p50: 0, p90: 0, p99: 0, p999: 0, max: 0 }
    expect(new LatencyHistogram().summary()).toEqual(nothing)
    expect(new LatencyHistogram().bars()).toEqual([])
  })

  it('gives the percentiles of a sorted list, to within 1 %', () => {
    fc.assert(
      fc.property(microseconds, (values) => {
        const sorted = values.toSorted((one, other) => one - other)
        const histogram = histogramOf(values)
        for (const percentile of [1, 25, 50, 90, 99, 99.9, 100]) {
          const exact = (sorted[Math.max(0, Math.ceil((percentile / 100) * sorted.length) - 1)] as number) / 1000
          expect(Math.abs(histogram.percentileMs(percentile) - exact)).toBeLessThanOrEqual(exact * 0.011)
        }
        const { min, mean, max, count } = histogram.summary()
        const sum = values.reduce((all, one) => all + one, 0)
        expect(count).toBe(values.length)
        expect(Math.abs(mean - sum / values.length / 1000)).toBeLessThanOrEqual((sum / values.length / 1000) * 0.011)
        expect(Math.abs(max - (sorted.at(-1) as number) / 1000)).toBeLessThanOrEqual(max * 0.011)
        expect(Math.abs(min - (sorted[0] as number) / 1000)).toBeLessThanOrEqual(min * 0.011)
      }),
      { numRuns: 60 },
    )
  })

  it('has no percentile above its maximum', () => {
    fc.assert(
      fc.property(microseconds, (values) => {
        const { p50, p90, p99, p999, max } = histogramOf(values).summary()
        expect([p50, p90, p99, p999, max]).toEqual([p50, p90, p99, p999, max].toSorted((one, other) => one - other))
      }),
      { numRuns: 60 },
    )
  })

  it('has bars that grow by one factor and add up to all of it', () => {
    fc.assert(
      fc.property(microseconds, (values) => {
        const histogram = histogramOf(values)
        const bars = histogram.bars()
        expect(bars.reduce((sum, { count }) => sum + count, 0)).toBe(values.length)
        expect(bars[0]?.count).toBeGreaterThan(0)
        expect(bars.at(-1)?.count).toBeGreaterThan(0)
        for (const [index, { upToMs }] of bars.entries()) {
          const before = bars[index - 1]?.upToMs
          if (before !== undefined) expect(upToMs / before).toBeCloseTo(10 ** 0.1, 9)
        }
        // no value lies beyond its bar by more than the histogram is exact
        for (const { upToMs } of bars) {
          const upTo = bars.filter((one) => one.upToMs <= upToMs).reduce((sum, { count }) => sum + count, 0)
          const below = values.filter((one) => one < upToMs * 1000 * 0.985).length
          const above = values.filter((one) => one > upToMs * 1000 * 1.015).length
          expect(upTo).toBeGreaterThanOrEqual(below)
          expect(upTo).toBeLessThanOrEqual(values.length - above)
        }
      }),
      { numRuns: 60 },
    )
  })

  it('merges as if all had been recorded in one, also from its text', () => {
    fc.assert(
      fc.property(microseconds, microseconds, (some, others) => {
        const merged = LatencyHistogram.decode(histogramOf(some).encode())
        merged.add(LatencyHistogram.decode(histogramOf(others).encode()))
        const whole = histogramOf([...some, ...others])
        expect(merged.count).toBe(whole.count)
        expect(merged.bars().reduce((sum, { count }) => sum + count, 0)).toBe(whole.count)
        for (const [name, figure] of Object.entries(whole.summary())) {
          const other = merged.summary()[name as 'p50']
          expect(Math.abs(other - figure), name).toBeLessThanOrEqual(figure * 0.011)
        }
      }),
      { numRuns: 30 },
    )
  })

  it.each([
    ['below a microsecond', -5, 0.001],
    ['above four hours', 9e10, 4 * 3_600_000],
  ])('takes what is %s for its bound', (_, us, ms) => {
    expect(histogramOf([us]).maxMs / ms).toBeCloseTo(1, 1)
  })

  it('counts a value that is recorded many times', () => {
    const histogram = new LatencyHistogram()
    histogram.record(1000, 99)
    histogram.record(5000)
    expect(histogram.summary()).toMatchObject({ count: 100, p99: expect.closeTo(1, 1), max: expect.closeTo(5, 0) })
  })
})
