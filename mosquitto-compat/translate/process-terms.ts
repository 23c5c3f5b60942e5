import { resolve } from 'node:path'
import type { MosquittoConf } from '../conf/mosquitto-conf.ts'
import type { Given } from '../conf/scope-values.ts'
import {
  type LogDestination,
  type LogTerms,
  type LogType,
  logTypes,
  type ProcessTerms,
  usualLogTypes,
} from '../process-terms.ts'
import { type Findings, tell } from './findings.ts'
import type { StorageWish } from './storage-wish.ts'

/** What the file says of the process around the broker. */
export function processTerms({ general }: MosquittoConf, storage: StorageWish, findings: Findings): ProcessTerms {
  const pidFile = general.get('pid_file')
  return {
    log: logTerms(general, findings),
    pidFile: pidFile === undefined ? undefined : resolve(pidFile),
    user: general.get('user') ?? 'mosquitto',
    databaseFile: storage.databaseFile,
    controlApi: general.get('enable_control_api') ?? false,
    persistence: storage.isOn,
  }
}

/** The least level of our own log that shows all that is asked for. */
export function logLevelFor({ destinations, types }: LogTerms): 'debug' | 'info' | 'warn' | 'error' | 'silent' {
  if (destinations.length === 0 || types.size === 0) return 'silent'
  if (types.has('debug') || types.has('internal')) return 'debug'
  if (types.has('warning') && types.size <= 2 && [...types].every((type) => type === 'warning' || type === 'error')) {
    return 'warn'
  }
  return types.size === 1 && types.has('error') ? 'error' : 'info'
}

function logTerms(general: MosquittoConf['general'], findings: Findings): LogTerms {
  const facility = general.get('log_facility')
  return {
    destinations: destinationsOf(general.all('log_dest'), findings),
    types: typesOf(general.all('log_type').map(({ value }) => value)),
    facility: facility === undefined ? 'daemon' : Number(facility),
    timestamps: general.get('log_timestamp') ?? true,
    timestampFormat: general.get('log_timestamp_format'),
    connectionMessages: general.get('connection_messages') ?? true,
  }
}

/** Each line adds one; `none` takes away those before it. */
function destinationsOf(given: readonly Given<string>[], { faults, warnings }: Findings): LogDestination[] {
  if (given.length === 0) return [{ kind: 'stderr' }]
  let destinations: LogDestination[] = []
  for (const { value, place } of given) {
    const [kind = '', path = ''] = value.split(/ +(.*)/)
    if (kind === 'none') destinations = []
    else if (kind === 'stdout' || kind === 'stderr' || kind === 'syslog' || kind === 'topic')
      destinations.push({ kind })
    else if (kind === 'file') addFile(path, place, destinations, faults)
    else if (kind === 'dlt' || kind === 'android')
      tell(warnings, place, `log_dest ${kind} is not supported: nothing is logged there`)
    else tell(faults, place, `log_dest takes none, stdout, stderr, syslog, topic or file PATH, not "${kind}"`)
  }
  return destinations
}

function addFile(path: string, place: string, destinations: LogDestination[], faults: string[]): void {
  if (path === '') return tell(faults, place, 'log_dest file needs a path: log_dest file PATH')
  if (destinations.some(({ kind }) => kind === 'file'))
    tell(faults, place, 'log_dest file is given a second time; keep one')
  destinations.push({ kind: 'file', path: resolve(path) })
}

function typesOf(given: readonly (LogType | 'none' | 'all')[]): ReadonlySet<LogType> {
  if (given.length === 0) return new Set(usualLogTypes)
  let types = new Set<LogType>()
  for (const type of given) {
    if (type === 'none') types = new Set()
    else if (type === 'all') types = new Set(logTypes)
    else types.add(type)
  }
  return types
}
