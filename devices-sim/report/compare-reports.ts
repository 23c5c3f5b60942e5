import { countText, millisecondsText, NO_VALUE } from './figures.ts'
import type { Latency, RunReport } from './run-report.ts'
import { printable, unpainted } from './terminal-text.ts'
import { textTable } from './text-table.ts'
import { verdictOf } from './verdict.ts'

/** Of a setting, so that two of them fit a line. */
const LONGEST_VALUE = 36

type Row = readonly [name: string, a: string, b: string, ratio?: string]

interface Group {
  readonly name: string
  readonly rows: readonly Row[]
}

/** Two runs side by side, for a terminal: first why they may not be comparable, then what differs. */
export function compareReports(a: RunReport, b: RunReport): string {
  const sections = [
    warningsFor(a, b).map((warning) => `! ${printable(warning)}`),
    textPart('Runs', runRows(a, b)),
    textPart('Versions that differ', differences(a.versions, b.versions)),
    textPart('Settings that differ', differences(a.settings, b.settings)),
    numberPart('Published', publishingGroups(a, b)),
    numberPart('Delivered', deliveryGroups(a, b)),
    numberPart('Latencies over all', [{ name: '', rows: overallRows(a, b) }]),
    numberPart('Load of the generator', [{ name: '', rows: generatorRows(a, b) }]),
  ]
  const shown = sections.filter((lines) => lines.length > 0).map((lines) => lines.join('\n'))
  return `${shown.join('\n\n')}\n`
}

function warningsFor(a: RunReport, b: RunReport): string[] {
  const warnings: string[] = []
  if (a.run.scenario !== b.run.scenario) {
    warnings.push(`not comparable: A ran the scenario ${a.run.scenario}, B ran ${b.run.scenario}`)
  }
  for (const [name, { generator, run }] of Object.entries({ A: a, B: b })) {
    if (generator.saturated) {
      const why = generator.reasons.join('; ') || 'no reason given'
      warnings.push(`not comparable: the generator was saturated in ${name} (${why})`)
    }
    if (run.ended !== 'finished') warnings.push(`${name} did not come to its end: ${run.ended}`)
  }
  if (a.run.seed !== b.run.seed) warnings.push(`the seeds differ: ${a.run.seed} and ${b.run.seed}`)
  return warnings
}

function runRows(a: RunReport, b: RunReport): Row[] {
  const row = (name: string, value: (report: RunReport) => string): Row => [name, value(a), value(b)]
  return [
    row('run', ({ run }) => run.id),
    row('scenario', ({ run }) => run.scenario),
    row('started', ({ run }) => run.startedAt),
    row('verdict', (report) => (report.passed ? 'passed' : 'FAILED')),
    row('because', (report) => verdictOf(report).faults.join(', ')),
    row('generator', ({ generator }) => (generator.saturated ? 'SATURATED' : 'not saturated')),
  ].filter(([, one, other]) => one !== '' || other !== '')
}

/** One row for each value that is not the same, groups and lists followed to their ends. */
function differences(a: unknown, b: unknown, path = ''): Row[] {
  if (isBranch(a) && isBranch(b) && Array.isArray(a) === Array.isArray(b)) {
    const keys = new Set([...Object.keys(a), ...Object.keys(b)])
    return [...keys].flatMap((key) => {
      const [one, other] = [own(a, key), own(b, key)]
      return differences(one, other, path === '' ? key : `${path}.${key}`)
    })
  }
  const [one, other] = [JSON.stringify(a), JSON.stringify(b)]
  return one === other ? [] : [[path, valueText(one), valueText(other)]]
}

function isBranch(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}

function own(value: Readonly<Record<string, unknown>>, key: string): unknown {
  return Object.hasOwn(value, key) ? value[key] : undefined
}

function valueText(json: string | undefined): string {
  if (json === undefined) return 'not set'
  return json.length > LONGEST_VALUE ? `${json.slice(0, LONGEST_VALUE - 3)}...` : json
}

function publishingGroups(a: RunReport, b: RunReport): Group[] {
  const keys = ['due', 'sent', 'acknowledged', 'unconfirmed', 'refused', 'discarded'] as const
  return grouped(a.publishing, b.publishing, flowName, (one, other) => [
    ...keys.flatMap((key) => countRow(key, one[key], other[key], key === 'sent')),
    ...latencyRows('acknowledged', one.acknowledgementMs, other.acknowledgementMs),
  ])
}

function deliveryGroups(a: RunReport, b: RunReport): Group[] {
  const keys = ['promised', 'received', 'lost', 'duplicates', 'reordered'] as const
  const always = new Set<string>(['received', 'lost', 'duplicates'])
  return grouped(a.deliveries, b.deliveries, deliveryName, (one, other) => [
    ...keys.flatMap((key) => countRow(key, one[key], other[key], always.has(key))),
    ...latencyRows('latency', one.latencyMs, other.latencyMs),
  ])
}

