import { existsSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import type { Environment } from '../../src/documents/variables.ts'
import type { MosquittoConf } from '../conf/mosquitto-conf.ts'
import { type Findings, tell } from './findings.ts'

/** Whether state outlives the process, and where. */
export interface StorageWish {
  readonly isOn: boolean
  readonly directory: string
  /** Where Mosquitto would have kept it. */
  readonly databaseFile: string
}

const USUAL_FILE = 'mosquitto.db'

export function storageWish(
  { general, plugins }: MosquittoConf,
  environment: Environment,
  { faults, warnings, notices }: Findings,
): StorageWish {
  const plugin = plugins.find(({ path }) => path.includes('mosquitto_persist_sqlite'))
  const isOn = general.get('persistence') ?? general.get('retained_persistence') ?? false
  if (isOn && plugin !== undefined) {
    tell(faults, plugin.place, 'there is persistence true already; take it away or the plugin, as Mosquitto demands')
  }
  if (!isOn && plugin === undefined) {
    const idle = (['topiary_durability', 'topiary_durability_interval'] as const).filter((name) => general.has(name))
    for (const option of idle) {
      tell(notices, general.place(option), `${option} has no effect without persistence true`)
    }
  }
  const variable = environment['MOSQUITTO_PERSISTENCE_LOCATION']
  const location = variable || general.get('persistence_location') || '.'
  const databaseFile = resolve(location, general.get('persistence_file') ?? USUAL_FILE)
  const name = basename(databaseFile)
  // two brokers may share a location there, each with a file of its own
  const directory = join(dirname(databaseFile), name === USUAL_FILE ? 'topiary-data' : `topiary-data-${name}`)
  if ((isOn || plugin !== undefined) && existsSync(databaseFile) && !existsSync(directory)) {
    const place = general.place('persistence') ?? general.place('retained_persistence') ?? plugin?.place
    tell(warnings, place, `${databaseFile} is not read: sessions and retained messages begin anew in ${directory}`)
  }
  return { isOn: isOn || plugin !== undefined, directory, databaseFile }
}
