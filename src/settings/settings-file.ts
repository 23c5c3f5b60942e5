import { type Document, isMap, isScalar, LineCounter, parse, parseDocument, visit, type YAMLError } from 'yaml'
import { innerNode, mayHoldSecret, type SchemaNode, settingsJsonSchema } from './schema-node.ts'
import { type Environment, substituteVariables } from './variables.ts'

export type SettingsPath = readonly (string | number)[]

/** A settings file as read, with where in it each setting stands. */
export interface SettingsFile {
  readonly name: string
  readonly given: unknown
  /** Line and column, from 1 on, of a setting's value (or its key), or of the nearest setting around it. */
  positionOf(path: SettingsPath, isKey?: boolean): Position
  /** The text of a line, from 1 on. */
  lineAt(line: number): string
}

export interface Position {
  readonly line: number
  readonly column: number
}

const MOST_FAULTS = 50

/** The settings given cannot be used. One line for each thing that is wrong, with its place where it has one. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError'
  readonly faults: readonly string[]

  constructor(faults: readonly string[]) {
    const different = [...new Set(faults)]
    const more = different.length - MOST_FAULTS
    const told = more > 0 ? [...different.slice(0, MOST_FAULTS), `and ${more} more like these`] : different
    super(told.join('\n'))
    this.faults = told
  }
}

/** Larger ones are not read: no settings are that long, and reading them would hold up the clients. */
const MAXIMUM_CHARACTERS = 1024 * 1024

/**
 * Reads YAML, or JSON, which is YAML too. `${NAME}` in a value stands for a variable of the environment. Throws
 * SettingsError.
 */
export function parseSettingsFile(text: string, name: string, environment: Environment = {}): SettingsFile {
  if (text.length > MAXIMUM_CHARACTERS) throw new SettingsError([`${name}: more than 1 MiB is no settings file`])
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
  for (const { code, message, pos } of document.errors) refuse(pos[0], sentences[code] ?? hinted(firstLine(message)))
  if (faults.length === 0) takeValues(document, environment, refuse)
  if (faults.length > 0) throw new SettingsError(faults)
  return {
    name,
    given: document.toJS() ?? {},
    positionOf: (path, isKey = false) => positionAt(offsetOf(document, path, isKey)),
    lineAt: (line) => text.split('\n')[line - 1]?.trim() ?? '',
  }
}

const sentences: Partial<Record<YAMLError['code'], string>> = {
  MULTIPLE_DOCS: 'a settings file is one document; take out the ---',
  RESOURCE_EXHAUSTION: 'groups and lists are too deep in each other',
  TAB_AS_INDENT: 'tabs are not taken as indentation; use spaces',
}

/** Refuses what is more than values, and puts variables in. */
function takeValues(
  document: Document.Parsed,
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
  values(document.contents, settingsJsonSchema())
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

function offsetOf(document: Document.Parsed, path: SettingsPath, isKey: boolean): number {
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
