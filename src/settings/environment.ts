import { parse } from 'yaml'
import { settingsJsonSchema, type SchemaNode } from './explain-issue.ts'
import { nearest } from './nearest.ts'
import { SettingsError } from './settings-file.ts'
import { type Environment, readValueFile } from './variables.ts'

const PREFIX = 'TOPIARY_'

export interface Override {
  readonly path: readonly (string | number)[]
  readonly value: unknown
  /** Who says so: the variable or the flag. */
  readonly source: string
}

/**
 * Settings from the environment: `TOPIARY_LIMITS__MAXIMUM_SESSIONS=10`, `TOPIARY_LISTENERS__0__PORT=1884`. Two
 * underscores go one level down; upper and lower case and single underscores do not matter. A name with `_FILE` behind
 * it takes the value from that file. Throws SettingsError for a variable that is no setting.
 */
export function settingsFromEnvironment(environment: Environment): Override[] {
  const faults: string[] = []
  const overrides: Override[] = []
  for (const [name, text] of Object.entries(environment)) {
    if (!name.startsWith(PREFIX) || text === undefined || isOurs(name)) continue
    const found = resolve(name.slice(PREFIX.length))
    const fromFile = 'fault' in found && name.endsWith('_FILE') ? resolve(name.slice(PREFIX.length, -5)) : undefined
    if (fromFile !== undefined && 'path' in fromFile) {
      const outcome = readValueFile(text, name)
      if ('fault' in outcome) faults.push(outcome.fault)
      else overrides.push({ path: fromFile.path, value: valueFor(fromFile.node, outcome.value), source: name })
    } else if ('path' in found) {
      overrides.push({ path: found.path, value: valueFor(found.node, text), source: name })
    } else faults.push(`${name}: ${found.fault}`)
  }
  if (faults.length > 0) throw new SettingsError(faults)
  return overrides
}

/** Variables of ours that are no settings. */
function isOurs(name: string): boolean {
  return name === 'TOPIARY_CONFIG' || name.startsWith('TOPIARY_TEST_')
}

function resolve(
  name: string,
): { readonly path: (string | number)[]; readonly node: SchemaNode } | { readonly fault: string } {
  let node = settingsJsonSchema()
  const path: (string | number)[] = []
  for (const part of name.split('__')) {
    if (node.items !== undefined && /^\d+$/.test(part)) {
      path.push(Number(part))
      node = node.items
      continue
    }
    const known = propertiesOf(node)
    const key = Object.keys(known).find((candidate) => plain(candidate) === plain(part))
    if (key === undefined) {
      const meant = nearest(plain(part), Object.keys(known).map(plain))
      const hint = Object.keys(known).find((candidate) => plain(candidate) === meant)
      return { fault: `there is no setting ${part}${hint === undefined ? '' : `; did you mean ${variable(hint)}?`}` }
    }
    path.push(key)
    node = known[key] as SchemaNode
  }
  return { path, node }
}

/** Of the kinds of listener any one may be meant. */
function propertiesOf(node: SchemaNode): Readonly<Record<string, SchemaNode>> {
  const options = node.oneOf?.map((option) => option.properties ?? {}) ?? []
  return Object.assign({}, ...options, node.properties ?? {}) as Record<string, SchemaNode>
}

function plain(name: string): string {
  return name.replaceAll('_', '').toLowerCase()
}

function variable(key: string): string {
  return key.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()
}

/** A text stays one; everything else is written as in the file. */
function valueFor(node: SchemaNode, text: string): unknown {
  if (node.type === 'string') return text
  try {
    return parse(text, { logLevel: 'silent' }) as unknown
  } catch {
    return text
  }
}
