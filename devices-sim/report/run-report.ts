import { z } from 'zod'

const count = z.int().min(0)
const qos = z.union([z.literal(0), z.literal(1), z.literal(2)])

/** Of a histogram, in milliseconds. All 0 where count is 0. */
const latency = z.strictObject({
  count,
  min: z.number(),
  mean: z.number(),
  p50: z.number(),
  p90: z.number(),
  p99: z.number(),
  p999: z.number(),
  max: z.number(),
})

/** A histogram as bars: `count` values above the bar before and up to `upToMs`. Bounds grow by a constant factor. */
const bars = z.array(z.strictObject({ upToMs: z.number(), count }))

/** What devices of one flow sent. A flow is one kind of message of one fleet: `machines.telemetry`, `machines.birth`. */
const publishing = z.strictObject({
  flow: z.string(),
  qos,
  devices: count,
  due: count.describe('Messages whose time came.'),
  sent: count.describe('Messages handed to the socket at least once.'),
  acknowledged: count.describe('QoS 1: PUBACK, QoS 2: PUBCOMP. Always 0 at QoS 0.'),
  unconfirmed: count.describe('QoS 1 and 2, sent, never acknowledged: nothing was promised for them.'),
  refused: count.describe('Acknowledged with a reason code of an error.'),
  discarded: count.describe('Due and never sent: away or buffer full.'),
  acknowledgementMs: latency.describe('From due time to PUBACK or PUBCOMP.'),
})

/** What one group of subscribers got of one flow, summed over the group. */
const delivery = z.strictObject({
  flow: z.string(),
  subscriber: z.string(),
  qos: qos.describe('The lower of what is published and subscribed.'),
  promised: count.describe('What should have arrived, once for each subscriber of the group (once in all for shared).'),
  received: count.describe('First arrivals.'),
  lost: count.describe('Promised and not arrived.'),
  duplicates: count.describe('Arrived again.'),
  duplicatesWithDup: count.describe('Those of them that had the DUP flag.'),
  reordered: count.describe('Arrived after a later one of the same device.'),
  missedAway: count.describe('Not promised: the subscriber was away without a session.'),
  latencyMs: latency.describe('From due time to arrival.'),
  examples: z.array(z.string()).describe('Of what went wrong: `lost: device 17, 4-6`; at most 20.'),
})

