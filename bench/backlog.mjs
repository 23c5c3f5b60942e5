// A queue of millions for one client that is away: memory, start, and what its draining does to others.
//   node bench/backlog.mjs [--messages 10000000] [--drain 2000000] [--rate 2000]
// Fills the queue through PUBLISH QoS 1, kills the broker, starts it again, drains in order while others talk.
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync, readdirSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const { values } = parseArgs({
  options: {
    messages: { type: 'string', default: '10000000' },
    drain: { type: 'string', default: '2000000' },
    rate: { type: 'string', default: '2000' },
  },
})
const wanted = Number(values.messages)
const port = 18_990
const directory = mkdtempSync(join(tmpdir(), 'topiary-backlog-'))
const data = join(directory, 'data')
const settings = join(directory, 'topiary.yaml')
writeFileSync(settings, `limits: { maximumQueuedMessages: ${wanted * 2}, maximumQueuedBytes: ${wanted * 1000} }\n`)
if (spawnSync('make', ['-s', '-C', join(root, 'bench/load')], { stdio: 'inherit' }).status !== 0) process.exit(1)
const loadgen = join(root, 'bench/load/loadgen')

let broker = await start()
try {
  const filling = performance.now()
  let queued = 0
  let cost = 0
  while (queued < wanted) {
    const left = (wanted - queued) / 60_000
    const flags = ['fanin', '--offline', '--qos', '1', '--port', String(port), '--pid', String(broker.pid)]
    const lasting = Math.min(20, Math.max(1, left))
    const { stdout } = spawnSync(loadgen, [...flags, '--duration', String(lasting), '--warmup', '0'], {
      encoding: 'utf8',
    })
    cost = JSON.parse(stdout).us_per_msg
    queued = await stored()
  }
  say(`${queued.toLocaleString('en')} messages queued in ${seconds(filling)} s, ${cost} CPU-us each at the end`)
  say(`memory: RssAnon ${anonymousMiB(broker.pid)} MiB; disk: ${sizeMiB(data)} MiB`)
  await end(broker, 'SIGKILL')

  const starting = performance.now()
  broker = await start()
  say(`start after kill -9: ${seconds(starting)} s, RssAnon ${anonymousMiB(broker.pid)} MiB`)

  const others = [
    'pairs',
    '--qos',
    '1',
    '--port',
    String(port),
    '--rate',
    values.rate,
    '--pubs',
    '10',
    '--pid',
    String(broker.pid),
  ]
  const alone = JSON.parse(
    spawnSync(loadgen, [...others, '--duration', '5', '--prefix', 'o'], { encoding: 'utf8' }).stdout,
  )
  const draining = performance.now()
  const drained = drain(Number(values.drain))
  const beside = await run(loadgen, [...others, '--duration', '10', '--prefix', 'o'])
  const { count, disorder } = await drained
  say(
    `drained ${count.toLocaleString('en')} in ${seconds(draining)} s, out of order: ${disorder}, RssAnon ${anonymousMiB(broker.pid)} MiB`,
  )
  say(
    `others, QoS 1 at ${values.rate}/s: p99 ${alone.lat_us.p99 / 1000} ms alone, ${beside.lat_us.p99 / 1000} ms meanwhile`,
  )
} finally {
  await end(broker, 'SIGKILL')
  rmSync(directory, { recursive: true, force: true })
}

function say(line) {
  console.log(line)
}

function seconds(sinceMs) {
  return ((performance.now() - sinceMs) / 1000).toFixed(1)
}

async function start() {
  const flags = [
    '--config',
    settings,
    '--port',
    String(port),
    '--no-ws',
    '--http-port',
    String(port + 1),
    '--data',
    data,
  ]
  const child = spawn(process.execPath, [join(root, 'dist/src/main.js'), 'start', '--log-level', 'error', ...flags], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await new Promise((resolve) => child.stdout.once('data', resolve)) // the greeting
  return child
}

async function end(child, signal) {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill(signal)
  await ended
}

function run(program, args) {
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    let text = ''
    child.stdout.on('data', (chunk) => (text += chunk))
    child.on('exit', () => resolve(JSON.parse(text)))
  })
}

async function stored() {
  await wait(300)
  const text = await (await fetch(`http://127.0.0.1:${port + 1}/metrics`)).text()
  return Number(/^topiary_stored_messages (\d+)/m.exec(text)?.[1] ?? Number.NaN)
}

function anonymousMiB(pid) {
  const kib = /RssAnon:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Math.round(Number(kib) / 1024)
}

function sizeMiB(path) {
  const bytes = (at) =>
    statSync(at).isDirectory()
      ? readdirSync(at).reduce((sum, name) => sum + bytes(join(at, name)), 0)
      : statSync(at).size
  return Math.round(bytes(path) / 1024 / 1024)
}

/** The client that was away takes `most` messages, acknowledging each chunk as it comes, and looks at their order. */
function drain(most) {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    const clientId = Buffer.from('lg-s0') // the load generator's first subscriber
    const body = Buffer.concat([
      Buffer.from([0, 4]),
      Buffer.from('MQTT'),
      Buffer.from([4, 0, 0, 0, 0, clientId.length]),
      clientId,
    ])
    const next = new Map() // of each publisher
    let count = 0
    let disorder = 0
    let rest = Buffer.alloc(0)
    socket.write(Buffer.concat([Buffer.from([0x10, body.length]), body]))
    socket.on('error', reject)
    socket.on('data', (chunk) => {
      let bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
      const acknowledgements = []
      for (;;) {
        let [length, at] = [0, 1]
        for (let scale = 1; at < bytes.length; scale *= 128) {
          const byte = bytes[at++]
          length += (byte & 127) * scale
          if (byte < 128) break
        }
        if (bytes.length < 2 || at + length > bytes.length) break
        if (bytes[0] >> 4 === 3) {
          const topicEnd = at + 2 + bytes.readUInt16BE(at)
          acknowledgements.push(0x40, 2, bytes[topicEnd], bytes[topicEnd + 1])
          const [publisher, sequence] = [bytes.readUInt32LE(topicEnd + 10), bytes.readUInt32LE(topicEnd + 14)]
          // each filling begins at 0 again
          if (sequence !== 0 && sequence !== (next.get(publisher) ?? 0) && !(bytes[0] & 8)) disorder++
          next.set(publisher, sequence + 1)
          count++
        }
        bytes = bytes.subarray(at + length)
      }
      rest = bytes
      if (acknowledgements.length > 0) socket.write(Buffer.from(acknowledgements))
      if (count < most) return
      socket.removeAllListeners('data')
      socket.destroy()
      resolve({ count, disorder })
    })
  })
}
