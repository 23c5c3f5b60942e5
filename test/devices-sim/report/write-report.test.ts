import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readReport } from '../../../devices-sim/report/json-report.ts'
import { writeReport } from '../../../devices-sim/report/write-report.ts'
import { passedReport } from './sample-reports.ts'

const all = ['report.json', 'report.html', 'series.csv', 'flows.csv', 'junit.xml']
let directory: string

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'topiary-report-'))
})

afterEach(() => {
  rmSync(directory, { recursive: true })
})

describe('writing a report', () => {
  it('makes the directory and leaves exactly its files', async () => {
    const target = join(directory, 'a/b')
    expect(await writeReport(target, passedReport)).toEqual({ directory: target, written: all, failed: [] })
    expect(readdirSync(target).toSorted()).toEqual(all.toSorted())
    expect(readReport(join(target, 'report.json'))).toEqual(passedReport)
    expect(readFileSync(join(target, 'report.html'), 'utf8')).toMatch(/^<!doctype html>[\s\S]*<\/html>\n$/)
  })

  it('replaces what was there', async () => {
    writeFileSync(join(directory, 'junit.xml'), 'old')
    await writeReport(directory, passedReport)
    expect(readFileSync(join(directory, 'junit.xml'), 'utf8')).toMatch(/^<\?xml/)
  })

  it('says so when a file is where the directory should be', async () => {
    const file = join(directory, 'file')
    writeFileSync(file, '')
    const { written, failed } = await writeReport(file, passedReport)
    expect(written).toEqual([])
    expect(failed.map((each) => each.file)).toEqual(all)
    const reason = `cannot create the directory ${file}: a file of that name is in the way; move it or choose another directory`
    expect(failed[0]?.reason).toBe(reason)
    const below = await writeReport(join(file, 'below'), passedReport)
    expect(below.failed[0]?.reason).toContain('a part of the path is a file, not a directory')
  })

  it('writes the others when one cannot be written, and leaves nothing half', async () => {
    mkdirSync(join(directory, 'series.csv/inside'), { recursive: true })
    const { written, failed } = await writeReport(directory, passedReport)
    expect(written).toEqual(all.filter((file) => file !== 'series.csv'))
    expect(failed).toEqual([
      {
        file: 'series.csv',
        reason: `cannot write ${join(directory, 'series.csv')}: a directory of that name is in the way; move it or choose another directory`,
      },
    ])
    expect(readdirSync(directory).filter((file) => file.endsWith('.tmp'))).toEqual([])
  })

  it.runIf(existsSync('/dev/full'))('keeps the old file when the disk is full', async () => {
    writeFileSync(join(directory, 'report.json'), 'old')
    symlinkSync('/dev/full', join(directory, `.report.json.${process.pid}.tmp`))
    const { failed } = await writeReport(directory, passedReport)
    const reason = `cannot write ${join(directory, 'report.json')}: the disk is full; make room or choose another directory`
    expect(failed).toEqual([{ file: 'report.json', reason }])
    expect(readFileSync(join(directory, 'report.json'), 'utf8')).toBe('old')
    expect(readdirSync(directory).toSorted()).toEqual(all.toSorted())
  })
})
