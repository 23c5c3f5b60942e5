// What single functions of the hot path cost, in CPU nanoseconds per operation:
//   node bench/micro/run.mjs [name ...] [--baseline DIR] [--batches 15]
// A name picks the cases that contain it: `router`, `trie match`, `QoS 1`. With --baseline the same cases run against the
// build of another checkout as well, batch by batch in turn; read the ratios then, for machines drift.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { Side } from './side.mjs'

const root = resolve(import.meta.dirname, '../..')
/** A file each; every one exports its cases. */
const files = [
  'packet-reader',
  'router',
  'subscription-trie',
  'topic-tree',
  'publish-head',
  'outbox',
  'outbound',
  'whole-publish',
]

const { values, positionals: names } = parseArgs({
  allowPositionals: true,
  options: { baseline: { type: 'string' }, batches: { type: 'string', default: '15' } },
})
const batches = Number(values.batches)
if (!Number.isInteger(batches) || batches < 1) fail('--batches must be a whole number from 1 on')
const directories = values.baseline === undefined ? [root] : [root, resolve(values.baseline)]
if (isOutOfDate(root)) build(root)
for (const directory of directories) {
  if (!existsSync(join(directory, 'dist/src'))) fail(`${directory} has no dist/src; run "npm run build" there`)
}

printLine('CPU ns per operation', 'median', 'quartiles', ...(directories.length > 1 ? ['baseline', 'ratio'] : []))
let count = 0
for (const file of files) {
  const sides = await Promise.all(directories.map((directory) => Side.start(directory, file))).catch(({ message }) =>
    fail(message),
  )
  const wanted = sides[0].cases.filter((name) => names.length === 0 || names.some((part) => name.includes(part)))
  for (const name of wanted) await measure(sides, name)
  for (const side of sides) side.stop()
  count += wanted.length
}
if (count === 0) fail(`no case has a name with ${names.join(' or ')} in it; leave the names out to see all`)

/** Batches of both sides in turn, so that what the machine does meanwhile falls on both. */
async function measure(sides, name) {
  const ours = []
  const theirs = []
  for (const side of sides) await side.prepare(name)
  for (let batch = 0; batch < batches; batch++) {
    for (const [index, side] of sides.entries()) (index === 0 ? ours : theirs).push(await side.batch())
  }
  const spread = `${digits(quantile(ours, 0.25))} - ${digits(quantile(ours, 0.75))}`
  const line = [name, digits(quantile(ours, 0.5)), spread]
  if (theirs.length > 0) {
    const ratios = ours.map((cost, batch) => cost / theirs[batch])
    line.push(digits(quantile(theirs, 0.5)), quantile(ratios, 0.5).toFixed(2))
  }
  printLine(...line)
}

function quantile(costs, part) {
  const sorted = costs.toSorted((one, other) => one - other)
  return sorted[Math.round((sorted.length - 1) * part)]
}

function digits(cost) {
  return cost.toFixed(cost < 100 ? 1 : 0)
}

function printLine(name, ...columns) {
  const widths = [10, 20, 10, 8]
  console.log(name.padEnd(48) + columns.map((column, index) => column.padStart(widths[index])).join(''))
}

function isOutOfDate(directory) {
  const built = join(directory, 'dist/src/index.js')
  if (!existsSync(built)) return true
  const builtMs = statSync(built).mtimeMs
  const sources = readdirSync(join(directory, 'src'), { recursive: true, withFileTypes: true })
  return sources.some((entry) => entry.isFile() && statSync(join(entry.parentPath, entry.name)).mtimeMs > builtMs)
}

function build(directory) {
  const { status } = spawnSync('npm', ['run', '--silent', 'build'], { cwd: directory, stdio: 'inherit' })
  if (status !== 0) fail('the build failed; "npm run build" shows why')
}

function fail(message) {
  console.error(`bench: ${message}`)
  process.exit(1)
}