export const runReportSchema = z.strictObject({
  format: z.literal('topiary-sim-report'),
  version: z.literal(1),
  run: z.strictObject({
    id: z.string(),
    scenario: z.string(),
    description: z.string(),
    seed: count,
    startedAt: z.iso.datetime(),
    seconds: z.number().describe('From the first connect to the end of the drain.'),
    warmUpSeconds: z.number(),
    ended: z.enum(['finished', 'interrupted', 'broker lost', 'drain timed out']),
    command: z.string(),
  }),
  versions: z.strictObject({
    topiary: z.string(),
    node: z.string(),
    mqttjs: z.string(),
    platform: z.string(),
    processor: z.string(),
    cores: count,
    broker: z.string().describe('What $SYS/broker/version says, or empty.'),
  }),
  settings: z.record(z.string(), z.unknown()).describe('The scenario with its defaults, without passwords.'),
  generator: z.strictObject({
    saturated: z.boolean(),
    reasons: z.array(z.string()).describe('Why its figures are not the broker`s.'),
    workers: z.array(
      z.strictObject({
        pid: count,
        clients: count,
        cpuCores: z.number().describe('Processor time (user and system) per second while measured.'),
        busySeconds: count.describe('Seconds in which it used more than 0.9 of a core.'),
        rssBytes: count.describe('Highest seen.'),
        loopDelayMs: latency.describe('Delay of the event loop.'),
        lateMs: latency.describe('How much later than due a message was made.'),
      }),
    ),
  }),
  connections: z.strictObject({
    wanted: count,
    opened: count.describe('CONNACK with success, reconnects included.'),
    reconnects: count,
    failed: count.describe('Attempts that came to nothing.'),
    lost: count.describe('Connections that ended although nobody here wanted it.'),
    missingAtEnd: count,
    reasons: z.array(z.strictObject({ reason: z.string(), count })).describe('Of what failed or was lost.'),
  }),
  publishing: z.array(publishing),
  deliveries: z.array(delivery),
  wills: z.strictObject({
    expected: count,
    seen: count,
    missing: count,
    unexpected: count.describe('For connections that said DISCONNECT.'),
    unconfirmed: count.describe('Connections lost for a reason unknown here: a will may or may not come.'),
  }),
  births: z.strictObject({
    expected: count.describe('Once for each subscriber that they are meant for.'),
    seen: count,
    missing: count,
  }),
  retained: z.strictObject({
    topics: count,
    right: count,
    wrong: count.describe('Another than the last message that was sent.'),
    missing: count,
    examples: z.array(z.string()),
  }),
  offline: z.array(
    z.strictObject({
      subscriber: z.string(),
      number: count,
      fromSecond: z.number(),
      seconds: z.number(),
      queued: count.describe('Promised messages that were due while it was away.'),
      arrived: count.describe('Those of them that it got after it came back.'),
      missing: count,
    }),
  ),
  commands: z.array(
    z.strictObject({ name: z.string(), sent: count, answered: count, timedOut: count, roundTripMs: latency }),
  ),
  latencies: z
    .strictObject({ connect: latency, suback: latency, puback: latency, pubcomp: latency, endToEnd: latency })
    .describe('Over all flows; connect and suback from their packet, the others from due time.'),
  distributions: z.strictObject({ endToEnd: bars, puback: bars, pubcomp: bars, connect: bars }),
  histograms: z.record(z.string(), z.string()).describe('HdrHistogram V2, compressed, base64; in microseconds.'),
  series: z
    .array(
      z.strictObject({
        second: count.describe('0 for the first.'),
        connected: count,
        due: count,
        sent: count,
        acknowledged: count,
        received: count,
        discarded: count,
        lostConnections: count,
        p50Ms: z.number().nullable().describe('End to end, of what arrived in this second; null where nothing did.'),
        p90Ms: z.number().nullable(),
        p99Ms: z.number().nullable(),
        maxMs: z.number().nullable(),
        ackP99Ms: z.number().nullable(),
        cpuCores: z.number(),
        loopDelayP99Ms: z.number(),
      }),
    )
    .describe('One line per second.'),
  phases: z.array(z.strictObject({ phase: z.string(), fromSecond: z.number(), toSecond: z.number() })),
  gaps: z
    .array(z.strictObject({ fromSecond: z.number(), toSecond: z.number() }))
    .describe('When no device had a connection although the ramp was over.'),
  assertions: z.array(
    z.strictObject({
      assertion: z.string(),
      passed: z.boolean(),
      actual: z.string().describe('What it was, or why it could not be judged.'),
    }),
  ),
  stray: count.describe('Messages that no device of this run can have sent.'),
  passed: z.boolean().describe('All assertions held and the run came to its end.'),
})

export type RunReport = z.output<typeof runReportSchema>
export type Latency = z.output<typeof latency>
export type Bars = z.output<typeof bars>
export type Publishing = z.output<typeof publishing>
export type Delivery = z.output<typeof delivery>

/** What is known while a run goes on; a live view is drawn from it about once a second. */
export interface Progress {
  readonly elapsedSeconds: number
  /** Of the phases together, without what draining may take. */
  readonly plannedSeconds: number
  readonly phase: string
  readonly connected: number
  readonly wanted: number
  /** In all, and in the last second. */
  readonly sent: number
  readonly sentPerSecond: number
  readonly received: number
  readonly receivedPerSecond: number
  readonly discarded: number
  readonly duplicates: number
  /** Connections lost in all. */
  readonly lostConnections: number
  /** End to end in the last second, or null where nothing arrived. */
  readonly p50Ms: number | null
  readonly p99Ms: number | null
  readonly isSaturated: boolean
}
