import type { DocumentFault, DocumentPath } from '../../../src/documents/document-fault.ts'
import { pathText } from '../../../src/documents/explain-issue.ts'
import { nearest } from '../../../src/documents/nearest.ts'

/** What is found wrong with a scenario, place by place. */
export class FaultList {
  readonly faults: DocumentFault[] = []

  /** `message` goes on behind the place: `must be above 0`. */
  add(path: DocumentPath, message: string): void {
    this.faults.push({ path, isKey: false, message: `${pathText(path)} ${message}` })
  }

  /** The name at `path` itself is wrong. */
  addName(path: DocumentPath, message: string): void {
    this.faults.push({ path, isKey: true, message: `${pathText(path)} ${message}` })
  }

  /** Says so unless `known` has the name. `what` is such as `fleet`. */
  expectName(path: DocumentPath, what: string, name: string, known: readonly string[]): void {
    if (!known.includes(name)) this.add(path, `names ${noSuch(what, name, known)}`)
  }
}

/** `no fleet machnes; did you mean machines?` */
export function noSuch(what: string, name: string, known: readonly string[]): string {
  const meant = nearest(name, known)
  if (meant !== undefined) return `no ${what} ${name}; did you mean ${meant}?`
  return `no ${what} ${name}; there is ${known.length === 0 ? 'none' : known.slice(0, 12).join(', ')}`
}
