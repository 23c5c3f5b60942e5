import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks'
import type { Clock } from '../contracts/clock.ts'
import type { Counters, Gauges, Statistics } from '../contracts/statistics.ts'
import type { StoreStatistics } from '../contracts/store.ts'
import { EventLoopDelayWindow, PROBE_INTERVAL_MS } from './metrics-event-loop.ts'
import { type HistogramCounts, histogramText, metricText } from './metrics-text.ts'

export interface MetricsParts {
  readonly clock: Clock
  readonly statistics: Statistics
  /** How the store is; left out, so are its metrics. Asked at each scrape. */
  readonly store?: (() => StoreStatistics) | undefined
  /** Shown as a label of `topiary_build_info`. */
  readonly version: string
  /** How long commits took until they were durable; left out, the metric is. Asked at each scrape. */
  readonly commitLatency?: (() => HistogramCounts) | undefined
}

type MetricOf<Values> = Readonly<Record<keyof Values, readonly [type: 'counter' | 'gauge', name: string, help: string]>>

const counterMetrics: MetricOf<Omit<Counters, 'drops'>> = {
  packetsReceived: ['counter', 'packets_received_total', 'MQTT control packets received, of every type.'],
  packetsSent: ['counter', 'packets_sent_total', 'MQTT control packets sent, of every type.'],
  bytesReceived: ['counter', 'received_bytes_total', 'Bytes received from clients.'],
  bytesSent: ['counter', 'sent_bytes_total', 'Bytes sent to clients.'],
  publishReceived: ['counter', 'publish_received_total', 'PUBLISH packets received.'],
  publishSent: ['counter', 'publish_sent_total', 'PUBLISH packets sent.'],
  publishBytesReceived: ['counter', 'publish_received_bytes_total', 'Payload bytes of PUBLISH packets received.'],
  publishBytesSent: ['counter', 'publish_sent_bytes_total', 'Payload bytes of PUBLISH packets sent.'],
  socketsOpened: ['counter', 'sockets_opened_total', 'Network connections accepted.'],
  connectionsAccepted: ['counter', 'connections_accepted_total', 'CONNECT packets accepted.'],
  connectionsRefused: [
    'counter',
    'connections_refused_total',
    'Connections refused: no room for them, or CONNECT turned down.',
  ],
  clientIdCollisions: [
    'counter',
    'client_id_collisions_total',
    'Takeovers by clients that seem to share a client identifier.',
  ],
  sessionsExpired: ['counter', 'sessions_expired_total', 'Sessions that expired.'],
  sessionsMaximum: ['gauge', 'sessions_maximum', 'Most sessions known at once since the start.'],
  publishesDenied: ['counter', 'publishes_denied_total', 'Publishes refused for want of rights, wills included.'],
  subscriptionsDenied: ['counter', 'subscriptions_denied_total', 'Topic filters refused for want of rights.'],
  protocolErrors: ['counter', 'protocol_errors_total', 'Connections closed because the client broke the protocol.'],
  assertions: ['counter', 'assertions_total', 'Connections closed because of a fault of the broker.'],
}

/** The time of day is Prometheus' own. */
const gaugeMetrics: MetricOf<Omit<Gauges, 'startedAtMs' | 'nowMs'>> = {
  sessions: ['gauge', 'sessions', 'Sessions, connected or not.'],
  connections: ['gauge', 'connections', 'Clients connected.'],
  subscriptions: ['gauge', 'subscriptions', 'Subscriptions, shared ones included.'],
  sharedSubscriptions: ['gauge', 'shared_subscriptions', 'Shared subscriptions.'],
  retainedMessages: ['gauge', 'retained_messages', 'Retained messages.'],
  storedMessages: ['gauge', 'stored_messages', 'Messages queued or in flight for sessions, plus retained ones.'],
  storedBytes: ['gauge', 'stored_bytes', 'Bytes of these messages.'],
  outboxMessages: ['gauge', 'outbox_messages', 'Messages in flight to clients or waiting for them.'],
  outboxBytes: ['gauge', 'outbox_bytes', 'Bytes waiting to be written to clients.'],
}

