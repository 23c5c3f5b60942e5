import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildInto, compiler, ownFolder } from '../support/built-package.ts'

/** The package as somebody gets it: packed, installed into an empty project, and used from there. */

const root = fileURLToPath(new URL('../../', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'topiary-package-'))
/** Where the build finds the packages that it takes in. */
const source = ownFolder('topiary-package')
const project = join(folder, 'project')
const installed = join(project, 'node_modules', 'topiary-mqtt')
const run = promisify(execFile)

beforeAll(async () => {
  rmSync(source, { recursive: true, force: true })
  const texts = ['package.json', 'README.md', 'CHANGELOG.md', 'LICENSE', 'settings.schema.json']
  for (const name of [...texts, 'docs', 'src', 'test', 'devices-sim', 'mosquitto-compat']) {
    cpSync(join(root, name), join(source, name), { recursive: true })
  }
  await buildInto(source, [])
  const { stdout } = await run('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder], {
    cwd: source,
  })
  mkdirSync(project)
  writeFileSync(join(project, 'package.json'), '{ "private": true }')
  const flags = ['--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts']
  await run('npm', ['install', ...flags, join(folder, stdout.trim())], { cwd: project })
}, 120_000)

afterAll(() => rmSync(folder, { recursive: true, force: true }))

function write(name: string, text: string): string {
  const file = join(project, name)
  writeFileSync(file, text)
  return file
}

/** A broker, a message and the end; prints what arrived. */
const program = `
const { createBroker, ManualClock, MqttError, SettingsError } = library
const broker = createBroker({ listeners: [{ kind: 'tcp', port: 0 }] }, { clock: new ManualClock() })
const got = new Promise((resolve) => broker.subscribe('t', ({ payload }) => resolve(Buffer.from(payload).toString())))
broker.listen()
  .then(() => broker.publish({ topic: 't', payload: 'hello', retain: true }))
  .then(() => got)
  .then((text) => broker.close().then(() => process.stdout.write([text, MqttError.name, SettingsError.name].join(' '))))
`

