import type { Environment } from '../../src/documents/variables.ts'
import type { MosquittoConf } from '../conf/mosquitto-conf.ts'
import type { MosquittoVersion } from '../mosquitto-version.ts'
import type { ProcessTerms } from '../process-terms.ts'
import type { Machine } from './endpoints.ts'
import type { Findings } from './findings.ts'
import { setGeneral } from './general-settings.ts'
import { setHttp, setListeners } from './listeners.ts'
import { filesOfPlugins } from './plugins.ts'
import { logLevelFor, processTerms } from './process-terms.ts'
import { SettingsBuilder } from './settings-builder.ts'
import { storageWish } from './storage-wish.ts'

export interface Circumstances {
  readonly version: MosquittoVersion
  readonly ports: readonly number[]
  readonly environment: Environment
  readonly machine: Machine
}

/** Settings that do what a mosquitto.conf says, and what it says of the process. */
export function translate(
  conf: MosquittoConf,
  { version, ports, environment, machine }: Circumstances,
  findings: Findings,
): { builder: SettingsBuilder; process: ProcessTerms } {
  const builder = new SettingsBuilder()
  const storage = storageWish(conf, environment, findings)
  const pluginFiles = filesOfPlugins(conf, findings)
  setListeners({ conf, machine, ports, pluginFiles, findings }, builder)
  setGeneral(conf, version, storage, builder)
  setHttp(conf, findings, builder)
  const process = processTerms(conf, storage, findings)
  builder.set(['logLevel'], logLevelFor(process.log), conf.general.place('log_type') ?? conf.general.place('log_dest'))
  return { builder, process }
}