const storeMetrics: MetricOf<StoreStatistics> = {
  isDegraded: ['gauge', 'store_degraded', '1 while the store takes nothing and QoS 1 and 2 are refused, else 0.'],
  missingCommits: ['gauge', 'store_missing_commits', 'Commits missing or unreadable at the last start.'],
  damagedValues: [
    'counter',
    'store_damaged_values_total',
    'Values whose checksum was wrong, since the data directory was made.',
  ],
  filesSetAside: [
    'counter',
    'store_files_set_aside_total',
    'Damaged files set aside, since the data directory was made.',
  ],
  logBytes: ['gauge', 'store_log_bytes', 'Bytes of records that a start would replay.'],
  failedBatches: ['counter', 'store_failed_batches_total', 'Batches that the store could not write.'],
}

/** The broker's figures as Prometheus reads them. */
export class Metrics {
  readonly #parts: MetricsParts
  readonly #monitor: IntervalHistogram = monitorEventLoopDelay({ resolution: PROBE_INTERVAL_MS })
  readonly #loopDelay: EventLoopDelayWindow

  constructor(parts: MetricsParts) {
    this.#parts = parts
    this.#loopDelay = new EventLoopDelayWindow(this.#monitor, parts.clock)
    this.#monitor.enable()
  }

  stop(): void {
    this.#loopDelay.stop()
    this.#monitor.disable()
  }

  text(): string {
    const { statistics, commitLatency, store, version } = this.#parts
    const { counters } = statistics
    const gauges = statistics.gauges()
    const drops = Object.entries(counters.drops).map(([reason, value]) => ({ labels: { reason }, value }))
    const latencyHelp = 'Time from handing a batch to the store until it was durable.'
    return [
      metricText('gauge', 'topiary_build_info', 'Always 1.', [{ labels: { version }, value: 1 }]),
      gauge('topiary_start_time_seconds', 'When the broker started, since 1970.', gauges.startedAtMs / 1000),
      ...metricsOf(counterMetrics, counters),
      metricText('counter', 'topiary_messages_dropped_total', 'Messages that did not arrive, by reason.', drops),
      ...metricsOf(gaugeMetrics, gauges),
      commitLatency === undefined ? '' : histogramText('topiary_commit_latency_seconds', latencyHelp, commitLatency()),
      ...(store === undefined ? [] : metricsOf(storeMetrics, store())),
      ...this.#processMetrics(),
    ].join('')
  }

  /** Names of the process as every Prometheus client has them, for dashboards that know these. */
  #processMetrics(): string[] {
    const { user, system } = process.cpuUsage()
    const { rss, heapUsed, heapTotal } = process.memoryUsage()
    const { medianSeconds, p99Seconds, maximumSeconds } = this.#loopDelay.delay()
    const cpuSeconds = { value: (user + system) / 1e6 }
    const delay = 'topiary_event_loop_delay'
    return [
      metricText('counter', 'process_cpu_seconds_total', 'Processor time spent, user and system.', [cpuSeconds]),
      gauge('process_resident_memory_bytes', 'Memory of the process that is in RAM.', rss),
      gauge('nodejs_heap_size_used_bytes', 'JavaScript heap in use.', heapUsed),
      gauge('nodejs_heap_size_total_bytes', 'JavaScript heap reserved.', heapTotal),
      gauge(`${delay}_p50_seconds`, 'How late the event loop was in the last minute, median.', medianSeconds),
      gauge(`${delay}_p99_seconds`, 'How late the event loop was in the last minute, 99th percentile.', p99Seconds),
      gauge(`${delay}_max_seconds`, 'How late the event loop was in the last minute, at worst.', maximumSeconds),
    ]
  }
}

function metricsOf<Name extends string>(
  metrics: MetricOf<Record<Name, unknown>>,
  values: Readonly<Record<Name, number | boolean>>,
): string[] {
  return (Object.keys(metrics) as Name[]).map((key) => {
    const [type, name, help] = metrics[key]
    return metricText(type, `topiary_${name}`, help, [{ value: Number(values[key]) }])
  })
}

function gauge(name: string, help: string, value: number): string {
  return metricText('gauge', name, help, [{ value }])
}
