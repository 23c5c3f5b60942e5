import { isAbsolute, relative } from 'node:path'
import type { Broker } from '../server/broker.ts'
import type { LoadedSettings } from '../settings/load-settings.ts'
import { isForThisMachineOnly, isOpenToAnybody } from '../settings/reach.ts'
import { printSettings } from '../settings/print-settings.ts'
import { defaultSettings, type Settings } from '../settings/settings.ts'
import { SettingsError } from '../settings/settings-file.ts'
import { DataDirectoryError } from '../storage/directory/directory-error.ts'
import { StoreError } from '../storage/store-error.ts'
import { packageVersion } from '../settings/version.ts'
import { exitCode, OperatorError } from './cli-error.ts'
import { defineCommand } from './command.ts'
import type { FlagTable, FlagValues } from './flags.ts'
import { type LogLevel, logLevels } from './log-level.ts'
import { isMosquittoConf, mosquittoLogger, settingsOfMosquittoConf, startWithMosquittoConf } from './mosquitto-conf.ts'
import { settingsFlags, settingsFromFlags } from './settings-flags.ts'
import type { Terminal } from './terminal.ts'
import { placedError, withPlaces } from './with-places.ts'

const graceSeconds = defaultSettings.shutdownGraceMs / 1000

const startFlags = {
  ...settingsFlags,
  'log-format': {
    kind: 'choice',
    value: 'FORMAT',
    choices: ['topiary', 'mosquitto'],
    help: "the log in Topiary's form or in the words of Mosquitto (default topiary)",
  },
  'print-config': { kind: 'switch', help: 'print the settings in force as YAML, secrets hidden, and exit' },
} as const satisfies FlagTable

type StartValues = FlagValues<typeof startFlags>

export const startCommand = defineCommand(
  {
    name: 'start',
    summary: 'Start the broker (the default command)',
    usage: '[start] [flags]',
    sections: [{ title: 'Flags', flags: startFlags }],
    examples: [
      'topiary start',
      'topiary start --config topiary.yaml',
      'topiary start --data /var/lib/topiary',
      'topiary start --host 0.0.0.0 --password-file users.passwd',
      'topiary --no-ws --log-level debug',
      'topiary start --config /etc/mosquitto/mosquitto.conf',
    ],
    notes: [
      'Flags win over the environment (TOPIARY_LIMITS__MAXIMUM_SESSIONS=10), that over the settings file.',
      'On loopback addresses anonymous clients are let in, on others they need a login or --allow-anonymous.',
      'The log goes to stderr: JSON lines, or short lines when stderr is a terminal.',
      'State is kept in ./topiary-data: PUBACK means that a message is on disk. --data names another place.',
      'A settings file whose name ends with .conf is a mosquitto.conf: mosquitto-compat/README.md.',
      'SIGHUP reads settings, passwords and certificates again: all is taken over, or nothing.',
      `SIGINT (Ctrl-C) or SIGTERM stops it in an orderly way: clients get ${graceSeconds} s for what is on its way to`,
      'them, then they are cut. A second signal cuts them at once.',
      'Exit codes: 0 stopped, 1 could not start or cut short by a second signal, 2 wrong flags, 78 wrong settings.',
    ],
  },
  startFlags,
  start,
)

async function start(values: StartValues, terminal: Terminal): Promise<number> {
  const path = values.config ?? terminal.env['TOPIARY_CONFIG']
  const isOfMosquitto = isMosquittoConf(path)
  if (isOfMosquitto && !values['print-config']) return startWithMosquittoConf(path, values, terminal)
  const loaded = isOfMosquitto ? await settingsOfMosquittoConf(path, terminal) : settingsFromFlags(values, terminal)
  const { settings, file } = loaded
  if (values['print-config']) {
    terminal.stdout.write(printSettings(settings))
    return exitCode.ok
  }
  const stopRequested = terminal.stopRequested()
  const [{ createBroker }, { createLogger }] = await Promise.all([
    import('../server/create-broker.ts'),
    import('./logger.ts'),
  ])
  const isAsMosquitto = values['log-format'] === 'mosquitto'
  const { log, close, ...parts } = isAsMosquitto
    ? await mosquittoLogger(settings.logLevel)
    : createLogger(settings.logLevel, terminal)
  const broker = withPlaces(loaded, () => createBroker(settings, { log, ...parts }))
  if ('listenTo' in log) log.listenTo(broker)
  const listening = listen(broker, settings, file?.name)
  // from here on, so that a SIGHUP meanwhile does not end the process
  terminal.onReload(() => void listening.then(reload, () => {}))
  await listening
  terminal.stdout.write(greeting(broker, settings))
  if (isOpenToAll(settings)) terminal.stderr.write(`topiary: WARNING: ${openDoor}\n`)
  const signal = await stopRequested
  const clients = broker.statistics.gauges().connections
  const connected = clients === 0 ? '' : `; ${clients} client(s) connected, a second Ctrl-C cuts them`
  log.info({ signal, clients }, `stopping${connected}`)
  await broker.close()
  log.info({}, 'stopped')
  await close()
  return exitCode.ok

  async function reload(): Promise<void> {
    try {
      const other = settingsFromFlags(values, terminal)
      refuseEmpty(other)
      const changes = await broker.reload(other.settings).catch((error: unknown) => {
        throw placedError(other, error)
      })
      const { logLevel } = other.settings
      // the changes are told at the more talkative level of the two
      if (logLevels.indexOf(logLevel) < logLevels.indexOf(log.level as LogLevel)) log.level = logLevel
      for (const change of changes) log.info({ change }, 'setting changed')
      log.info({ changes: changes.length }, 'settings taken over')
      log.level = logLevel
    } catch (error) {
      const faults = error instanceof SettingsError ? error.faults : [(error as Error).message]
      for (const fault of faults) log.error({ fault }, 'settings not taken over: everything is as it was')
    }
  }
}

