/** A number where it reads as one; null where the cell is empty: there was no reading. */
export type CsvCell = number | string | null

export interface CsvTable {
  /** As it is called in errors. */
  readonly file: string
  /** By heading. All have the same length, at least 1. */
  readonly columns: ReadonlyMap<string, readonly CsvCell[]>
}

/** Gives the table of a file as a scenario names it; the same one each time. */
export type ReadCsv = (file: string) => CsvTable

const number = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/

/** Reads a table with a heading line. Throws an Error `FILE:LINE: what is wrong` for what is none. */
export function parseCsv(text: string, file: string): CsvTable {
  const [heading, ...rows] = rowsOf(text, file)
  if (heading === undefined) throw new Error(`${file}:1: there is no heading line; it names the columns`)
  const columns = new Map<string, CsvCell[]>()
  for (const name of heading.cells.map((cell) => cell.trim())) {
    if (name === '') throw new Error(`${file}:${heading.line}: a column has no name; each needs one`)
    if (columns.has(name)) throw new Error(`${file}:${heading.line}: there are two columns "${name}"; rename one`)
    columns.set(name, [])
  }
  if (rows.length === 0) throw new Error(`${file}:${heading.line + 1}: there are no lines below the heading`)
  const lists = [...columns.values()]
  for (const { cells, line } of rows) {
    if (cells.length !== lists.length) {
      throw new Error(`${file}:${line}: there are ${cells.length} cells where the heading has ${lists.length}`)
    }
    for (const [index, list] of lists.entries()) list.push(cellOf(cells[index] as string))
  }
  return { file, columns }
}

export function csvColumn({ file, columns }: CsvTable, name: string): readonly CsvCell[] {
  const cells = columns.get(name)
  if (cells !== undefined) return cells
  throw new Error(`${file}:1: there is no column "${name}"; there is ${[...columns.keys()].join(', ')}`)
}

interface Row {
  readonly cells: readonly string[]
  readonly line: number
}

/** RFC 4180, with LF as well as CRLF. Empty lines are left out. */
function* rowsOf(text: string, file: string): Generator<Row> {
  let at = text.startsWith('\ufeff') ? 1 : 0
  let line = 1
  while (at < text.length) {
    const first = line
    const cells: string[] = []
    let isQuotedRow = false
    for (;;) {
      const isQuoted = text[at] === '"'
      const end = isQuoted ? afterQuotes(text, at, file, line) : afterPlain(text, at, file, line)
      const raw = text.slice(at, end)
      cells.push(isQuoted ? raw.slice(1, -1).replaceAll('""', '"') : raw)
      line += isQuoted ? lineBreaks(raw) : 0
      isQuotedRow ||= isQuoted
      at = end
      if (text[at] !== ',') break
      at++
    }
    if (text.startsWith('\r\n', at)) at += 2
    else if (text[at] === '\n') at++
    else if (at < text.length) throw new Error(`${file}:${line}: after a closing quote comes a comma or a new line`)
    line++
    if (cells.length > 1 || isQuotedRow || cells[0]?.trim() !== '') yield { cells, line: first }
  }
}

function afterPlain(text: string, start: number, file: string, line: number): number {
  let at = start
  for (; at < text.length; at++) {
    const character = text[at]
    if (character === ',' || character === '\n' || (character === '\r' && text[at + 1] === '\n')) break
    if (character === '"') throw new Error(`${file}:${line}: a quote stands within a cell; put all of it in quotes`)
  }
  return at
}

function afterQuotes(text: string, start: number, file: string, line: number): number {
  for (let at = start + 1; ;) {
    const quote = text.indexOf('"', at)
    if (quote < 0) throw new Error(`${file}:${line}: a quote is never closed`)
    if (text[quote + 1] !== '"') return quote + 1
    at = quote + 2
  }
}

function lineBreaks(text: string): number {
  return text.split('\n').length - 1
}

function cellOf(text: string): CsvCell {
  const trimmed = text.trim()
  if (trimmed === '') return null
  if (!number.test(trimmed)) return text
  const value = Number(trimmed)
  return Number.isFinite(value) ? value : text
}
