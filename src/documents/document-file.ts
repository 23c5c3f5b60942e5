import { type Document, isMap, isScalar, LineCounter, parse, parseDocument, visit, type YAMLError } from 'yaml'
import type { DocumentPath } from './document-fault.ts'
import type { DocumentKind } from './document-kind.ts'
import { innerNode, mayHoldSecret, type SchemaNode } from './schema-node.ts'
import { type Environment, substituteVariables } from './variables.ts'

/** A file as read, with where in it each value stands. */
export interface DocumentFile {
  readonly name: string
  readonly given: unknown
  /** Line and column, from 1 on, of a value (or its key), or of the nearest one around it. */
  positionOf(path: DocumentPath, isKey?: boolean): Position
  /** The text of a line, from 1 on. */
  lineAt(line: number): string
}

export interface Position {
  readonly line: number
  readonly column: number
}

const MOST_SYNTAX_FAULTS = 3

/** Larger ones are not read: no document is that long, and reading it would hold up everything else. */
const MAXIMUM_CHARACTERS = 1024 * 1024

/**
 * Reads YAML, or JSON, which is YAML too. `${NAME}` in a value stands for a variable of the environment. Throws
 * the error of its kind.
 */
export function parseDocumentFile(
  text: string,
  name: string,
  kind: DocumentKind,
  environment: Environment = {},
): DocumentFile {
  if (text.length > MAXIMUM_CHARACTERS) throw new kind.error([`${name}: more than 1 MiB is no ${kind.file}`])
  const lines = new LineCounter()
  const positionAt = (offset: number): Position => {
    const { line, col } = lines.linePos(offset)
    return { line, column: col }
  }
  const faults: string[] = []
  const refuse = (offset: number, message: string): void => {
    const { line, column } = positionAt(offset)
    faults.push(`${name}:${line}:${column}: ${message}`)
  }
  // whatever the file says about its YAML version: yes is a text here, and << a name like others; the parser's own
  // search for names given twice takes a minute for a long file
  const terms = { schema: 'core', merge: false, uniqueKeys: false, prettyErrors: false } as const
  const document = parseDocument(text, { ...terms, lineCounter: lines })
  // what follows the first is mostly its consequence
  for (const { code, message, pos } of document.errors.slice(0, MOST_SYNTAX_FAULTS)) {
    const sentence = code === 'MULTIPLE_DOCS' ? `a ${kind.file} is one document; take out the ---` : sentences[code]
    refuse(pos[0], sentence ?? hinted(firstLine(message)))
  }
  if (faults.length === 0) takeValues(document, kind.schema(), environment, refuse)
  if (faults.length > 0) throw new kind.error(faults)
  return {
    name,
    given: document.toJS() ?? {},
    positionOf: (path, isKey = false) => positionAt(offsetOf(document, path, isKey)),
    lineAt: (line) => text.split('\n')[line - 1]?.trim() ?? '',
  }
}

const sentences: Partial<Record<YAMLError['code'], string>> = {
  RESOURCE_EXHAUSTION: 'groups and lists are too deep in each other',
  TAB_AS_INDENT: 'tabs are not taken as indentation; use spaces',
}

/** Refuses what is more than values, and puts variables in. */
function takeValues(
  document: Document.Parsed,
  root: SchemaNode,
  environment: Environment,
  refuse: (offset: number, message: string) => void,
): void {
  const values = (node: unknown, schema: SchemaNode | undefined): void => {
    if (isMap(node)) {
      const names = new Set<string>()
      for (const { key, value } of node.items) {
        const keyName = isScalar(key) ? String(key.value) : '__proto__'
        if (keyName === '__proto__') refuse(startOf(key) ?? 0, 'this cannot be a name')
        else if (names.has(keyName)) refuse(startOf(key) ?? 0, `${keyName} stands here for the second time`)
        else values(value, innerNode(schema, keyName))
        names.add(keyName)
      }
    } else if (isScalar(node) && typeof node.value === 'string') {
      const outcome = substituteVariables(node.value, environment, mayHoldSecret(schema))
      if ('fault' in outcome) refuse(startOf(node) ?? 0, outcome.fault)
      else if (outcome.text !== node.value) {
        node.value = node.type === 'PLAIN' && schema?.type !== 'string' ? plainValue(outcome.text) : outcome.text
      }
    } else {
      const items = (node as { readonly items?: readonly unknown[] } | null)?.items ?? []
      for (const [index, item] of items.entries()) values(item, innerNode(schema, index))
    }
  }
  visit(document, {
    Alias: (_key, node) => refuse(startOf(node) ?? 0, 'aliases (*name) are not taken here; write the value out'),
    Node: (_key, node) => {
      if ('tag' in node && node.tag !== undefined && !/^tag:yaml.org,2002:(map|seq|str)$/.test(node.tag)) {
        refuse(startOf(node) ?? 0, `tags (${node.tag}) are not taken here; write the value alone`)
      }
    },
  })
  values(document.contents, root)
}

/** What a plain scalar would have been with its variables written out: a number, true, or a text; nothing deeper. */
function plainValue(text: string): unknown {
  try {
    const value: unknown = parse(text, { logLevel: 'silent' })
    return typeof value === 'number' || typeof value === 'boolean' ? value : text
  } catch {
    return text
  }
}

function offsetOf(document: Document.Parsed, path: DocumentPath, isKey: boolean): number {
  for (let length = path.length; length > 0; length--) {
    const parent: unknown = length === 1 ? document.contents : document.getIn(path.slice(0, length - 1), true)
    const name = String(path[length - 1])
    const pair = isMap(parent) ? parent.items.find(({ key }) => isScalar(key) && String(key.value) === name) : undefined
    const node: unknown = isKey || length < path.length ? pair?.key : undefined
    const start = startOf(node ?? document.getIn(path.slice(0, length), true))
    if (start !== undefined) return start
  }
  return 0
}

function startOf(node: unknown): number | undefined {
  return (node as { readonly range?: readonly number[] } | null | undefined)?.range?.[0]
}

/** What most often lies behind it where topic filters are written. */
function hinted(message: string): string {
  const isUnquoted = /Comments must be separated|Plain value cannot start/.test(message)
  return isUnquoted ? `${message}; a text with # or % goes in quotes: '#'` : message
}

function firstLine(message: string): string {
  return message.split('\n', 1)[0] ?? message
}