function flowName({ flow }: { readonly flow: string }): string {
  return flow
}

function deliveryName({ flow, subscriber }: { readonly flow: string; readonly subscriber: string }): string {
  return `${flow} to ${subscriber}`
}

/** No row where both are the same and it is not one that is always told. */
function countRow(name: string, a: number, b: number, isAlwaysTold: boolean): Row[] {
  return a === b && !isAlwaysTold ? [] : [[name, countText(a), countText(b), ratioText(a, b)]]
}

function overallRows({ latencies: a }: RunReport, { latencies: b }: RunReport): Row[] {
  const names = { endToEnd: 'end to end', puback: 'PUBACK', pubcomp: 'PUBCOMP', connect: 'CONNACK', suback: 'SUBACK' }
  const overall = Object.entries(names) as [keyof typeof names, string][]
  return overall.flatMap(([key, name]) => latencyRows(name, a[key], b[key]))
}

function latencyRows(name: string, a: Latency, b: Latency): Row[] {
  if (a.count === 0 && b.count === 0) return []
  return (['p50', 'p99', 'max'] as const).map((key) => {
    const ratio = a.count === 0 || b.count === 0 ? '' : ratioText(a[key], b[key])
    return [`${name} ${key} ms`, latencyText(a, key), latencyText(b, key), ratio]
  })
}

function latencyText(latency: Latency, key: 'p50' | 'p99' | 'max'): string {
  return latency.count === 0 ? NO_VALUE : millisecondsText(latency[key])
}

function generatorRows({ generator: { workers: a } }: RunReport, { generator: { workers: b } }: RunReport): Row[] {
  const worst = (name: string, key: 'loopDelayMs' | 'lateMs'): Row => {
    const [one, other] = [highest(a, key), highest(b, key)]
    return [name, millisecondsText(one), millisecondsText(other), ratioText(one, other)]
  }
  return [
    ['processes', String(a.length), String(b.length)],
    ['CPU cores', coresOf(a).toFixed(2), coresOf(b).toFixed(2), ratioText(coresOf(a), coresOf(b))],
    worst('loop delay p99 ms, worst', 'loopDelayMs'),
    worst('lateness p99 ms, worst', 'lateMs'),
  ]
}

type Workers = RunReport['generator']['workers']

function coresOf(workers: Workers): number {
  return workers.reduce((sum, { cpuCores }) => sum + cpuCores, 0)
}

function highest(workers: Workers, key: 'loopDelayMs' | 'lateMs'): number {
  return workers.reduce((most, worker) => Math.max(most, worker[key].p99), 0)
}

/** Entries of both by their name, in the order of A; what is in one alone has no rows. */
function grouped<T>(
  a: readonly T[],
  b: readonly T[],
  nameOf: (item: T) => string,
  rowsOf: (one: T, other: T) => Row[],
): Group[] {
  const [inA, inB] = [a, b].map((items) => new Map(items.map((item) => [nameOf(item), item])))
  const names = new Set([...a, ...b].map(nameOf))
  return [...names].map((name) => {
    const [one, other] = [inA?.get(name), inB?.get(name)]
    if (one !== undefined && other !== undefined) return { name, rows: rowsOf(one, other) }
    return { name: `${name}: only in ${one === undefined ? 'B' : 'A'}`, rows: [] }
  })
}

/** B as a multiple of A. */
function ratioText(a: number, b: number): string {
  return a === 0 ? '' : `x ${(b / a).toFixed(2)}`
}

function textPart(title: string, rows: readonly Row[]): string[] {
  return rows.length === 0 ? [] : [title, ...table(['', 'A', 'B'], 'text', rows)]
}

function numberPart(title: string, groups: readonly Group[]): string[] {
  if (groups.length === 0) return []
  const rows = groups.flatMap((group) => group.rows)
  const [header, ...lines] = table(['', 'A', 'B', 'B / A'], 'number', rows)
  const body = groups.flatMap(({ name, rows: inside }) => {
    const heading = name === '' ? [] : [`  ${printable(name)}`]
    return [...heading, ...lines.splice(0, inside.length).map((line) => (name === '' ? line : `  ${line}`))]
  })
  return [title, ...(rows.length === 0 ? [] : [groups[0]?.name === '' ? `${header}` : `  ${header}`]), ...body]
}

function table(names: readonly string[], kind: 'text' | 'number', rows: readonly Row[]): string[] {
  const columns = names.map((name, index) => ({ name, kind: index === 0 ? 'text' : kind }) as const)
  const cells = rows.map((row) => names.map((_, index) => ({ text: row[index] ?? '' })))
  return textTable({ columns, rows: cells }, Number.POSITIVE_INFINITY, unpainted)
}
