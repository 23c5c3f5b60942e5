// One subscriber of a hundred stops reading: what do the other ninety-nine notice, and what does it cost the broker?
//   npm run build && node bench/slow-subscriber.mjs [--seconds 15] [--rate 200] [--size 256] [--qos 0] [--subscribers 100]
// Runs the broker (dist/src/main.js) twice in turn with and without the frozen one, prints p50/p99 in milliseconds and the
// growth of the broker's anonymous memory (RssAnon) in MiB. Exit 1 when p99 doubles or memory grows by more than 64 MiB.
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createHistogram } from 'node:perf_hooks'
import { connect } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { parseArgs } from 'node:util'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '15' },
    rate: { type: 'string', default: '200' },
    size: { type: 'string', default: '256' },
    qos: { type: 'string', default: '0' },
    subscribers: { type: 'string', default: '100' },
    rounds: { type: 'string', default: '2' },
  },
})
const [seconds, rate, size, qos, subscribers, rounds] = ['seconds', 'rate', 'size', 'qos', 'subscribers', 'rounds'].map(
  (name) => Number(values[name]),
)
const TOPIC = 'bench/slow'

const text = (value) => Buffer.concat([Buffer.from([value.length >> 8, value.length & 255]), Buffer.from(value)])
const packet = (first, body) => {
  const length = []
  for (let rest = body.length; ; rest >>= 7) {
    length.push(rest > 127 ? (rest & 127) | 128 : rest)
    if (rest < 128) break
  }
  return Buffer.concat([Buffer.from([first, ...length]), body])
}

function client(port, id, onPublish) {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true }, () =>
      socket.write(packet(0x10, Buffer.concat([text('MQTT'), Buffer.from([4, 2, 0, 0]), text(id)]))),
    )
    let rest = Buffer.alloc(0)
    socket.on('error', reject)
    socket.on('data', (chunk) => {
      rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
      for (;;) {
        let at = 1
        let length = 0
        let scale = 1
        for (; at < rest.length; scale *= 128) {
          const byte = rest[at++]
          length += (byte & 127) * scale
          if (byte < 128) break
        }
        if (rest.length < 2 || at + length > rest.length || (rest[at - 1] & 128) !== 0) return
        const type = rest[0] >> 4
        if (type === 2) resolve(socket)
        else if (type === 3) onPublish?.(rest, at, socket)
        else if (type === 6) socket.write(Buffer.from([0x70, 2, rest[at], rest[at + 1]]))
        rest = rest.subarray(at + length)
      }
    })
  })
}

function rssAnonKb(pid) {
  return Number(/RssAnon:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1])
}

async function run(isFrozen, port) {
  const broker = spawn(
    process.execPath,
    ['dist/src/main.js', 'start', '--memory', '--port', String(port), '--no-ws', '--log-level', 'error'],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  await new Promise((resolve) => broker.stdout.once('data', resolve))
  const latency = createHistogram()
  const sockets = []
  for (let index = 0; index < subscribers; index++) {
    const isTheFrozenOne = isFrozen && index === 0
    const socket = await client(port, `s${index}`, (bytes, at, from) => {
      const topicBytes = bytes.readUInt16BE(at)
      let payloadAt = at + 2 + topicBytes
      if (qos > 0) {
        from.write(Buffer.from([qos === 1 ? 0x40 : 0x50, 2, bytes[payloadAt], bytes[payloadAt + 1]]))
        payloadAt += 2
      }
      latency.record(Math.max(1, Math.round((performance.now() - bytes.readDoubleBE(payloadAt)) * 1000)))
    })
    socket.write(packet(0x82, Buffer.concat([Buffer.from([0, 1]), text(TOPIC), Buffer.from([qos])])))
    if (isTheFrozenOne) setTimeout(() => socket.pause(), 200)
    sockets.push(socket)
  }
  const publisher = await client(port, 'publisher')
  await wait(500)
  const before = rssAnonKb(broker.pid)
  const payload = Buffer.alloc(size)
  const start = performance.now()
  let peak = 0
  for (let sent = 0; sent < rate * seconds; sent++) {
    const dueMs = start + (sent * 1000) / rate
    const delay = dueMs - performance.now()
    if (delay > 1) await wait(delay)
    payload.writeDoubleBE(performance.now())
    const id = qos > 0 ? Buffer.from([((sent % 60000) + 1) >> 8, ((sent % 60000) + 1) & 255]) : Buffer.alloc(0)
    publisher.write(packet(0x30 | (qos << 1), Buffer.concat([text(TOPIC), id, payload])))
    if (qos === 2) publisher.write(Buffer.concat([Buffer.from([0x62, 2]), id]))
    if (sent % rate === 0) peak = Math.max(peak, rssAnonKb(broker.pid))
  }
  await wait(500)
  peak = Math.max(peak, rssAnonKb(broker.pid))
  for (const socket of [...sockets, publisher]) socket.destroy()
  broker.kill('SIGTERM')
  await new Promise((resolve) => broker.once('exit', resolve))
  return {
    p50: latency.percentile(50) / 1000,
    p99: latency.percentile(99) / 1000,
    growthMiB: (peak - before) / 1024,
    received: latency.count,
  }
}

const results = { free: [], frozen: [] }
for (let round = 0; round < rounds; round++) {
  for (const kind of ['free', 'frozen']) {
    const result = await run(kind === 'frozen', 18900 + round * 2 + (kind === 'frozen' ? 1 : 0))
    results[kind].push(result)
    console.log(kind.padEnd(7), JSON.stringify(result))
  }
}
const median = (kind, name) =>
  results[kind].map((one) => one[name]).toSorted((a, b) => a - b)[Math.floor((rounds - 1) / 2)]
const ratio = median('frozen', 'p99') / median('free', 'p99')
const growth = Math.max(...results.frozen.map((one) => one.growthMiB))
console.log(
  `p99 with a frozen subscriber / without: ${ratio.toFixed(2)}; RssAnon grew by at most ${growth.toFixed(1)} MiB`,
)
process.exitCode = ratio < 2 && growth < 64 ? 0 : 1
