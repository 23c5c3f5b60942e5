import type { DocumentFault, DocumentPath } from './document-fault.ts'
import type { DocumentFile } from './document-file.ts'

/**
 * Faults in the order of the file, a line each with its place there. `sourceElsewhere` names what else said so, if the
 * file did not.
 */
export function placedFaults(
  faults: readonly DocumentFault[],
  file: DocumentFile | undefined,
  sourceElsewhere: (path: DocumentPath) => string | undefined = () => undefined,
): string[] {
  const told = faults.map(({ path, isKey, message }) => {
    const source = sourceElsewhere(path)
    if (source !== undefined) return { line: 0, column: 0, text: `${source}: ${message}` }
    if (file === undefined) return { line: 0, column: 0, text: message }
    return { ...file.positionOf(path, isKey), text: `${placeIn(file, path, isKey)}: ${message}` }
  })
  told.sort((one, other) => one.line - other.line || one.column - other.column)
  return told.map(({ text }) => text)
}

/** `FILE:LINE:COLUMN` */
export function placeIn(file: DocumentFile, path: DocumentPath, isKey: boolean): string {
  const { line, column } = file.positionOf(path, isKey)
  return `${file.name}:${line}:${column}`
}
