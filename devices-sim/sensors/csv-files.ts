import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { type CsvTable, parseCsv, type ReadCsv } from './csv.ts'

/** Reads the tables beside a scenario file, each once however many devices replay it. */
export function csvFiles(directory: string): ReadCsv {
  const tables = new Map<string, CsvTable>()
  return (file) => {
    const path = resolve(directory, file)
    const known = tables.get(path)
    if (known !== undefined) return known
    const table = parseCsv(textOf(path), file)
    tables.set(path, table)
    return table
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new Error(`${path} cannot be read (${code ?? String(error)}); it is looked for beside the scenario file`, {
      cause: error,
    })
  }
}