describe('installed, the package', () => {
  it.each([
    ['module.mjs', `import * as library from 'topiary-mqtt'\n${program}`],
    ['script.cjs', `const library = require('topiary-mqtt')\n${program}`],
  ])('runs from %s, and the process ends by itself', async (name, text) => {
    const { stdout } = await run(process.execPath, [write(name, text)], { cwd: project })
    expect(stdout).toBe('hello MqttError SettingsError')
  })

  it('has a command that runs', async () => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
    // the suite may itself run under npm exec, whose settings are not those of a user's shell
    const own = Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name))
    const env = Object.fromEntries(own)
    const { stdout } = await run('npx', ['--no-install', 'topiary', '--version'], { cwd: project, env })
    expect(stdout).toContain(version)
  })

  it.each([
    ['node16', 'node16', 'es2022'],
    ['bundler', 'esnext', 'es2022'],
    ['nodenext', 'nodenext', 'esnext'],
  ])('has types that pass for moduleResolution %s, without @types/node', async (moduleResolution, module, lib) => {
    write('consumer.mts', consumer)
    const compilerOptions = { moduleResolution, module, lib: [lib], types: [], target: 'es2022', noEmit: true }
    const strictly = { strict: true, skipLibCheck: false, exactOptionalPropertyTypes: true }
    const settings = { compilerOptions: { ...compilerOptions, ...strictly }, files: ['consumer.mts'] }
    const file = write(`tsconfig.${moduleResolution}.json`, JSON.stringify(settings))
    const outcome = await run(process.execPath, [compiler, '-p', file, '--listFiles'], { cwd: project }).catch(
      ({ stdout, stderr }: { stdout: string; stderr: string }) => ({ stdout: '', stderr: `${stdout}${stderr}` }),
    )
    expect(outcome.stderr).toBe('')
    const packages = outcome.stdout.matchAll(/project\/node_modules\/((?:@[^/]+\/)?[^/]+)/g)
    expect(new Set([...packages].map((match) => match[1]))).toEqual(new Set(['topiary-mqtt']))
  })

  it('has the device simulator for programs, with its presets and its command', async () => {
    const { stdout } = await run(process.execPath, [write('simulate.mjs', simulation)], { cwd: project })
    expect(stdout).toBe('true 8')
    const list = await run(process.execPath, [join(installed, 'dist/src/main.js'), 'sim', 'run', '--list'])
    expect(list.stdout).toMatch(/^smart-home /m)
  })

  it('shows a program with the simulator in its manual, and it runs', async () => {
    const manual = readFileSync(join(root, 'docs', 'simulator.md'), 'utf8')
    const shown = /^```js\n([\s\S]*?)^```/m.exec(manual)?.[1] ?? ''
    const around = `import { createBroker } from 'topiary-mqtt'
      const broker = createBroker({ listeners: [{ kind: 'tcp', port: 0 }] })
      process.env.BROKER_URL = (await broker.listen())[0].url
      await import('./shown.mjs')
      await broker.close()`
    write('shown.mjs', shown)
    const { stdout } = await run(process.execPath, [write('around.mjs', around)], { cwd: project })
    expect(stdout).toMatch(/^PASSED: 1 assertion held/m)
  })

  it('has types of the simulator', async () => {
    write('simulator.mts', simulatorConsumer)
    const settings = { module: 'nodenext', target: 'es2022', lib: ['es2022', 'dom'], types: [], noEmit: true }
    const compilerOptions = { ...settings, strict: true, skipLibCheck: true, exactOptionalPropertyTypes: true }
    const file = write('tsconfig.simulator.json', JSON.stringify({ compilerOptions, files: ['simulator.mts'] }))
    const outcome = await run(process.execPath, [compiler, '-p', file], { cwd: project }).catch(
      ({ stdout }: { stdout: string }) => ({ stdout }),
    )
    expect(outcome.stdout).toBe('')
  })

  it('tells what is wrong in a scenario that is a program, as in any other', async () => {
    const scenario = `{ name: 'x', fleets: { some: { count: -1 } }, phases: [{ phase: 'hold', lasts: 'no' }] }`
    const text = `import { defineScenario } from 'topiary-mqtt/devices-sim'\nexport default defineScenario(${scenario})\n`
    const argv = [join(installed, 'dist/src/main.js'), 'sim', 'run', write('wrong.mjs', text)]
    const outcome = await run(process.execPath, argv).catch((error: { code: number; stderr: string }) => error)
    expect(outcome).toMatchObject({ code: 78 })
    const lines = outcome.stderr.trimEnd().split('\n')
    expect(lines.length).toBeGreaterThan(1)
    for (const line of lines) expect(line).toMatch(/^topiary: .*wrong\.mjs: [a-z]/)
  })

  it('holds what it needs and nothing else', () => {
    const files = readdirSync(installed, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
    const names = files.map((file) => relative(installed, file))
    expect(names).toEqual(expect.arrayContaining(needed))
    const known = [
      /^(package\.json|README\.md|CHANGELOG\.md|LICENSE|settings\.schema\.json)$/,
      /^docs\/.+\.(md|png)$/,
      /^dist\/(src|devices-sim|mosquitto-compat)\/.+\.(js|d\.ts)$/,
      /^dist\/chunks\/([\w-]+\.js|LICENSE\.zod)$/,
      /^mosquitto-compat\/(README\.md|bin\/mosquitto)$/,
      /^devices-sim\/(README\.md|presets\/.+|(scenario|report)\.schema\.json)$/,
    ]
    expect(names.filter((name) => !known.some((form) => form.test(name)))).toEqual([])
    expect(names.filter((name) => /\.map$|\.test\./.test(name))).toEqual([])
    const bytes = files.reduce((sum, file) => sum + statSync(file).size, 0)
    expect(bytes).toBeLessThan(5 * 1024 * 1024)
  })
})

const needed = [
  ...['package.json', 'LICENSE', 'settings.schema.json', 'dist/src/index.js', 'dist/src/index.d.ts'],
  ...[
    'dist/chunks/LICENSE.zod',
    'dist/src/main.js',
    'dist/devices-sim/index.js',
    'dist/devices-sim/index.d.ts',
    'mosquitto-compat/README.md',
  ],
  ...['devices-sim/presets/meters.yaml', 'devices-sim/presets/oven-cycle.csv'],
  ...['devices-sim/scenario.schema.json', 'devices-sim/report.schema.json', 'docs/simulator.md'],
]

