import type { z } from 'zod'
import { nearest } from './nearest.ts'
import { innerNode, nodeOfKind, type SchemaNode, settingsJsonSchema } from './schema-node.ts'
import type { SettingsFault } from './settings.ts'

type Issue = z.core.$ZodIssue
type Path = readonly (string | number)[]

/** Wrong names told of one group: a file of another kind has thousands. */
const MOST_KEYS = 50
/** Names listed where none is near; the rest is in the manual. */
const MOST_KNOWN = 12

/** One sentence for each thing that is wrong: the setting, what it may be, what it was. */
export function explainIssue(issue: Issue, given: unknown): SettingsFault[] {
  const path = issue.path as Path
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.slice(0, MOST_KEYS).map((key) => unknownKey(path, key, given))
  }
  const deeper = issue.code === 'invalid_union' && issue.errors.flat().find((inner) => inner.path.length > 0)
  if (deeper) return explainIssue({ ...deeper, path: [...issue.path, ...deeper.path] }, given)
  const name = pathText(path)
  if (issue.code === 'invalid_key') return [{ path, isKey: true, message: `${name} has no name: it is empty` }]
  const node = nodeAt(path, given)
  const expected = node === undefined ? (kindsAt(path, given) ?? issue.message) : expectation(node)
  const was = found(valueAt(given, path), node)
  return [{ path, isKey: false, message: `${name === '' ? 'the settings' : name} must be ${expected}, ${was}` }]
}

/** `listeners[0].port` */
export function pathText(path: Path): string {
  let text = ''
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`
    else if (!/^[$\w-]+$/.test(part)) text += `[${JSON.stringify(part)}]`
    else text += text === '' ? part : `.${part}`
  }
  return text
}

export function valueAt(value: unknown, path: Path): unknown {
  let inner = value
  for (const part of path) {
    if (typeof inner !== 'object' || inner === null || !Object.hasOwn(inner, part)) return undefined
    inner = (inner as Record<string | number, unknown>)[part]
  }
  return inner
}

/** Of a `kind` that is none: those there are. */
function kindsAt(path: Path, given: unknown): string | undefined {
  const kinds = nodeAt(path.slice(0, -1), given)?.oneOf?.map((option) => option.properties?.['kind']?.const)
  return kinds && `one of ${kinds.join(', ')}`
}

function unknownKey(path: Path, key: string, given: unknown): SettingsFault {
  const full = [...path, key]
  return { path: full, isKey: true, message: `there is no setting ${pathText(full)}; ${hintFor(path, key, given)}` }
}

function hintFor(path: Path, key: string, given: unknown): string {
  if (/^\/[/*]/.test(key)) return 'comments begin with #'
  if (key === '<<') return 'groups are not merged here, write the settings out'
  const known = Object.keys(nodeAt(path, given)?.properties ?? {})
  const meant = nearest(key, known)
  if (meant !== undefined) return `did you mean ${meant}?`
  return known.length > MOST_KNOWN ? 'docs/settings.md lists those there are' : `there is ${known.join(', ')}`
}

/** Follows the schema along a path; where it branches, by the `kind` that was given. */
function nodeAt(path: Path, given: unknown): SchemaNode | undefined {
  let node: SchemaNode | undefined = settingsJsonSchema()
  let value = given
  for (const part of path) {
    value = valueAt(value, [part])
    const inner: SchemaNode | undefined =
      node.oneOf === undefined || typeof part === 'number' ? innerNode(node, part) : undefined
    node = nodeOfKind(inner, value)
    if (node === undefined) return undefined
  }
  return node
}

function expectation(node: SchemaNode): string {
  const options = node.anyOf ?? node.oneOf
  if (options !== undefined) return [...new Set(options.map(expectation))].join(' or ')
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
      if (node.pattern !== undefined) return `a text like "${node.default}"`
      return node.minLength === undefined ? 'a text' : 'a text that is not empty'
  }
}

/** What there was instead. Whole groups are not shown, they may hold secrets. */
function found(value: unknown, node: SchemaNode | undefined): string {
  if (value === undefined) return 'and is missing'
  if (value === null) return 'and is empty'
  if (Array.isArray(value)) return value.length === 0 ? 'not an empty list' : 'not a list'
  if (typeof value === 'object') return 'not a group'
  const mayBeSecret = node?.writeOnly === true || node?.type === 'object'
  const was = mayBeSecret ? `not a ${typeof value === 'string' ? 'text' : typeof value}` : `not ${shown(value)}`
  return node?.type === 'string' && typeof value !== 'string' ? `${was}; put it in quotes` : was
}

/** As much of a value as fits a line. */
function shown(value: unknown): string {
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value)
  return text.length > 60 ? `${text.slice(0, 57)}...` : text
}
