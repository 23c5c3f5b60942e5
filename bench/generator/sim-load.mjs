// The closed loop of bench/load/loadgen driven by the simulator's light engine: one JSON line of the same form.
//   node bench/generator/sim-load.mjs pairs|fanin|fanout --port N --pid P [--qos 0] [--size 64] [--pubs 20] [--subs 20]
//     [--window 100] [--outstanding 10000] [--duration 5] [--warmup 1]
// Needs dist. It is in JavaScript and shares the machine: bench/README.md says how far it is from the one in C.
import { setTimeout as wait } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { lightEngine } from '../../dist/devices-sim/engines/light/light-engine.js'
import { ClosedLoop } from './closed-loop.mjs'
import { usageBetween, usageOf } from './process-usage.mjs'

const DRAIN_MS = 3000
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    port: { type: 'string' },
    pid: { type: 'string' },
    qos: { type: 'string', default: '0' },
    size: { type: 'string', default: '64' },
    pubs: { type: 'string', default: '20' },
    subs: { type: 'string', default: '20' },
    window: { type: 'string', default: '100' },
    outstanding: { type: 'string', default: '10000' },
    duration: { type: 'string', default: '5' },
    warmup: { type: 'string', default: '1' },
  },
})
const scenario = positionals[0]
const numbers = Object.fromEntries(Object.entries(values).map(([name, text]) => [name, Number(text)]))
try {
  process.stdout.write(`${JSON.stringify(await measure(numbers))}\n`)
  process.exit(0)
} catch (error) {
  process.stdout.write(`${JSON.stringify({ scenario, error: error.message })}\n`)
  process.exit(2)
}

async function measure({ port, pid, qos, size, pubs, subs, window, outstanding, duration, warmup }) {
  const publishers = scenario === 'fanout' ? 1 : pubs
  const subscribers = scenario === 'fanin' ? 1 : scenario === 'fanout' ? subs : pubs
  const engine = lightEngine({
    url: `mqtt://127.0.0.1:${port}`,
    tls: { ca: undefined, cert: undefined, key: undefined, insecure: false },
  })
  const loop = new ClosedLoop(engine, { scenario, publishers, subscribers, qos, size, window, outstanding })
  await loop.open()
  loop.start()
  await wait(warmup * 1000)
  loop.latency.reset()
  const [before, deliveredBefore] = [usageOf(pid), loop.delivered]
  await wait(duration * 1000)
  const [after, delivered] = [usageOf(pid), loop.delivered - deliveredBefore]
  const latency = Object.fromEntries([50, 90, 99].map((share) => [`p${share}`, loop.latency.percentile(share)]))
  await loop.drain(DRAIN_MS)
  const want = loop.published * loop.fan
  const usage = usageBetween(before, after, delivered)
  await engine.close()
  return {
    scenario,
    generator: 'sim',
    qos,
    size,
    pubs: publishers,
    subs: subscribers,
    delivered,
    msgs_per_s: delivered / usage.secs,
    ...usage,
    lat_us: latency,
    lost: Math.max(0, want - loop.delivered),
    extra: Math.max(0, loop.delivered - want),
    disorder: loop.disorder,
  }
}
