import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { type Override, settingsFromEnvironment } from './environment.ts'
import { pathText } from './explain-issue.ts'
import { checkSettings, defaultSettings, type Settings, type SettingsFault } from './settings.ts'
import { locatedFault, parseSettingsFile, SettingsError, type SettingsFile } from './settings-file.ts'
import type { Environment } from './variables.ts'

export interface SettingsSources {
  /** Path of the settings file; none: only the rest. */
  readonly file?: string | undefined
  readonly environment?: Environment
  /** Changes what file and environment say, as flags do. */
  readonly adjust?: (given: Record<string, unknown>) => Record<string, unknown>
}

export interface LoadedSettings {
  readonly settings: Settings
  readonly file: SettingsFile | undefined
}

/**
 * Settings from flags over environment over file over defaults. Names of files in the settings file are relative to
 * it. Throws SettingsError with everything that is wrong.
 */
export function loadSettings({ file: path, environment = {}, adjust = same }: SettingsSources): LoadedSettings {
  const file = path === undefined ? undefined : parseSettingsFile(readText(path), path, environment)
  if (file !== undefined && !isGroup(file.given)) throw new SettingsError([`${path}:1:1: this is no group of settings`])
  const overrides = settingsFromEnvironment(environment)
  const given = adjust(applied({ ...(file?.given as Record<string, unknown>) }, overrides))
  const outcome = checkSettings(given)
  if ('settings' in outcome) {
    return { settings: path === undefined ? outcome.settings : resolveFiles(outcome.settings, dirname(path)), file }
  }
  throw new SettingsError(outcome.faults.map((fault) => explained(fault, overrides, file)))
}

function same(given: Record<string, unknown>): Record<string, unknown> {
  return given
}

/** Whose fault it is: a variable, a place in the file, or a flag, which names itself. */
function explained(fault: SettingsFault, overrides: readonly Override[], file: SettingsFile | undefined): string {
  const name = pathText(fault.path)
  const override = overrides.find(({ path }) => name.startsWith(pathText(path)) || pathText(path).startsWith(name))
  if (override !== undefined) return `${override.source}: ${fault.message}`
  return file === undefined ? fault.message : locatedFault(file, fault)
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new SettingsError([`cannot read the settings file ${path}: ${(error as Error).message}`])
  }
}

function applied(given: Record<string, unknown>, overrides: readonly Override[]): Record<string, unknown> {
  for (const { path, value } of overrides) {
    // a variable for one listener means one of the usual ones where the file has none
    if (path[0] === 'listeners' && path.length > 1 && given['listeners'] === undefined) {
      given['listeners'] = structuredClone(defaultSettings.listeners)
    }
    set(given, path, value)
  }
  return given
}

function set(into: Record<string | number, unknown>, path: readonly (string | number)[], value: unknown): void {
  const [first, ...rest] = path
  if (first === undefined) return
  if (rest.length === 0) {
    into[first] = value
    return
  }
  const inner = into[first]
  const group = isGroup(inner) || Array.isArray(inner) ? structuredClone(inner) : typeof rest[0] === 'number' ? [] : {}
  into[first] = group
  set(group as Record<string | number, unknown>, rest, value)
}

function isGroup(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Settings that name files, as seen from `directory`. */
function resolveFiles(settings: Settings, directory: string): Settings {
  const from = (name: string): string => resolve(directory, name)
  const inGroup = <T extends object>(group: T): T =>
    Object.fromEntries(
      Object.entries(group).map(([key, value]) => [
        key,
        key.endsWith('File') && typeof value === 'string' ? from(value) : value,
      ]),
    ) as T
  return {
    ...settings,
    authentication: inGroup(settings.authentication),
    listeners: settings.listeners.map((listener) => {
      if (listener.kind === 'unix') return { ...listener, path: from(listener.path) }
      return listener.tls === undefined ? listener : { ...listener, tls: inGroup(listener.tls) }
    }),
  }
}