/** A file found empty while the broker runs is being written, and not a wish for defaults, which let anybody in. */
function refuseEmpty({ file }: LoadedSettings): void {
  if (file !== undefined && Object.keys(file.given as object).length === 0) {
    throw new SettingsError([`${file.name} is empty; write version: 1 into it if the defaults are meant`])
  }
}

async function listen(broker: Broker, settings: Settings, file: string | undefined): Promise<void> {
  try {
    await broker.listen()
  } catch (error) {
    await broker.close({ graceMs: 0 }).catch(() => {})
    if (error instanceof StoreError || error instanceof DataDirectoryError) throw new OperatorError(error.message)
    throw new OperatorError(listenFailure(error as ListenError, settings, file))
  }
}

type ListenError = Error & { readonly code?: string; readonly port?: number; readonly address?: string }

/** One line that names the address, the reason and what helps. */
export function listenFailure(error: ListenError, settings: Settings, file?: string): string {
  const isWebSocket = settings.listeners.some(({ kind, ...rest }) => {
    return kind === 'websocket' && 'port' in rest && rest.port === error.port
  })
  const isHttp = error.port !== undefined && error.port === settings.http?.port
  const flag = isHttp ? '--http-port' : isWebSocket ? '--ws-port' : '--port'
  const [first] = settings.listeners
  const host = error.address ?? (first !== undefined && 'host' in first ? first.host : undefined) ?? '127.0.0.1'
  const place = error.port === undefined ? host : `port ${error.port} on ${host}`
  const other = file === undefined ? `choose another with ${flag} N` : `choose another in ${file}, or with ${flag} N`
  switch (error.code) {
    case 'EADDRINUSE':
      return `${place} is already in use; ${other}`
    case 'EACCES':
      return error.port === undefined
        ? `not allowed to open ${place}; see to the rights of its directory`
        : `not allowed to open ${place}; ${other.replace('another', 'one above 1023')}`
    case 'EADDRNOTAVAIL':
      return `${host} is not an address of this machine; choose another with --host HOST`
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `no address is known for ${host}; choose another with --host HOST`
    default:
      return `cannot listen on ${place}: ${error.message}`
  }
}

function greeting(broker: Broker, settings: Settings): string {
  const http = broker.httpUrl === undefined ? [] : [`  ${broker.httpUrl} (health and metrics)`]
  return [
    `topiary ${packageVersion()} listens on`,
    ...broker.addresses.map(({ url }) => `  ${url}`),
    ...http,
    `${whoComesIn(settings)}; state is kept in ${placeOfState(settings)}`,
    '',
  ].join('\n')
}

function placeOfState({ storage: { directory, memory, durability } }: Settings): string {
  if (directory === undefined || memory || durability === 'memory') return 'memory only'
  const fromHere = relative('', directory)
  return fromHere.startsWith('..') || isAbsolute(fromHere) ? directory : `./${fromHere}`
}

function whoComesIn(settings: Settings): string {
  if (isOpenToAll(settings)) return 'anonymous clients are let in, from anywhere that reaches these ports'
  const isOpenHere = settings.listeners.some(isOpenToAnybody)
  return isOpenHere ? 'anonymous clients are let in, from this machine only' : 'clients need a login or a certificate'
}

const openDoor =
  'ANYONE who can reach these ports may connect without a login; leave --host out to serve this machine only, or ' +
  'give users (--password-file) instead of --allow-anonymous'

function isOpenToAll(settings: Settings): boolean {
  return settings.listeners.some((listener) => isOpenToAnybody(listener) && !isForThisMachineOnly(listener))
}
