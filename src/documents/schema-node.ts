/** The part of a JSON Schema that is read here. */
export interface SchemaNode {
  readonly type?: string
  readonly properties?: Readonly<Record<string, SchemaNode>>
  readonly additionalProperties?: boolean | SchemaNode
  readonly propertyNames?: SchemaNode
  readonly items?: SchemaNode
  readonly prefixItems?: readonly SchemaNode[]
  readonly oneOf?: readonly SchemaNode[]
  readonly anyOf?: readonly SchemaNode[]
  readonly enum?: readonly (string | number)[]
  readonly const?: string | number
  readonly minimum?: number
  readonly maximum?: number
  readonly exclusiveMinimum?: number
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

/** One level down: what a group has under a name, whatever its kind, or an entry of a list. */
export function innerNode(node: SchemaNode | undefined, part: string | number): SchemaNode | undefined {
  if (node === undefined) return undefined
  if (typeof part === 'number') {
    return node.prefixItems?.[part] ?? node.items ?? node.anyOf?.find(({ items }) => items !== undefined)?.items
  }
  const named = propertiesOf(node)
  if (Object.hasOwn(named, part)) return named[part]
  return typeof node.additionalProperties === 'object' ? node.additionalProperties : undefined
}

/** The names of a group; where it may be of several kinds, those of all. */
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
  const name = kindName(node)
  if (name === undefined) return node
  const kind = (value as Readonly<Record<string, unknown>> | null | undefined)?.[name]
  return node?.oneOf?.find(({ properties }) => properties?.[name]?.const === kind) ?? node
}

/** Of a group of several kinds: the name under which each says which it is, such as `kind`. */
function kindName(node: SchemaNode | undefined): string | undefined {
  const first = Object.entries(node?.oneOf?.[0]?.properties ?? {})
  return first.find(([, inner]) => inner.const !== undefined)?.[0]
}
