// What an idle device costs the simulator: connects light devices to the floor broker from this process, waits until
// all is quiet, collects garbage and tells the growth of resident memory for each.
//   npm run build && node --expose-gc bench/idle-devices.mjs [--devices 15000]
import { spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { benchScenario } from '../dist/devices-sim/bench/bench-scenario.js'
import { assignmentsOf } from '../dist/devices-sim/run/assignment.js'
import { RunWorker } from '../dist/devices-sim/run/run-worker.js'

const { values } = parseArgs({ options: { devices: { type: 'string', default: '15000' } } })
const devices = Number(values.devices)
const port = 18_970
const url = `mqtt://127.0.0.1:${port}`
const limitMs = 60_000

if (globalThis.gc === undefined) throw new Error('run it as node --expose-gc bench/idle-devices.mjs')
const broker = spawn(
  process.execPath,
  [fileURLToPath(new URL('floor/floor-broker.mjs', import.meta.url)), String(port)],
  {
    stdio: 'inherit',
  },
)
process.on('exit', () => broker.kill())
await sleep(500)

const scenario = benchScenario('conn', {
  url,
  protocol: '3.1.1',
  engine: 'light',
  workers: 1,
  count: devices,
  connectRate: 3000,
  rate: 1,
  durationMs: 600_000,
  topic: 't',
  bytes: 64,
  qos: 0,
  retain: false,
  prefix: 'idle-',
  keepAliveSeconds: 60,
  inFlight: 1,
  filters: 1,
  seed: 1,
})
const [assignment] = assignmentsOf(scenario)
await collected()
const beforeBytes = process.memoryUsage().rss
const worker = new RunWorker({
  scenario,
  run: 'idle',
  assignment,
  engine: { url, tls: { insecure: false } },
  directory: '.',
})
await worker.prepare()
await worker.start(process.hrtime.bigint())
const startedMs = performance.now()
let { connected } = await worker.status()
while (connected < devices && performance.now() - startedMs < limitMs) {
  await sleep(100)
  connected = (await worker.status()).connected
}
await collected()
const { rss, heapUsed } = process.memoryUsage()
console.log(`${connected} of ${devices} devices connected`)
console.log(
  `${Math.round((rss - beforeBytes) / connected)} bytes of resident memory each, ${Math.round(heapUsed / connected)} of heap`,
)
process.exit(connected === devices ? 0 : 1)

async function collected() {
  for (let round = 0; round < 4; round++) {
    globalThis.gc()
    await sleep(500)
  }
}
