// The result as one page that needs nothing else: no script, no library, light and dark.
import { barChart } from './bar-chart.mjs'
import { escapeText as safe } from './escape-text.mjs'
import { figure, verdictText } from './numbers.mjs'

const style = `
:root { color-scheme: light dark; --text: #1d2321; --soft: #5c6663; --back: #fbfcfb; --line: #d9dfdc; --ours: #1f7a4d;
  --other: #a9b4b0; --missed: #b3261e; --mark: #d9820f }
@media (prefers-color-scheme: dark) { :root { --text: #e6ebe8; --soft: #9aa5a1; --back: #141817; --line: #303836;
  --ours: #4cc38a; --other: #56615d; --missed: #ff8a80; --mark: #f0a94a } }
* { box-sizing: border-box }
body { margin: 0 auto; padding: 1rem; max-width: 86rem; background: var(--back); color: var(--text);
  font: 15px/1.45 system-ui, sans-serif; overflow-wrap: anywhere }
h1 { font-size: 1.5rem; margin: 0 0 .5rem } h2 { font-size: 1.1rem; margin: 0 } h3 { font-size: .95rem; margin: .8rem 0 .3rem }
p, dl, ul { margin: .4rem 0 } a { color: inherit }
.soft, h3, .value span, .arm { color: var(--soft); font-weight: normal }
.rows { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 34rem), 1fr)); gap: 1rem; margin-top: 1rem }
section { border: 1px solid var(--line); border-radius: 6px; padding: .8rem }
.bars { display: grid; grid-template-columns: minmax(5.5rem, 24%) 1fr minmax(7rem, 32%); gap: .25rem .6rem; align-items: center }
@media (max-width: 34rem) { .bars { grid-template-columns: 1fr; gap: .1rem } .value { margin-bottom: .4rem } }
svg { width: 100%; display: block; overflow: visible } .ours { fill: var(--ours) } .other { fill: var(--other) }
.mark { stroke: var(--mark); stroke-width: 2 } .missed { color: var(--missed); font-weight: bold }
ul { padding-left: 1.2rem } table { border-collapse: collapse; width: 100% }
td, th { text-align: left; padding: .2rem .6rem .2rem 0; border-bottom: 1px solid var(--line); vertical-align: top }
dl { display: grid; grid-template-columns: auto 1fr; gap: 0 .8rem } dd { margin: 0 } dt { color: var(--soft) }`

const explanation = `CPU time of the broker (user and system, all threads, from /proc) per delivered message unless named
otherwise: less is better. Brokers are measured in turn within one run; figures are medians of the rounds, ratios medians of
the ratios of each round, so that drift of the machine falls out. The orange line is the target. In the rows connect,
retained and filters each run has a fresh process, whichever the broker: a first pass in it gives the bytes, a second pass
in the same process the CPU time.`

/**
 * `run`: date, command, machine, versions, commit and terms of the latest run; `rows`: what summarizeRow made, and the run
 * that each row is of.
 */
export function htmlPage(run, rows) {
  const verdicts = rows.flatMap(({ summary: { metrics } }) => metrics.flatMap((metric) => metric.verdicts))
  const count = (verdict) => verdicts.filter((one) => one.verdict === verdict).length
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Topiary measured, ${safe(run.date)}</title>
<style>${style}
</style>
</head>
<body>
<h1>Topiary measured, ${safe(run.date)}</h1>
<p>${count('met')} targets met, ${count('missed')} missed, ${count('not measured')} not measured.</p>
<p class="soft">${safe(explanation)}</p>
${facts(run)}
<div class="rows">
${rows.map((row) => rowSection(row.summary, row.run.command === run.command ? undefined : row.run)).join('\n')}
</div>
</body>
</html>
`
}

function facts({ command, machine, versions, commit, terms }) {
  const entries = { command, machine, terms, commit, ...versions }
  return `<dl>${Object.entries(entries)
    .map(([name, text]) => `<dt>${safe(name)}</dt><dd>${safe(text)}</dd>`)
    .join('')}</dl>`
}

function rowSection({ name, title, metrics, arms }, otherRun) {
  const verdicts = metrics.flatMap((metric) => metric.verdicts)
  const faults = arms.flatMap(({ arm, faults: all }) => all.map((fault) => `${arm}: ${fault}`))
  return `<section id="${safe(name)}">
<h2>${safe(title)}</h2>
${otherRun === undefined ? '' : `<p class="soft">measured by: ${safe(otherRun.command)}, ${safe(otherRun.terms)}, commit ${safe(otherRun.commit)}</p>`}
${metrics.map(barChart).join('\n')}
${list(verdicts.map((verdict) => item(`${verdict.target.arm}: ${verdictText(verdict)}`, verdict.verdict === 'missed')))}
${besideTable(arms)}
${list(faults.map((fault) => item(fault, true)))}
</section>`
}

function besideTable(arms) {
  const shown = arms.filter(({ messagesPerSecond }) => messagesPerSecond !== undefined)
  if (shown.length === 0) return ''
  const lines = shown.map(
    ({ arm, messagesPerSecond, p50Us, p99Us, rssKb, noisyRuns }) =>
      `<tr>${[arm, figure(messagesPerSecond), figure(p50Us), figure(p99Us), figure(rssKb / 1024), noisyRuns]
        .map((cell) => `<td>${safe(cell)}</td>`)
        .join('')}</tr>`,
  )
  const head = ['', 'messages/s', 'p50 us', 'p99 us', 'MiB', 'noisy runs'].map((cell) => `<th>${cell}</th>`).join('')
  return `<details><summary class="soft">rate, latency, memory</summary><table><tr>${head}</tr>${lines.join('')}</table></details>`
}

const list = (items) => (items.length === 0 ? '' : `<ul>${items.join('')}</ul>`)
const item = (text, isMissed) => `<li${isMissed ? ' class="missed"' : ''}>${safe(text)}</li>`
