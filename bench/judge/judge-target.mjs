import { medianOf, ratioOf } from './figures.mjs'

/**
 * A target against runs: `value` is a ratio where the target has `of`, else the figure itself; `limit` is what it must
 * not exceed. The verdict is `met`, `missed`, or `not measured` where a run is wanting.
 */
export function judgeTarget(target, runs, key) {
  const value = target.of === undefined ? medianOf(runs, target.arm, key) : ratioOf(runs, key, target.arm, target.of)
  const limit = limitOf(target, runs, key)
  if (value === undefined || limit === undefined) return { target, value, limit, verdict: 'not measured' }
  return { target, value, limit, verdict: value <= limit ? 'met' : 'missed' }
}

function limitOf({ most, timesGrowth }, runs, key) {
  if (timesGrowth === undefined) return most
  const growth = ratioOf(runs, key, timesGrowth.arm, timesGrowth.of)
  return growth === undefined ? undefined : most * growth
}
