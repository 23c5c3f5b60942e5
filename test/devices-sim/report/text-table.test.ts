import { describe, expect, it } from 'vitest'
import { painted, unpainted } from '../../../devices-sim/report/terminal-text.ts'
import { textTable } from '../../../devices-sim/report/text-table.ts'
import { withoutSequences } from './terminal-screen.ts'

const table = {
  columns: [
    { name: 'flow', kind: 'text' },
    { name: 'to', kind: 'text' },
    { name: 'sent', kind: 'number' },
    { name: 'lost', kind: 'number' },
  ],
  rows: [
    [{ text: 'a.b' }, { text: 'x' }, { text: '1,000' }, { text: '0' }],
    [{ text: 'a' }, { text: 'long' }, { text: '2' }, { text: '17', tone: 'bad' }],
  ],
} as const

describe('a table as text', () => {
  it('has texts on the left and numbers on the right of their columns', () => {
    expect(textTable(table, 80, unpainted)).toEqual([
      '  flow  to     sent  lost',
      '  a.b   x     1,000     0',
      '  a     long      2    17',
    ])
  })

  it('puts the names above the numbers where it is too wide, and cuts nothing', () => {
    expect(textTable(table, 20, unpainted)).toEqual([
      '  flow, to',
      '     sent  lost',
      '  a.b, x',
      '    1,000     0',
      '  a, long',
      '        2    17',
    ])
  })

  it('is as wide as allowed before it does', () => {
    expect(textTable(table, 25, unpainted)).toHaveLength(3)
    expect(textTable(table, 24, unpainted)).toHaveLength(6)
  })

  it('keeps its columns when it is coloured', () => {
    const plain = textTable(table, 80, painted).map((line) => withoutSequences(line).trimEnd())
    expect(plain).toEqual(textTable(table, 80, unpainted))
    expect(textTable(table, 80, painted)[2]).toContain('\u001b[31m  17\u001b[0m')
  })

  it('lets no control character through', () => {
    const rows = [[{ text: 'a\u001b[2J\nb' }, { text: '' }, { text: '1' }, { text: '2' }]]
    expect(textTable({ ...table, rows }, 80, unpainted)[1]).toContain('a [2J b')
  })
})
