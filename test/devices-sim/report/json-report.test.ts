import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { jsonReport, readReport, ReportFileError } from '../../../devices-sim/report/json-report.ts'
import { emptyReport, failedReport, passedReport } from './sample-reports.ts'

let path: string

beforeAll(() => {
  path = join(mkdtempSync(join(tmpdir(), 'topiary-report-')), 'report.json')
})

afterAll(() => {
  rmSync(join(path, '..'), { recursive: true })
})

describe('a report as JSON', () => {
  it.each([passedReport, failedReport, emptyReport])('is read as what it was: $run.scenario', (report) => {
    writeFileSync(path, jsonReport(report))
    expect(readReport(path)).toEqual(report)
  })

  it('is indented by two', () => {
    expect(jsonReport(passedReport)).toMatch(/^\{\n {2}"format": "topiary-sim-report",\n {2}"version": 1,\n/)
  })

  it.each([
    ['no JSON', '{', /^PATH is not JSON: /],
    ['empty', '', /^PATH is not JSON: /],
    ['something else', '{"a":1}', /^PATH is not the report of a run: give the report.json that a run wrote$/],
    ['null', 'null', /^PATH is not the report of a run/],
    [
      'a later version',
      JSON.stringify({ ...passedReport, version: 2 }),
      /^PATH has version 2 of the report format, this program reads version 1: use the program that wrote it/,
    ],
    [
      'a wrong value',
      JSON.stringify({ ...passedReport, run: { ...passedReport.run, seed: 'seven' } }),
      /^PATH is damaged or was changed by hand:\n {2}run\.seed: .*number.*$/,
    ],
    [
      'many wrong values',
      JSON.stringify({ ...passedReport, series: Array.from({ length: 3 }, () => ({})) }),
      /\n {2}series\.0\.second: .*\n {2}and \d+ more$/s,
    ],
  ])('with %s is refused with the reason', (_, text, message) => {
    writeFileSync(path, text)
    const fault = faultOf(path)
    expect(fault.replaceAll(path, 'PATH')).toMatch(message)
  })

  it('that is not there is told by its name', () => {
    expect(faultOf('/nowhere/report.json')).toMatch(/^cannot read the report \/nowhere\/report.json: ENOENT/)
  })
})

function faultOf(file: string): string {
  try {
    readReport(file)
  } catch (error) {
    if (error instanceof ReportFileError) return error.message
    throw error
  }
  throw new Error('it was read')
}
