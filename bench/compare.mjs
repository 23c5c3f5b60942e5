// Topiary beside the bare loop (bench/floor) and, where installed, mosquitto: broker CPU microseconds per message.
//   npm run bench -- [--scenario pairs] [--qos 0] [--rounds 5] [--duration 3] [-- further flags of bench/load/loadgen]
//   npm run bench -- --durable [--rounds 3] [--duration 5] [--rows online,offline,clean]     see bench/durable.mjs
// The brokers are measured in turn within one run; read the ratios, not the figures: machines drift.
import { spawn, spawnSync } from 'node:child_process'
import { cpus } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

if (process.argv.includes('--durable')) {
  process.argv = process.argv.filter((word) => word !== '--durable')
  await import('./durable.mjs')
  process.exit()
}

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    scenario: { type: 'string', default: 'pairs' },
    qos: { type: 'string', default: '0' },
    rounds: { type: 'string', default: '5' },
    duration: { type: 'string', default: '3' },
  },
})

const built = spawnSync('make', ['-s', '-C', join(root, 'bench/load')], { stdio: 'inherit' })
if (built.status !== 0) {
  console.error('bench: the load generator needs make and a C compiler')
  process.exit(1)
}

const brokers = [
  { name: 'floor', port: 18950, command: [process.execPath, join(root, 'bench/floor/floor-broker.mjs'), '18950'] },
  {
    name: 'topiary',
    port: 18951,
    command: [
      process.execPath,
      join(root, 'dist/src/main.js'),
      'start',
      '--memory',
      '--port',
      '18951',
      '--no-ws',
      '--log-level',
      'error',
    ],
  },
]
if (values.qos === '2') brokers.shift() // the bare loop knows QoS 0 and 1
if (spawnSync('mosquitto', ['-h']).error === undefined) {
  brokers.push({ name: 'mosquitto', port: 18952, command: ['mosquitto', '-p', '18952'] })
}

const running = brokers.map(({ command }) => spawn(command[0], command.slice(1), { stdio: 'ignore' }))
await wait(1000)
const results = new Map(brokers.map(({ name }) => [name, []]))
try {
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const { name, port } of brokers) {
      const flags = [
        values.scenario,
        '--qos',
        values.qos,
        '--port',
        String(port),
        '--duration',
        values.duration,
        ...positionals,
      ]
      const { stdout } = spawnSync(join(root, 'bench/load/loadgen'), flags, { encoding: 'utf8' })
      const line = JSON.parse(stdout)
      if (line.error !== undefined) throw new Error(`${name}: ${line.error}`)
      results.get(name).push(line)
    }
  }
} finally {
  for (const child of running) child.kill()
}

const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]
console.log(
  `${values.scenario} QoS ${values.qos}, ${values.rounds} rounds of ${values.duration} s in turn, Node ${process.version}, ${cpus().length} x ${cpus()[0]?.model.trim()}`,
)
const base = median(results.get(brokers[0].name).map((line) => line.us_per_msg))
for (const [name, lines] of results) {
  const cost = median(lines.map((line) => line.us_per_msg))
  const rate = median(lines.map((line) => line.msgs_per_s))
  const lost = lines.reduce((sum, line) => sum + line.lost, 0)
  console.log(
    `${name.padEnd(10)} ${cost.toFixed(3)} CPU-us per message  ${(cost / base).toFixed(2)} x ${brokers[0].name}  ` +
      `${Math.round(rate).toLocaleString('en')} messages/s  ${lost} lost`,
  )
}
