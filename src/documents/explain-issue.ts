import type { z } from 'zod'
import { nearest } from './nearest.ts'
import { innerNode, nodeOfKind, type SchemaNode } from './schema-node.ts'
import type { DocumentFault, DocumentPath } from './document-fault.ts'
import type { DocumentKind } from './document-kind.ts'

type Issue = z.core.$ZodIssue

/** Wrong names told of one group: a file of another kind has thousands. */
const MOST_KEYS = 50
/** Names listed where none is near; the rest is in the manual. */
const MOST_KNOWN = 12

/** One sentence for each thing that is wrong: the place, what may stand there, what did. */
export function explainIssue(issue: Issue, given: unknown, kind: DocumentKind): DocumentFault[] {
  const path = issue.path as DocumentPath
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.slice(0, MOST_KEYS).map((key) => unknownKey(path, key, given, kind))
  }
  const deeper = issue.code === 'invalid_union' && issue.errors.flat().find((inner) => inner.path.length > 0)
  if (deeper) return explainIssue({ ...deeper, path: [...issue.path, ...deeper.path] }, given, kind)
  const name = pathText(path)
  if (issue.code === 'invalid_key') return [{ path, isKey: true, message: wrongKey(path, given, kind) }]
  const node = nodeAt(path, given, kind)
  const expected = node === undefined ? (kindsAt(path, given, kind) ?? issue.message) : expectation(node, kind)
  const was = found(valueAt(given, path), node)
  return [{ path, isKey: false, message: `${name === '' ? kind.whole : name} must be ${expected}, ${was}` }]
}

/** `listeners[0].port` */
export function pathText(path: DocumentPath): string {
  let text = ''
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`
    else if (!/^[$\w-]+$/.test(part)) text += `[${JSON.stringify(part)}]`
    else text += text === '' ? part : `.${part}`
  }
  return text
}

export function valueAt(value: unknown, path: DocumentPath): unknown {
  let inner = value
  for (const part of path) {
    if (typeof inner !== 'object' || inner === null || !Object.hasOwn(inner, part)) return undefined
    inner = (inner as Record<string | number, unknown>)[part]
  }
  return inner
}

/** Of a kind that is none: those there are. */
function kindsAt(path: DocumentPath, given: unknown, kind: DocumentKind): string | undefined {
  const options = nodeAt(path.slice(0, -1), given, kind)?.oneOf
  const kinds = options?.map(({ properties }) => properties?.[String(path.at(-1))]?.const)
  return kinds && `one of ${kinds.join(', ')}`
}

function wrongKey(path: DocumentPath, given: unknown, kind: DocumentKind): string {
  if (path.at(-1) === '') return `${pathText(path)} has no name: it is empty`
  const names = nodeAt(path.slice(0, -1), given, kind)?.propertyNames
  return `${pathText(path)} cannot be a name, it must be ${names === undefined ? 'another' : expectation(names, kind)}`
}

function unknownKey(path: DocumentPath, key: string, given: unknown, kind: DocumentKind): DocumentFault {
  const full = [...path, key]
  const hint = hintFor(path, key, given, kind)
  return { path: full, isKey: true, message: `there is no ${kind.entry} ${pathText(full)}; ${hint}` }
}

function hintFor(path: DocumentPath, key: string, given: unknown, kind: DocumentKind): string {
  if (/^\/[/*]/.test(key)) return 'comments begin with #'
  if (key === '<<') return `groups are not merged here, write the ${kind.entries} out`
  const known = Object.keys(nodeAt(path, given, kind)?.properties ?? {})
  const meant = nearest(key, known)
  if (meant !== undefined) return `did you mean ${meant}?`
  return known.length > MOST_KNOWN ? `${kind.manual} lists those there are` : `there is ${known.join(', ')}`
}

/** Follows the schema along a path; where it branches, by the kind that was given. */
function nodeAt(path: DocumentPath, given: unknown, kind: DocumentKind): SchemaNode | undefined {
  let node: SchemaNode | undefined = kind.schema()
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

function expectation(node: SchemaNode, kind: DocumentKind): string {
  const options = node.anyOf ?? node.oneOf
  if (options !== undefined) return [...new Set(options.map((option) => expectation(option, kind)))].join(' or ')
  const words = node.enum ?? (node.const === undefined ? undefined : [node.const])
  if (words !== undefined) return words.length === 1 ? String(words[0]) : `one of ${words.join(', ')}`
  switch (node.type) {
    case 'integer':
      return `a whole number from ${node.minimum} to ${node.maximum}`
    case 'number':
      return `a number${boundsOf(node)}`
    case 'boolean':
      return 'true or false'
    case 'array':
      return node.minItems ? 'a list with at least one entry' : 'a list'
    case 'object':
      return `a group of ${kind.entries}`
    default:
      if (node.pattern !== undefined)
        return `a text like "${String(node.default ?? node.examples?.[0] ?? node.pattern)}"`
      return node.minLength === undefined ? 'a text' : 'a text that is not empty'
  }
}

function boundsOf({ minimum, exclusiveMinimum, maximum }: SchemaNode): string {
  const least = exclusiveMinimum === undefined ? minimum : exclusiveMinimum
  if (least === undefined) return maximum === undefined ? '' : ` of at most ${maximum}`
  const from = exclusiveMinimum === undefined ? ` from ${least}` : ` above ${least}`
  return maximum === undefined ? from : `${from} to ${maximum}`
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
