import type { Delivery, Latency, Publishing, RunReport } from '../report/run-report.ts'

/** What assertions are judged by: the report before they are in it. */
export type JudgedReport = Omit<RunReport, 'assertions' | 'passed'>

type CountsOf<T> = { [Key in keyof T]-?: T[Key] extends number ? Key : never }[keyof T] & string

export const publishingCounts = [
  'due',
  'sent',
  'acknowledged',
  'unconfirmed',
  'refused',
  'discarded',
] as const satisfies CountsOf<Publishing>[]

export const deliveryCounts = [
  'promised',
  'received',
  'lost',
  'duplicates',
  'duplicatesWithDup',
  'reordered',
  'missedAway',
] as const satisfies CountsOf<Delivery>[]

export const latencyFigures = ['min', 'mean', 'p50', 'p90', 'p99', 'p999', 'max'] as const satisfies CountsOf<Latency>[]

const offlineCounts = ['queued', 'arrived', 'missing'] as const
const commandCounts = ['sent', 'answered', 'timedOut'] as const

/** Figures of the whole run; nothing narrows them. */
const runCounts = {
  'wills.expected': ({ wills }) => wills.expected,
  'wills.seen': ({ wills }) => wills.seen,
  'wills.missing': ({ wills }) => wills.missing,
  'wills.unexpected': ({ wills }) => wills.unexpected,
  'births.expected': ({ births }) => births.expected,
  'births.seen': ({ births }) => births.seen,
  'births.missing': ({ births }) => births.missing,
  'retained.topics': ({ retained }) => retained.topics,
  'retained.right': ({ retained }) => retained.right,
  'retained.wrong': ({ retained }) => retained.wrong,
  'retained.missing': ({ retained }) => retained.missing,
  'connections.opened': ({ connections }) => connections.opened,
  'connections.failed': ({ connections }) => connections.failed,
  'connections.lost': ({ connections }) => connections.lost,
  'connections.missingAtEnd': ({ connections }) => connections.missingAtEnd,
  'connections.reconnects': ({ connections }) => connections.reconnects,
  gaps: ({ gaps }) => gaps.length,
  stray: ({ stray }) => stray,
} as const satisfies Record<string, (report: JudgedReport) => number>

const runLatencies = ['connect', 'suback', 'puback', 'pubcomp'] as const

export type SelectorKey = 'flow' | 'subscriber' | 'qos'
export type PublishingCount = (typeof publishingCounts)[number]
export type DeliveryCount = (typeof deliveryCounts)[number]
export type LatencyFigure = (typeof latencyFigures)[number]

/** Where a figure is found. `keys` narrow it; `whole` is what percents of it are of. */
export type Metric = { readonly keys: readonly SelectorKey[] } & (
  | { readonly of: 'publishing'; readonly count: PublishingCount; readonly whole: 'due' }
  | { readonly of: 'delivery'; readonly count: DeliveryCount; readonly whole: 'promised' }
  | { readonly of: 'offline'; readonly count: (typeof offlineCounts)[number]; readonly whole: 'queued' }
  | { readonly of: 'commands'; readonly count: (typeof commandCounts)[number]; readonly whole: 'sent' }
  | { readonly of: 'run'; readonly read: (report: JudgedReport) => number }
  | { readonly of: 'saturated' }
  | { readonly of: 'end to end' | 'acknowledgement' | 'round trip'; readonly figure: LatencyFigure }
  | { readonly of: 'run latency'; readonly kind: (typeof runLatencies)[number]; readonly figure: LatencyFigure }
)

const ofFlows = ['flow', 'qos'] as const
const ofDeliveries = ['flow', 'subscriber', 'qos'] as const

/** Every name that an assertion may begin with. */
export const metrics: ReadonlyMap<string, Metric> = new Map<string, Metric>([
  ...publishingCounts.map(
    (count) => [count, { of: 'publishing', count, whole: 'due', keys: ofFlows }] satisfies [string, Metric],
  ),
  ...deliveryCounts.map(
    (count) => [count, { of: 'delivery', count, whole: 'promised', keys: ofDeliveries }] satisfies [string, Metric],
  ),
  ...offlineCounts.map(
    (count) =>
      [`offline.${count}`, { of: 'offline', count, whole: 'queued', keys: ['subscriber'] }] satisfies [string, Metric],
  ),
  ...commandCounts.map(
    (count) => [`commands.${count}`, { of: 'commands', count, whole: 'sent', keys: [] }] satisfies [string, Metric],
  ),
  ...Object.entries(runCounts).map(([name, read]) => [name, { of: 'run', read, keys: [] }] satisfies [string, Metric]),
  ['saturated', { of: 'saturated', keys: [] }],
  ...latencyFigures.flatMap((figure): [string, Metric][] => [
    [figure, { of: 'end to end', figure, keys: ofDeliveries }],
    [`acknowledgement.${figure}`, { of: 'acknowledgement', figure, keys: ofFlows }],
    [`roundTrip.${figure}`, { of: 'round trip', figure, keys: [] }],
    ...runLatencies.map((kind): [string, Metric] => [
      `${kind}.${figure}`,
      { of: 'run latency', kind, figure, keys: [] },
    ]),
  ]),
])

/** What a figure is compared with. */
export function unitOf(metric: Metric): 'count' | 'time' | 'truth' {
  if ('figure' in metric) return 'time'
  return metric.of === 'saturated' ? 'truth' : 'count'
}
