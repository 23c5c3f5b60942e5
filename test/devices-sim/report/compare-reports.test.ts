import { describe, expect, it } from 'vitest'
import { compareReports } from '../../../devices-sim/report/compare-reports.ts'
import type { RunReport } from '../../../devices-sim/report/run-report.ts'
import { emptyReport, failedReport, passedReport } from './sample-reports.ts'

function warnings(a: RunReport, b: RunReport): string[] {
  return compareReports(a, b)
    .split('\n')
    .filter((line) => line.startsWith('!'))
}

const saturated = { ...passedReport, generator: failedReport.generator }
const why = '(worker 4101 used 0.98 of a core; p99 of lateness 184 ms is above 50 ms)'

describe('two reports side by side', () => {
  it.each([
    ['the same', passedReport, passedReport, []],
    [
      'another scenario',
      passedReport,
      { ...passedReport, run: { ...passedReport.run, scenario: 'meters' } },
      ['! not comparable: A ran the scenario factory, B ran meters'],
    ],
    ['A saturated', saturated, passedReport, [`! not comparable: the generator was saturated in A ${why}`]],
    ['B saturated', passedReport, saturated, [`! not comparable: the generator was saturated in B ${why}`]],
    [
      'another seed, and broken off',
      passedReport,
      { ...passedReport, run: { ...passedReport.run, seed: 8, ended: 'interrupted' as const } },
      ['! B did not come to its end: interrupted', '! the seeds differ: 7 and 8'],
    ],
  ])('are warned of: %s', (_, a, b, expected) => {
    expect(warnings(a, b)).toEqual(expected)
  })

  it('show only settings and versions that differ', () => {
    const settings = { ...passedReport.settings, workers: 4, extra: { deep: ['x'] }, engine: undefined }
    const versions = { ...passedReport.versions, node: 'v22.0.0' }
    const text = compareReports(passedReport, { ...passedReport, settings, versions })
    expect(text).toMatch(/^ {2}workers +2 +4$/m)
    expect(text).toMatch(/^ {2}engine +"light" +not set$/m)
    expect(text).toMatch(/^ {2}extra +not set +\{"deep":\["x"\]\}$/m)
    expect(text).toMatch(/^ {2}node +"v20.20.0" +"v22.0.0"$/m)
    expect(text).not.toContain('protocol')
    expect(compareReports(passedReport, passedReport)).not.toContain('that differ')
  })

  it('show counts and the ratio of latencies for each flow', () => {
    const deliveries = passedReport.deliveries.map((each) => ({
      ...each,
      lost: 4,
      latencyMs: { ...each.latencyMs, p99: each.latencyMs.p99 * 2 },
    }))
    const text = compareReports(passedReport, { ...passedReport, deliveries })
    const [, alarms = ''] = text.split('machines.alarm to dashboard\n')
    expect(alarms).toMatch(/^ {4}received +19,996 +19,996 +x 1\.00\n {4}lost +0 +4\n/)
    expect(alarms).toMatch(/^ {4}latency p99 ms +3\.96 +7\.92 +x 2\.00$/m)
  })

  it('name flows that only one has', () => {
    const one = { ...passedReport, publishing: passedReport.publishing.slice(1) }
    expect(compareReports(one, passedReport)).toContain('machines.telemetry: only in B')
    expect(compareReports(passedReport, one)).toContain('machines.telemetry: only in A')
  })

  it('show verdicts and the load of the generator', () => {
    const text = compareReports(passedReport, failedReport)
    expect(text).toMatch(/^ {2}verdict +passed +FAILED$/m)
    expect(text).toMatch(/^ {2}CPU cores +0\.62 +0\.98 +x 1\.58$/m)
    expect(text).toMatch(/^ {2}lateness p99 ms, worst +0\.35 +184 +x 522\.50$/m)
  })

  it('have a dash where one has nothing', () => {
    const text = compareReports(emptyReport, passedReport)
    expect(text).toMatch(/^ {2}end to end p50 ms +- +0\.85$/m)
    expect(text).not.toMatch(/NaN|Infinity|undefined/)
  })
})
