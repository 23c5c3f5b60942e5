import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import mqtt, { type IClientOptions, type MqttClient } from 'mqtt'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ScryptCredential } from '../../src/auth/scrypt-credential.ts'
import { killSpawnedClients, spawnClient, type SpawnedClient } from '../clients/spawned-client.ts'
import { builtPackage } from '../support/built-package.ts'

let mainFile: string
let folder: string
const clients: MqttClient[] = []

beforeAll(async () => {
  mainFile = (await builtPackage()).topiary
}, 60_000)
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'topiary-reload-'))
})
afterEach(() => {
  for (const client of clients.splice(0)) client.end(true)
  killSpawnedClients()
  rmSync(folder, { recursive: true })
})

const tcp = { kind: 'tcp', port: 0 }

function write(settings: object | string): string {
  const file = join(folder, 'topiary.json')
  writeFileSync(file, typeof settings === 'string' ? settings : JSON.stringify({ listeners: [tcp], ...settings }))
  return file
}

interface Started {
  readonly url: string
  readonly broker: SpawnedClient
  /** Sends SIGHUP and waits for a line of the log that matches. */
  reload(line: RegExp): Promise<string>
}

async function start(...flags: string[]): Promise<Started> {
  const broker = spawnClient(process.execPath, [mainFile, 'start', '--memory', ...flags])
  const url = (await broker.line(/^ {2}mqtt:/)).trim()
  const reload = (line: RegExp): Promise<string> => {
    broker.kill('SIGHUP')
    return broker.line(line)
  }
  return { url, broker, reload }
}

/** A line of the password file. */
async function user(name: string, password: string): Promise<string> {
  return `${name}:${(await ScryptCredential.create(Buffer.from(password), 10)).format()}\n`
}

async function connect(url: string, options: IClientOptions = {}): Promise<MqttClient> {
  const client = await mqtt.connectAsync(url, { protocolVersion: 5, reconnectPeriod: 0, ...options })
  clients.push(client)
  return client
}

const takenOver = /"settings taken over"/
const notTakenOver = /"settings not taken over/
const changed = (text: string): RegExp => new RegExp(`"change":"${text}`)

