import { counted, secondText } from './figures.ts'
import type { RunReport } from './run-report.ts'

export interface Verdict {
  readonly passed: boolean
  /** Why it did not pass; empty where it did. */
  readonly faults: readonly string[]
  /** What a reader must know before believing the figures. */
  readonly warnings: readonly string[]
}

export function verdictOf(report: RunReport): Verdict {
  const failed = report.assertions.filter(({ passed }) => !passed).length
  const faults: string[] = []
  if (report.run.ended !== 'finished') faults.push(`the run did not come to its end: ${report.run.ended}`)
  if (failed > 0) faults.push(`${failed} of ${counted(report.assertions.length, 'assertion')} failed`)
  if (faults.length === 0 && !report.passed) faults.push('the run says so without giving a reason')
  return { passed: report.passed, faults: report.passed ? [] : faults, warnings: warningsOf(report) }
}

function warningsOf(report: RunReport): string[] {
  const { generator, gaps, stray, deliveries, connections, publishing } = report
  const warnings: string[] = []
  if (generator.saturated) warnings.push(`generator saturated: ${generator.reasons.join('; ') || 'no reason given'}`)
  if (gaps.length > 0) warnings.push(`no device was connected ${gaps.map(spanText).join(', ')}`)
  if (connections.missingAtEnd > 0) {
    warnings.push(`${counted(connections.missingAtEnd, 'client')} without a connection at the end`)
  }
  if (stray > 0) warnings.push(`${counted(stray, 'message')} that no device of this run can have sent`)
  const isSilent = publishing.filter(({ flow, due }) => due === 0 && !/\.(goodbye|d?n?birth)$/.test(flow))
  if (isSilent.length > 0) {
    warnings.push(
      `nothing was due of ${isSilent.map(({ flow }) => flow).join(', ')}: is \`every\` a number of seconds?`,
    )
  }
  if (connections.reasons.some(({ reason }) => /taken over/.test(reason))) {
    warnings.push('client identifiers are in use by others, perhaps by another run of the same scenario')
  }
  const arrived = deliveries.some(({ received }) => received > 0)
  if (deliveries.length > 0 && !arrived) warnings.push('nothing arrived at any subscriber: latencies are empty')
  return warnings
}

function spanText({ fromSecond, toSecond }: RunReport['gaps'][number]): string {
  return `from ${secondText(fromSecond)} to ${secondText(toSecond)} s`
}
