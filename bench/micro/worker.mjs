// Runs the cases of one file against one build, batch by batch, as its parent says.
//   a file of cases:  export default async (load) => [{ name, prepare: () => run }, ...]
//   `load('protocol/packet-reader.js')` is a module of the build; `run()` does some operations and returns how many.
import { pathToFileURL } from 'node:url'
import { join } from 'node:path'

const BATCH_US = 15_000
/** Between two looks at the clock, which costs more than many an operation. */
const LOOK_US = 500
const WARM_UP_US = 600_000

const [dist, file] = process.argv.slice(2)
const load = (path) => import(pathToFileURL(join(dist, path)).href)
const { default: casesOf } = await import(`./${file}.mjs`)
const cases = await casesOf(load)
let run = () => 0
let runsPerLook = 1

process.on('message', async ({ prepare }) => {
  if (prepare === undefined) return answer(await costFor(BATCH_US))
  run = cases.find(({ name }) => name === prepare).prepare()
  runsPerLook = 1
  globalThis.gc()
  await costFor(WARM_UP_US)
  answer('')
})
process.on('disconnect', () => process.exit(0))
answer(cases.map(({ name }) => name))

function answer(value) {
  process.send(value, () => {}) // the parent may be gone, and then so is this
}

/** Runs for about so many microseconds of CPU time. That of all threads counts, and so the collector's does. */
async function costFor(atLeastUs) {
  const before = process.cpuUsage()
  let operations = 0
  let usedUs = 0
  while (usedUs < atLeastUs) {
    for (let count = 0; count < runsPerLook; count++) {
      const done = run()
      operations += typeof done === 'number' ? done : await done
    }
    const { user, system } = process.cpuUsage(before)
    if (user + system - usedUs < LOOK_US) runsPerLook *= 2
    usedUs = user + system
  }
  return (usedUs * 1000) / operations
}
