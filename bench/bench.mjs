// The benchmark that anybody repeats:
//   npm run bench                         the table
//   npm run bench -- --row pairs-q1       one row
//   npm run bench -- --help
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { helpText, readFlags, UsageError } from './cli/flags.mjs'
import { listText } from './cli/list-text.mjs'
import { summarizeRow } from './judge/summarize-row.mjs'
import { describeRun } from './report/describe-run.mjs'
import { writeResults } from './report/results-file.mjs'
import { textTable, verdictLines } from './report/text-table.mjs'
import { root } from './root.mjs'
import { selectRows } from './rows.mjs'
import { buildBroker } from './runs/build.mjs'
import { measureRow } from './runs/measure-row.mjs'
import { chooseGenerator, findPeers, planRows, secondsOf } from './runs/plan.mjs'

const ENOUGH_ROUNDS = 5
const WARMUP_SECONDS = 0.5
const tell = (text) => process.stderr.write(`${text}\n`)

process.on('SIGINT', () => process.exit(130)).on('SIGTERM', () => process.exit(143))
try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  tell(`bench: ${error.message}`)
  process.exitCode = error instanceof UsageError ? 2 : 1
}

async function main(words) {
  if (words.includes('--durable')) return durable(words.filter((word) => word !== '--durable'))
  const flags = readFlags(words)
  if (flags.help) return say(helpText)
  const isWholeGroup = flags.rows.length === 0
  if (isWholeGroup && flags.group === 'durable') return durable(['--rounds', String(flags.rounds)])
  const rows = selected(flags)
  if (flags.list) return say(listText(rows))
  const status = await measure(rows, flags, words)
  return isWholeGroup && flags.group === 'all' ? Math.max(status, durable([])) : status
}

function selected({ group, rows }) {
  try {
    return selectRows(group, rows)
  } catch (error) {
    throw new UsageError(error.message)
  }
}

async function measure(rows, flags, words) {
  buildBroker(tell)
  const terms = { ...flags, warmup: WARMUP_SECONDS, generator: chooseGenerator(flags.generator, tell) }
  const found = findPeers(terms, tell)
  const plan = planRows(rows, found, terms.generator, tell)
  tell(`${plan.length} rows, about ${Math.ceil(secondsOf(plan, terms) / 60)} minutes`)
  const run = describeRun(found, terms, words)
  const results = []
  for (const { row, arms } of plan) {
    const runs = await measureRow(row, arms, terms, tell)
    const summary = summarizeRow(row, runs)
    results.push({ summary, runs })
    say(textTable([summary]))
  }
  return conclude(results, run, terms)
}

function conclude(results, run, { rounds, out, peers, baseline, generator }) {
  const summaries = results.map(({ summary }) => summary)
  say(`\n${verdictLines(summaries).join('\n')}`)
  const isComplete = rounds >= ENOUGH_ROUNDS && peers.length === 0 && baseline === undefined && generator === 'c'
  if (isComplete || out !== '') {
    for (const file of writeResults(out === '' ? run.date : out, run, results)) tell(`written: ${file}`)
  } else tell('a look, not a result (5 rounds, all peers, no baseline): not written; --out NAME writes it anyway')
  const faults = summaries.flatMap(({ name, arms }) =>
    arms.flatMap((arm) => (arm.peer === 'topiary' ? arm.faults.map((fault) => `${name}, ${arm.arm}: ${fault}`) : [])),
  )
  for (const fault of faults) tell(`FAULT of Topiary: ${fault}`)
  return faults.length > 0 ? 1 : 0
}

/** Kept sessions and what the disk costs: a program of its own, with its own flags. */
function durable(words) {
  buildBroker(tell)
  const { status } = spawnSync(process.execPath, [join(root, 'bench/durable.mjs'), ...words], { stdio: 'inherit' })
  return status ?? 1
}

function say(text) {
  process.stdout.write(`${text}\n`)
  return 0
}
