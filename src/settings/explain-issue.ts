import { z } from 'zod'
import { nearest } from './nearest.ts'
import { settingsSchema } from './schema.ts'
import type { SettingsFault } from './settings.ts'

type Issue = z.core.$ZodIssue

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
  readonly description?: string
  readonly required?: readonly string[]
  readonly secret?: boolean
}

/** The settings as JSON Schema (draft 2020-12), as a file is written. */
export function settingsJsonSchema(): SchemaNode {
  return z.toJSONSchema(settingsSchema, { io: 'input', unrepresentable: 'any' }) as SchemaNode
}

/** One sentence for each thing that is wrong: the setting, what it may be, what it was. */
export function explainIssue(issue: Issue, given: unknown): SettingsFault[] {
  const path = issue.path as (string | number)[]
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(path, key, given))
  const node = nodeAt(path, given)
  const value = valueAt(given, path)
  const name = pathText(path)
  const expected = node === undefined ? (kindsAt(path, given) ?? issue.message) : expectation(node)
  const was = value === undefined ? 'and is missing' : `not ${node?.secret ? 'what it is' : shown(value)}`
  return [{ path, isKey: false, message: `${name === '' ? 'the settings' : name} must be ${expected}, ${was}` }]
}

/** Of a `kind` that is none: those there are. */
function kindsAt(path: readonly (string | number)[], given: unknown): string | undefined {
  const kinds = nodeAt(path.slice(0, -1), given)?.oneOf?.map((option) => option.properties?.['kind']?.const)
  return kinds && `one of ${kinds.join(', ')}`
}

/** `listeners[0].port` */
export function pathText(path: readonly (string | number)[]): string {
  let text = ''
  for (const part of path) text += typeof part === 'number' ? `[${part}]` : text === '' ? part : `.${part}`
  return text
}

function unknownKey(path: readonly (string | number)[], key: string, given: unknown): SettingsFault {
  const known = Object.keys(nodeAt(path, given)?.properties ?? {})
  const meant = nearest(key, known)
  const hint = meant === undefined ? `there is ${known.join(', ')}` : `did you mean ${meant}?`
  const full = [...path, key]
  return { path: full, isKey: true, message: `there is no setting ${pathText(full)}; ${hint}` }
}

/** Follows the schema along a path; where it branches, by the `kind` that was given. */
function nodeAt(path: readonly (string | number)[], given: unknown): SchemaNode | undefined {
  let node: SchemaNode | undefined = settingsJsonSchema()
  let value = given
  for (const part of path) {
    value = valueAt(value, [part])
    if (typeof part === 'number') node = node?.items
    else node = node?.properties?.[part] ?? recordNode(node)
    const options: readonly SchemaNode[] | undefined = node?.oneOf
    const kind = valueAt(value, ['kind'])
    node = options?.find((option) => option.properties?.['kind']?.const === kind) ?? node
  }
  return node
}

function recordNode(node: SchemaNode | undefined): SchemaNode | undefined {
  return typeof node?.additionalProperties === 'object' ? node.additionalProperties : undefined
}

function valueAt(value: unknown, path: readonly (string | number)[]): unknown {
  let inner = value
  for (const part of path) {
    if (typeof inner !== 'object' || inner === null) return undefined
    inner = (inner as Record<string | number, unknown>)[part]
  }
  return inner
}

function expectation(node: SchemaNode): string {
  const options = node.anyOf ?? node.oneOf
  if (options !== undefined) return options.map(expectation).join(' or ')
  const words = node.enum ?? (node.const === undefined ? undefined : [node.const])
  if (words !== undefined) return words.length === 1 ? String(words[0]) : `one of ${words.join(', ')}`
  switch (node.type) {
    case 'integer':
      return `a whole number from ${node.minimum} to ${node.maximum}`
    case 'boolean':
      return 'true or false'
    case 'array':
      return node.minItems ? 'a list with at least one entry' : 'a list'
    case 'object':
      return 'a group of settings'
    default:
      return node.pattern === undefined ? 'a text that is not empty' : `a text like ${node.default}`
  }
}

/** As much of a value as fits a line. */
function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 60 ? `${text.slice(0, 57)}...` : text
}
