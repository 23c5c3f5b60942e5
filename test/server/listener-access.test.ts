import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { withUser } from '../../src/auth/password-file.ts'
import { Pbkdf2Credential } from '../../src/auth/pbkdf2-credential.ts'
import type { Broker } from '../../src/server/broker.ts'
import { createBroker } from '../../src/server/create-broker.ts'
import type { PartialSettings } from '../../src/settings/settings.ts'
import { releaseClients, WireClient } from '../support/wire-client.ts'
import type { ConnectFields } from '../support/wire-packets.ts'

let folder: string
let brokers: Broker[] = []
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'topiary-access-'))
})
afterEach(async () => {
  await releaseClients()
  for (const broker of brokers.splice(0)) await broker.close({ graceMs: 0 })
  rmSync(folder, { recursive: true })
})

function write(name: string, text: string): string {
  writeFileSync(join(folder, name), text, { mode: 0o600 })
  return join(folder, name)
}

/** A password file; each call salts anew, so that lines written again are others. */
async function users(name: string, passwords: Readonly<Record<string, string>>, kept = ''): Promise<string> {
  let text = kept
  for (const [user, password] of Object.entries(passwords)) {
    text = withUser(text, user, await Pbkdf2Credential.create(Buffer.from(password), 1))
  }
  return write(name, text)
}

async function raise(settings: PartialSettings): Promise<Broker> {
  const broker = createBroker({ sysIntervalSeconds: 0, ...settings })
  brokers.push(broker)
  await broker.listen()
  return broker
}

function client(broker: Broker, index: number, fields: ConnectFields = {}): Promise<WireClient> {
  return WireClient.connected({ port: broker.addresses[index]?.port ?? 0, autoAcknowledge: true, ...fields })
}

async function connackOf(broker: Broker, index: number, fields: ConnectFields): Promise<number> {
  const wire = await WireClient.open({ port: broker.addresses[index]?.port ?? 0 })
  return (await wire.connect(fields)).reasonCode
}

const tcp = { kind: 'tcp', port: 0 } as const
const publish = async (from: WireClient, topic: string): Promise<number | undefined> =>
  (await from.publish(topic, 'x', { qos: 1 }))?.reasonCode

describe('a listener with users and rights of its own', () => {
  it('knows its own users, not those for all, and judges by its own file', async () => {
    const broker = await raise({
      authentication: { passwordFile: await users('all', { ada: 'a' }) },
      aclFile: write('all.acl', 'user ada\ntopic all'),
      listeners: [
        {
          ...tcp,
          access: {
            passwordFile: await users('own', { bob: 'b' }),
            aclFile: write('own.acl', 'topic open\nuser bob\ntopic own'),
          },
        },
        { ...tcp, access: {} },
        tcp,
      ],
    })
    const logins = [{ userName: 'ada', password: 'a' }, { userName: 'bob', password: 'b' }, {}]
    const codes = [0, 1, 2].map((index) => Promise.all(logins.map((login) => connackOf(broker, index, login))))
    expect(await Promise.all(codes)).toEqual([
      [0x86, 0, 0],
      [0, 0, 0],
      [0, 0x86, 0],
    ])
    const bob = await client(broker, 0, { userName: 'bob', password: 'b' })
    expect([await publish(bob, 'own'), await publish(bob, 'all'), await publish(bob, 'open')]).toEqual([
      0x10, 0x87, 0x87,
    ])
    const open = await client(broker, 0)
    expect([await publish(open, 'open'), await publish(open, 'own')]).toEqual([0x10, 0x87])
    expect(await publish(await client(broker, 1), 'anything')).toBe(0x10)
    const ada = await client(broker, 2, { userName: 'ada', password: 'a' })
    expect([await publish(ada, 'all'), await publish(ada, 'own')]).toEqual([0x10, 0x87])
  })

  it('grants every subscription, and sends what may be read', async () => {
    const listeners = [{ ...tcp, access: { aclFile: write('own.acl', 'topic read a\ntopic write +') } }, tcp]
    const broker = await raise({ listeners })
    const reader = await client(broker, 0)
    expect(await reader.subscribe('#')).toMatchObject({ reasonCodes: [0] })
    const other = await client(broker, 1)
    await other.publish('b', 'hidden', { qos: 1 })
    await other.publish('a', 'shown', { qos: 1 })
    expect(await reader.next('publish')).toMatchObject({ topicName: 'a', text: 'shown' })
    write('own.acl', 'topic read b')
    expect(await broker.reload({ listeners, sysIntervalSeconds: 0 })).toEqual([
      'listeners[0].access.aclFile: other rules',
    ])
    await other.publish('a', 'hidden', { qos: 1 })
    await other.publish('b', 'shown', { qos: 1 })
    expect(await reader.next('publish')).toMatchObject({ topicName: 'b', text: 'shown' })
  })

  it('judges a client that is away as when it was there', async () => {
    const listeners = [{ ...tcp, access: { aclFile: write('own.acl', 'topic read a') } }, tcp]
    const broker = await raise({ listeners })
    const fields = { clientId: 'away', cleanStart: false, properties: { sessionExpiryInterval: 600 } }
    const away = await client(broker, 0, fields)
    await away.subscribe({ topicFilter: '#', qos: 1 })
    await away.disconnect(0)
    const other = await client(broker, 1)
    for (const topic of ['b', 'a']) await other.publish(topic, topic, { qos: 1 })
    const back = await client(broker, 1, fields) // where everything may be read
    await other.publish('c', 'c', { qos: 1 })
    expect([(await back.next('publish')).topicName, (await back.next('publish')).topicName]).toEqual(['a', 'c'])
  })

  it('judges what was queued after a restart once it is known who comes by it', async () => {
    const settings = {
      listeners: [
        { ...tcp, access: { aclFile: write('north.acl', 'topic read north\ntopic read last') } },
        { ...tcp, access: { aclFile: write('south.acl', 'topic read south\ntopic write #') } },
      ],
      storage: { directory: join(folder, 'data') },
    }
    const fields = { clientId: 'away', cleanStart: false, properties: { sessionExpiryInterval: 600 } }
    const before = await raise(settings)
    const away = await client(before, 0, fields)
    await away.subscribe({ topicFilter: '#', qos: 1 })
    await away.disconnect(0)
    await before.close({ graceMs: 0 })
    const after = await raise(settings)
    const publisher = await client(after, 1)
    for (const topic of ['south', 'nowhere', 'north']) await publisher.publish(topic, topic, { qos: 1 })
    const back = await client(after, 0, fields)
    for (const topic of ['south', 'last']) await publisher.publish(topic, topic, { qos: 1 })
    expect([(await back.next('publish')).topicName, (await back.next('publish')).topicName]).toEqual(['north', 'last'])
  })
})

