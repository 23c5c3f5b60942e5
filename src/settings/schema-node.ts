import { z } from 'zod'
import { settingsSchema } from './schema.ts'

/** The part of a JSON Schema that is read here. */
export interface SchemaNode {
  readonly type?: string
  readonly properties?: Readonly<Record<string, SchemaNode>>
  readonly additionalProperties?: boolean | SchemaNode
  readonly items?: SchemaNode
  readonly oneOf?: readonly SchemaNode[]
  readonly anyOf?: readonly SchemaNode[]
  readonly enum?: readonly (string | number)[]
  readonly const?: string | number
  readonly minimum?: number
  readonly maximum?: number
  readonly minItems?: number
  readonly minLength?: number
  readonly pattern?: string
  readonly default?: unknown
  readonly examples?: readonly unknown[]
  readonly description?: string
  readonly required?: readonly string[]
  /** A secret: never shown. */
  readonly writeOnly?: boolean
}

let made: SchemaNode | undefined

/** The settings as JSON Schema (draft 2020-12), as a file is written. */
export function settingsJsonSchema(): SchemaNode {
  return (made ??= z.toJSONSchema(settingsSchema, { io: 'input', unrepresentable: 'any' }) as SchemaNode)
}

/** One level down: a setting of a group, whatever its kind, or an entry of a list. */
export function innerNode(node: SchemaNode | undefined, part: string | number): SchemaNode | undefined {
  if (node === undefined) return undefined
  if (typeof part === 'number') return node.items ?? node.anyOf?.find(({ items }) => items !== undefined)?.items
  const named = propertiesOf(node)
  if (Object.hasOwn(named, part)) return named[part]
  return typeof node.additionalProperties === 'object' ? node.additionalProperties : undefined
}

/** The settings of a group; where it may be of several kinds, those of all. */
export function propertiesOf(node: SchemaNode): Readonly<Record<string, SchemaNode>> {
  const options = node.oneOf?.map(({ properties }) => properties) ?? []
  return Object.assign({}, ...options, node.properties) as Record<string, SchemaNode>
}

/** Whether a text that stands here may be secret: so it may be where a group or a list should be, or nothing known. */
export function mayHoldSecret(node: SchemaNode | undefined): boolean {
  if (node === undefined || node.writeOnly === true) return true
  return node.oneOf !== undefined || node.type === 'object' || node.type === 'array'
}

/** Of a group of several kinds, the one that `value` says it is of; otherwise the group itself. */
export function nodeOfKind(node: SchemaNode | undefined, value: unknown): SchemaNode | undefined {
  const kind = (value as { readonly kind?: unknown } | null | undefined)?.kind
  return node?.oneOf?.find(({ properties }) => properties?.['kind']?.const === kind) ?? node
}
