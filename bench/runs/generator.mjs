// Runs a load generator against a port and gives back its line.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { root } from '../root.mjs'

const programs = {
  c: [join(root, 'bench/load/loadgen')],
  sim: [process.execPath, join(root, 'bench/generator/sim-load.mjs')],
}
/** What bench/generator/sim-load.mjs knows. */
const simScenarios = new Set(['pairs', 'fanin', 'fanout'])
const simFlags = new Set(['--qos', '--size', '--pubs', '--subs'])

/** Whether a generator can drive an arm of a row; `script` rows bring their own. */
export function canDrive(generator, row, arm) {
  if (generator === 'c' || row.script !== undefined) return true
  const flags = [...row.flags, ...(arm.flags ?? [])].filter((word) => word.startsWith('--'))
  return simScenarios.has(row.scenario) && flags.every((flag) => simFlags.has(flag))
}

/** A line with `error` where the generator failed. */
export async function generate(generator, row, arm, broker, flags) {
  const [program, ...args] =
    row.script === undefined
      ? [...programs[generator], row.scenario]
      : [process.execPath, join(root, `bench/${row.script}.mjs`)]
  const all = [
    ...args,
    ...row.flags,
    ...(arm.flags ?? []),
    ...flags,
    '--port',
    String(broker.port),
    '--pid',
    String(broker.pid),
  ]
  const child = spawn(program, all, { stdio: ['ignore', 'pipe', 'pipe'] })
  let [output, complaint] = ['', '']
  child.stdout.on('data', (bytes) => (output += bytes))
  child.stderr.on('data', (bytes) => (complaint += bytes))
  const status = await new Promise((resolve) => child.once('close', resolve).once('error', resolve))
  try {
    return JSON.parse(output)
  } catch {
    return { error: `the generator ended with ${status}: ${complaint.trim().slice(0, 300)}` }
  }
}
