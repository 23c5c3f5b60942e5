import { DocumentError } from '../../src/documents/document-error.ts'
import type { DocumentKind } from '../../src/documents/document-kind.ts'
import type { SchemaNode } from '../../src/documents/schema-node.ts'
import { writtenJsonSchema } from '../../src/documents/written-json-schema.ts'
import { scenarioSchema } from './schema.ts'

let made: SchemaNode | undefined

/** A scenario as JSON Schema (draft 2020-12), as a file is written. */
export function scenarioJsonSchema(): SchemaNode {
  return (made ??= writtenJsonSchema(scenarioSchema))
}

export const scenarioKind: DocumentKind = {
  schema: scenarioJsonSchema,
  file: 'scenario file',
  whole: 'the scenario',
  entry: 'entry',
  entries: 'entries',
  manual: 'scenario.schema.json',
  error: DocumentError,
}
