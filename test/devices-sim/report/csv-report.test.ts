import { describe, expect, it } from 'vitest'
import { flowsCsv, seriesCsv } from '../../../devices-sim/report/csv-report.ts'
import { emptyReport, failedReport, passedReport } from './sample-reports.ts'

/** RFC 4180, read strictly. */
function parsed(csv: string): string[][] {
  expect(csv.endsWith('\r\n')).toBe(true)
  const rows: string[][] = [[]]
  for (const [, quoted, plain, end] of csv.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/g)) {
    rows.at(-1)?.push(quoted?.replaceAll('""', '"') ?? plain ?? '')
    if (end !== ',') rows.push([])
  }
  return rows.slice(0, -1)
}

describe('series.csv', () => {
  it('has a line for each second, as many fields in each', () => {
    const [header, ...lines] = parsed(seriesCsv(failedReport))
    expect(header).toEqual(Object.keys(failedReport.series[0] ?? {}))
    expect(lines).toHaveLength(failedReport.series.length)
    expect(new Set(lines.map((line) => line.length))).toEqual(new Set([15]))
    expect(lines[3]?.slice(0, 4)).toEqual(['3', '2800', '51000', String(failedReport.series[3]?.sent)])
  })

  it('is empty where nothing arrived in a second', () => {
    const [header, ...lines] = parsed(seriesCsv(failedReport))
    expect(lines[43]?.[header?.indexOf('p99Ms') ?? -1]).toBe('')
  })

  it('has its heading even without a second', () => {
    expect(parsed(seriesCsv(emptyReport))).toHaveLength(1)
  })
})

describe('flows.csv', () => {
  it('has a line for each flow and one for each delivery', () => {
    const [header = [], ...lines] = parsed(flowsCsv(passedReport))
    const values = lines.map((line) => Object.fromEntries(header.map((name, index) => [name, line[index]])))
    expect(values.map(({ kind }) => kind)).toEqual([...Array(3).fill('publishing'), ...Array(4).fill('delivery')])
    expect(values[1]).toMatchObject({ flow: 'machines.alarm', subscriber: '', sent: '20000', lost: '', p50Ms: '0.64' })
    expect(values[0]).toMatchObject({ flow: 'machines.telemetry', latencyCount: '0', p50Ms: '' })
    expect(values[4]).toMatchObject({ flow: 'machines.alarm', subscriber: 'dashboard', sent: '', promised: '19996' })
  })

  it.each(['a,b', 'a"b', 'a\r\nb', 'a\nb', '"', ' a '])('reads a name of %j back', (flow) => {
    const publishing = passedReport.publishing.slice(0, 1).map((each) => ({ ...each, flow }))
    const [, line] = parsed(flowsCsv({ ...passedReport, publishing }))
    expect(line?.[1]).toBe(flow)
  })
})
