import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { type Override, settingsFromEnvironment } from './environment.ts'
import type { DocumentPath } from '../documents/document-fault.ts'
import type { DocumentFile } from '../documents/document-file.ts'
import { valueAt } from '../documents/explain-issue.ts'
import { placedFaults, placeIn } from '../documents/placed-faults.ts'
import type { Environment } from '../documents/variables.ts'
import { checkSettings, defaultSettings, type Settings } from './settings.ts'
import { parseSettingsFile, SettingsError } from './settings-file.ts'

type Given = Record<string, unknown>

export interface SettingsSources {
  /** Path of the settings file; none: only the rest. */
  readonly file?: string | undefined
  readonly environment?: Environment
  /** Changes what file and environment say, as flags do. */
  readonly adjust?: (given: Given) => Given
}

export interface LoadedSettings {
  readonly settings: Settings
  readonly file: DocumentFile | undefined
  /** Who says so: `FILE:LINE:COLUMN`, or a variable; undefined for flags and defaults. */
  sourceOf(path: DocumentPath): string | undefined
}

/**
 * Settings from flags over environment over file over defaults. Names of files in the settings file are relative to
 * it, others to the working directory. Throws SettingsError with everything that is wrong.
 */
export function loadSettings({ file: path, environment = {}, adjust = same }: SettingsSources): LoadedSettings {
  const file = path === undefined ? undefined : parseSettingsFile(readText(path), path, environment)
  const fromFile = file?.given ?? {}
  if (!isGroup(fromFile)) throw new SettingsError([`${path}:1:1: the settings must be a group of settings`])
  const own = file === undefined ? fromFile : withResolvedFiles(fromFile, dirname(file.name))
  const { base, overrides, faults: unusable } = usable(own, settingsFromEnvironment(environment))
  const given = overrides.reduce((into, { path: to, value }) => set(into, to, value) as Given, base)
  const adjusted = adjust(given)
  const outcome = checkSettings(adjusted)
  const wrong =
    'faults' in outcome ? placedFaults(outcome.faults, file, (at) => overrideFor(at, overrides, file)?.source) : []
  if ('faults' in outcome || unusable.length > 0) throw new SettingsError([...unusable, ...wrong])
  const sourceOf = (of: DocumentPath): string | undefined => {
    if (!isDeepStrictEqual(valueAt(adjusted, of), valueAt(given, of))) return undefined
    const override = overrideFor(of, overrides, file)
    if (override !== undefined) return override.source
    return file !== undefined && valueAt(fromFile, of) !== undefined ? placeIn(file, of, false) : undefined
  }
  return { settings: outcome.settings, file, sourceOf }
}

function same(given: Given): Given {
  return given
}

/** The variable that set it, or, where the file says nothing of it or the group around it, one that set a part. */
function overrideFor(
  path: DocumentPath,
  overrides: readonly Override[],
  file: DocumentFile | undefined,
): Override | undefined {
  const setIt = overrides.findLast((override) => startsWith(path, override.path))
  if (setIt !== undefined) return setIt
  for (const around of [path, path.slice(0, -1)]) {
    if (around.length === 0 || valueAt(file?.given, around) !== undefined) return undefined
    const inside = overrides.find((override) => startsWith(override.path, around))
    if (inside !== undefined) return inside
  }
  return undefined
}

function startsWith(path: DocumentPath, start: DocumentPath): boolean {
  return start.every((part, index) => path[index] === part)
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new SettingsError([`cannot read the settings file ${path}: ${(error as Error).message}`])
  }
}

/** Variables that can be put in, what they are put into, and what is wrong with the others. */
function usable(own: Given, { overrides, faults }: { overrides: readonly Override[]; faults: readonly string[] }) {
  const whole = overrides.find(({ path }) => path[0] === 'listeners' && path.length === 1)
  // a variable for one listener means one of the usual ones where nothing else names any
  const isUsual = whole === undefined && own['listeners'] === undefined && overrides.some(isOfListener)
  const base = isUsual ? { ...own, listeners: defaultSettings.listeners } : own
  const listeners = whole?.value ?? base['listeners']
  let count = Array.isArray(listeners) ? listeners.length : 0
  const missing: string[] = []
  const known = overrides.filter((override) => {
    const index = Number(override.path[1])
    if (!isOfListener(override) || index < count) return true
    if (index === count) count += 1
    else missing.push(`${override.source}: there is no listener ${index}; a new one would be ${count}`)
    return index < count
  })
  return { base, overrides: known, faults: [...faults, ...missing] }
}

function isOfListener({ path }: Override): boolean {
  return path[0] === 'listeners' && path.length > 1
}

/** A copy with `value` at `path`; where something else than a group or list is in the way, that stays. */
function set(into: unknown, path: DocumentPath, value: unknown): unknown {
  const [first, ...rest] = path
  if (first === undefined) return value
  if (into === undefined) return set(typeof first === 'number' ? [] : {}, path, value)
  if (!isGroup(into) && !Array.isArray(into)) return into
  const inner = set(valueAt(into, [first]), rest, value)
  if (Array.isArray(into)) return Object.assign([...(into as unknown[])], { [first]: inner })
  return { ...into, [first]: inner }
}

function isGroup(value: unknown): value is Given {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** What names files in a settings file, as seen from `directory`. What has another form is left to the check. */
function withResolvedFiles(given: Given, directory: string): Given {
  const named = (value: unknown): unknown =>
    typeof value === 'string' && value !== '' ? resolve(directory, value) : value
  const resolved = (group: unknown): unknown => {
    if (!isGroup(group)) return group
    const entries = Object.entries(group).map(([key, value]) => {
      const isFile = namesFile.test(key) || (key === 'path' && group['kind'] === 'unix')
      if (isFile) return [key, named(value)]
      return [key, groupsWithFiles.has(key) ? resolved(value) : value]
    })
    return Object.fromEntries(entries) as Given
  }
  const { authentication, listeners, storage, aclFile } = given
  return {
    ...given,
    ...(authentication !== undefined && { authentication: resolved(authentication) }),
    ...(storage !== undefined && { storage: resolved(storage) }),
    ...(listeners !== undefined && { listeners: Array.isArray(listeners) ? listeners.map(resolved) : listeners }),
    ...(aclFile !== undefined && { aclFile: named(aclFile) }),
  }
}

const namesFile = /^(?:file|directory)$|File$|Directory$/

/** Of a listener, and in its `tls`. */
const groupsWithFiles: ReadonlySet<string> = new Set(['tls', 'psk', 'access'])
