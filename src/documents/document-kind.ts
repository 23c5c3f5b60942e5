import type { DocumentError } from './document-error.ts'
import type { SchemaNode } from './schema-node.ts'

/** What is read: its schema, and the words for it in messages. */
export interface DocumentKind {
  readonly schema: () => SchemaNode
  /** `a settings file is one document` */
  readonly file: string
  /** `the settings must be` */
  readonly whole: string
  /** `there is no setting zebra` */
  readonly entry: string
  /** `must be a group of settings` */
  readonly entries: string
  /** Where all names are listed. */
  readonly manual: string
  readonly error: new (faults: readonly string[]) => DocumentError
}
