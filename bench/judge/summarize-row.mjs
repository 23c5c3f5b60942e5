import { faultsOf } from './noise.mjs'
import { median, medianOf, ratioOf, valueOf } from './figures.mjs'
import { judgeTarget } from './judge-target.mjs'

/** What ratios are shown to, where they were measured in the row. */
const yardsticks = ['mosquitto', 'floor', 'net', 'baseline']

/** A row with its runs, as figures: for each metric each arm's median, its ratios, and the verdicts. */
export function summarizeRow(row, runs) {
  const arms = [...new Set(runs.map((run) => run.arm))]
  const first = arms[0]
  return {
    name: row.name,
    group: row.group,
    title: row.title,
    metrics: row.metrics.map(({ key, title, unit, targets }) => ({
      key,
      title,
      unit,
      arms: arms.map((arm) => ({ arm, figure: medianOf(runs, arm, key), ratios: ratiosOf(arm, key) })),
      verdicts: targets.map((target) => judgeTarget(target, runs, key)),
    })),
    arms: arms.map((arm) =>
      aside(
        arm,
        runs.filter((run) => run.arm === arm),
      ),
    ),
  }

  function ratiosOf(arm, key) {
    const known = yardsticks.filter((name) => arms.includes(name))
    const wanted = known.length > 0 ? known : [first]
    return wanted
      .filter((of) => of !== arm)
      .map((of) => ({ of, ratio: ratioOf(runs, key, arm, of) }))
      .filter(({ ratio }) => ratio !== undefined)
  }
}

/** What stands beside the figures of an arm. */
function aside(arm, runs) {
  const middle = (key) => median(runs.map(({ line }) => valueOf(line, key)).filter((value) => value !== undefined))
  return {
    arm,
    peer: runs[0].peer,
    messagesPerSecond: middle('msgs_per_s'),
    p50Us: middle('lat_us.p50'),
    p99Us: middle('lat_us.p99'),
    rssKb: middle('rss_peak_kb'),
    brokerCores: middle('broker_cores'),
    otherCores: middle('other_cores'),
    noisyRuns: runs.filter((run) => run.noisy).length,
    faults: [...new Set(runs.flatMap((run) => faultsOf(run.line)))],
  }
}
