// The dashboard, and beside it a broker and some devices to look at:
//   npm run build && node examples/browser-dashboard/serve.mjs [--help]
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { ChildProgram } from './child-program.mjs'
import { startPageServer } from './page-server.mjs'

const program = fileURLToPath(new URL('../../dist/src/main.js', import.meta.url))
const fleetFile = fileURLToPath(new URL('fleet.yaml', import.meta.url))
/** The fleet starts anew this long after its run was over, or had no broker to begin with. */
const fleetRestartMs = 3000

const helpText = `The browser dashboard, with a broker and simulated devices

Usage: npm run example:dashboard -- [flags]

  --port N        the page, on 127.0.0.1 (default 8080; 0 takes a free port)
  --mqtt-port N   the broker's MQTT over TCP (default 1883; 0 takes a free port)
  --ws-port N     the broker's MQTT over WebSocket (default 9001; 0 takes a free port)
  --devices N     simulated devices (default 8)
  --no-broker     start none: one listens on these ports already
  --no-fleet      start no devices
  --help          this text

Ctrl-C stops everything. Exit codes: 0 stopped, 1 could not start or the broker ended, 2 wrong flags.
`

const flags = {
  port: { type: 'string', default: '8080' },
  'mqtt-port': { type: 'string', default: '1883' },
  'ws-port': { type: 'string', default: '9001' },
  devices: { type: 'string', default: '8' },
  'no-broker': { type: 'boolean', default: false },
  'no-fleet': { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
}

/** A message for the person at the keyboard, and the exit code that goes with it. */
class OperatorError extends Error {
  constructor(message, exitCode = 1) {
    super(message)
    this.exitCode = exitCode
  }
}

const children = { broker: undefined, fleet: undefined }
let isStopping = false

try {
  const options = readOptions(process.argv.slice(2))
  if (options.help) process.stdout.write(helpText)
  else process.exitCode = await serve(options)
} catch (error) {
  if (!(error instanceof OperatorError)) throw error
  process.stderr.write(`dashboard: ${error.message}\n`)
  process.exitCode = error.exitCode
} finally {
  killChildren()
}

async function serve(options) {
  requireBuild(options)
  const stopRequested = stopSignal()
  const page = await startPage(options)
  try {
    const broker = options.startsBroker ? await startBroker(options, page) : addressesOf(options)
    page.setBroker(broker.webSocketUrl)
    if (options.startsFleet) keepFleet(broker.url, options.devices)
    process.stdout.write(greeting(page.url, broker, options))
    const ended = children.broker?.ended ?? new Promise(() => {})
    const end = await Promise.race([stopRequested.then(() => 'stopped'), ended])
    if (end === 'stopped') return 0
    throw new OperatorError(`the broker has ended: ${end.errorText || `exit code ${end.code}`}`)
  } finally {
    await stopChildren()
    page.close()
  }
}

function readOptions(argv) {
  const values = readFlags(argv)
  const options = {
    help: values.help,
    port: wholeNumber('port', values.port, 0, 65_535),
    mqttPort: wholeNumber('mqtt-port', values['mqtt-port'], 0, 65_535),
    webSocketPort: wholeNumber('ws-port', values['ws-port'], 0, 65_535),
    devices: wholeNumber('devices', values.devices, 1, 10_000),
    startsBroker: !values['no-broker'],
    startsFleet: !values['no-fleet'],
  }
  if (!options.startsBroker && (options.mqttPort === 0 || options.webSocketPort === 0)) {
    throw new OperatorError('with --no-broker, --mqtt-port and --ws-port name the ports of your broker; 0 is none', 2)
  }
  return options
}

function readFlags(argv) {
  try {
    return parseArgs({ args: argv, options: flags, strict: true }).values
  } catch (error) {
    const [sentence] = error.message.split(/\.?\s*\n|\. /, 1)
    throw new OperatorError(`${sentence}; --help shows the flags`, 2)
  }
}

function wholeNumber(name, text, least, most) {
  if (/^\d{1,9}$/.test(text) && Number(text) >= least && Number(text) <= most) return Number(text)
  throw new OperatorError(`--${name} takes a whole number from ${least} to ${most}, not "${text}"`, 2)
}

function requireBuild(options) {
  if ((!options.startsBroker && !options.startsFleet) || existsSync(program)) return
  throw new OperatorError(`${program} is missing; run \`npm run build\` first`)
}

async function startPage(options) {
  try {
    return await startPageServer(options.port)
  } catch (error) {
    if (error.code !== 'EADDRINUSE') throw error
    throw new OperatorError(`port ${options.port} for the page is already in use; choose another with --port N`)
  }
}

/** Only pages of this server may talk to the broker: any other page that is open in the browser is kept out. */
async function startBroker(options, page) {
  const ports = ['--port', String(options.mqttPort), '--ws-port', String(options.webSocketPort)]
  const origins = page.origins.flatMap((origin) => ['--origin', origin])
  children.broker = new ChildProgram(program, ['start', '--memory', ...ports, ...origins, '--log-level', 'warn'])
  const url = await children.broker.printed(/\bmqtt:\/\/\S+/)
  const webSocketUrl = await children.broker.printed(/\bws:\/\/\S+/)
  if (url !== undefined && webSocketUrl !== undefined) return { url, webSocketUrl }
  const { errorText, code } = await children.broker.ended
  throw new OperatorError(
    `the broker did not start: ${errorText.replace(/ *--port\b/, ' --mqtt-port') || `exit code ${code}`}\n` +
      'dashboard: if it is a broker that has the port, --no-broker uses that one',
  )
}

function addressesOf({ mqttPort, webSocketPort }) {
  return { url: `mqtt://127.0.0.1:${mqttPort}`, webSocketUrl: `ws://127.0.0.1:${webSocketPort}` }
}

function keepFleet(url, devices) {
  const environment = { ...process.env, DASHBOARD_DEVICES: String(devices) }
  const fleet = new ChildProgram(program, ['sim', 'run', fleetFile, '--url', url, '--quiet'], environment)
  children.fleet = fleet
  void fleet.ended.then(({ errorText }) => {
    if (isStopping) return
    if (errorText !== '') process.stderr.write(`${errorText}; trying again\n`)
    setTimeout(() => {
      if (!isStopping) keepFleet(url, devices)
    }, fleetRestartMs).unref()
  })
}

function greeting(pageUrl, broker, options) {
  const fleet = options.startsFleet ? `${options.devices} simulated devices publish to sim/#` : 'none'
  return [
    `page     ${pageUrl}`,
    `broker   ${broker.url}  ${broker.webSocketUrl}`,
    `devices  ${fleet}; Ctrl-C stops everything`,
    '',
  ].join('\n')
}

/** Resolves at the first Ctrl-C or its like; a second one cuts short what is still ending. */
async function stopSignal() {
  let isRequested = false
  await new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
      process.on(signal, () => {
        if (isRequested) killChildren()
        isRequested = true
        resolve()
      })
    }
  })
}

/** The devices first, so that they can say goodbye. */
async function stopChildren() {
  isStopping = true
  await children.fleet?.stop('SIGINT')
  await children.broker?.stop('SIGTERM')
}

function killChildren() {
  for (const child of Object.values(children)) child?.kill('SIGKILL')
}
