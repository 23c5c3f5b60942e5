import { createHistogram, type RecordableHistogram } from 'node:perf_hooks'
import { afterEach, describe, expect, it } from 'vitest'
import { dropReasons, type Gauges, newCounters, type Statistics } from '../../src/contracts/statistics.ts'
import { EventLoopDelayWindow } from '../../src/observe/metrics-event-loop.ts'
import { type HistogramCounts, histogramText, metricText } from '../../src/observe/metrics-text.ts'
import { Metrics, type MetricsParts } from '../../src/observe/metrics.ts'
import { ManualClock } from '../../src/observe/manual-clock.ts'

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/
const SAMPLE = /^([^{ ]+)(?:\{((?:[a-zA-Z_]\w*="(?:[^"\\]|\\["\\n])*",?)*)\})? (\S+)$/
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\["\\n])*)"(?:,|$)/gy

const gauges: Gauges = {
  startedAtMs: 1_700_000_000_500,
  nowMs: 1_700_000_009_000,
  sessions: 101,
  connections: 102,
  subscriptions: 103,
  sharedSubscriptions: 104,
  retainedMessages: 105,
  storedMessages: 106,
  storedBytes: 107,
  outboxMessages: 108,
  outboxBytes: 109,
}

/** Statistics of which each counter has another value: 1000, 1001 and so on, drops from 2000. */
function statistics(): Statistics {
  const counters = newCounters()
  const names = Object.keys(counters).filter((name) => name !== 'drops') as Exclude<keyof typeof counters, 'drops'>[]
  for (const [index, name] of names.entries()) counters[name] = 1000 + index
  for (const [index, reason] of dropReasons.entries()) counters.drops[reason] = 2000 + index
  return { counters, gauges: () => gauges }
}

const running: Metrics[] = []

function metricsOf(parts: Pick<Partial<MetricsParts>, 'commitLatency' | 'store' | 'version'> = {}): Metrics {
  const metrics = new Metrics({ clock: new ManualClock(), statistics: statistics(), version: '1.2.3', ...parts })
  running.push(metrics)
  return metrics
}

afterEach(() => {
  for (const metrics of running.splice(0)) metrics.stop()
})

describe('the metrics', () => {
  it('are text that Prometheus can read', () => {
    const metrics = parseMetrics(metricsOf({ commitLatency: () => latency }).text())
    expect(metrics.size).toBeGreaterThan(30)
    for (const [name, { type }] of metrics) expect(name.endsWith('_total'), name).toBe(type === 'counter')
  })

  it('hold every counter and gauge of the statistics, each under its own name', () => {
    const metrics = parseMetrics(metricsOf().text())
    const { counters } = statistics()
    const values = new Map([...metrics].map(([name, { samples }]) => [samples[0]?.value, name]))
    const expected = [...Object.values(counters), ...Object.values(gauges).slice(2)].filter(Number.isFinite)
    expect(expected.length).toBeGreaterThan(20)
    for (const value of expected as number[]) expect(values.get(value), String(value)).toMatch(/^topiary_/)
    expect(metrics.get('topiary_start_time_seconds')?.samples).toEqual([
      { name: 'topiary_start_time_seconds', labels: {}, value: 1_700_000_000.5 },
    ])
  })

  it.each([
    ['topiary_packets_received_total', 'counter', 1000],
    ['topiary_sent_bytes_total', 'counter', 1003],
    ['topiary_sessions', 'gauge', 101],
    ['topiary_connections', 'gauge', 102],
    ['topiary_stored_bytes', 'gauge', 107],
    ['topiary_outbox_bytes', 'gauge', 109],
  ])('have %s, a %s', (name, type, value) => {
    expect(parseMetrics(metricsOf().text()).get(name)).toMatchObject({ type, samples: [{ name, labels: {}, value }] })
  })

  it('count drops by their reason', () => {
    const name = 'topiary_messages_dropped_total'
    const samples = dropReasons.map((reason, index) => ({ name, labels: { reason }, value: 2000 + index }))
    expect(parseMetrics(metricsOf().text()).get(name)).toMatchObject({ type: 'counter', samples })
  })

  it('tell how the process is', () => {
    const metrics = parseMetrics(metricsOf().text())
    const value = (name: string): number => metrics.get(name)?.samples[0]?.value ?? NaN
    expect(value('process_cpu_seconds_total')).toBeGreaterThan(0)
    const { user, system } = process.cpuUsage()
    expect(value('process_cpu_seconds_total')).toBeLessThanOrEqual((user + system) / 1e6)
    const residentBytes = process.memoryUsage().rss
    expect(value('process_resident_memory_bytes')).toBeGreaterThan(residentBytes * 0.8)
    expect(value('process_resident_memory_bytes')).toBeLessThan(residentBytes * 1.2)
    expect(value('nodejs_heap_size_used_bytes')).toBeGreaterThan(1_000_000)
    expect(value('nodejs_heap_size_total_bytes')).toBeGreaterThanOrEqual(value('nodejs_heap_size_used_bytes'))
    for (const which of ['p50', 'p99', 'max']) {
      expect(value(`topiary_event_loop_delay_${which}_seconds`)).toBeGreaterThanOrEqual(0)
    }
  })

  it('have a commit latency where one is given', () => {
    expect(parseMetrics(metricsOf().text()).has('topiary_commit_latency_seconds')).toBe(false)
    const metric = parseMetrics(metricsOf({ commitLatency: () => latency }).text()).get(
      'topiary_commit_latency_seconds',
    )
    expect(metric?.type).toBe('histogram')
  })

  it.each([
    ['topiary_store_degraded', 'gauge', 1],
    ['topiary_store_missing_commits', 'gauge', 2],
    ['topiary_store_damaged_values_total', 'counter', 3],
    ['topiary_store_files_set_aside_total', 'counter', 4],
    ['topiary_store_log_bytes', 'gauge', 5],
    ['topiary_store_failed_batches_total', 'counter', 6],
  ])('have %s, a %s, where there is a store', (name, type, value) => {
    const store = {
      isDegraded: true,
      missingCommits: 2,
      damagedValues: 3,
      filesSetAside: 4,
      logBytes: 5,
      failedBatches: 6,
    }
    const metrics = parseMetrics(metricsOf({ store: () => store }).text())
    expect(metrics.get(name)).toMatchObject({ type, samples: [{ name, labels: {}, value }] })
    expect(parseMetrics(metricsOf().text()).has(name)).toBe(false)
  })

  it.each(['1.2.3', 'a"b', 'a\\b', 'a\nb', '\\n', 'é{}'])('show the version %j as a label', (version) => {
    const [sample] = parseMetrics(metricsOf({ version }).text()).get('topiary_build_info')?.samples ?? []
    expect(sample).toMatchObject({ labels: { version }, value: 1 })
  })
})

const latency: HistogramCounts = { boundsSeconds: [0.0001, 0.001, 1], counts: [3, 0, 2, 1], sumSeconds: 4.25 }

describe('the format', () => {
  it('of a histogram sums its buckets up', () => {
    expect(histogramText('t_seconds', 'How long.', latency)).toBe(
      [
        '# HELP t_seconds How long.',
        '# TYPE t_seconds histogram',
        't_seconds_bucket{le="0.0001"} 3',
        't_seconds_bucket{le="0.001"} 3',
        't_seconds_bucket{le="1"} 5',
        't_seconds_bucket{le="+Inf"} 6',
        't_seconds_sum 4.25',
        't_seconds_count 6',
        '',
      ].join('\n'),
    )
  })

  it('of a help text escapes line ends and backslashes, and leaves quotes alone', () => {
    expect(metricText('gauge', 'a', 'x\\y\nz "q"', [])).toBe('# HELP a x\\\\y\\nz "q"\n# TYPE a gauge\n')
  })

  it.each([
    [1, '1'],
    [0.1, '0.1'],
    [-2.5, '-2.5'],
    [1e21, '1e+21'],
    [1e-7, '1e-7'],
    [Infinity, '+Inf'],
    [-Infinity, '-Inf'],
    [NaN, 'NaN'],
  ])('of the value %d is %s', (value, text) => {
    const written = metricText('gauge', 'a', 'x', [{ labels: { b: '1', c: '2' }, value }])
    expect(written.split('\n')[2]).toBe(`a{b="1",c="2"} ${text}`)
    expect(parseMetrics(written).get('a')?.samples[0]?.value).toBe(value)
  })
})

describe('the delay of the event loop', () => {
  it('is what the probes were late, in seconds', () => {
    // a probe that is on time comes after 20 ms
    const window = new EventLoopDelayWindow(milliseconds(20, 20, 30, 120, 520), new ManualClock())
    const { medianSeconds, p99Seconds, maximumSeconds } = window.delay()
    expect(medianSeconds).toBeCloseTo(0.01, 3)
    expect(p99Seconds).toBeCloseTo(0.5, 3)
    expect(maximumSeconds).toBeCloseTo(0.5, 3)
  })

  it('is none before the first probe, nor for probes that are early', () => {
    const none = { medianSeconds: 0, p99Seconds: 0, maximumSeconds: 0 }
    expect(new EventLoopDelayWindow(milliseconds(), new ManualClock()).delay()).toEqual(none)
    expect(new EventLoopDelayWindow(milliseconds(19), new ManualClock()).delay()).toEqual(none)
  })

  it('is that of the last whole minute, for whoever asks and however often', () => {
    const clock = new ManualClock()
    const histogram = milliseconds(120)
    const window = new EventLoopDelayWindow(histogram, clock)
    const maximum = (): number => window.delay().maximumSeconds
    clock.advance(59_999)
    expect([maximum(), maximum()]).toEqual([maximum(), maximum()])
    expect(maximum()).toBeCloseTo(0.1, 3)
    clock.advance(1)
    histogram.record(1_020_000_000)
    expect(maximum()).toBeCloseTo(0.1, 3)
    clock.advance(60_000)
    expect(maximum()).toBeCloseTo(1, 3)
    clock.advance(60_000)
    expect(maximum()).toBe(0)
  })

  it('is no longer followed after a stop', () => {
    const clock = new ManualClock()
    const histogram = milliseconds(120)
    new EventLoopDelayWindow(histogram, clock).stop()
    clock.advance(60_000)
    expect(histogram.count).toBe(1)
  })
})

/** A histogram of probes that came that many milliseconds after another. */
function milliseconds(...values: readonly number[]): RecordableHistogram {
  const histogram = createHistogram()
  for (const value of values) histogram.record(value * 1_000_000)
  return histogram
}

interface ParsedSample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

interface ParsedMetric {
  readonly type: string
  readonly help: string
  readonly samples: ParsedSample[]
}

/**
 * Reads Prometheus' text format 0.0.4 and is stricter than Prometheus: HELP, TYPE and samples of a metric stand
 * together in that order, no name comes twice, a histogram grows from bucket to bucket. Throws an Error otherwise.
 */
function parseMetrics(text: string): Map<string, ParsedMetric> {
  const metrics = new Map<string, ParsedMetric>()
  const lines = text.split('\n')
  demand(lines.pop() === '', 'the text ends with a line end')
  let last: readonly [name: string, metric: ParsedMetric] | undefined
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index] as string
    if (line.startsWith('#')) {
      const [, name = '', help = ''] = /^# HELP (\S+) (.+)$/.exec(line) ?? []
      const [, typed, type = ''] = /^# TYPE (\S+) (counter|gauge|histogram)$/.exec(lines[++index] ?? '') ?? []
      demand(NAME.test(name) && typed === name, `HELP and TYPE at "${line}"`)
      demand(/^(?:[^\\]|\\[\\n])*$/.test(help), `escapes in "${line}"`)
      demand(!metrics.has(name), `${name} comes once`)
      last = [name, { type, help, samples: [] }]
      metrics.set(...last)
    } else {
      const sample = sampleOf(line)
      demand(last !== undefined && belongs(sample.name, ...last), `a TYPE before "${line}"`)
      last?.[1].samples.push(sample)
    }
  }
  for (const [name, metric] of metrics) checkMetric(name, metric)
  return metrics
}

