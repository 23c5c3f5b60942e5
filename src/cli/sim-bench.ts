import { DocumentError } from '../documents/document-error.ts'
import { checkUrl } from './broker-url.ts'
import { UsageError } from './cli-error.ts'
import { defineCommand } from './command.ts'
import type { FlagTable, FlagValues } from './flags.ts'
import { durationFlag, loginFlags, outputFlags, runFlags } from './sim-flags.ts'
import type { Terminal } from './terminal.ts'

const { duration, url, ...otherRunFlags } = runFlags
const DEFAULT_DURATION = '10s'

const benchFlags = {
  kind: {
    kind: 'choice',
    value: 'KIND',
    choices: ['conn', 'pub', 'sub', 'pairs', 'fanin', 'fanout', 'retained', 'subs'],
    positional: true,
    help: 'what is measured',
  },
  count: { kind: 'integer', short: 'c', value: 'N', min: 1, max: 1_000_000, default: 100, help: 'clients' },
  connrate: {
    kind: 'integer',
    short: 'R',
    value: 'N',
    min: 1,
    max: 100_000,
    default: 500,
    help: 'clients that connect in a second',
  },
  interval: {
    kind: 'integer',
    short: 'I',
    value: 'MS',
    min: 1,
    max: 86_400_000,
    help: 'between two messages of a publisher, milliseconds (default 1000)',
  },
  rate: {
    kind: 'integer',
    value: 'N',
    min: 1,
    max: 1_000_000,
    help: 'messages of all publishers in a second, instead of -I',
  },
  topic: {
    kind: 'text',
    short: 't',
    value: 'TOPIC',
    default: 'bench/%i',
    help: '%i is the number of a client, %c its identifier',
  },
  size: { kind: 'integer', short: 's', value: 'BYTES', min: 0, max: 268_000_000, default: 256, help: 'payload' },
  qos: {
    kind: 'choice',
    short: 'q',
    value: 'QOS',
    choices: ['0', '1', '2'],
    default: '0',
    help: 'of publishers and subscribers',
  },
  retain: { kind: 'switch', help: 'publish retained' },
  limit: {
    kind: 'integer',
    short: 'L',
    value: 'N',
    min: 1,
    max: 1_000_000_000,
    help: 'stop after so many messages in all, instead of a time',
  },
  filters: {
    kind: 'integer',
    value: 'N',
    min: 1,
    max: 10_000,
    default: 10,
    help: 'topic filters of each subscriber of subs',
  },
  prefix: { kind: 'text', value: 'TEXT', default: 'bench-', help: 'client identifiers begin with it' },
  keepalive: { kind: 'integer', short: 'k', value: 'S', min: 0, max: 65_535, default: 60, help: 'keep alive, seconds' },
  inflight: {
    kind: 'integer',
    short: 'F',
    value: 'N',
    min: 1,
    max: 65_535,
    default: 100,
    help: 'QoS 1 and 2 messages of a publisher without acknowledgement',
  },
  ...loginFlags,
  url: { ...url, default: 'mqtt://127.0.0.1:1883' },
  duration: { ...duration, help: `of the measurement, such as 30s or 5m (default ${DEFAULT_DURATION})` },
  ...otherRunFlags,
  ...outputFlags,
} as const satisfies FlagTable

export const simBenchCommand = defineCommand(
  {
    name: 'sim bench',
    summary: 'Measure a broker: connections, publishing, fan-in, fan-out',
    usage: 'sim bench conn|pub|sub|pairs|fanin|fanout|retained|subs [flags]',
    sections: [{ title: 'Flags', flags: benchFlags }],
    examples: [
      'topiary sim bench pub -c 100 -I 10 -t bench/%i -s 256 -q 1',
      'topiary sim bench conn -c 10000 -R 1000 --duration 30s',
      'topiary sim bench fanout -c 1000 --rate 50 -q 0 --report report',
    ],
    notes: [
      'conn connects and holds; pub publishes; sub listens to others; pairs has a subscriber for each publisher;',
      'fanin has one subscriber for all, fanout one publisher; retained publishes retained messages and looks at',
      'what is kept; subs subscribes to many filters. Rates are kept whatever the broker does (an open loop).',
      'Exit codes: 0 measured, 1 it did not come to its end, or no broker, 2 wrong flags, 78 impossible.',
    ],
  },
  benchFlags,
  bench,
)

async function bench(values: FlagValues<typeof benchFlags>, terminal: Terminal): Promise<number> {
  const { kind, count, interval, rate } = values
  if (kind === undefined) throw new UsageError(`sim bench needs what to measure: ${benchFlags.kind.choices.join(', ')}`)
  if (interval !== undefined && rate !== undefined) throw new UsageError('give -I or --rate, not both')
  if (values.limit !== undefined && values.duration !== undefined)
    throw new UsageError('give --limit or --duration, not both')
  checkUrl(values.url)
  const { benchScenario } = await import('../../devices-sim/bench/bench-scenario.ts')
  const publishers = kind === 'fanout' ? 1 : count
  try {
    const scenario = benchScenario(kind, {
      ...values,
      protocol: values.protocol ?? '5',
      engine: values.engine ?? 'light',
      workers: values.workers ?? 1,
      connectRate: values.connrate,
      rate: rate ?? (publishers * 1000) / (interval ?? 1000),
      durationMs: durationFlag('duration', values.duration ?? DEFAULT_DURATION),
      bytes: values.size,
      qos: Number(values.qos) as 0 | 1 | 2,
      keepAliveSeconds: values.keepalive,
      inFlight: values.inflight,
      userName: values.username,
      password: values.password ?? terminal.env['TOPIARY_SIM_PASSWORD'],
      seed: values.seed ?? 1,
    })
    const { play } = await import('./sim-play.ts')
    return await play(scenario, { command: `topiary sim bench ${kind}` }, values, terminal)
  } catch (error) {
    if (!(error instanceof DocumentError)) throw error
    throw new DocumentError(error.faults.map((fault) => `sim bench ${kind}: ${fault}`))
  }
}