const login = (name: string): ConnectFields => ({ userName: name, password: name.slice(0, 1) })

describe('a reload disconnects with 0x98', () => {
  it('users of a listener whose line is gone or another, and nobody else', async () => {
    const passwordFile = await users('own', { ada: 'a', bob: 'b', carl: 'c' })
    const listeners = [
      { ...tcp, access: { passwordFile } },
      { ...tcp, access: { passwordFile: await users('other', { bob: 'b' }) } },
    ]
    const broker = await raise({ listeners })
    const [ada, bob, carl] = await Promise.all(['ada', 'bob', 'carl'].map((name) => client(broker, 0, login(name))))
    const namesake = await client(broker, 1, login('bob'))
    const [first = ''] = readFileSync(passwordFile, 'utf8').split('\n')
    await users('own', { carl: 'c' }, `${first}\n`)
    expect(await broker.reload({ listeners, sysIntervalSeconds: 0 })).toEqual([
      'listeners[0].access.passwordFile: 0 users added, 1 removed, 1 with another password',
    ])
    for (const gone of [bob, carl]) expect(await gone?.closed()).toMatchObject({ reasonCode: 0x98 })
    for (const stays of [ada, namesake]) expect(await publish(stays as WireClient, 't')).toBe(0x10)
  })

  it.each<[string, PartialSettings['authentication'], object, object]>([
    ['anonymous clients where a listener lets none in any more', {}, {}, { allowAnonymous: false }],
    ['who came in by a listener that gets users of its own', {}, {}, { access: {} }],
    ['who came in by a listener that loses them', {}, { access: {} }, {}],
  ])('%s', async (_what, authentication, listener, changed) => {
    const broker = await raise({ authentication, listeners: [{ ...tcp, ...listener }, tcp] })
    const [gone, stays] = [await client(broker, 0), await client(broker, 1)]
    await broker.reload({ authentication, sysIntervalSeconds: 0, listeners: [{ ...tcp, ...changed }, tcp] })
    expect(await gone.closed()).toMatchObject({ reasonCode: 0x98 })
    expect(await publish(stays, 't')).toBe(0x10)
  })

  it.each<[string, boolean]>([
    ['passwords are asked for', true],
    ['they are no users any more', false],
  ])('names that nobody checked, when %s', async (_what, hasPasswords) => {
    const settings = { listeners: [tcp], sysIntervalSeconds: 0 }
    const broker = await raise({ ...settings, authentication: { acceptUncheckedUserNames: true } })
    const [named, anonymous] = [await client(broker, 0, { userName: 'ada', password: 'any' }), await client(broker, 0)]
    const passwordFile = hasPasswords ? await users('all', { ada: 'a' }) : undefined
    await broker.reload({ ...settings, authentication: { passwordFile, acceptUncheckedUserNames: hasPasswords } })
    expect(await named.closed()).toMatchObject({ reasonCode: 0x98 })
    expect(await publish(anonymous, 't')).toBe(0x10)
  })
})

