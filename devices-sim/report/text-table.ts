import type { Cell, ReportTable } from './report-tables.ts'
import { type Paint, printable } from './terminal-text.ts'

const GAP = '  '

/**
 * Lines of a table with aligned columns: texts to the left, numbers to the right. Where it is wider than `width`, the
 * leading texts of each row get a line of their own above its numbers, so that no name is cut.
 */
export function textTable({ columns, rows }: Pick<ReportTable, 'columns' | 'rows'>, width: number, paint: Paint) {
  const header: Cell[] = columns.map(({ name }) => ({ text: name }))
  const all = [header, ...rows].map((row) => row.map((cell) => ({ ...cell, text: printable(cell.text) })))
  const widths = columns.map((_, index) => Math.max(...all.map((row) => row[index]?.text.length ?? 0)))
  const leading = columns.findIndex(({ kind }) => kind === 'number')
  const total = widths.reduce((sum, each) => sum + each + GAP.length, 0)
  const isStacked = leading > 0 && total > width
  const drawn = (row: readonly Cell[], from: number, to?: number, style?: 'quiet'): string => {
    const cells = row.slice(from, to).map((cell, index) => {
      const column = from + index
      const wide = widths[column] ?? 0
      const padded = columns[column]?.kind === 'number' ? cell.text.padStart(wide) : cell.text.padEnd(wide)
      return paint(padded, style ?? cell.tone)
    })
    return `${GAP}${cells.join(GAP)}`.trimEnd()
  }
  return all.flatMap((row, index) => {
    const style = index === 0 ? 'quiet' : undefined
    if (!isStacked) return [drawn(row, 0, undefined, style)]
    const names = row.slice(0, leading).map(({ text }) => text)
    return [`${GAP}${paint(names.join(', '), style)}`, `${GAP}${drawn(row, leading, undefined, style)}`]
  })
}