describe('SIGHUP', () => {
  it('changes a limit for the clients that come from then on', async () => {
    const { url, reload } = await start('--config', write({}))
    write({ limits: { receiveMaximum: 7 } })
    await reload(changed('limits.receiveMaximum: 1024 -> 7"'))
    const client = mqtt.connect(url, { protocolVersion: 5, reconnectPeriod: 0 })
    clients.push(client)
    const properties = await new Promise((resolve) => client.once('connect', (connack) => resolve(connack.properties)))
    expect(properties).toMatchObject({ receiveMaximum: 7 })
  })

  it('changes rights, for subscriptions that stand as well', async () => {
    const { url, reload } = await start('--config', write({}))
    const client = await connect(url)
    const received: string[] = []
    client.on('message', (topic) => received.push(topic))
    await client.subscribeAsync('#', { qos: 1 })
    await client.publishAsync('secret', 'one', { qos: 1 })
    const rules = [
      { deny: 'read', topics: ['secret'] },
      { allow: 'all', topics: ['#'] },
    ]
    write({ rights: { rules } })
    await reload(changed('rights: not set -> '))
    await client.publishAsync('secret', 'two', { qos: 1 })
    const last = new Promise((resolve) => client.on('message', (topic) => topic === 'open' && resolve(topic)))
    await client.publishAsync('open', 'three', { qos: 1 })
    await last
    expect(received).toEqual(['secret', 'open'])
  })

  it('opens another listener, and keeps the clients of the first', async () => {
    const { url, reload } = await start('--config', write({}))
    const client = await connect(url)
    const path = join(folder, 's')
    write({ listeners: [tcp, { kind: 'unix', path }] })
    await reload(takenOver)
    expect(existsSync(path)).toBe(true)
    await client.publishAsync('a', 'b', { qos: 1 })
    expect((await connect(url)).connected).toBe(true)
  })

  it('changes the level of the log', async () => {
    const { url, broker, reload } = await start('--config', write({ logLevel: 'error' }))
    await connect(url, { clientId: 'unseen' })
    write({ logLevel: 'info' })
    await reload(changed(String.raw`logLevel: \\"error\\" -> \\"info\\""`))
    await connect(url, { clientId: 'seen' })
    await broker.line(/"level":"info".*"clientId":"seen"/)
    write({ logLevel: 'silent' })
    await reload(changed(String.raw`logLevel: \\"info\\" -> \\"silent\\""`))
    await connect(url, { clientId: 'hidden' })
    broker.kill('SIGTERM')
    expect((await broker.ended).err).not.toMatch(/unseen|hidden|"stopped"/)
  })

  it('leaves flags in force', async () => {
    const { broker, reload } = await start('--config', write({}), '--log-level', 'info', '--port', '0')
    write({ listeners: [{ kind: 'tcp', port: 1 }], logLevel: 'silent', sysIntervalSeconds: 3 })
    await reload(takenOver)
    broker.kill('SIGTERM')
    const { err } = await broker.ended
    expect(err.match(/"change":"[^"]*/g)).toEqual(['"change":"sysIntervalSeconds: 10 -> 3'])
  })

  it('reads the password file again where there is no settings file', async () => {
    const users = join(folder, 'users')
    writeFileSync(users, await user('ada', 'one'), { mode: 0o600 })
    const { url, reload } = await start('--port', '0', '--no-ws', '--password-file', users)
    await connect(url, { username: 'ada', password: 'one' })
    writeFileSync(users, (await user('ada', 'two')) + (await user('bob', 'three')))
    await reload(changed('authentication.passwordFile: 1 users added, 0 removed, 1 with another password"'))
    await connect(url, { username: 'bob', password: 'three' })
    await connect(url, { username: 'ada', password: 'two' })
    await expect(connect(url, { username: 'ada', password: 'one' })).rejects.toThrow(/not authorized|bad user name/i)
  })

  it('with files that are wrong, one after the other, changes nothing for a client that publishes all the while', async () => {
    const users = join(folder, 'users')
    writeFileSync(users, await user('ada', 'one'), { mode: 0o600 })
    const rights = { rules: [{ allow: 'all', users: ['ada'], topics: ['a/#'] }] }
    const listeners = [{ ...tcp, allowAnonymous: false }]
    const good = { listeners, rights, authentication: { passwordFile: users }, limits: { receiveMaximum: 9 } }
    const { url, broker, reload } = await start('--config', write(good))
    const client = await connect(url, { username: 'ada', password: 'one' })
    const done = new AbortController()
    let published = 0
    const disconnects: string[] = []
    client.on('close', () => disconnects.push('close')).on('error', ({ message }) => disconnects.push(message))
    const publishing = (async () => {
      for (; !done.signal.aborted; published++) await client.publishAsync('a/b', String(published), { qos: 1 })
    })()
    const wrong: readonly (readonly [text: object | string, fault: RegExp])[] = [
      ['', /topiary\.json is empty; write version: 1 into it if the defaults are meant/],
      ['{"listeners": [', /topiary\.json:1:16: Flow sequence/],
      [{ ...good, limit: {} }, /there is no setting limit; did you mean limits/],
      [{ ...good, rights: null }, /rights must be a group of settings, and is empty/],
      [
        { ...good, rights: { rules: [{ allow: 'all', topics: ['#'], groups: ['b'] }] } },
        /topiary\.json:1:\d+: rights: rules\[0\]: there is no group/,
      ],
      [
        { ...good, authentication: { passwordFile: 'none' } },
        /topiary\.json:1:\d+: authentication\.passwordFile: cannot read/,
      ],
      [{ ...good, listeners: [...listeners, { kind: 'tcp', port: Number(new URL(url).port) }] }, /EADDRINUSE/],
    ]
    for (const [text, fault] of wrong) {
      const before = published
      write(text)
      const line = await reload(fault)
      expect(line).toMatch(notTakenOver)
      await client.publishAsync('a/b', 'after', { qos: 1 })
      expect(published).toBeGreaterThanOrEqual(before)
      await expect(connect(url), fault.source).rejects.toThrow(/not authorized/i)
    }
    rmSync(join(folder, 'topiary.json'))
    await reload(/cannot read the settings file/)
    write({ ...good, limits: { receiveMaximum: 8 } })
    await reload(takenOver)
    done.abort()
    await publishing
    broker.kill('SIGTERM')
    const { err } = await broker.ended
    expect(err.match(/"change":"[^"]*/g)).toEqual(['"change":"limits.receiveMaximum: 9 -> 8'])
    expect(published).toBeGreaterThan(wrong.length)
    expect(disconnects).toEqual(['close']) // of the end
  })
})

describe('topiary start', () => {
  it('warns that nobody can log in where there are no users', async () => {
    const broker = spawnClient(process.execPath, [mainFile, '--memory', '--host', '0.0.0.0', '--port', '0', '--no-ws'])
    await broker.line(/"level":"warn".*nobody can log in at 0\.0\.0\.0:0: .*set authentication\.passwordFile/)
    await broker.line(/^clients need a login or a certificate; /)
    broker.kill('SIGTERM')
    expect(await broker.ended).toMatchObject({ code: 0 })
  })

  it.each([
    ['an unknown name', { limit: 1 }, ':1:40: there is no setting limit; did you mean limits?'],
    [
      'a rule that makes no sense',
      { rights: { rules: [{ topics: ['a'] }] } },
      ':1:59: rights: rules[0]: give either allow or deny',
    ],
  ])('ends with 78 for %s, before it listens', async (_, settings, fault) => {
    const file = write(settings)
    const outcome = await spawnClient(process.execPath, [mainFile, '--memory', '--config', file]).ended
    expect(outcome).toEqual({ code: 78, out: '', err: `topiary: ${file}${fault}\n` })
  })
})
