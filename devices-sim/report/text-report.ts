import { counted, countText, durationText, millisecondsText, secondText } from './figures.ts'
import { reportTables, type ReportTable } from './report-tables.ts'
import { brokerUrl, totalsOf } from './run-facts.ts'
import type { RunReport } from './run-report.ts'
import { type Paint, printable, unpainted } from './terminal-text.ts'
import { textTable } from './text-table.ts'
import { verdictOf } from './verdict.ts'
import type { WrittenReport } from './write-report.ts'

/** Rows and notes of one table beyond these are left to the files. */
const MOST_ROWS = 40
const MOST_NOTES = 8

export interface TextReportOptions {
  readonly columns?: number | undefined
  readonly paint?: Paint
  /** Where the files went, once they did. */
  readonly files?: WrittenReport | undefined
}

/** What a terminal shows at the end of a run. Ends with a line break. */
export function textReport(report: RunReport, { columns = 100, paint = unpainted, files }: TextReportOptions = {}) {
  const sections = [
    headline(report, paint),
    ...reportTables(report).map((table) => tableLines(table, columns, paint)),
    assertionLines(report, paint),
    files === undefined ? [] : fileLines(files, paint),
    [verdictLine(report, paint)],
  ]
  const lines = sections.filter((section) => section.length > 0).map((section) => section.join('\n'))
  return `\n${lines.join('\n\n')}\n`
}

function headline(report: RunReport, paint: Paint): string[] {
  const { run, versions, connections } = report
  const totals = totalsOf(report)
  const broker = versions.broker === '' ? '' : ` (${versions.broker})`
  const { endToEnd } = report.latencies
  const latency =
    endToEnd.count === 0 ? '' : `, p50 ${millisecondsText(endToEnd.p50)} ms, p99 ${millisecondsText(endToEnd.p99)} ms`
  const lines = [
    `${paint(printable(run.scenario), 'strong')} against ${printable(brokerUrl(report) + broker)}`,
    `${counted(connections.wanted, 'client')}, ${durationText(run.seconds)}, ${run.ended}, seed ${run.seed}, run ${printable(run.id)}`,
    [...trafficTexts(report), `lost ${countText(totals.lost)}`].join(', ') + latency,
  ]
  return [...lines, ...verdictOf(report).warnings.map((warning) => paint(`! ${printable(warning)}`, 'doubtful'))]
}

/** `sent 15,000 (2,500/s)`, over the time from the end of the ramp to the drain. */
function trafficTexts(report: RunReport): string[] {
  const { phases, stray, connections } = report
  const totals = totalsOf(report)
  const fromSecond = phases[0]?.toSecond ?? 0
  const seconds = (phases.at(-1)?.fromSecond ?? 0) - fromSecond
  const rated = (count: number): string =>
    count === 0 || seconds <= 0 ? countText(count) : `${countText(count)} (${countText(Math.round(count / seconds))}/s)`
  const connected = `connected ${countText(connections.opened)} times`
  const received = stray === 0 ? rated(totals.received) : `${rated(totals.received)} and ${rated(stray)} of others`
  return [...(totals.sent === 0 ? [connected] : []), `sent ${rated(totals.sent)}`, `received ${received}`]
}

function tableLines(table: ReportTable, columns: number, paint: Paint): string[] {
  const rows = table.rows.slice(0, MOST_ROWS)
  const notes = table.notes.slice(0, MOST_NOTES).map((note) => `  ${printable(note)}`)
  return [
    paint(table.title, 'strong'),
    ...textTable({ columns: table.columns, rows }, columns, paint),
    ...left(table.rows.length - rows.length, 'row'),
    ...notes,
    ...left(table.notes.length - notes.length, 'note'),
  ]
}

function left(count: number, what: string): string[] {
  return count > 0 ? [`  and ${counted(count, what)} more in report.json`] : []
}

function assertionLines({ assertions }: RunReport, paint: Paint): string[] {
  if (assertions.length === 0) return []
  const width = Math.min(60, Math.max(...assertions.map(({ assertion }) => assertion.length)))
  const lines = assertions.map(({ assertion, passed, actual }) => {
    const word = passed ? paint('ok    ', 'good') : paint('FAILED', 'bad')
    return `  ${word}  ${printable(assertion).padEnd(width)}  ${printable(actual)}`.trimEnd()
  })
  return [paint('Assertions', 'strong'), ...lines]
}

function fileLines({ directory, written, failed }: WrittenReport, paint: Paint): string[] {
  const lines = written.length === 0 ? [] : [`  ${printable(directory)}: ${written.join(', ')}`]
  const reasons = new Set(failed.map(({ reason }) => reason)) // a directory that is missing fails every file
  return [paint('Files', 'strong'), ...lines, ...[...reasons].map((reason) => paint(`! ${printable(reason)}`, 'bad'))]
}

function verdictLine(report: RunReport, paint: Paint): string {
  const { passed, faults } = verdictOf(report)
  if (!passed) return paint(`FAILED: ${faults.join(', ')}`, 'bad')
  const held = counted(report.assertions.length, 'assertion')
  const judged = report.assertions.length === 0 ? 'the run came to its end, nothing was asserted' : `${held} held`
  return paint(`PASSED: ${judged}, ${secondText(report.run.seconds)} s`, 'good')
}
