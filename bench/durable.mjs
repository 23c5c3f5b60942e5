// What the promise of PUBACK costs: QoS 1 to sessions that are kept, each broker on a directory of its own, beside the
// same broker in memory.
//   npm run bench -- --durable [--rounds 3] [--duration 4] [--rows online,offline,clean] [--only topiary]
// Every measurement has a fresh broker and a fresh directory, in turn; read the ratios, machines drift.
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { cpus, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    duration: { type: 'string', default: '4' },
    rows: { type: 'string', default: 'online,offline,clean' },
    only: { type: 'string', default: '' },
    qos: { type: 'string', default: '1' },
  },
})

if (spawnSync('make', ['-s', '-C', join(root, 'bench/load')], { stdio: 'inherit' }).status !== 0) {
  console.error('bench: the load generator needs make and a C compiler')
  process.exit(1)
}
const loadgen = join(root, 'bench/load/loadgen')
const topiary = (...flags) => [
  process.execPath,
  join(root, 'dist/src/main.js'),
  'start',
  '--no-ws',
  '--log-level',
  'error',
  ...flags,
]

/** How each broker is started on a directory and a port. */
const brokers = {
  'topiary always': {
    command: (directory, port) =>
      topiary('--port', String(port), '--data', join(directory, 'data'), '--http-port', String(port + 1)),
    hasMetrics: true,
  },
  'topiary memory': {
    command: (_directory, port) => topiary('--port', String(port), '--memory', '--http-port', String(port + 1)),
    hasMetrics: true,
  },
  mosquitto: {
    // writes its whole state after each change: as near to the same promise as it comes, and without a sync
    config: (directory, port) =>
      `listener ${port} 127.0.0.1\nallow_anonymous true\npersistence true\npersistence_location ${directory}/\n` +
      'autosave_on_changes true\nautosave_interval 1\nmax_queued_messages 100000\nuser root\n',
    command: (directory) => ['mosquitto', '-c', join(directory, 'config')],
  },
  'nats-server': {
    config: (directory, port) =>
      `server_name: bench\nlisten: 127.0.0.1:${port + 1}\njetstream { store_dir: "${directory}/js" }\n` +
      `mqtt { listen: "127.0.0.1:${port}", max_ack_pending: 10000 }\n`,
    command: (directory) => ['nats-server', '-c', join(directory, 'config')],
    hasOnly: 1,
  },
}

const rows = {
  online: { title: 'pairs, subscribers with kept sessions, online', flags: ['pairs', '--durable'] },
  offline: {
    title: 'pairs, subscribers with kept sessions, offline (per acknowledged publish)',
    flags: ['pairs', '--offline'],
  },
  clean: { title: 'pairs, clean sessions', flags: ['pairs'], without: ['mosquitto', 'nats-server'] },
}

console.log(
  `QoS ${values.qos}, ${values.rounds} rounds of ${values.duration} s in turn, Node ${process.version}, ${cpus().length} x ${cpus()[0]?.model.trim()}`,
)
console.log(`a sync of 4 KiB on ${tmpdir()} takes ${syncMs().toFixed(2)} ms`)
let port = 18_960
for (const name of values.rows.split(',')) {
  const row = rows[name]
  const results = new Map()
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const [broker, terms] of Object.entries(brokers)) {
      if (!broker.includes(values.only) || row.without?.includes(broker) || !isHere(terms, broker)) continue
      const line = await measure(terms, row.flags)
      results.set(broker, [...(results.get(broker) ?? []), line])
    }
  }
  console.log(`\n${row.title}`)
  for (const [broker, lines] of results) console.log(summary(broker, lines))
}

function isHere({ hasOnly }, broker) {
  if (hasOnly !== undefined && hasOnly !== Number(values.qos)) return false
  return broker.startsWith('topiary') || spawnSync('which', [broker]).status === 0
}

async function measure(terms, flags) {
  const directory = mkdtempSync(join(tmpdir(), 'topiary-bench-'))
  port += 2
  if (terms.config !== undefined) writeFileSync(join(directory, 'config'), terms.config(directory, port))
  const [program, ...args] = terms.command(directory, port)
  const child = spawn(program, args, { stdio: 'ignore' })
  try {
    await listening(port)
    const shared = [
      '--qos',
      values.qos,
      '--port',
      String(port),
      '--duration',
      values.duration,
      '--pid',
      String(child.pid),
    ]
    const { stdout } = spawnSync(loadgen, [...flags, ...shared], { encoding: 'utf8' })
    const line = JSON.parse(stdout || '{"error":"no answer"}')
    if (terms.hasMetrics) line.loopDelayMs = await loopDelayMs(port + 1)
    return line
  } finally {
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await ended
    rmSync(directory, { recursive: true, force: true })
  }
}

async function listening(atPort) {
  for (let attempt = 0; attempt < 100; attempt++) {
    await wait(100)
    const isOpen = await new Promise((resolve) => {
      const socket = connect(atPort, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false))
      socket.on('connect', () => socket.destroy())
    })
    if (isOpen) return
  }
  throw new Error(`nobody listens on port ${atPort}`)
}

/** 99th percentile of the event loop's delay, in milliseconds. */
async function loopDelayMs(httpPort) {
  const text = await (await fetch(`http://127.0.0.1:${httpPort}/metrics`)).text()
  return Number(/^topiary_event_loop_delay_p99_seconds (\S+)$/m.exec(text)?.[1]) * 1000
}

function summary(name, lines) {
  const failed = lines.find((line) => line.error !== undefined)
  if (failed !== undefined) return `${name.padEnd(15)} failed: ${failed.error}`
  const cost = median(lines.map((line) => line.us_per_msg))
  const rate = Math.round(median(lines.map((line) => line.msgs_per_s)))
  const lost = lines.reduce((sum, line) => sum + line.lost, 0)
  const noise = Math.max(...lines.map((line) => line.other_cores + line.stolen_cores))
  const delays = lines.flatMap((line) => line.loopDelayMs ?? [])
  const delay = delays.length === 0 ? '' : `  loop delay p99 ${median(delays).toFixed(1)} ms`
  return (
    `${name.padEnd(15)} ${cost.toFixed(2).padStart(7)} CPU-us  ${rate.toLocaleString('en').padStart(9)} messages/s  ` +
    `p99 ${(median(lines.map((line) => line.lat_us.p99)) / 1000).toFixed(1)} ms  ${lost} lost${delay}  noise ${noise.toFixed(2)} cores`
  )
}

function median(numbers) {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]
}

function syncMs() {
  const script =
    "const fs=require('fs');const f=fs.openSync(process.argv[1],'w');const b=Buffer.alloc(4096);const t=[];" +
    'for(let i=0;i<50;i++){fs.writeSync(f,b);const s=performance.now();fs.fdatasyncSync(f);t.push(performance.now()-s)}' +
    't.sort((a,b)=>a-b);console.log(t[25])'
  const file = join(tmpdir(), `topiary-sync-${process.pid}`)
  const { stdout } = spawnSync(process.execPath, ['-e', script, file], { encoding: 'utf8' })
  rmSync(file, { force: true })
  return Number(stdout)
}
