import type { DocumentPath } from '../src/documents/document-fault.ts'
import type { Environment } from '../src/documents/variables.ts'
import { checkSettings, type ListenerSettings, type PartialSettings, type Settings } from '../src/settings/settings.ts'
import { MosquittoConfError } from './conf/conf-error.ts'
import type { ConfLine } from './conf/conf-line.ts'
import type { MosquittoConf } from './conf/mosquitto-conf.ts'
import { readConf } from './conf/read-conf.ts'
import { readFiles } from './conf/read-files.ts'
import type { MosquittoVersion } from './mosquitto-version.ts'
import type { ProcessTerms } from './process-terms.ts'
import { type Machine, thisMachine } from './translate/endpoints.ts'
import { tellOfLines } from './translate/tell-of-lines.ts'
import { translate } from './translate/translate.ts'

export type { Machine, MosquittoVersion }

export interface MosquittoConfSources {
  /** Path of the mosquitto.conf; none: only defaults, which listen on loopback. */
  readonly file?: string | undefined
  /** Of `-p`, on loopback; without effect where the file defines a listener. At most 10. */
  readonly ports?: readonly number[]
  /** Whose defaults and rules hold; wins over `topiary_mosquitto_version`. */
  readonly version?: MosquittoVersion | undefined
  readonly environment?: Environment
  /** What is known of this machine; left out, it is asked. */
  readonly machine?: Machine
}

export interface LoadedMosquittoConf {
  /** Checked and complete. */
  readonly settings: Settings
  /** The same before defaults were filled in. */
  readonly given: PartialSettings
  /** Listeners with `protocol http_api`, as those for WebSockets, which are their next of kin. */
  readonly httpApis: readonly ListenerSettings[]
  readonly process: ProcessTerms
  readonly version: MosquittoVersion
  /** Sentences for the log, `FILE:LINE: ...`: what is deprecated, what differs, what has no effect where it stands. */
  readonly notices: readonly string[]
  /** The same, of what an operator has to know: what is not done. */
  readonly warnings: readonly string[]
  /** What was read; for reports. */
  readonly conf: MosquittoConf
  /** `FILE:LINE` that says so; undefined for defaults. */
  sourceOf(path: DocumentPath): string | undefined
}

const MOST_PORTS = 10

/**
 * Reads a mosquitto.conf with the files of its include_dir and turns it into settings. Names of files are relative to
 * the working directory, as there. Throws MosquittoConfError with everything that is wrong.
 */
export function loadMosquittoConf(sources: MosquittoConfSources): LoadedMosquittoConf {
  const faults: string[] = []
  const lines = sources.file === undefined ? [] : readFiles(sources.file, faults)
  return settingsOfLines(lines, sources, faults)
}

/** The same for lines that were read already. */
export function settingsOfLines(
  lines: readonly ConfLine[],
  { ports = [], version: asked, environment = {}, machine = thisMachine() }: MosquittoConfSources,
  faults: string[] = [],
): LoadedMosquittoConf {
  if (ports.length > MOST_PORTS) faults.push(`-p: at most ${MOST_PORTS} ports, not ${ports.length}`)
  const version = asked ?? versionOf(environment['TOPIARY_MOSQUITTO_VERSION']) ?? versionIn(lines)
  const conf = readConf(lines, version, faults)
  const findings = { faults, warnings: [], notices: [...conf.notices] }
  tellOfLines(conf, findings)
  const { builder, process } = translate(conf, { version, ports, environment, machine }, findings)
  const outcome = checkSettings(builder.settings)
  if ('faults' in outcome) {
    faults.push(...outcome.faults.map(({ path, message }) => placed(builder.sourceOf(path), message)))
  }
  const apis = checkSettings(builder.settingsOfHttpApis)
  if ('faults' in apis && 'settings' in outcome) {
    faults.push(...apis.faults.map(({ path, message }) => placed(builder.sourceOfHttpApi(path), message)))
  }
  if (faults.length > 0 || 'faults' in outcome || 'faults' in apis) throw new MosquittoConfError(faults)
  return {
    settings: outcome.settings,
    given: builder.settings,
    httpApis: apis.settings.listeners,
    process,
    version,
    notices: findings.notices,
    warnings: findings.warnings,
    conf,
    sourceOf: (path) => builder.sourceOf(path),
  }
}

/** It changes how all lines are read, so it is looked for first. */
function versionIn(lines: readonly ConfLine[]): MosquittoVersion {
  const given = lines.findLast(({ key }) => key === 'topiary_mosquitto_version')?.value.split(' ')[0]
  return given === '2.0' ? '2.0' : '2.1'
}

function versionOf(text: string | undefined): MosquittoVersion | undefined {
  if (text === undefined || text === '2.0' || text === '2.1') return text
  throw new MosquittoConfError([`TOPIARY_MOSQUITTO_VERSION is 2.0 or 2.1, not ${text}`])
}

function placed(source: string | undefined, sentence: string): string {
  return source === undefined ? sentence : `${source}: ${sentence}`
}
