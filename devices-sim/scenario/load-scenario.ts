import { readFileSync } from 'node:fs'
import { dirname, extname, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { DocumentError, isDocumentError } from '../../src/documents/document-error.ts'
import type { DocumentFault } from '../../src/documents/document-fault.ts'
import { parseDocumentFile } from '../../src/documents/document-file.ts'
import { nearest } from '../../src/documents/nearest.ts'
import { placedFaults } from '../../src/documents/placed-faults.ts'
import type { Environment } from '../../src/documents/variables.ts'
import { checkScenario } from './check-scenario.ts'
import { checkFiles } from './checks/check-files.ts'
import { FaultList } from './checks/fault-list.ts'
import { isDefinedScenario } from './define-scenario.ts'
import { scenarioKind } from './scenario-kind.ts'
import type { Scenario } from './schema.ts'

export interface ScenarioSources {
  readonly environment?: Environment
  /** Path of the file of each preset, by its name. */
  readonly presets?: Readonly<Record<string, string>>
}

const documents = ['.yaml', '.yml', '.json']
const modules = ['.js', '.mjs', '.ts']

/**
 * Reads a scenario from a file, or a preset by its name. A module gives it as its default export. Files it names are
 * relative to it. Throws DocumentError with everything that is wrong.
 */
export async function loadScenario(path: string, sources: ScenarioSources = {}): Promise<Scenario> {
  const { environment = {}, presets = {} } = sources
  const extension = extname(path)
  if (modules.includes(extension)) return loadModule(path)
  if (documents.includes(extension)) return parseScenario(readText(path), path, environment, dirname(path))
  const preset = Object.hasOwn(presets, path) ? presets[path] : undefined
  if (preset !== undefined) return loadScenario(preset, { environment })
  throw new DocumentError([noPreset(path, Object.keys(presets))])
}

/**
 * Reads a scenario from a text in YAML or JSON; `name` is that of the file in messages. Files it names are looked at
 * where `directory`, to which they are relative, is given.
 */
export function parseScenario(text: string, name: string, environment: Environment = {}, directory?: string): Scenario {
  const file = parseDocumentFile(text, name, scenarioKind, environment)
  const outcome = checkScenario(file.given, directory)
  if ('faults' in outcome) throw new DocumentError(placedFaults(outcome.faults, file))
  return directory === undefined ? outcome.scenario : withResolvedFiles(outcome.scenario, directory)
}

async function loadModule(path: string): Promise<Scenario> {
  const given = await defaultExport(path)
  const directory = dirname(path)
  const outcome = isDefinedScenario(given) ? withFilesChecked(given, directory) : checkScenario(given, directory)
  if ('scenario' in outcome) return withResolvedFiles(outcome.scenario, directory)
  throw new DocumentError(placedFaults(outcome.faults, undefined).map((fault) => `${path}: ${fault}`))
}

function withFilesChecked(
  scenario: Scenario,
  directory: string,
): { readonly scenario: Scenario } | { readonly faults: readonly DocumentFault[] } {
  const list = new FaultList()
  checkFiles(scenario, directory, list)
  return list.faults.length > 0 ? { faults: list.faults } : { scenario }
}

async function defaultExport(path: string): Promise<unknown> {
  try {
    const module = (await import(pathToFileURL(resolve(path)).href)) as { readonly default?: unknown }
    if (module.default !== undefined) return module.default
  } catch (error) {
    // it threw for what it defines: that is told as it is
    if (isDocumentError(error)) throw new DocumentError(error.faults.map((fault) => `${path}: ${fault}`))
    const { code, message } = error as NodeJS.ErrnoException
    const isForeign = code === 'ERR_UNKNOWN_FILE_EXTENSION'
    const help = `this Node (${process.version}) reads no TypeScript; take Node 22.18 or later, or write it as .mjs`
    throw new DocumentError([`cannot load the scenario ${path}: ${isForeign ? help : message}`])
  }
  throw new DocumentError([`${path}: there is no default export; write export default defineScenario({ ... })`])
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new DocumentError([`cannot read the scenario file ${path}: ${(error as Error).message}`])
  }
}

function noPreset(name: string, known: readonly string[]): string {
  const meant = nearest(name, known)
  if (meant !== undefined) return `there is no preset ${name}; did you mean ${meant}?`
  const presets = known.length === 0 ? '' : `the name of a preset (${known.join(', ')}) or `
  return `there is no preset ${name}; give ${presets}a file that ends in ${[...documents, ...modules].join(', ')}`
}

/** What names files, as seen from `directory`. */
function withResolvedFiles(scenario: Scenario, directory: string): Scenario {
  const { ca, cert, key } = scenario.broker
  const given = Object.entries({ ca, cert, key }).filter(([, file]) => file !== undefined)
  const files = Object.fromEntries(given.map(([name, file]) => [name, resolve(directory, file ?? '')]))
  const fleets = Object.entries(scenario.fleets).map(([name, fleet]) => {
    const sensors = Object.entries(fleet.sensors).map(([sensorName, sensor]) => {
      const isReplay = typeof sensor !== 'function' && sensor.model === 'replay'
      return [sensorName, isReplay ? { ...sensor, file: resolve(directory, sensor.file) } : sensor] as const
    })
    return [name, { ...fleet, sensors: Object.fromEntries(sensors) }] as const
  })
  return { ...scenario, broker: { ...scenario.broker, ...files }, fleets: Object.fromEntries(fleets) }
}
