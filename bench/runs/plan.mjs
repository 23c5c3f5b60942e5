// Which arms of which rows are measured here, and how long that takes.
import { peers } from '../peers/peers.mjs'
import { buildGenerator } from './build.mjs'
import { canDrive } from './generator.mjs'

/** Starting, connecting and draining, of a run; a rough figure. */
const SECONDS_AROUND_A_RUN = 1
const SECONDS_OF_A_SCRIPT = 80

/** Names of the peers that are here; says of the others why not. */
export function findPeers({ baseline, peers: only }, tell) {
  const wanted = Object.entries(peers).filter(
    ([name]) => only.length === 0 || only.includes(name) || name === 'baseline',
  )
  const found = []
  for (const [name, { find }] of wanted) {
    const missing = find({ baseline })
    if (missing === undefined) found.push(name)
    else if (name !== 'baseline') tell(`without ${name}: ${missing}`)
  }
  return found
}

/** `c` where it can be built, unless something else is asked for. */
export function chooseGenerator(asked, tell) {
  if (asked === 'sim') return 'sim'
  if (buildGenerator()) return 'c'
  if (asked === 'c') throw new Error('--generator c needs make and a C compiler; --generator sim does not')
  tell('no make or no C compiler: the generator is the simulator; see bench/README.md for what that means')
  return 'sim'
}

/** Rows with the arms that can be measured, in the order of the row; the baseline stands beside each arm of Topiary. */
export function planRows(rows, found, generator, tell) {
  const plan = []
  for (const row of rows) {
    const all = row.arms.flatMap((arm) => (arm.peer === 'topiary' ? [arm, baselineOf(arm)] : [arm]))
    const arms = all.filter((arm) => found.includes(arm.peer) && canDrive(generator, row, arm))
    if (arms.length > 0) plan.push({ row, arms })
    else tell(`${row.name}: skipped, the generator ${generator} or the peers here have nothing for it`)
  }
  return plan
}

function baselineOf(arm) {
  return { ...arm, name: arm.name.replace(/^topiary/, 'baseline'), peer: 'baseline' }
}

export function secondsOf(plan, { rounds, duration, warmup }) {
  return plan.reduce((sum, { row, arms }) => {
    const passes = row.before === undefined ? 1 : 3
    const run = row.script === undefined ? (duration + warmup + SECONDS_AROUND_A_RUN) * passes : SECONDS_OF_A_SCRIPT
    return sum + arms.length * run * ((row.once ? 1 : rounds) + (row.fresh ? 0 : 1))
  }, 0)
}
