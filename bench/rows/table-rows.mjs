// The rows of the table: Topiary beside other brokers, ratios to mosquitto (connect: to a bare server) in the same run.
import { cost, everybody, latency, named, withoutFloor } from './row-parts.mjs'

/** Highest ratio to mosquitto for QoS 0, 1 and 2. */
const throughput = [
  { name: 'pairs', title: 'Pairs, 20 to 20', most: [0.09, 0.07, 0.06], peers: everybody },
  { name: 'fanin', title: 'Fan-in, 20 to 1', most: [0.14, 0.08, 0.06], peers: withoutFloor },
  { name: 'fanout', title: 'Fan-out, 1 to 20', most: [0.07, 0.08, 0.06], peers: everybody },
]

const throughputRows = throughput.flatMap(({ name, title, most, peers }) =>
  most.map((limit, qos) => ({
    name: `${name}-q${qos}`,
    group: 'table',
    title: `${title}, QoS ${qos}`,
    scenario: name,
    flags: ['--qos', String(qos)],
    arms: named(peers(qos)),
    metrics: [cost([{ arm: 'topiary', of: 'mosquitto', most: limit }])],
  })),
)

const wideRows = [0, 1].map((qos) => ({
  name: `fanout1000-q${qos}`,
  group: 'table',
  title: `Fan-out, 1 to 1,000, QoS ${qos}`,
  scenario: 'fanout',
  flags: ['--qos', String(qos), '--subs', '1000'],
  arms: named(everybody(qos)),
  metrics: [cost([{ arm: 'topiary', of: 'mosquitto', most: 0.17 }])],
}))

/** Nothing batches here: a message comes alone, and its cost is that of a read and a write. */
const fixedRows = [
  { qos: 0, of: 'floor', most: 1.3 },
  { qos: 1, of: 'floor', most: 1.3 },
  { qos: 2, of: 'mosquitto', most: 2 },
].map(({ qos, of, most }) => ({
  name: `fixed-q${qos}`,
  group: 'table',
  title: `Pairs at 20,000 messages/s, QoS ${qos}`,
  scenario: 'pairs',
  flags: ['--qos', String(qos), '--rate', '20000'],
  arms: named(everybody(qos)),
  metrics: [
    cost([{ arm: 'topiary', of, most }]),
    latency('p50', [{ arm: 'topiary', of: 'mosquitto', most: 1.5 }]),
    latency('p99', [{ arm: 'topiary', of: 'mosquitto', most: 1.5 }]),
  ],
}))

/**
 * Of these each run has a broker process of its own. A first pass in the fresh process tells the bytes (`first.`), a
 * second one in the same process the CPU time, so that compiled code is measured; the same for every broker.
 */
const stateRows = [
  {
    name: 'connect',
    title: 'Connect, 10,000 clients',
    scenario: 'connect',
    flags: ['--n', '10000'],
    before: [],
    arms: named(['topiary', 'net', 'mosquitto', 'flashmq', 'nats', 'aedes']),
    metrics: [
      cost([{ arm: 'topiary', of: 'net', most: 1.6 }], { key: 'us_per_conn', title: 'CPU-us per connect' }),
      bytes('first.rss_bytes_per_conn', 'bytes per idle client', [{ arm: 'topiary', of: 'net', most: 1.6 }]),
    ],
  },
  {
    name: 'retained',
    title: 'Retained, 100,000 messages',
    scenario: 'retained',
    flags: ['--n', '100000'],
    before: ['--clear'],
    arms: named(['topiary', 'mosquitto', 'flashmq', 'nats', 'aedes']),
    metrics: [
      cost([{ arm: 'topiary', of: 'mosquitto', most: 0.24 }], {
        key: 'set_us_per_msg',
        title: 'CPU-us per message set',
      }),
      cost([{ arm: 'topiary', of: 'mosquitto', most: 0.45 }], {
        key: 'get_us_per_msg',
        title: 'CPU-us per message got',
      }),
      bytes('first.rss_bytes_per_retained', 'bytes per message', [{ arm: 'topiary', of: 'mosquitto', most: 1.1 }]),
    ],
  },
  {
    name: 'filters',
    title: 'Filters, 100,000 of 100 clients',
    scenario: 'subs',
    flags: ['--n', '100000'],
    before: ['--duration', '0.3', '--warmup', '0.2'],
    arms: named(['topiary', 'mosquitto', 'flashmq', 'nats', 'aedes']),
    metrics: [
      cost([{ arm: 'topiary', of: 'mosquitto', most: 1 }], {
        key: 'subscribe_us_each',
        title: 'CPU-us per subscription',
      }),
      bytes('first.rss_bytes_per_filter', 'bytes per filter', [{ arm: 'topiary', of: 'mosquitto', most: 1.3 }]),
      cost([{ arm: 'topiary', of: 'mosquitto', most: 0.29 }], { title: 'CPU-us per delivery' }),
    ],
  },
].map((row) => ({ ...row, group: 'table', fresh: true }))

function bytes(key, title, targets) {
  return { key, title, unit: 'bytes', targets }
}

export const tableRows = [...throughputRows, ...wideRows, ...fixedRows, ...stateRows]
