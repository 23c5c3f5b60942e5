import { resolve } from 'node:path'
import { type LoadedSettings, loadSettings } from '../settings/load-settings.ts'
import { UsageError } from './cli-error.ts'
import type { FlagTable, FlagValues } from './flags.ts'
import { logLevels } from './log-level.ts'
import type { Terminal } from './terminal.ts'

const maximumPort = 65_535
const port = { kind: 'integer', value: 'N', min: 0, max: maximumPort } as const

export const configFlag = {
  kind: 'text',
  value: 'FILE',
  help: 'settings file, YAML or JSON; also TOPIARY_CONFIG. docs/settings.md lists the settings',
} as const

/** Flags that are settings: they win over environment and file. */
export const settingsFlags = {
  config: configFlag,
  host: { kind: 'text', value: 'HOST', help: 'address to listen on (default 127.0.0.1)' },
  port: { ...port, short: 'p', help: 'MQTT over TCP; 0 takes a free port (default 1883)' },
  'ws-port': { ...port, help: 'MQTT over WebSocket; 0 takes a free port (default 9001)' },
  'no-ws': { kind: 'switch', help: 'no WebSocket listener' },
  origin: {
    kind: 'text',
    value: 'ORIGIN',
    many: true,
    help: 'let in only browser pages from this origin, e.g. https://example.org; may be repeated',
  },
  'password-file': { kind: 'text', value: 'FILE', help: 'users and their passwords, made by topiary passwd' },
  'allow-anonymous': {
    kind: 'switch',
    help: 'let in clients that give no user name, on every listener; by default only on loopback',
  },
  'http-port': { ...port, help: 'HTTP with /livez, /readyz and /metrics, on 127.0.0.1; by default none' },
  data: {
    kind: 'text',
    value: 'DIR',
    help: 'directory that state is kept in, made when it is not there (default ./topiary-data)',
  },
  memory: { kind: 'switch', help: 'keep state in memory only: it is gone when the broker stops' },
  'log-level': { kind: 'choice', value: 'LEVEL', choices: logLevels, help: 'least level of the log (default info)' },
} as const satisfies FlagTable

export type SettingsFlagValues = FlagValues<typeof settingsFlags>

/** Flags over environment over file over defaults. Throws SettingsError or UsageError. */
export function settingsFromFlags(values: SettingsFlagValues, { env }: Terminal): LoadedSettings {
  checkFlags(values)
  return loadSettings({
    file: values.config ?? env['TOPIARY_CONFIG'],
    environment: env,
    adjust: (given) => adjusted(given, values),
  })
}

type Group = Record<string, unknown>

function adjusted(given: Group, values: SettingsFlagValues): Group {
  const settings: Group = { ...given }
  const { listeners = usualListeners } = settings
  // what is no list of groups is left for the check to complain of
  if (Array.isArray(listeners)) settings['listeners'] = adjustedListeners(listeners as readonly Group[], values)
  const passwordFile = values['password-file']
  if (passwordFile !== undefined) {
    settings['authentication'] = { ...(settings['authentication'] as Group), passwordFile: resolve(passwordFile) }
  }
  const httpPort = values['http-port']
  if (httpPort !== undefined) settings['http'] = { ...(settings['http'] as Group), port: httpPort }
  if (values['log-level'] !== undefined) settings['logLevel'] = values['log-level']
  settings['storage'] = adjustedStorage(settings['storage'] ?? {}, values)
  return settings
}

/** The directory that `topiary start` takes when nobody names one; programs keep state in memory then. */
const usualDirectory = 'topiary-data'

function adjustedStorage(given: unknown, { data, memory }: SettingsFlagValues): unknown {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return given // the check will complain
  const { directory, memory: isInMemory, ...others } = given as Group
  if (memory) return { ...others, memory: true }
  if (data !== undefined) return { ...others, directory: resolve(data) }
  if (directory !== undefined || isInMemory === true || others['durability'] === 'memory') return given
  return { ...others, directory: resolve(usualDirectory) }
}

const usualListeners: readonly Group[] = [
  { kind: 'tcp', port: 1883 },
  { kind: 'websocket', port: 9001 },
]

function adjustedListeners(given: readonly Group[], values: SettingsFlagValues): Group[] {
  let listeners = given.map((listener) => ({ ...listener }))
  if (values['no-ws']) listeners = listeners.filter(({ kind }) => kind !== 'websocket')
  setPort(listeners, 'tcp', values.port)
  setPort(listeners, 'websocket', values['ws-port'])
  for (const listener of listeners) {
    if (values.host !== undefined && listener['kind'] !== 'unix') listener['host'] = values.host
    if (values.origin.length > 0 && listener['kind'] === 'websocket') listener['allowedOrigins'] = values.origin
    if (values['allow-anonymous']) listener['allowAnonymous'] = true
  }
  return listeners
}

/** The first listener of its kind is meant; where there is none, one is added. */
function setPort(listeners: Group[], kind: string, portGiven: number | undefined): void {
  if (portGiven === undefined) return
  const first = listeners.find((listener) => listener['kind'] === kind)
  if (first === undefined) listeners.push({ kind, port: portGiven })
  else first['port'] = portGiven
}

function checkFlags(values: SettingsFlagValues): void {
  const { origin } = values
  if (values['no-ws'] && origin.length > 0) {
    throw new UsageError('--origin has no effect with --no-ws; leave one of them out')
  }
  if (values['no-ws'] && values['ws-port'] !== undefined) {
    throw new UsageError('--ws-port has no effect with --no-ws; leave one of them out')
  }
  if (values.data !== undefined && values.memory) {
    throw new UsageError('--data and --memory say opposite things; leave one of them out')
  }
  if (values.data === '') throw new UsageError('--data needs a value: --data DIR')
  const ports = { '--port': values.port ?? 1883, '--ws-port': values['ws-port'] ?? 9001 }
  if (
    values.config === undefined &&
    !values['no-ws'] &&
    ports['--port'] !== 0 &&
    ports['--port'] === ports['--ws-port']
  ) {
    throw new UsageError(`--port and --ws-port are both ${ports['--port']}; give one of them another number`)
  }
  const notAnOrigin = origin.find((text) => !isOrigin(text))
  if (notAnOrigin !== undefined) {
    throw new UsageError(`--origin takes scheme://host or scheme://host:port, not "${notAnOrigin}"`)
  }
}

function isOrigin(text: string): boolean {
  return URL.canParse(text) && /^[a-z][a-z\d+.-]*:\/\/[^/?#]+$/i.test(text)
}
