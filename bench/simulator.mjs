// How much one process of the simulator sends: `topiary sim bench pub` with light clients against the floor broker, at
// QoS 0 and 1, each rate as an open loop. Prints what was sent in a second, how late it was made, and processor time.
//   npm run build && node bench/simulator.mjs [--seconds 5] [--rounds 3] [--clients 100]
import { execFile, spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '5' },
    rounds: { type: 'string', default: '3' },
    clients: { type: 'string', default: '100' },
  },
})
const port = 18_971
const root = fileURLToPath(new URL('..', import.meta.url))
const rows = [
  { qos: 0, rate: 400_000 },
  { qos: 1, rate: 150_000 },
]

const broker = spawn(process.execPath, [`${root}bench/floor/floor-broker.mjs`, String(port)], { stdio: 'inherit' })
process.on('exit', () => broker.kill())
await sleep(500)
for (const { qos, rate } of rows) {
  const runs = []
  for (let round = 0; round < Number(values.rounds); round++) runs.push(await measure(qos, rate))
  const median = (of) => runs.map(of).toSorted((one, other) => one - other)[Math.floor(runs.length / 2)]
  console.log(
    `QoS ${qos}, ${rate} asked for: ${Math.round(median((run) => run.perSecond))} a second sent` +
      (qos === 0 ? '' : `, ${Math.round(median((run) => run.acknowledged))} acknowledged`) +
      `; late p50 ${median((run) => run.late.p50).toFixed(1)} ms, p99 ${median((run) => run.late.p99).toFixed(1)} ms;` +
      ` ${median((run) => run.cores).toFixed(2)} cores (medians of ${runs.length})`,
  )
}
process.exit(0)

async function measure(qos, rate) {
  const flags = [
    '-V',
    '3.1.1',
    '-c',
    values.clients,
    '--rate',
    String(rate),
    '-q',
    String(qos),
    '-s',
    '64',
    '-F',
    '1000',
  ]
  const command = ['dist/src/main.js', 'sim', 'bench', 'pub', '--url', `mqtt://127.0.0.1:${port}`, ...flags]
  const more = ['--duration', `${values.seconds}s`, '--json', '--quiet', '--keep']
  const { stdout } = await promisify(execFile)(process.execPath, [...command, ...more], { cwd: root, maxBuffer: 1e8 })
  const { series, generator, publishing } = JSON.parse(stdout)
  // whole seconds in which the rate was due, without the first, in which the code is still being compiled
  const whole = series.filter(({ due }) => due > 0).slice(1, Number(values.seconds))
  const mean = (of) => whole.reduce((sum, second) => sum + of(second), 0) / whole.length
  const [flow] = publishing
  if (flow.sent !== flow.due) throw new Error(`${flow.due - flow.sent} of ${flow.due} messages were not sent`)
  const [{ cpuCores, lateMs }] = generator.workers
  return {
    perSecond: mean(({ sent }) => sent),
    acknowledged: mean((one) => one.acknowledged),
    late: lateMs,
    cores: cpuCores,
  }
}
