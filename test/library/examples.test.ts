import { execFile } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import mqtt from 'mqtt'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { withUser } from '../../src/auth/password-file.ts'
import { ScramCredential } from '../../src/auth/scram-credential.ts'
import { createBroker } from '../../src/server/create-broker.ts'
import { builtPackage } from '../support/built-package.ts'
import { killSpawnedClients, spawnClient } from '../clients/spawned-client.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const run = promisify(execFile)

/** Beside a package.json of the package's name, so that they import it as they would anywhere. */
let examples: string

beforeAll(async () => {
  const { folder } = await builtPackage()
  examples = join(folder, 'examples')
  rmSync(examples, { recursive: true, force: true })
  for (const name of ['embedding', 'testing-with-a-fake-clock', 'scram-login']) {
    cpSync(join(root, 'examples', name), join(examples, name), { recursive: true })
  }
}, 60_000)

afterEach(killSpawnedClients)

async function started(name: string, address: RegExp) {
  const program = spawnClient('env', ['PORT=0', process.execPath, join(examples, 'embedding', name)])
  return { program, url: await program.line(address) }
}

it('testing with a fake clock: all its tests pass', async () => {
  const { NODE_TEST_CONTEXT: _ours, ...env } = process.env
  const file = join(examples, 'testing-with-a-fake-clock', 'heating.test.mjs')
  const { stdout } = await run(process.execPath, ['--test-reporter', 'tap', file], { env })
  expect(stdout).toMatch(/^# tests 4$/m)
  expect(stdout).toMatch(/^# pass 4$/m)
})

it.each([
  ['secret', 0, 'ada is in, and the broker is who it should be\n'],
  ['wrong', 1, ''],
])('SCRAM login: with the password %s exits with %d', async (password, code, out) => {
  const folder = mkdtempSync(join(examples, 'scram-'))
  const file = join(folder, 'users.passwd')
  const credential = (await ScramCredential.create(Buffer.from('secret'), 4096)) as ScramCredential
  writeFileSync(file, withUser('', 'ada', credential), { mode: 0o600 })
  const authentication = { passwordFile: file }
  const broker = createBroker({ listeners: [{ kind: 'tcp', port: 0, allowAnonymous: false }], authentication })
  const [address] = await broker.listen()
  const login = spawnClient(process.execPath, [
    join(examples, 'scram-login/login.mjs'),
    address?.url ?? '',
    'ada',
    password,
  ])
  expect(await login.ended).toMatchObject({ code, out })
  await broker.close()
})

describe('embedding', () => {
  it('five lines: takes clients, and prints what they say', async () => {
    const { program, url } = await started('five-lines.mjs', /^mqtt:/)
    const client = await mqtt.connectAsync(url, { reconnectPeriod: 0 })
    await client.publishAsync('greeting', 'hello', { qos: 1 })
    expect(await program.line(/^greeting/)).toBe('greeting hello')
    await client.endAsync()
  })

  it('hooks: asks for a name, keeps people to their own topics, and stamps', async () => {
    const { program, url } = await started('hooks.mjs', /^mqtt:/)
    const options = { protocolVersion: 5, reconnectPeriod: 0 } as const
    await expect(mqtt.connectAsync(url, options)).rejects.toMatchObject({ code: 0x87 })
    const ada = await mqtt.connectAsync(url, { ...options, clientId: 'a', username: 'ada' })
    await ada.subscribeAsync('people/#')
    const stamped = new Promise((resolve) => ada.once('message', (_topic, _payload, packet) => resolve(packet)))
    await ada.publishAsync('people/ada/mood', 'good', { qos: 1 })
    expect(await stamped).toMatchObject({ properties: { userProperties: { from: 'ada' } } })
    await expect(ada.publishAsync('people/bob/mood', 'bad', { qos: 1 })).rejects.toMatchObject({ code: 0x87 })
    expect(await program.line(/^denied/)).toBe('denied a publish people/bob/mood')
    await ada.endAsync()
  })

  it('with an HTTP server: a PUT reaches clients on the same port, and SIGTERM ends it', async () => {
    const { program, url } = await started('with-http-server.mjs', /^http:/)
    expect((await fetch(`${url}/topics/room/light`, { method: 'PUT', body: 'on' })).status).toBe(204)
    expect((await fetch(`${url}/topics/%2B`, { method: 'PUT', body: 'on' })).status).toBe(400)
    expect((await fetch(url)).status).toBe(404)
    const client = await mqtt.connectAsync(`${url.replace('http', 'ws')}/mqtt`, { reconnectPeriod: 0 })
    const message = new Promise((resolve) => client.once('message', (topic, payload) => resolve([topic, `${payload}`])))
    await client.subscribeAsync('#')
    expect(await message).toEqual(['room/light', 'on'])
    await client.endAsync()
    program.kill('SIGTERM')
    expect((await program.ended).code).toBe(0)
  })
})
