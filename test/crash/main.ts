import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { places, runCrashes } from './crash-run.ts'
import { type Fault, faults } from './orders.ts'
import { PowerLoss } from './power-loss.ts'
import { straceObstacle, traceSyscalls } from './trace-syscalls.ts'

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '20' },
    acknowledgements: { type: 'string', default: '1000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    /** kill, power-loss or syscalls; all three when left out. */
    only: { type: 'string' },
    /** A store that does not keep its word, which is to be caught. */
    fault: { type: 'string' },
    /** Where to kill, with commas; everywhere when left out. */
    places: { type: 'string', default: places.join() },
    quiet: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
    /** Of last-synced.c. */
    source: { type: 'string', default: '' },
  },
})

if (values.help) {
  console.log(`npm run test:crash -- [--kills 20] [--acknowledgements 1000] [--seed N] [--only kill|power-loss|syscalls]
  [--places ${places.join()}]
  [--fault ${faults.join('|')}] [--quiet]
Kills a broker under load again and again, and holds what came against what was acknowledged: test/crash/README.md`)
  process.exit(0)
}

const fault = faults.find((name) => name === values.fault)
if (values.fault !== undefined && fault === undefined) throw new Error(`--fault takes one of ${faults.join(', ')}`)
const folder = await mkdtemp(join(tmpdir(), 'topiary-crash-'))
const isWanted = (what: string): boolean => values.only === undefined || values.only === what
let isGood = true
try {
  if (isWanted('kill')) isGood = (await killRun(false, fault)) && isGood
  if (isWanted('power-loss')) isGood = (await killRun(true, fault)) && isGood
  if (isWanted('syscalls')) isGood = (await syscallRun(fault)) && isGood
} finally {
  await rm(folder, { recursive: true, force: true })
}
process.exit(isGood ? 0 : 1)

async function killRun(isPowerLost: boolean, wanted: Fault | undefined): Promise<boolean> {
  const title = isPowerLost ? 'power loss' : 'kill -9'
  const directory = join(folder, isPowerLost ? 'power-loss' : 'kill')
  const power = isPowerLost
    ? new PowerLoss(directory, join(folder, 'synced'), await PowerLoss.compile(values.source, folder))
    : undefined
  const startedMs = performance.now()
  const { ledger, kills } = await runCrashes({
    directory,
    kills: Number(values.kills),
    acknowledgements: Number(values.acknowledgements),
    seed: Number(values.seed),
    places: places.filter((place) => values.places.split(',').includes(place)),
    fault: wanted,
    environment: power?.environment ?? {},
    losePower: power?.lose,
    say: (line) => {
      if (!values.quiet) console.log(`${title}: ${line}`)
    },
  })
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1)
  console.log(`${title}, seed ${values.seed}: ${[...kills.values()].reduce((sum, count) => sum + count, 0)} kills`)
  for (const [where, count] of [...kills].toSorted()) console.log(`  ${count} at: ${where}`)
  console.log(`  ${ledger.published} published, ${ledger.acknowledgements} acknowledgements, ${seconds} s`)
  console.log(
    `  ${ledger.delivered} delivered, of these ${ledger.repeated} again at QoS 1; ${ledger.unmarked} resends without DUP`,
  )
  const violations = [...ledger.counts].map(([kind, count]) => `${count} ${kind}`).join(', ')
  for (const sentence of ledger.told) console.log(`  VIOLATION ${sentence}`)
  console.log(ledger.isClean ? '  nothing lost, nothing twice, all in order' : `  ${violations}`)
  return ledger.isClean
}

async function syscallRun(wanted: Fault | undefined): Promise<boolean> {
  const obstacle = straceObstacle()
  if (obstacle !== undefined) {
    console.log(`system calls: skipped, ${obstacle}`)
    return true
  }
  const { acknowledgements, tooEarly, faults: logged } = await traceSyscalls(folder, 200, wanted)
  console.log(`system calls: ${acknowledgements} PUBACKs, ${tooEarly} before their sync returned`)
  for (const line of logged) console.log(`  VIOLATION the broker logged an error: ${line}`)
  return acknowledgements === 200 && tooEarly === 0 && logged.length === 0
}
