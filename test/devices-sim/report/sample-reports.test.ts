import { describe, expect, it } from 'vitest'
import { runReportSchema } from '../../../devices-sim/report/run-report.ts'
import { emptyReport, failedReport, passedReport } from './sample-reports.ts'

describe('the sample reports', () => {
  it.each([
    ['passed', passedReport],
    ['failed', failedReport],
    ['empty', emptyReport],
  ])('%s is a report', (_, report) => {
    expect(runReportSchema.parse(report)).toEqual(report)
  })
})
