import { describe, expect, it } from 'vitest'
import { verdictOf } from '../../../devices-sim/report/verdict.ts'
import { emptyReport, failedReport, passedReport } from './sample-reports.ts'

describe('the verdict', () => {
  it.each([
    ['a run that passed', passedReport, [], []],
    [
      'one that failed',
      failedReport,
      ['the run did not come to its end: drain timed out', '3 of 4 assertions failed'],
      [
        'generator saturated: worker 4101 used 0.98 of a core; p99 of lateness 184 ms is above 50 ms',
        'no device was connected from 41 to 47 s',
        '18 clients without a connection at the end',
        '3 messages that no device of this run can have sent',
      ],
    ],
    [
      'one that was broken off',
      emptyReport,
      ['the run did not come to its end: interrupted'],
      ['1 client without a connection at the end'],
    ],
    ['one that gives no reason', { ...passedReport, passed: false }, ['the run says so without giving a reason'], []],
    [
      'one where nothing arrived',
      { ...passedReport, deliveries: passedReport.deliveries.map((each) => ({ ...each, received: 0 })) },
      [],
      ['nothing arrived at any subscriber: latencies are empty'],
    ],
  ])('on %s', (_, report, faults, warnings) => {
    expect(verdictOf(report)).toEqual({ passed: report.passed, faults, warnings })
  })
})
