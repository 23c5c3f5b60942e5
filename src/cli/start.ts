import type { Broker, ListenerAddress } from '../server.ts'
import { defaultSettings, type ListenerSettings } from '../settings/settings.ts'
import { exitCode, OperatorError, UsageError } from './cli-error.ts'
import { defineCommand } from './command.ts'
import type { FlagTable, FlagValues } from './flags.ts'
import { logLevels } from './log-level.ts'
import type { Terminal } from './terminal.ts'
import { packageVersion } from './version.ts'

const maximumPort = 65_535
const graceSeconds = defaultSettings.shutdownGraceMs / 1000

const startFlags = {
  host: { kind: 'text', value: 'HOST', default: '127.0.0.1', help: 'address to listen on' },
  port: {
    kind: 'integer',
    value: 'N',
    short: 'p',
    min: 0,
    max: maximumPort,
    default: 1883,
    help: 'MQTT over TCP; 0 takes a free port',
  },
  'ws-port': {
    kind: 'integer',
    value: 'N',
    min: 0,
    max: maximumPort,
    default: 9001,
    help: 'MQTT over WebSocket; 0 takes a free port',
  },
  'no-ws': { kind: 'switch', help: 'no WebSocket listener' },
  origin: {
    kind: 'text',
    value: 'ORIGIN',
    many: true,
    help: 'let in only browser pages from this origin, e.g. https://example.org; may be repeated',
  },
  memory: { kind: 'switch', help: 'keep state in memory only: the only mode so far, and the default' },
  'log-level': { kind: 'choice', value: 'LEVEL', choices: logLevels, default: 'info', help: 'least level of the log' },
} as const satisfies FlagTable

type StartValues = FlagValues<typeof startFlags>

export const startCommand = defineCommand(
  {
    name: 'start',
    summary: 'Start the broker (the default command)',
    usage: '[start] [flags]',
    sections: [{ title: 'Flags', flags: startFlags }],
    examples: ['topiary start', 'topiary start --port 1884 --ws-port 9002', 'topiary --no-ws --log-level debug'],
    notes: [
      'Anonymous clients are let in; with the default --host only from this machine.',
      'The log goes to stderr: JSON lines, or short lines when stderr is a terminal.',
      `SIGINT (Ctrl-C) or SIGTERM stops it in an orderly way: clients get ${graceSeconds} s for what is on its way to`,
      'them, then they are cut. A second signal cuts them at once.',
      'Exit codes: 0 stopped, 1 could not start or cut short by a second signal, 2 wrong flags.',
    ],
  },
  startFlags,
  start,
)

async function start(values: StartValues, terminal: Terminal): Promise<number> {
  const listeners = listenersOf(values)
  const stopRequested = terminal.stopRequested()
  const [{ createBroker }, { createLogger }] = await Promise.all([import('../server.ts'), import('./logger.ts')])
  const log = createLogger(values['log-level'], terminal)
  const broker = createBroker({ listeners }, { log })
  const addresses = await listen(broker, values)
  terminal.stdout.write(greeting(addresses, values.host))
  if (!isLoopback(values.host)) terminal.stderr.write(openDoorWarning(values.host))
  const signal = await stopRequested
  const clients = broker.statistics.gauges().connections
  const connected = clients === 0 ? '' : `; ${clients} client(s) connected, a second Ctrl-C cuts them`
  log.info({ signal, clients }, `stopping${connected}`)
  await broker.close({ graceMs: defaultSettings.shutdownGraceMs })
  log.info({}, 'stopped')
  return exitCode.ok
}

export function listenersOf(values: Omit<StartValues, 'memory' | 'log-level'>): ListenerSettings[] {
  const { host, port, origin } = values
  const tcp: ListenerSettings = { kind: 'tcp', host, port }
  if (values['no-ws']) {
    if (origin.length > 0) throw new UsageError('--origin has no effect with --no-ws; leave one of them out')
    return [tcp]
  }
  if (port !== 0 && port === values['ws-port']) {
    throw new UsageError(`--port and --ws-port are both ${port}; give one of them another number`)
  }
  const notAnOrigin = origin.find((text) => !isOrigin(text))
  if (notAnOrigin !== undefined) {
    throw new UsageError(`--origin takes scheme://host or scheme://host:port, not "${notAnOrigin}"`)
  }
  return [tcp, { kind: 'websocket', host, port: values['ws-port'], allowedOrigins: origin }]
}

async function listen(broker: Broker, values: StartValues): Promise<readonly ListenerAddress[]> {
  try {
    return await broker.listen()
  } catch (error) {
    await broker.close({ graceMs: 0 }).catch(() => {})
    throw new OperatorError(listenFailure(error as ListenError, values))
  }
}

type ListenError = Error & { readonly code?: string; readonly port?: number }

/** One line that names the address, the reason and the flag that helps. */
export function listenFailure(
  error: ListenError,
  values: { readonly host: string; readonly port: number; readonly 'ws-port': number },
): string {
  const port = error.port ?? values.port
  const flag = port === values['ws-port'] ? '--ws-port' : '--port'
  switch (error.code) {
    case 'EADDRINUSE':
      return `port ${port} on ${values.host} is already in use; choose another with ${flag} N`
    case 'EACCES':
      return `not allowed to open port ${port} on ${values.host}; choose one above 1023 with ${flag} N`
    case 'EADDRNOTAVAIL':
      return `${values.host} is not an address of this machine; choose another with --host HOST`
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `no address is known for ${values.host}; choose another with --host HOST`
    default:
      return `cannot listen on ${values.host}: ${error.message}`
  }
}

/** Whether only this machine can reach `host`. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^(::ffff:)?127(\.\d{1,3}){3}$/.test(host)
}

function isOrigin(text: string): boolean {
  return URL.canParse(text) && /^[a-z][a-z\d+.-]*:\/\/[^/?#]+$/i.test(text)
}

function greeting(addresses: readonly ListenerAddress[], host: string): string {
  const from = isLoopback(host) ? 'from this machine only' : 'from anywhere that reaches these ports'
  return [
    `topiary ${packageVersion()} listens on`,
    ...addresses.map((address) => `  ${address.url}`),
    `anonymous clients are let in, ${from}; state is kept in memory only`,
    '',
  ].join('\n')
}

function openDoorWarning(host: string): string {
  return (
    `topiary: WARNING: listening on ${host} without logins: ANYONE who can reach these ports may connect, ` +
    'read and publish everything; leave --host out to serve this machine only\n'
  )
}
