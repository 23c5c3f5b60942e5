import type { Latency, RunReport } from './run-report.ts'

/** Values by column; those that no column names are left out. */
type Row = Readonly<Record<string, unknown>>

const seriesColumns = [
  ...['second', 'connected', 'due', 'sent', 'acknowledged', 'received', 'discarded', 'lostConnections'],
  ...['p50Ms', 'p90Ms', 'p99Ms', 'maxMs', 'ackP99Ms', 'cpuCores', 'loopDelayP99Ms'],
] as const satisfies readonly (keyof RunReport['series'][number])[]

const flowColumns = [
  ...['kind', 'flow', 'subscriber', 'qos', 'devices', 'due', 'sent', 'acknowledged', 'unconfirmed', 'refused'],
  ...['discarded', 'promised', 'received', 'lost', 'duplicates', 'duplicatesWithDup', 'reordered', 'missedAway'],
  ...['latencyCount', 'minMs', 'meanMs', 'p50Ms', 'p90Ms', 'p99Ms', 'p999Ms', 'maxMs'],
]

/** One line a second; empty where nothing arrived. */
export function seriesCsv({ series }: RunReport): string {
  return csv(seriesColumns, series)
}

/**
 * A line of kind `publishing` for each flow, with latencies to its acknowledgement, and one of kind `delivery` for
 * each flow and group of subscribers, with latencies to its arrival. What a kind does not have is empty.
 */
export function flowsCsv({ publishing, deliveries }: RunReport): string {
  return csv(flowColumns, [
    ...publishing.map(({ acknowledgementMs, ...flow }) => ({
      kind: 'publishing',
      ...flow,
      ...latencyValues(acknowledgementMs),
    })),
    ...deliveries.map(({ latencyMs, ...flow }) => ({
      kind: 'delivery',
      ...flow,
      ...latencyValues(latencyMs),
    })),
  ])
}

function latencyValues({ count, min, mean, p50, p90, p99, p999, max }: Latency): Row {
  if (count === 0) return { latencyCount: 0 }
  return { latencyCount: count, minMs: min, meanMs: mean, p50Ms: p50, p90Ms: p90, p99Ms: p99, p999Ms: p999, maxMs: max }
}

/** RFC 4180. */
function csv(columns: readonly string[], rows: readonly Row[]): string {
  const lines = rows.map((row) => columns.map((column) => field(row[column])).join(','))
  return [columns.join(','), ...lines].map((line) => `${line}\r\n`).join('')
}

function field(value: unknown): string {
  const text = value === null || value === undefined ? '' : String(value)
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
