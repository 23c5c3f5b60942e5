import type { Bars, Latency, RunReport } from '../../../devices-sim/report/run-report.ts'

const noLatency: Latency = { count: 0, min: 0, mean: 0, p50: 0, p90: 0, p99: 0, p999: 0, max: 0 }

function latencyOf(count: number, p50: number): Latency {
  const at = (factor: number): number => Math.round(p50 * factor * 1000) / 1000
  const [min, mean, p90, p99, p999, max] = [at(0.3), at(1.2), at(1.9), at(4.4), at(11), at(24)]
  return { count, min, mean, p50, p90, p99, p999, max }
}

/** A bell around p50 on a logarithmic scale. */
function barsAround(p50: number, count: number, factor = 1.25): Bars {
  const steps = Array.from({ length: 34 }, (_, index) => index - 12)
  return steps.map((step) => ({
    upToMs: Math.round(p50 * factor ** step * 1e4) / 1e4,
    count: Math.round(count * 0.12 * Math.exp(-((step + 0.5) ** 2) / (step < 0 ? 12 : 40))),
  }))
}

type Second = RunReport['series'][number]

function second(index: number, connected: number, perSecond: number): Second {
  const sway = 1 + 0.06 * Math.sin(index * 1.7)
  const sent = Math.round(perSecond * sway)
  return {
    second: index,
    connected,
    due: sent,
    sent,
    acknowledged: Math.round(sent / 2),
    received: sent * 2,
    discarded: 0,
    lostConnections: 0,
    p50Ms: sent === 0 ? null : 0.82 * sway,
    p90Ms: sent === 0 ? null : 1.6 * sway,
    p99Ms: sent === 0 ? null : 3.5 * sway ** 3,
    maxMs: sent === 0 ? null : 9 + 7 * Math.sin(index * 0.9) ** 2,
    ackP99Ms: sent === 0 ? null : 2.1,
    cpuCores: 0.12 + perSecond / 12_000,
    loopDelayP99Ms: 1.1 + 0.3 * Math.sin(index),
  }
}

export const passedReport: RunReport = {
  format: 'topiary-sim-report',
  version: 1,
  run: {
    id: 'k3f9',
    scenario: 'factory',
    description: 'Machines on a factory floor: telemetry at QoS 0, alarms at QoS 1, batches at QoS 2.',
    seed: 7,
    startedAt: '2026-11-21T09:30:00.000Z',
    seconds: 62.4,
    warmUpSeconds: 2,
    ended: 'finished',
    command: 'topiary-sim run factory.yaml --seed 7',
  },
  versions: {
    topiary: '0.1.0',
    node: 'v20.20.0',
    mqttjs: '5.16.0',
    platform: 'linux x64 6.1.0',
    processor: 'AMD EPYC 7B13',
    cores: 2,
    broker: 'topiary 0.1.0',
  },
  settings: {
    name: 'factory',
    seed: 7,
    broker: { url: 'mqtt://127.0.0.1:1883', insecure: false },
    protocol: '5',
    engine: 'light',
    workers: 2,
    fleets: { machines: { count: 500, messages: { telemetry: { topic: 'factory/{client}/telemetry', qos: 0 } } } },
    phases: [
      { phase: 'ramp', lasts: 10_000 },
      { phase: 'hold', lasts: 40_000 },
    ],
    assertions: ['lost == 0 where qos >= 1', 'p99 < 50ms'],
  },
  generator: {
    saturated: false,
    reasons: [],
    workers: [4101, 4102].map((pid) => ({
      pid,
      clients: 252,
      cpuCores: 0.31,
      busySeconds: 0,
      rssBytes: 118_400_000,
      loopDelayMs: latencyOf(6200, 0.21),
      lateMs: latencyOf(61_000, 0.08),
    })),
  },
  connections: {
    wanted: 504,
    opened: 529,
    reconnects: 25,
    failed: 0,
    lost: 0,
    missingAtEnd: 0,
    reasons: [],
  },
  publishing: [
    {
      flow: 'machines.telemetry',
      qos: 0,
      devices: 500,
      due: 100_000,
      sent: 100_000,
      acknowledged: 0,
      unconfirmed: 0,
      refused: 0,
      discarded: 0,
      acknowledgementMs: noLatency,
    },
    {
      flow: 'machines.alarm',
      qos: 1,
      devices: 500,
      due: 20_000,
      sent: 20_000,
      acknowledged: 19_996,
      unconfirmed: 4,
      refused: 0,
      discarded: 0,
      acknowledgementMs: latencyOf(19_996, 0.64),
    },
    {
      flow: 'machines.batch',
      qos: 2,
      devices: 500,
      due: 2500,
      sent: 2500,
      acknowledged: 2500,
      unconfirmed: 0,
      refused: 0,
      discarded: 0,
      acknowledgementMs: latencyOf(2500, 1.3),
    },
  ],
  deliveries: [
    delivery('machines.telemetry', 'dashboard', 0, 100_000, 0.82),
    delivery('machines.alarm', 'dashboard', 1, 19_996, 0.9),
    delivery('machines.alarm', 'archive', 1, 19_996, 1.1),
    delivery('machines.batch', 'archive', 2, 2500, 1.9),
  ],
  wills: { expected: 25, seen: 25, missing: 0, unexpected: 0, unconfirmed: 0 },
  births: { expected: 525, seen: 525, missing: 0 },
  retained: { topics: 500, right: 500, wrong: 0, missing: 0, examples: [] },
  offline: [
    { subscriber: 'archive', number: 1, fromSecond: 22.5, seconds: 5, queued: 2250, arrived: 2250, missing: 0 },
  ],
  commands: [{ name: 'setpoint', sent: 200, answered: 200, timedOut: 0, roundTripMs: latencyOf(200, 2.4) }],
  latencies: {
    connect: latencyOf(529, 1.8),
    suback: latencyOf(4, 0.9),
    puback: latencyOf(19_996, 0.64),
    pubcomp: latencyOf(2500, 1.3),
    endToEnd: latencyOf(142_492, 0.85),
  },
  distributions: {
    endToEnd: barsAround(0.85, 142_492),
    puback: barsAround(0.64, 19_996),
    pubcomp: barsAround(1.3, 2500),
    connect: barsAround(1.8, 529),
  },
  histograms: { endToEnd: 'HISTFAAAACl42pNpmSzMwMDAxQABzFBaEEoz2X+AMIAgAExoBDs=' },
  series: Array.from({ length: 62 }, (_, index) =>
    second(index, Math.min(504, Math.round((index + 1) * 50.4)), index < 10 ? index * 245 : index < 52 ? 2450 : 0),
  ),
  phases: [
    { phase: 'ramp', fromSecond: 0, toSecond: 10 },
    { phase: 'hold', fromSecond: 10, toSecond: 30 },
    { phase: 'churn', fromSecond: 30, toSecond: 40 },
    { phase: 'hold', fromSecond: 40, toSecond: 52 },
    { phase: 'drain', fromSecond: 52, toSecond: 62.4 },
  ],
  gaps: [],
  assertions: [
    { assertion: 'lost == 0 where qos >= 1', passed: true, actual: '0' },
    { assertion: 'p99 < 50ms', passed: true, actual: '3.74 ms' },
    { assertion: 'duplicates == 0 where qos = 2', passed: true, actual: '0' },
  ],
  stray: 0,
  passed: true,
}

