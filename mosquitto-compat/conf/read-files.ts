import { readdirSync, readFileSync } from 'node:fs'
import { type ConfLine, confLines } from './conf-line.ts'
import { inIncludeOrder } from './include-order.ts'

/** All lines in the order in which they hold: those of an include_dir where it stands. Faults as sentences. */
export function readFiles(file: string, faults: string[]): ConfLine[] {
  return linesIn(file, file, faults).flatMap((line) => [line, ...(isInclude(line) ? included(line, faults) : [])])
}

function included({ place, value: directory }: ConfLine, faults: string[]): ConfLine[] {
  if (directory === '') return []
  const names = attempt(() => readdirSync(directory), `${place}: cannot read the directory ${directory}`, faults) ?? []
  const files = names.filter((name) => name.endsWith('.conf')).toSorted(inIncludeOrder)
  const lines = files.flatMap((name) => linesIn(`${directory.replace(/\/+$/, '')}/${name}`, place, faults))
  for (const nested of lines.filter(isInclude)) {
    faults.push(`${nested.place}: include_dir may stand only in the main file; move it there`)
  }
  return lines.filter((line) => !isInclude(line))
}

function isInclude({ key }: ConfLine): boolean {
  return key === 'include_dir'
}

function linesIn(file: string, askedBy: string, faults: string[]): ConfLine[] {
  const who = askedBy === file ? file : `${askedBy}: ${file}`
  const content = attempt(() => readFileSync(file, 'utf8'), `${who}: cannot be read`, faults) ?? ''
  return confLines(file, content)
}

function attempt<T>(read: () => T, fault: string, faults: string[]): T | undefined {
  try {
    return read()
  } catch (error) {
    faults.push(`${fault}: ${(error as Error).message}`)
    return undefined
  }
}
