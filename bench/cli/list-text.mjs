import { figure } from '../report/numbers.mjs'

/** Rows and their targets, for --list. */
export function listText(rows) {
  const width = Math.max(...rows.map(({ name }) => name.length))
  return rows
    .map(({ name, group, title, metrics }) => {
      const targets = metrics.flatMap((metric) => metric.targets.map((target) => targetText(metric, target)))
      return [`${name.padEnd(width)}  ${group.padEnd(8)}  ${title}`, ...targets.map((text) => `    ${text}`)].join('\n')
    })
    .join('\n')
}

function targetText({ title }, { arm, of, most, timesGrowth }) {
  const what = of === undefined ? '' : ` x ${of}`
  const growth = timesGrowth === undefined ? '' : ` x the growth from ${timesGrowth.of} to ${timesGrowth.arm}`
  return `${title}: ${arm} <= ${figure(most)}${what}${growth}`
}
