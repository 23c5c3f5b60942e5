import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { dropReasons } from '../../src/contracts/statistics.ts'
import { defaultSettings } from '../../src/settings/settings.ts'

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8')
const doc = read('../../docs/limits.md')

/** The rows of the table under a heading, each as its cells. */
function table(heading: string): string[][] {
  const section = doc.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? ''
  const rows = section.split('\n').filter((line) => line.startsWith('| `'))
  return rows.map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
}

/** What stands between the first backquotes of a cell. */
function quoted(cell: string | undefined): string {
  return /`([^`]+)`/.exec(cell ?? '')?.[1] ?? ''
}

describe('docs/limits.md', () => {
  const limits = table('Limits')
  const reasons = table('Drop reasons')

  it('has every limit, in the order of the settings, and no other', () => {
    expect(limits.map(([name]) => quoted(name))).toEqual(Object.keys(defaultSettings.limits))
  })

  it.each(Object.entries(defaultSettings.limits))('has the default of %s: %s', (name, value) => {
    const row = limits.find(([cell]) => quoted(cell) === name)
    expect(quoted(row?.[2])).toBe(String(value))
  })

  it('has every drop reason, and no other', () => {
    expect(reasons.map(([name]) => quoted(name))).toEqual([...dropReasons])
  })

  it('says in every cell something', () => {
    for (const row of limits)
      expect(
        row.map((cell) => cell.length > 2),
        row[0],
      ).toEqual([true, true, true, true])
    for (const row of reasons)
      expect(
        row.map((cell) => cell.length > 2),
        row[0],
      ).toEqual([true, true, true])
  })

  it('names only settings and reasons that there are', () => {
    const known = new Set([
      ...Object.keys(defaultSettings.limits),
      ...dropReasons,
      'drop-oldest',
      'drop-newest',
      'reject-publish',
      'latest-per-topic',
    ])
    const names = [...doc.matchAll(/`(maximum\w+|queue\w+|[a-z]+(?:-[a-z\d]+)+)`/g)].map((match) => match[1] ?? '')
    expect(names.length).toBeGreaterThan(known.size)
    expect(names.filter((name) => !known.has(name))).toEqual([])
  })
})

describe('the tests of this folder', () => {
  const titles = ['limits', 'limits-queues', 'limits-policies', 'commits', 'payload-limit', 'inflight-bytes']
    .map((name) => read(`./${name}.test.ts`))
    .join('\n')

  it.each(Object.keys(defaultSettings.limits))('name %s', (name) => {
    expect(titles.includes(name)).toBe(true)
  })
})
