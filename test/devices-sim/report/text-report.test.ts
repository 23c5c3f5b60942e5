import { describe, expect, it } from 'vitest'
import { painted } from '../../../devices-sim/report/terminal-text.ts'
import { textReport } from '../../../devices-sim/report/text-report.ts'
import { emptyReport, failedReport, passedReport } from './sample-reports.ts'

function titles(text: string): string[] {
  return text.split('\n\n').map((section) => section.trimStart().split('\n')[0] ?? '')
}

describe('the report on a terminal', () => {
  it('says what was run against what, and that it passed', () => {
    const text = textReport(passedReport)
    expect(text).toContain('\nfactory against mqtt://127.0.0.1:1883 (topiary 0.1.0)\n504 clients, 1 min 02 s, finished')
    expect(text).toMatch(/\nPASSED: 3 assertions held, 62.4 s\n$/)
    expect(text).not.toMatch(/^!|FAILED/m)
  })

  it('has each delivery on a line', () => {
    expect(textReport(passedReport)).toMatch(
      /^ {2}machines\.alarm +dashboard +1 +19,996 +19,996 +0 +0 +0 +0\.90 +3\.96 +21\.6$/m,
    )
  })

  it('names what failed, with what was found', () => {
    const text = textReport(failedReport)
    expect(text).toMatch(/^ {2}FAILED {2}p99 < 50ms +168 ms$/m)
    expect(text).toMatch(/^ {2}ok {6}connections\.failed < 5000 +1,204$/m)
    expect(text).toMatch(/FAILED: the run did not come to its end: drain timed out, 3 of 4 assertions failed\n$/)
    expect(text).toContain('\n! generator saturated: worker 4101 used 0.98 of a core')
    expect(text).toContain('lost: device 17, 4-6')
    expect(text).toContain('  311 times: server disconnected: keep alive timeout (0x8d)')
    expect(text).toContain('and 7 notes more in report.json')
  })

  it('has all sections of a run that had everything', () => {
    expect(titles(textReport(failedReport)).slice(1, -1)).toEqual([
      'Publishing',
      'Deliveries',
      'Latencies, ms',
      'Wills, births, retained messages',
      'Subscribers that were away',
      'Commands',
      'Connections',
      'Generator',
      'Gaps: no device connected',
      'Assertions',
    ])
  })

  it('has no empty section', () => {
    expect(titles(textReport(emptyReport)).slice(1, -1)).toEqual(['Connections'])
  })

  it.each([passedReport, failedReport, emptyReport])('fits its columns: $run.scenario', (report) => {
    const tableLines = textReport(report, { columns: 100 })
      .split('\n')
      .filter((line) => /^ +[\d,.-]+( {2,}|$)/.test(line))
    expect(tableLines.filter((line) => line.length > 100)).toEqual([])
  })

  it('leaves out columns of what never happened', () => {
    expect(textReport(passedReport)).not.toContain('refused')
    expect(textReport(failedReport)).toMatch(/refused.*\n.*\n/)
  })

  it('says where the files went and which could not be written', () => {
    const files = { directory: 'out', written: ['report.json'], failed: [{ file: 'junit.xml', reason: 'disk full' }] }
    expect(textReport(emptyReport, { files })).toContain('Files\n  out: report.json\n! disk full\n')
  })

  it('does not tell a password in the URL', () => {
    const settings = { broker: { url: 'mqtt://me:hush@host:1' } }
    const text = textReport({ ...passedReport, settings })
    expect(text).toContain('against mqtt://host:1')
    expect(text).not.toContain('hush')
  })

  it('lets no control character of a broker through, and colours only when asked to', () => {
    const report = { ...failedReport, versions: { ...failedReport.versions, broker: 'a\u001b[2Jb' } }
    expect(textReport(report)).not.toContain('\u001b')
    expect(textReport(report, { paint: painted })).toContain('\u001b[31mFAILED\u001b[0m')
    expect(textReport(report, { paint: painted })).not.toContain('\u001b[2J')
  })
})
