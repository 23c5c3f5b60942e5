import type { SchemaNode } from '../documents/schema-node.ts'
import { writtenJsonSchema } from '../documents/written-json-schema.ts'
import { settingsSchema } from './schema.ts'

let made: SchemaNode | undefined

/** The settings as JSON Schema (draft 2020-12), as a file is written. */
export function settingsJsonSchema(): SchemaNode {
  return (made ??= writtenJsonSchema(settingsSchema))
}