/** A short run against a broker of the same package; prints whether its assertion held, and the presets there are. */
const simulation = `
import { createBroker } from 'topiary-mqtt'
import { defineScenario, presets, runScenario } from 'topiary-mqtt/devices-sim'
const broker = createBroker({ listeners: [{ kind: 'tcp', port: 0 }] })
const [{ url }] = await broker.listen()
const message = { topic: 't/{client}', qos: 1, every: '100ms', payload: { format: 'fixed', bytes: 10 } }
const report = await runScenario(defineScenario({
  name: 'short',
  broker: { url },
  fleets: { some: { count: 3, messages: { message } } },
  subscribers: { all: { filters: ['t/#'] } },
  phases: [{ phase: 'hold', lasts: '300ms' }],
  assertions: ['lost == 0'],
}))
await broker.close()
process.stdout.write([report.passed, Object.keys(presets()).length].join(' '))
`

const simulatorConsumer = `
import { defineScenario, runScenario, type Progress, type RunReport } from 'topiary-mqtt/devices-sim'
import type { Scenario, ScenarioInput, SensorFunction } from 'topiary-mqtt/devices-sim'

const sensor: SensorFunction = ({ number }) => ({ elapsedMs }) => number + elapsedMs
const input: ScenarioInput = { name: 'typed', fleets: { some: { count: 1, sensors: { sensor } } } }
const scenario: Scenario = defineScenario(input)
const onProgress = ({ sentPerSecond }: Progress): number => sentPerSecond
const report: RunReport = await runScenario(scenario, { onProgress })
export const lost: number | undefined = report.deliveries[0]?.lost

// @ts-expect-error there is no such model
defineScenario({ name: 'wrong', fleets: { some: { count: 1, sensors: { one: { model: 'sinus' } } } } })
// @ts-expect-error nothing here is any
report.nothing
`

const consumer = `
import { type Broker, type BrokerParts, createBroker, ManualClock, MqttError } from 'topiary-mqtt'
import type { BrokerEvents, Clock, Hooks, PartialSettings, ProgramClient, Store } from 'topiary-mqtt'

const settings: PartialSettings = { listeners: [{ kind: 'tcp', port: 0 }], limits: { maximumSessions: 10 } }
const clock: Clock = new ManualClock()
const hooks: Hooks = {
  name: 'mine',
  authenticate: async ({ userName }) => (userName === 'ada' ? { result: 'accepted', user: userName } : undefined),
  authorizeSubscribe: ({ topicFilter }) => (topicFilter === '#' ? { maximumQos: 0 } : undefined),
  onPublish: ({ payload, topicName }) => (payload.length > 100 ? false : { topicName: topicName + '/small' }),
  async onDeliver({ clientId }) {
    return clientId !== 'blind'
  },
}
const parts: BrokerParts = { clock, hooks: [hooks] }
export const broker: Broker = createBroker(settings, parts)
const connected = (...[client, { sessionPresent }]: BrokerEvents['connected']): string =>
  client.clientId + String(sessionPresent) + String(client.peer.address)
broker.on('connected', connected).once('reloaded', (changes) => changes.join())
const [address] = await broker.listen()
export const port: number | undefined = address?.port
const client: ProgramClient = await broker.connect({ will: { topic: 'will', delay: 5 } })
const subscription = await client.subscribe('t', ({ payload, properties }) => [payload.length, properties.contentType])
await subscription.unsubscribe()
await client.publish({ topic: 't', payload: 'x', qos: 1 }).catch((error: unknown) => {
  if (error instanceof MqttError) return error.reasonCode
  throw error
})
export const store: Store = {
  keepsMessages: false,
  statistics: { isDegraded: false, missingCommits: 0, damagedValues: 0, filesSetAside: 0, logBytes: 0, failedBatches: 0 },
  open: async () => ({ nextSequence: 1, nextSession: 1, lastKnownMs: 0, counters: {}, damage: [] }),
  append: (_batch, onDurable) => void Promise.resolve().then(() => onDurable()),
  read: (sequences, onRead) => onRead(undefined, sequences.map(() => undefined)),
  keepCounters() {},
  close: async () => {},
}
await broker[Symbol.asyncDispose]()

// @ts-expect-error settings are checked
createBroker({ listeners: [{ kind: 'udp', port: 1 }] })
// @ts-expect-error a topic is needed
await broker.publish({ payload: 'x' })
// @ts-expect-error nothing here is any
broker.on('connected', (client) => client.nothing)
`
