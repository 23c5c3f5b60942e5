import { z } from 'zod'
import type { SchemaNode } from './schema-node.ts'

/** A schema as JSON Schema (draft 2020-12), of a document as it is written. */
export function writtenJsonSchema(schema: z.ZodType): SchemaNode {
  return z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as SchemaNode
}