function delivery(flow: string, subscriber: string, qos: 0 | 1 | 2, promised: number, p50: number) {
  return {
    flow,
    subscriber,
    qos,
    promised,
    received: promised,
    lost: 0,
    duplicates: 0,
    duplicatesWithDup: 0,
    reordered: 0,
    missedAway: 0,
    latencyMs: latencyOf(promised, p50),
    examples: [],
  }
}

/** With losses, gaps, a saturated generator and assertions that failed. */
export const failedReport: RunReport = {
  ...passedReport,
  run: { ...passedReport.run, id: 'q8x2', scenario: 'fleet-tracking-storm', ended: 'drain timed out', seconds: 94.7 },
  settings: { ...passedReport.settings, name: 'fleet-tracking-storm', workers: 1 },
  versions: { ...passedReport.versions, broker: 'mosquitto version 2.0.21' },
  generator: {
    saturated: true,
    reasons: ['worker 4101 used 0.98 of a core', 'p99 of lateness 184 ms is above 50 ms'],
    workers: passedReport.generator.workers.slice(0, 1).map((worker) => ({
      ...worker,
      clients: 10_400,
      cpuCores: 0.98,
      busySeconds: 28,
      rssBytes: 1_412_000_000,
      loopDelayMs: latencyOf(900, 22.4),
      lateMs: latencyOf(1_820_000, 41.8),
    })),
  },
  connections: {
    wanted: 10_400,
    opened: 19_912,
    reconnects: 9512,
    failed: 1204,
    lost: 311,
    missingAtEnd: 18,
    reasons: [
      { reason: 'ECONNREFUSED', count: 1204 },
      { reason: 'server disconnected: keep alive timeout (0x8d)', count: 311 },
    ],
  },
  publishing: passedReport.publishing.map((flow) => ({
    ...flow,
    flow: flow.flow.replace('machines', 'long-haul-vehicles-europe'),
    devices: 10_000,
    due: flow.due * 40,
    sent: flow.sent * 38,
    acknowledged: flow.acknowledged * 37,
    unconfirmed: flow.qos === 0 ? 0 : 1812,
    refused: flow.qos === 2 ? 14 : 0,
    discarded: flow.due * 2,
  })),
  deliveries: passedReport.deliveries.map((each, index) => ({
    ...each,
    flow: each.flow.replace('machines', 'long-haul-vehicles-europe'),
    subscriber: `${each.subscriber}-of-the-operations-centre`,
    promised: each.promised * 38,
    received: each.promised * 38 - (index * 17 + 3),
    lost: index * 17 + 3,
    duplicates: index * 412,
    duplicatesWithDup: index * 400,
    reordered: index * 3,
    missedAway: 1204,
    latencyMs: latencyOf(each.received * 38, 38.2),
    examples: ['lost: device 17, 4-6', 'lost: device 912, 118', 'reordered: device 33, 12 after 14'],
  })),
  wills: { expected: 9512, seen: 9504, missing: 8, unexpected: 2, unconfirmed: 311 },
  births: { expected: 19_912, seen: 19_900, missing: 12 },
  retained: {
    topics: 10_000,
    right: 9981,
    wrong: 4,
    missing: 15,
    examples: ['wrong: vehicles/0017/status, sequence 3'],
  },
  offline: Array.from({ length: 3 }, (_, index) => ({
    subscriber: 'archive-of-the-operations-centre',
    number: index + 1,
    fromSecond: 20 + index * 10.5,
    seconds: 8,
    queued: 82_400,
    arrived: 82_400 - index * 51,
    missing: index * 51,
  })),
  commands: [{ name: 'setpoint', sent: 900, answered: 871, timedOut: 29, roundTripMs: latencyOf(871, 88) }],
  latencies: { ...passedReport.latencies, endToEnd: latencyOf(5_414_696, 38.2) },
  distributions: { ...passedReport.distributions, endToEnd: barsAround(38.2, 5_414_696) },
  series: Array.from({ length: 94 }, (_, index): Second => {
    const isAway = index >= 41 && index < 47
    const line = second(index, isAway ? 0 : Math.min(10_400, (index + 1) * 700), index < 80 && !isAway ? 48_000 : 0)
    const slow = index > 46 && index < 60 ? 60 : 1
    const times = (value: number | null): number | null => value && value * 40 * slow
    const percentiles = { p50Ms: times(line.p50Ms), p90Ms: times(line.p90Ms), p99Ms: times(line.p99Ms) }
    const load = { cpuCores: isAway ? 0.3 : 0.98, loopDelayP99Ms: isAway ? 2 : 184 + (index % 7) * 9 }
    const due = index < 80 ? 51_000 : 0
    return {
      ...line,
      ...percentiles,
      ...load,
      due,
      maxMs: times(line.maxMs),
      discarded: due - Math.min(due, line.sent),
    }
  }),
  phases: [
    { phase: 'ramp', fromSecond: 0, toSecond: 15 },
    { phase: 'hold', fromSecond: 15, toSecond: 40 },
    { phase: 'storm', fromSecond: 40, toSecond: 60 },
    { phase: 'spike', fromSecond: 60, toSecond: 64 },
    { phase: 'hold', fromSecond: 64, toSecond: 80 },
    { phase: 'drain', fromSecond: 80, toSecond: 94.7 },
  ],
  gaps: [{ fromSecond: 41, toSecond: 47 }],
  assertions: [
    {
      assertion: 'lost == 0 where qos >= 1 and subscriber = archive-of-the-operations-centre',
      passed: false,
      actual: '105',
    },
    { assertion: 'p99 < 50ms', passed: false, actual: '168 ms' },
    { assertion: 'duplicates == 0 where qos = 2', passed: false, actual: '1,236' },
    { assertion: 'connections.failed < 5000', passed: true, actual: '1,204' },
  ],
  stray: 3,
  passed: false,
}

/** Broken off before anything arrived. */
export const emptyReport: RunReport = {
  ...passedReport,
  run: { ...passedReport.run, id: 'a1', scenario: 'tiny', description: '', seconds: 0.4, ended: 'interrupted' },
  versions: { ...passedReport.versions, broker: '' },
  generator: { saturated: false, reasons: [], workers: [] },
  connections: { wanted: 1, opened: 0, reconnects: 0, failed: 0, lost: 0, missingAtEnd: 1, reasons: [] },
  publishing: [],
  deliveries: [],
  wills: { expected: 0, seen: 0, missing: 0, unexpected: 0, unconfirmed: 0 },
  births: { expected: 0, seen: 0, missing: 0 },
  retained: { topics: 0, right: 0, wrong: 0, missing: 0, examples: [] },
  offline: [],
  commands: [],
  latencies: { connect: noLatency, suback: noLatency, puback: noLatency, pubcomp: noLatency, endToEnd: noLatency },
  distributions: { endToEnd: [], puback: [], pubcomp: [], connect: [] },
  histograms: {},
  series: [],
  phases: [],
  gaps: [],
  assertions: [],
  passed: false,
}
