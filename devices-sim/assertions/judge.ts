import type { Latency } from '../report/run-report.ts'
import type { JudgedReport, LatencyFigure, Metric } from './metrics.ts'
import { type Assertion, isSelected, type Operator } from './parse-assertion.ts'

export interface Judgement {
  readonly assertion: string
  readonly passed: boolean
  /** What it was, or why it could not be judged. */
  readonly actual: string
}

/**
 * Holds an assertion against a report. Several flows and deliveries are taken together: counts are added; of times,
 * min is the least, mean the mean of all, and of percentiles and max the worst counts, which is that of the slowest.
 * What selects nothing, counts something of nothing, or asks for times where none were measured, fails.
 */
export function judge(assertion: Assertion, report: JudgedReport): Judgement {
  const { text, operator, expected } = assertion
  const measured = measure(assertion, report)
  if ('reason' in measured) return { assertion: text, passed: false, actual: measured.reason }
  if ('truth' in measured) {
    return {
      assertion: text,
      passed: compare(measured.truth, operator, expected.value),
      actual: String(measured.truth),
    }
  }
  if ('milliseconds' in measured) {
    const passed = compare(measured.milliseconds, operator, expected.value)
    return { assertion: text, passed, actual: `${digits(measured.milliseconds)}ms` }
  }
  const { count, whole } = measured
  if (expected.kind !== 'percent') {
    return { assertion: text, passed: compare(count, operator, expected.value), actual: counted(count) }
  }
  if (whole === undefined)
    return { assertion: text, passed: false, actual: 'there is nothing that it is a percentage of' }
  const percent = (count / whole.count) * 100
  const actual = `${digits(percent)}% (${counted(count)} of ${counted(whole.count)} ${whole.name})`
  return { assertion: text, passed: compare(percent, operator, expected.value), actual }
}

type Measured =
  | { readonly count: number; readonly whole?: { readonly name: string; readonly count: number } }
  | { readonly milliseconds: number }
  | { readonly truth: boolean }
  | { readonly reason: string }

function measure(assertion: Assertion, report: JudgedReport): Measured {
  const { metric } = assertion
  switch (metric.of) {
    case 'run':
      return { count: metric.read(report) }
    case 'saturated':
      return { truth: report.generator.saturated }
    case 'publishing':
      return summed(assertion, report.publishing, metric.count, metric.whole)
    case 'delivery':
      return summed(assertion, report.deliveries, metric.count, metric.whole)
    case 'offline':
      return summed(assertion, report.offline, metric.count, metric.whole)
    case 'commands':
      return summed(assertion, report.commands, metric.count, metric.whole)
    case 'run latency':
      return combined([report.latencies[metric.kind]], metric.figure)
    case 'end to end':
      return timed(assertion, metric, report.deliveries, ({ latencyMs }) => latencyMs)
    case 'acknowledgement':
      return timed(assertion, metric, report.publishing, ({ acknowledgementMs }) => acknowledgementMs)
    case 'round trip':
      return timed(assertion, metric, report.commands, ({ roundTripMs }) => roundTripMs)
  }
}

/** What rows of a report may be selected by. */
interface Row {
  readonly flow?: string
  readonly subscriber?: string
  readonly qos?: number
}

function summed<Key extends string, Whole extends string>(
  assertion: Assertion,
  every: readonly Readonly<Record<Key | Whole, number>>[],
  key: Key,
  whole: Whole,
): Measured {
  const rows = selected(assertion, every)
  if (rows.length === 0) return { reason: nothing(assertion) }
  const sum = (of: Key | Whole): number => rows.reduce((total, row) => total + row[of], 0)
  const all = sum(whole)
  // none lost of none promised proves nothing
  if (all === 0 && (key as string) !== whole) return { reason: `nothing was ${whole}` }
  return { count: sum(key), whole: { name: whole, count: all } }
}

function timed<T extends object>(
  assertion: Assertion,
  metric: Extract<Metric, { figure: LatencyFigure }>,
  all: readonly T[],
  latencyOf: (row: T) => Latency,
): Measured {
  const rows = selected(assertion, all)
  return rows.length === 0 ? { reason: nothing(assertion) } : combined(rows.map(latencyOf), metric.figure)
}

function selected<T extends object>({ where }: Assertion, rows: readonly T[]): readonly T[] {
  return rows.filter((row) => where.every(({ key, value }) => isSelected(value, String((row as Row)[key]))))
}

function combined(latencies: readonly Latency[], figure: LatencyFigure): Measured {
  const measured = latencies.filter(({ count }) => count > 0)
  if (measured.length === 0) return { reason: 'nothing was measured' }
  const values = measured.map((latency) => latency[figure])
  if (figure === 'min') return { milliseconds: Math.min(...values) }
  if (figure !== 'mean') return { milliseconds: Math.max(...values) }
  const count = measured.reduce((sum, latency) => sum + latency.count, 0)
  return { milliseconds: measured.reduce((sum, latency) => sum + latency.mean * latency.count, 0) / count }
}

function nothing({ name, where }: Assertion): string {
  if (where.length === 0) return `the run had nothing that ${name} is counted of`
  return `nothing has ${where.map(({ key, value }) => `${key} = ${value}`).join(' and ')}`
}

function compare(actual: number | boolean, operator: Operator, expected: number | boolean): boolean {
  switch (operator) {
    case '==':
      return actual === expected
    case '!=':
      return actual !== expected
    case '<':
      return actual < expected
    case '<=':
      return actual <= expected
    case '>':
      return actual > expected
    case '>=':
      return actual >= expected
  }
}

function counted(count: number): string {
  return count.toLocaleString('en')
}

/** Three digits that count, and all before the point. */
function digits(value: number): string {
  return value >= 100 ? String(Math.round(value * 10) / 10) : String(Number(value.toPrecision(4)))
}
