import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { csvFiles } from '../../../devices-sim/sensors/csv-files.ts'
import { csvColumn, parseCsv } from '../../../devices-sim/sensors/csv.ts'
import { numbers, readings } from './read-sensor.ts'

describe('a CSV text', () => {
  it.each([
    ['plain', 'a,b\n1,x\n2,y\n', [1, 2], ['x', 'y']],
    ['without a last line end', 'a,b\n1,x', [1], ['x']],
    ['with CRLF', 'a,b\r\n1,x\r\n2,y\r\n', [1, 2], ['x', 'y']],
    ['with a byte order mark', '\ufeffa,b\n1,x\n', [1], ['x']],
    ['with quotes', '"a","b"\n"1","x, ""y"""\n', [1], ['x, "y"']],
    ['with line ends in quotes', 'a,b\n1,"x\r\ny"\n2,z\n', [1, 2], ['x\r\ny', 'z']],
    ['with empty cells', 'a,b\n,x\n2,\n3,""\n', [null, 2, 3], ['x', null, null]],
    ['with blank lines', 'a,b\n\n1,x\n\n\n', [1], ['x']],
    ['with blanks around', ' a , b \n 1 , x y \n', [1], [' x y ']],
    ['with numbers of all kinds', 'a,b\n-1.5e3,.5\n+7,1.\n', [-1500, 7], [0.5, 1]],
    ['with what is nearly a number', 'a,b\n1e999,0x10\n1_000,-\n', ['1e999', '1_000'], ['0x10', '-']],
  ])('%s', (_what, text, first, second) => {
    const table = parseCsv(text, 'day.csv')
    expect(csvColumn(table, 'a')).toEqual(first)
    expect(csvColumn(table, 'b')).toEqual(second)
  })

  it.each([
    ['nothing', '', 'day.csv:1: there is no heading line; it names the columns'],
    ['only a heading', 'a,b\n', 'day.csv:2: there are no lines below the heading'],
    ['a column without a name', 'a,,c\n1,2,3\n', 'day.csv:1: a column has no name; each needs one'],
    ['a column twice', 'a,a\n1,2\n', 'day.csv:1: there are two columns "a"; rename one'],
    ['a short line', 'a,b\n1,2\n3\n', 'day.csv:3: there are 1 cells where the heading has 2'],
    ['a long line', 'a,b\n"1\n2",2\n3,4,5\n', 'day.csv:4: there are 3 cells where the heading has 2'],
    ['an open quote', 'a,b\n1,"2\n3,4\n', 'day.csv:2: a quote is never closed'],
    ['a quote within', 'a,b\n1,2"\n', 'day.csv:2: a quote stands within a cell; put all of it in quotes'],
    ['more after a quote', 'a,b\n1,"2"3\n', 'day.csv:2: after a closing quote comes a comma or a new line'],
  ])('%s is a fault with its place', (_what, text, message) => {
    expect(() => parseCsv(text, 'day.csv')).toThrow(new Error(message))
  })

  it('names the columns there are where one is asked for that is not', () => {
    expect(() => csvColumn(parseCsv('a,b\n1,2\n', 'day.csv'), 'c')).toThrow(
      new Error('day.csv:1: there is no column "c"; there is a, b'),
    )
  })

  it('gives back any cells that were written in quotes', () => {
    const cell = fc.string().filter((text) => text.trim() !== '' && Number.isNaN(Number(text)))
    fc.assert(
      fc.property(fc.array(cell, { minLength: 1 }), (cells) => {
        const text = `a\r\n${cells.map((one) => `"${one.replaceAll('"', '""')}"\r\n`).join('')}`
        expect(csvColumn(parseCsv(text, 'x.csv'), 'a')).toEqual(cells)
      }),
    )
  })

  it('reads any text or says what is wrong', () => {
    const text = fc.string({ unit: fc.constantFrom('a', '1', ',', '"', '\n', '\r', ' ') })
    fc.assert(
      fc.property(text, (given) => {
        try {
          parseCsv(given, 'x.csv')
        } catch (error) {
          expect(String(error)).toMatch(/^Error: x\.csv:\d+: /)
        }
      }),
    )
  })
})

describe('csvFiles', () => {
  const directory = mkdtempSync(join(tmpdir(), 'csv-files-'))
  afterAll(() => rmSync(directory, { recursive: true }))

  it('reads a file beside the scenario, once', () => {
    writeFileSync(join(directory, 'day.csv'), 'a\n1\n')
    const readCsv = csvFiles(directory)
    const table = readCsv('day.csv')
    expect(table.columns).toEqual(new Map([['a', [1]]]))
    expect(readCsv('./day.csv')).toBe(table)
  })

  it('says which file cannot be read and where it was looked for', () => {
    const path = join(directory, 'night.csv')
    expect(() => csvFiles(directory)('night.csv')).toThrow(
      `${path} cannot be read (ENOENT); it is looked for beside the scenario file`,
    )
  })
})

describe('replay', () => {
  const replay = { model: 'replay', file: 'day.csv', column: 'v' } as const

  it('gives the values of its column, round and round', () => {
    const values = numbers(replay, { count: 7, everyMs: 1, csv: 'w,v\n9,0\n9,1\n9,2\n' })
    const [first] = values as [number]
    expect(values).toEqual(Array.from({ length: 7 }, (_, index) => (first + index) % 3))
  })

  it('begins at any line', () => {
    const starts = Array.from({ length: 100 }, (_, seed) => readings(replay, { seed, count: 1, everyMs: 1 })[0])
    expect(new Set(starts)).toEqual(new Set([1, 2, 3]))
  })

  it('has no reading where a cell is empty, and texts where they are', () => {
    const seen = readings(replay, { count: 3, everyMs: 1, csv: 'v,w\n,1\nopen,1\n' })
    expect(new Set(seen)).toEqual(new Set([null, 'open']))
  })

  it('names a column that is not there', () => {
    expect(() => readings({ ...replay, column: 'x' }, { count: 1, everyMs: 1 })).toThrow(
      'day.csv:1: there is no column "x"; there is v',
    )
  })
})
