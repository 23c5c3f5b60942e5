// A fan-out to readers that take less than is published: does the broker's memory stay within its queue limits?
//   node bench/slow-readers.mjs --port N --pid P [--messages 1000000] [--readers 100] [--rate 1000] [--size 64] [--qos 0]
//     [--limit-mib 256] [--seconds 120]
// Publishes as fast as the broker takes it (QoS 1: as it acknowledges), while each reader takes --rate messages a
// second. The broker drops and counts. Prints one JSON line: growth of RssAnon from before the first message to its
// peak, --limit-mib (the queue limits in the settings that the broker runs with), and what is above it. A row of bench/bench.mjs starts it.
import { readFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { slowReader } from './slow-readers/slow-reader.mjs'
import { publishAll } from './slow-readers/publish-all.mjs'

const TOPIC = 'bench/slow-readers'
const MIB = 2 ** 20
const SAMPLE_MS = 50

const { values } = parseArgs({
  options: {
    port: { type: 'string' },
    pid: { type: 'string' },
    messages: { type: 'string', default: '1000000' },
    readers: { type: 'string', default: '100' },
    rate: { type: 'string', default: '1000' },
    size: { type: 'string', default: '64' },
    qos: { type: 'string', default: '0' },
    seconds: { type: 'string', default: '120' },
    'limit-mib': { type: 'string', default: '256' },
  },
})
const { port, pid, messages, readers, rate, size, qos, seconds, ...numbers } = Object.fromEntries(
  Object.entries(values).map(([name, value]) => [name, Number(value)]),
)

try {
  process.stdout.write(`${JSON.stringify(await measure())}\n`)
  process.exit(0)
} catch (error) {
  process.stdout.write(`${JSON.stringify({ scenario: 'slow-readers', error: error.message })}\n`)
  process.exit(2)
}

async function measure() {
  const all = await Promise.all(
    Array.from({ length: readers }, (_, index) => slowReader({ port, index, topic: TOPIC, qos, rate })),
  )
  await wait(500)
  const before = rssAnonBytes()
  let peak = before
  const sampling = setInterval(() => (peak = Math.max(peak, rssAnonBytes())), SAMPLE_MS)
  const startedMs = performance.now()
  const taken = await publishAll({ port, topic: TOPIC, qos, messages, size, seconds })
  const publishSeconds = (performance.now() - startedMs) / 1000
  await wait(1000)
  clearInterval(sampling)
  const growth = Math.max(peak, rssAnonBytes()) - before
  const limit = numbers['limit-mib'] * MIB
  return {
    scenario: 'slow-readers',
    qos,
    size,
    messages,
    readers,
    publish_s: publishSeconds,
    publishes_per_s: taken / publishSeconds,
    untaken: messages - taken,
    taken_per_reader: all.reduce((sum, reader) => sum + reader.taken(), 0) / readers,
    limit_mib: limit / MIB,
    growth_mib: growth / MIB,
    over_limit_mib: (growth - limit) / MIB,
  }
}

function rssAnonBytes() {
  return Number(/RssAnon:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) * 1024
}
