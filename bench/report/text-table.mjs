// The result in a terminal.
import { figure, verdictText } from './numbers.mjs'

/** Cores burnt by what is no part of the run, above which it is said. */
const MUCH_ELSE = 0.3

export function textTable(summaries) {
  return summaries.flatMap((summary) => [`\n${summary.title}  [${summary.name}]`, ...rowLines(summary)]).join('\n')
}

function rowLines({ metrics, arms }) {
  const width = Math.max(...arms.map(({ arm }) => arm.length))
  const lines = metrics.flatMap((metric, index) => [
    `  ${metric.title}`,
    ...metric.arms.map((arm) =>
      armLine(arm, width, index === 0 ? arms.find((other) => other.arm === arm.arm) : undefined),
    ),
    ...metric.verdicts.map((verdict) => `    ${verdict.target.arm}: ${verdictText(verdict)}`),
  ])
  return [...lines, ...arms.flatMap(({ arm, faults }) => faults.map((fault) => `    ${arm}: ${fault}`))]
}

function armLine({ arm, figure: value, ratios }, width, beside) {
  const shares = ratios.map(({ of, ratio }) => `${figure(ratio)} x ${of}`).join('  ')
  return `    ${arm.padEnd(width)}  ${figure(value).padStart(9)}  ${shares}${beside === undefined ? '' : asideText(beside)}`
}

function asideText({ messagesPerSecond, p50Us, p99Us, rssKb, otherCores, noisyRuns }) {
  const parts = []
  if (messagesPerSecond !== undefined) parts.push(`${figure(messagesPerSecond)} msg/s`)
  if (p50Us !== undefined) parts.push(`p50 ${figure(p50Us)} us, p99 ${figure(p99Us)} us`)
  if (rssKb !== undefined) parts.push(`${figure(rssKb / 1024)} MiB`)
  if (otherCores > MUCH_ELSE) parts.push(`others burnt ${figure(otherCores)} cores`)
  if (noisyRuns > 0) parts.push(`${noisyRuns} noisy`)
  return parts.length === 0 ? '' : `  (${parts.join('; ')})`
}

/** One line for each target, the missed ones first. */
export function verdictLines(summaries) {
  const all = summaries.flatMap(({ name, metrics }) =>
    metrics.flatMap(({ title, verdicts }) => verdicts.map((verdict) => ({ name, title, verdict }))),
  )
  const order = ['missed', 'not measured', 'met']
  return all
    .toSorted((a, b) => order.indexOf(a.verdict.verdict) - order.indexOf(b.verdict.verdict))
    .map(({ name, title, verdict }) => `${name}, ${title}, ${verdict.target.arm}: ${verdictText(verdict)}`)
}
