import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

/** The package as somebody gets it: packed, installed into an empty project, and used from there. */

const root = fileURLToPath(new URL('../../', import.meta.url))
const compiler = join(dirname(fileURLToPath(import.meta.resolve('typescript/package.json'))), 'bin', 'tsc')
const folder = mkdtempSync(join(tmpdir(), 'topiary-package-'))
const project = join(folder, 'project')
const installed = join(project, 'node_modules', 'topiary-mqtt')
const run = promisify(execFile)

beforeAll(async () => {
  const source = join(folder, 'source')
  for (const name of ['package.json', 'README.md', 'CHANGELOG.md', 'LICENSE', 'docs', 'src', 'test', 'devices-sim']) {
    cpSync(join(root, name), join(source, name), { recursive: true })
  }
  const build = ['-p', join(root, 'tsconfig.build.json'), '--outDir', join(source, 'dist'), '--noCheck']
  await run(process.execPath, [compiler, ...build], { cwd: root })
  mkdirSync(join(source, 'dist/devices-sim'))
  writeFileSync(join(source, 'dist/devices-sim/main.js'), '') // a build puts the simulator there
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

  it('holds what it needs and nothing else', () => {
    const files = readdirSync(installed, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
    const names = files.map((file) => relative(installed, file))
    expect(names).toEqual(expect.arrayContaining(['package.json', 'LICENSE', 'dist/index.js', 'dist/index.d.ts']))
    const stray = names.filter(
      (name) => !/^(package\.json|README\.md|CHANGELOG\.md|LICENSE|docs\/.+|dist\/.+\.(js|d\.ts))$/.test(name),
    )
    expect(stray).toEqual([])
    expect(names.filter((name) => /devices-sim|\.map$|\.test\./.test(name))).toEqual([])
    const bytes = files.reduce((sum, file) => sum + statSync(file).size, 0)
    expect(bytes).toBeLessThan(2 * 1024 * 1024)
  })
})

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
export const store: Store = { append: (_batch, onDurable) => onDurable(), close: async () => {} }
await broker[Symbol.asyncDispose]()

// @ts-expect-error settings are checked
createBroker({ listeners: [{ kind: 'udp', port: 1 }] })
// @ts-expect-error a topic is needed
await broker.publish({ payload: 'x' })
// @ts-expect-error nothing here is any
broker.on('connected', (client) => client.nothing)
`
