import { resolve } from 'node:path'
import { readNamedFile } from '../named-file.ts'
import { type CsvTable, parseCsv, type ReadCsv } from './csv.ts'

/** Reads the tables beside a scenario file, each once however many devices replay it. */
export function csvFiles(directory: string): ReadCsv {
  const tables = new Map<string, CsvTable>()
  return (file) => {
    const path = resolve(directory, file)
    const known = tables.get(path)
    if (known !== undefined) return known
    const table = parseCsv(readNamedFile(path), file)
    tables.set(path, table)
    return table
  }
}