describe('a name that nobody checked', () => {
  it.each([
    [true, 0x10],
    [false, 0x87],
  ])('is a user: %s', async (acceptUncheckedUserNames, reasonCode) => {
    const aclFile = write('users.acl', 'user ada\ntopic hers')
    const broker = await raise({ listeners: [tcp], aclFile, authentication: { acceptUncheckedUserNames } })
    expect(await publish(await client(broker, 0, { userName: 'ada' }), 'hers')).toBe(reasonCode)
    expect(await publish(await client(broker, 0), 'hers')).toBe(0x87)
  })
})

describe('wrongLoginReason', () => {
  const wrong = { userName: 'ada', password: 'b' }

  it.each([
    [undefined, 0x86, 4],
    ['bad-user-name-or-password', 0x86, 4],
    ['not-authorized', 0x87, 5],
  ] as const)('%s answers a wrong password in 5.0 and in 3.1.1: %i, %i', async (wrongLoginReason, code, code3) => {
    const passwordFile = await users('all', { ada: 'a' })
    const own = { ...tcp, access: { passwordFile: await users('own', { bob: 'b' }) } }
    const settings = { listeners: [tcp, own], sysIntervalSeconds: 0 }
    const other = code === 0x86 ? 'not-authorized' : 'bad-user-name-or-password'
    const broker = await raise({ ...settings, authentication: { passwordFile, wrongLoginReason: other } })
    expect(await connackOf(broker, 0, wrong)).toBe(code === 0x86 ? 0x87 : 0x86)
    await broker.reload({
      ...settings,
      authentication: { passwordFile, ...(wrongLoginReason && { wrongLoginReason }) },
    })
    expect(await connackOf(broker, 0, wrong)).toBe(code)
    expect(await connackOf(broker, 1, wrong)).toBe(code)
    expect(await connackOf(broker, 0, { userName: 'eve', password: 'a' })).toBe(code)
    expect(await connackOf(broker, 0, { userName: 'ada' })).toBe(code)
    const wire = await WireClient.open({ port: broker.addresses[0]?.port ?? 0, version: 4 })
    expect((await wire.connect(wrong)).reasonCode).toBe(code3)
  })
})

describe('files that cannot be used refuse start and reload', () => {
  it.each<[string, () => PartialSettings, RegExp]>([
    [
      'an ACL file with a fault',
      () => ({ aclFile: write('bad', 'topic a\nfrob') }),
      /^aclFile: .*bad:2: expected a line/,
    ],
    ['one that is not there', () => ({ aclFile: join(folder, 'none') }), /^aclFile: cannot read .*none/],
    [
      'one beside rights',
      () => ({ aclFile: write('good', 'topic a'), rights: { rules: [] } }),
      /^aclFile: an ACL file is in the place of rights/,
    ],
    [
      "a listener's ACL file",
      () => ({ listeners: [{ ...tcp, access: { aclFile: write('bad', 'topic a+') } }] }),
      /^listeners\[0\]\.access\.aclFile: .*bad:1: the topic filter is wrong/,
    ],
    [
      "a listener's password file",
      () => ({ listeners: [{ ...tcp, access: { passwordFile: write('bad', 'ada:secret') } }] }),
      /^listeners\[0\]\.access\.passwordFile: .*bad:1: this is no hash of a password/,
    ],
  ])('%s', async (_what, settings, fault) => {
    expect(() => createBroker({ listeners: [tcp], ...settings() })).toThrow(fault)
    const aclFile = write('before.acl', 'topic a')
    const broker = await raise({ listeners: [tcp], aclFile })
    const there = await client(broker, 0)
    await expect(broker.reload({ listeners: [tcp], ...settings() })).rejects.toThrow(fault)
    expect([await publish(there, 'a'), await publish(there, 'b')]).toEqual([0x10, 0x87])
  })
})
