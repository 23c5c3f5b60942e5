// How cost grows: with connections that are idle, with active ones, with filters, with retained messages.
import { smallQueues } from '../peers/settings-files.mjs'
import { cost } from './row-parts.mjs'

const idle = sizes('idle', [0, 1_000, 10_000], (count) => ['--idle', String(count)])
const active = [20, 200, 1_000]
const filters = sizes('filters', [1_000, 100_000, 1_000_000], (count) => ['--n', String(count)])
const retained = sizes('retained', [1_000, 100_000, 1_000_000], (count) => ['--n', String(count)]).map((arm) => ({
  ...arm,
  start: { settings: 'many-retained' },
}))

/** Arms of Topiary that differ in one number. */
function sizes(what, counts, flagsOf) {
  return counts.map((count) => ({
    name: `topiary, ${count.toLocaleString('en')} ${what}`,
    peer: 'topiary',
    flags: flagsOf(count),
  }))
}

/** Each further arm against the first. */
function flat([first, ...others], most) {
  return others.map(({ name }) => ({ arm: name, of: first.name, most }))
}

const idleRows = [0, 1].map((qos) => ({
  name: `growth-idle-q${qos}`,
  title: `Pairs beside idle connections, QoS ${qos}`,
  scenario: 'pairs',
  flags: ['--qos', String(qos)],
  arms: idle,
  metrics: [cost(flat(idle, 1.2))],
}))

const activeName = (peer, count) => `${peer}, ${count.toLocaleString('en')} pairs`

const activeRows = [0, 1].map((qos) => ({
  name: `growth-active-q${qos}`,
  title: `Active pairs, QoS ${qos}`,
  scenario: 'pairs',
  flags: ['--qos', String(qos)],
  arms: ['topiary', 'floor'].flatMap((peer) =>
    active.map((count) => ({ name: activeName(peer, count), peer, flags: ['--pubs', String(count)] })),
  ),
  metrics: [
    cost(
      active.slice(1).map((count) => ({
        arm: activeName('topiary', count),
        of: activeName('topiary', active[0]),
        most: 1.3,
        // batching fades by itself: the floor grows too, and Topiary may grow by so much more
        timesGrowth: { arm: activeName('floor', count), of: activeName('floor', active[0]) },
      })),
    ),
  ],
}))

const warmFilters = ['--n', '1000', '--duration', '0.5', '--warmup', '0.2']

const filterRows = [
  { name: 'growth-filters', title: 'Deliveries through more and more filters', flags: [] },
  {
    name: 'growth-filters-churn',
    title: 'The same beside 1,000 subscribe and unsubscribe a second',
    flags: ['--churn', '1000'],
  },
].map(({ name, title, flags }) => ({
  name,
  title,
  scenario: 'subs',
  flags: ['--subs', '200', ...flags],
  fresh: true,
  before: warmFilters,
  arms: filters,
  metrics: [cost(flat(filters, 1.2), { title: 'CPU-us per delivery' })],
}))

const retainedRow = {
  name: 'growth-retained',
  title: 'Replay of retained messages, and what another client notices',
  scenario: 'retained',
  flags: ['--probe', '1000'],
  fresh: true,
  before: ['--n', '1000', '--clear'],
  arms: [...retained, { name: 'mosquitto, 1,000,000 retained', peer: 'mosquitto', flags: ['--n', '1000000'] }],
  metrics: [
    {
      key: 'probe_us.max',
      title: 'longest delay of another client, us',
      unit: 'us',
      targets: retained.map(({ name }) => ({ arm: name, most: 20_000 })),
    },
    cost([], { key: 'get_us_per_msg', title: 'CPU-us per message got' }),
  ],
}

/** QoS 0 waits in outboxes only, QoS 1 in queues as well; it takes longer, and the queues are full after a part of it. */
const slowRows = [
  { qos: 0, messages: 1_000_000, limitMib: smallQueues.outboxMib },
  { qos: 1, messages: 200_000, limitMib: smallQueues.outboxMib + smallQueues.queuedMib },
].map(({ qos, messages, limitMib }) => ({
  name: `slow-readers-q${qos}`,
  title: `${messages.toLocaleString('en')} messages to 100 readers that take 1,000 a second, QoS ${qos}, queue limit ${limitMib} MiB`,
  script: 'slow-readers',
  flags: ['--qos', String(qos), '--limit-mib', String(limitMib), '--messages', String(messages)],
  arms: [{ name: 'topiary', peer: 'topiary', start: { settings: 'small-queues' } }],
  fresh: true,
  once: true,
  metrics: [
    {
      key: 'over_limit_mib',
      title: 'RssAnon above the queue limit, MiB',
      unit: 'MiB',
      targets: [{ arm: 'topiary', most: 64 }],
    },
    {
      key: 'untaken',
      title: 'messages that the broker did not take within 120 s',
      unit: 'messages',
      targets: [{ arm: 'topiary', most: 0 }],
    },
    { key: 'growth_mib', title: 'growth of RssAnon, MiB', unit: 'MiB', targets: [] },
  ],
}))

export const growthRows = [...idleRows, ...activeRows, ...filterRows, retainedRow, ...slowRows].map((row) => ({
  ...row,
  group: 'growth',
}))
