import { resolve } from 'node:path'
import { parse } from 'yaml'
import { nearest } from '../documents/nearest.ts'
import { propertiesOf, type SchemaNode } from '../documents/schema-node.ts'
import { type Environment, readValueFile } from '../documents/variables.ts'
import { settingsJsonSchema } from './schema-node.ts'

const PREFIX = 'TOPIARY_'

type Path = readonly (string | number)[]

/** A setting that wins over the file. */
export interface Override {
  readonly path: Path
  readonly value: unknown
  /** The variable that says so. */
  readonly source: string
}

/**
 * Settings from the environment: `TOPIARY_LIMITS__MAXIMUM_SESSIONS=10`, `TOPIARY_LISTENERS__0__PORT=1884`. Two
 * underscores go one level down; upper and lower case and single underscores do not matter. A name with `_FILE` behind
 * it takes the value from that file. Whole groups come before parts of them, entries of lists in order. With what is
 * wrong, a sentence each.
 */
export function settingsFromEnvironment(environment: Environment): { overrides: Override[]; faults: string[] } {
  const faults: string[] = []
  const overrides: Override[] = []
  for (const [name, text] of Object.entries(environment).toSorted(inOrder)) {
    if (!name.startsWith(PREFIX) || text === undefined || isNoSetting(name, text)) continue
    const outcome = override(name, text)
    if ('fault' in outcome) faults.push(`${name}: ${outcome.fault}`)
    else overrides.push(outcome)
  }
  return { overrides, faults }
}

/** `TOPIARY_LIMITS__MAXIMUM_SESSIONS` */
export function variableName(path: Path): string {
  return PREFIX + path.map((part) => String(part).replaceAll(/[A-Z]/g, '_$&').toUpperCase()).join('__')
}

const byNumber = new Intl.Collator('en', { numeric: true })

function inOrder([one]: readonly [string, unknown], [other]: readonly [string, unknown]): number {
  return byNumber.compare(one, other)
}

function isNoSetting(name: string, text: string): boolean {
  // TOPIARY_PASSWORD is for pub and sub
  const others = ['TOPIARY_CONFIG', 'TOPIARY_PASSWORD']
  return others.includes(name) || name.startsWith('TOPIARY_TEST_') || isOfKubernetes(name, text)
}

/** Kubernetes tells every container of the services beside it; one of them may well be called topiary. */
function isOfKubernetes(name: string, text: string): boolean {
  if (name.includes('__')) return false
  return /_SERVICE_(HOST|PORT\w*)$|_PORT_\d+_(TCP|UDP)\w*$/.test(name) || /^(tcp|udp):\/\//.test(text)
}

function override(name: string, text: string): Override | { readonly fault: string } {
  const found = settingNamed(name.slice(PREFIX.length))
  if ('path' in found) return { path: found.path, value: valueFor(found, text), source: name }
  const ofFile = name.endsWith('_FILE') ? settingNamed(name.slice(PREFIX.length, -'_FILE'.length)) : found
  if ('fault' in ofFile) return found
  const content = readValueFile(text)
  return 'fault' in content ? content : { path: ofFile.path, value: valueFor(ofFile, content.value), source: name }
}

interface Setting {
  readonly path: Path
  readonly node: SchemaNode
}

function settingNamed(name: string): Setting | { readonly fault: string } {
  let node = settingsJsonSchema()
  const path: (string | number)[] = []
  for (const part of name.split('__')) {
    if (node.items !== undefined && /^\d{1,4}$/.test(part)) {
      path.push(Number(part))
      node = node.items
      continue
    }
    const known = propertiesOf(node)
    const keys = Object.keys(known)
    const key = keys.find((candidate) => plain(candidate) === plain(part))
    if (key === undefined) {
      const meant = nearest(plain(part), keys.map(plain))
      const hint = keys.find((candidate) => plain(candidate) === meant)
      return { fault: `there is no such setting; ${hintFor(path, hint, node)}` }
    }
    path.push(key)
    node = known[key] as SchemaNode
  }
  return { path, node }
}

function hintFor(path: Path, meant: string | undefined, node: SchemaNode): string {
  if (meant !== undefined) return `did you mean ${variableName([...path, meant])}?`
  if (node.items !== undefined) return `write the number of the entry, from 0 on: ${variableName([...path, 0])}`
  if (path.length > 0 && Object.keys(propertiesOf(node)).length === 0) return `give ${variableName(path)} as a whole`
  return 'docs/settings.md lists those there are'
}

function plain(name: string): string {
  return name.replaceAll('_', '').toLowerCase()
}

/** A text stays one; everything else is written as in the file. Names of files are seen from the working directory. */
function valueFor({ path, node }: Setting, text: string): unknown {
  const last = String(path.at(-1))
  const isFile =
    last.endsWith('File') ||
    (path[0] === 'listeners' && last === 'path') ||
    (path[0] === 'storage' && last === 'directory')
  if (node.type === 'string') return isFile && text !== '' ? resolve(text) : text
  try {
    return parse(text, { logLevel: 'silent', schema: 'core', maxAliasCount: 0 }) as unknown
  } catch {
    return text
  }
}