function sampleOf(line: string): ParsedSample {
  const [, name = '', labelText = '', value = ''] = SAMPLE.exec(line) ?? []
  demand(NAME.test(name), `a sample in "${line}"`)
  const labels: Record<string, string> = {}
  for (const [, label = '', escaped = ''] of labelText.matchAll(LABEL)) {
    demand(!(label in labels), `${label} once in "${line}"`)
    labels[label] = escaped.replace(/\\(.)/g, (_, character: string) => (character === 'n' ? '\n' : character))
  }
  demand(/^(?:[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?|[+-]Inf|NaN)$/.test(value), `a number in "${line}"`)
  return { name, labels, value: Number(value.replace('Inf', 'Infinity')) }
}

function belongs(sampleName: string, name: string, { type }: ParsedMetric): boolean {
  if (type !== 'histogram') return sampleName === name
  return [`${name}_bucket`, `${name}_sum`, `${name}_count`].includes(sampleName)
}

function checkMetric(name: string, { type, samples }: ParsedMetric): void {
  const series = samples.map((sample) => sample.name + JSON.stringify(sample.labels))
  demand(new Set(series).size === series.length, `no sample of ${name} comes twice`)
  demand(type !== 'counter' || samples.every(({ value }) => value >= 0), `${name} counts upward`)
  if (type !== 'histogram') return
  const buckets = samples.filter((sample) => sample.name === `${name}_bucket`)
  const bounds = buckets.map(({ labels }) => Number((labels['le'] ?? '').replace('Inf', 'Infinity')))
  demand(isAscending(bounds) && bounds.at(-1) === Infinity, `bounds of ${name}`)
  demand(isAscending(buckets.map(({ value }) => value)), `${name} is cumulative`)
  const count = samples.find((sample) => sample.name === `${name}_count`)
  demand(count !== undefined && count.value === buckets.at(-1)?.value, `count of ${name}`)
  demand(
    samples.some((sample) => sample.name === `${name}_sum`),
    `sum of ${name}`,
  )
}

function isAscending(values: readonly number[]): boolean {
  return values.every((value, index) => index === 0 || value >= (values[index - 1] as number))
}

function demand(holds: boolean, what: string): void {
  if (!holds) throw new Error(`metrics: expected ${what}`)
}
