import { isScalar, LineCounter, parse, parseDocument, visit } from 'yaml'
import { checkSettings, type Settings, type SettingsFault } from './settings.ts'
import { type Environment, substituteVariables } from './variables.ts'

export type SettingsPath = readonly (string | number)[]

/** A settings file as read, with where in it each setting stands. */
export interface SettingsFile {
  readonly name: string
  readonly given: unknown
  /** `FILE:LINE:COLUMN` of a setting, or of the nearest one around it. */
  locate(path: SettingsPath, isKey?: boolean): string
  /** The number of its line, from 1 on. */
  lineOf(path: SettingsPath): number
}

/** The settings given cannot be used. One line for each thing that is wrong, with its place where it has one. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError'
  readonly faults: readonly string[]

  constructor(faults: readonly string[]) {
    super(faults.join('\n'))
    this.faults = faults
  }
}

/**
 * Reads YAML, or JSON, which is YAML too. `${NAME}` stands for a variable of the environment. Throws SettingsError.
 */
export function parseSettingsFile(text: string, name: string, environment: Environment = {}): SettingsFile {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, prettyErrors: false })
  const at = (offset: number): string => {
    const { line, col } = lines.linePos(offset)
    return `${name}:${line}:${col}`
  }
  const [error] = document.errors
  if (error !== undefined) throw new SettingsError([`${at(error.pos[0])}: ${firstLine(error.message)}`])
  const faults: string[] = []
  visit(document, {
    Alias: (_key, node) => {
      faults.push(`${at(node.range?.[0] ?? 0)}: aliases (*name) are not taken here; write the value out`)
    },
    Scalar: (_key, node) => {
      if (typeof node.value !== 'string') return
      const outcome = substituteVariables(node.value, environment)
      if ('fault' in outcome) faults.push(`${at(node.range?.[0] ?? 0)}: ${outcome.fault}`)
      else if (outcome.text !== node.value) node.value = node.type === 'PLAIN' ? plainValue(outcome.text) : outcome.text
    },
  })
  if (faults.length > 0) throw new SettingsError(faults)
  const offsetOf = (path: SettingsPath, isKey: boolean): number => {
    for (let length = path.length; length > 0; length--) {
      const parent: unknown = length === 1 ? document.contents : document.getIn(path.slice(0, length - 1), true)
      const pair = pairsOf(parent).find(({ key }) => isScalar(key) && key.value === path[length - 1])
      const node: unknown = isKey || length < path.length ? pair?.key : undefined
      const range = rangeOf(node ?? document.getIn(path.slice(0, length), true))
      if (range !== undefined) return range
    }
    return 0
  }
  return {
    name,
    given: document.toJS() ?? {},
    locate: (path, isKey = false) => at(offsetOf(path, isKey)),
    lineOf: (path) => lines.linePos(offsetOf(path, false)).line,
  }
}

/** The settings of one file alone. Throws SettingsError. */
export function settingsOf(file: SettingsFile): Settings {
  const outcome = checkSettings(file.given)
  if ('settings' in outcome) return outcome.settings
  throw new SettingsError(outcome.faults.map((fault) => locatedFault(file, fault)))
}

export function locatedFault(file: SettingsFile, { path, isKey, message }: SettingsFault): string {
  return `${file.locate(path, isKey)}: ${message}`
}

/** What a plain scalar would have been with its variables written out: a number, true, or a text; nothing deeper. */
function plainValue(text: string): unknown {
  const value: unknown = parse(text, { logLevel: 'silent' })
  return typeof value === 'number' || typeof value === 'boolean' ? value : text
}

function pairsOf(node: unknown): readonly { readonly key: unknown }[] {
  const items = (node as { items?: unknown } | undefined)?.items
  return Array.isArray(items) ? items.filter((item) => typeof item === 'object' && item !== null && 'key' in item) : []
}

function rangeOf(node: unknown): number | undefined {
  return (node as { range?: readonly number[] } | undefined)?.range?.[0]
}

function firstLine(message: string): string {
  return message.split('\n', 1)[0] ?? message
}
