/** Prometheus' text format, version 0.0.4: a HELP and a TYPE line, then samples, one to a line. */

export const METRICS_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

export type Labels = Readonly<Record<string, string>>

export interface Sample {
  readonly labels?: Labels
  readonly value: number
}

/** How often something took how long. */
export interface HistogramCounts {
  /** Upper bounds of the buckets, ascending. */
  readonly boundsSeconds: readonly number[]
  /** One for each bound, and one for all above; each counted in one bucket only. */
  readonly counts: readonly number[]
  readonly sumSeconds: number
}

/** One metric with its samples. Units belong into `name`, which ends in `_total` for a counter. */
export function metricText(type: 'counter' | 'gauge', name: string, help: string, samples: readonly Sample[]): string {
  return header(type, name, help) + samples.map(({ labels, value }) => sampleLine(name, labels, value)).join('')
}

/** The format wants buckets that hold all below them, so counts are summed up here. */
export function histogramText(name: string, help: string, histogram: HistogramCounts): string {
  const { boundsSeconds, counts, sumSeconds } = histogram
  let text = header('histogram', name, help)
  let sum = 0
  for (const [index, count] of counts.entries()) {
    sum += count
    text += sampleLine(`${name}_bucket`, { le: numberText(boundsSeconds[index] ?? Infinity) }, sum)
  }
  return text + sampleLine(`${name}_sum`, {}, sumSeconds) + sampleLine(`${name}_count`, {}, sum)
}

function header(type: string, name: string, help: string): string {
  const escaped = help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
  return `# HELP ${name} ${escaped}\n# TYPE ${name} ${type}\n`
}

function sampleLine(name: string, labels: Labels = {}, value: number): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escapedLabel(text)}"`)
  return `${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${numberText(value)}\n`
}

function escapedLabel(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}

function numberText(value: number): string {
  if (value === Infinity) return '+Inf'
  return value === -Infinity ? '-Inf' : String(value)
}
