import { expect, it } from 'vitest'
import { Histogram } from '../../src/structures/histogram.ts'

it.each([
  [[], [0, 0, 0], 0],
  [[0], [1, 0, 0], 0],
  [[0.5], [1, 0, 0], 0.5],
  [[0.501], [0, 1, 0], 0.501],
  [[1], [0, 1, 0], 1],
  [[1.5], [0, 0, 1], 1.5],
  [[0.25, 0.25, 0.75, 100], [2, 1, 1], 101.25],
])('%j falls into %j: a bound belongs to its bucket', (values, counts, sumSeconds) => {
  const histogram = new Histogram([0.5, 1])
  for (const seconds of values) histogram.record(seconds)
  expect(histogram).toMatchObject({ boundsSeconds: [0.5, 1], counts, sumSeconds })
})
