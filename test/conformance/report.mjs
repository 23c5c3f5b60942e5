// Which statements of the standard have a test: node test/conformance/report.mjs [--run]
// Tests name the statements they show in their titles: [MQTT5-3.1.2-22], [MQTT5-U-3.1.2-a], [MQTT311-3.1.2-24].
// With --run those tests are run first, and a statement counts only when every test that names it has passed.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const root = dirname(dirname(here))
const tables = [
  { name: '5.0 numbered', file: 'mqtt5.tsv', prefix: 'MQTT5-' },
  { name: '5.0 unnumbered', file: 'mqtt5-unnumbered.tsv', prefix: 'MQTT5-' },
  { name: '3.1.1', file: 'mqtt311.tsv', prefix: 'MQTT311-' },
]
const idPattern = /\[(MQTT(?:5|311)-(?:U-)?[\d.]+-[\da-z]+)\]/g

/** Rows of a table after its heading, each split into columns. */
function readTable(file) {
  const lines = readFileSync(join(here, file), 'utf8').split('\n').slice(1)
  return lines.filter((line) => line !== '').map((line) => line.split('\t'))
}

function testFiles(directory) {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name)
    if (entry.isDirectory()) return testFiles(path)
    return entry.name.endsWith('.test.ts') ? [path] : []
  })
}

function idsIn(text) {
  return [...text.matchAll(idPattern)].map((match) => match[1])
}

/** Statement -> titles of tests that carry it and did not pass. Without a run, all that are named have passed. */
function namedStatements(files) {
  const failuresById = new Map()
  for (const file of files) {
    for (const id of idsIn(readFileSync(file, 'utf8'))) failuresById.set(id, [])
  }
  return failuresById
}

function provenStatements(files) {
  const directory = mkdtempSync(join(tmpdir(), 'conformance-'))
  const output = join(directory, 'results.json')
  const list = files.map((file) => relative(root, file))
  spawnSync('npx', ['vitest', 'run', '--project', 'all', ...list, '--reporter=json', `--outputFile=${output}`], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const results = JSON.parse(readFileSync(output, 'utf8'))
  rmSync(directory, { recursive: true })
  const failuresById = new Map()
  for (const { assertionResults } of results.testResults) {
    for (const { fullName, status } of assertionResults) {
      for (const id of idsIn(fullName)) {
        const failures = failuresById.get(id) ?? []
        failuresById.set(id, failures)
        if (status !== 'passed') failures.push(`${status}: ${fullName}`)
      }
    }
  }
  return failuresById
}

const allFiles = testFiles(join(root, 'test'))
const files = allFiles.filter((file) => idsIn(readFileSync(file, 'utf8')).length > 0)
const failuresById = process.argv.includes('--run') ? provenStatements(files) : namedStatements(files)
const reasonById = new Map(readTable('not-on-the-wire.tsv'))
const known = new Set()
let complete = true

for (const { name, file, prefix } of tables) {
  const rows = readTable(file).map(([id, , testable, paraphrase]) => ({
    id: prefix + id.replace(/^MQTT-/, ''),
    testable: testable === 'yes',
    paraphrase,
  }))
  for (const { id } of rows) known.add(id)
  const testable = rows.filter((row) => row.testable)
  const missing = testable.filter((row) => !failuresById.has(row.id))
  const failing = testable.filter((row) => (failuresById.get(row.id) ?? []).length > 0)
  const unseen = rows.filter((row) => !row.testable)
  const covered = testable.length - missing.length - failing.length
  console.log(`MQTT ${name}: ${covered} of ${testable.length} covered, ${unseen.length} not on the wire`)
  for (const row of missing) console.log(`  no test  ${row.id}  ${row.paraphrase}`)
  for (const row of failing) {
    console.log(`  failing  ${row.id}  ${row.paraphrase}`)
    for (const failure of failuresById.get(row.id)) console.log(`           ${failure}`)
  }
  for (const row of unseen) {
    const reason = reasonById.get(row.id)
    if (reason === undefined) complete = false
    console.log(`  not on the wire  ${row.id}  ${reason ?? 'NO REASON GIVEN'}`)
  }
  if (missing.length > 0 || failing.length > 0) complete = false
}

for (const id of failuresById.keys()) {
  if (known.has(id)) continue
  complete = false
  console.log(`unknown statement in a title: ${id}`)
}
process.exitCode = complete ? 0 : 1
