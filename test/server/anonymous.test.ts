import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { withUser } from '../../src/auth/password-file.ts'
import { ScryptCredential } from '../../src/auth/scrypt-credential.ts'
import type { ListenerSettings } from '../../src/settings/settings.ts'
import type { ProtocolVersion } from '../support/wire-packets.ts'
import { PipeClient } from '../transport/pipe-client.ts'
import { raise, type Stage } from '../transport/stage.ts'

let directory = ''
let passwordFile = ''

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'topiary-users-'))
  passwordFile = join(directory, 'users.passwd')
  const credential = await ScryptCredential.create(Buffer.from('secret'), 10)
  writeFileSync(passwordFile, withUser('', 'ada', credential), { mode: 0o600 })
})
afterAll(() => rmSync(directory, { recursive: true, force: true }))

function at(host: string, allowAnonymous?: boolean): readonly ListenerSettings[] {
  return [{ kind: 'tcp', host, port: 0, ...(allowAnonymous !== undefined && { allowAnonymous }) }]
}

function open(stage: Stage, version: ProtocolVersion): PipeClient {
  return new PipeClient(connect({ host: '127.0.0.1', port: stage.port() }), version)
}

describe('a client without a login', () => {
  const cases: [host: string, allowAnonymous: boolean | undefined, isLetIn: boolean][] = [
    ['127.0.0.1', undefined, true],
    ['127.0.0.1', false, false],
    ['0.0.0.0', undefined, false],
    ['0.0.0.0', false, false],
    ['0.0.0.0', true, true],
  ]
  it.each(cases)('on %s, allowAnonymous %s: let in %s', async (host, allowAnonymous, isLetIn) => {
    const stage = await raise({ listeners: at(host, allowAnonymous) })
    const codes = [5, 4, 3].map(async (version) => {
      const connack = await open(stage, version as ProtocolVersion).connect()
      return connack.reasonCode
    })
    expect(await Promise.all(codes)).toEqual(isLetIn ? [0, 0, 0] : [0x87, 5, 5])
    expect(stage.clients).toHaveLength(isLetIn ? 3 : 0)
  })

  it.each([5, 4] as const)('may not make up a user name where there are no users: version %i', async (version) => {
    const stage = await raise({ listeners: at('0.0.0.0') })
    const connack = await open(stage, version).connect({ userName: 'ada', password: 'secret' })
    expect(connack.reasonCode).toBe(version === 5 ? 0x87 : 5)
  })
})

describe('a client with a login', () => {
  const logins: [password: string | undefined, version: 4 | 5, reasonCode: number][] = [
    ['secret', 5, 0],
    ['secret', 4, 0],
    ['wrong', 5, 0x86],
    ['wrong', 4, 4],
    [undefined, 5, 0x86],
  ]
  it.each(logins)('password %s, version %i: %i', async (password, version, reasonCode) => {
    const stage = await raise({ listeners: at('0.0.0.0'), authentication: { passwordFile } })
    const login = { userName: 'ada', ...(password !== undefined && { password }) }
    expect((await open(stage, version).connect(login)).reasonCode).toBe(reasonCode)
    expect(stage.clients.map(({ user }) => user)).toEqual(reasonCode === 0 ? ['ada'] : [])
  })

  it('does not open the door to those without', async () => {
    const stage = await raise({ listeners: at('0.0.0.0'), authentication: { passwordFile } })
    expect((await open(stage, 5).connect()).reasonCode).toBe(0x87)
  })
})

describe('the log warns of a listener that nobody can log in at', () => {
  const cases: [title: string, host: string, allowAnonymous: boolean | undefined, hasUsers: boolean, warns: boolean][] =
    [
      ['open to all addresses and no users', '0.0.0.0', undefined, false, true],
      ['open to all addresses of IPv6 and no users', '::', undefined, false, true],
      ['the same with users', '0.0.0.0', undefined, true, false],
      ['the same for anonymous clients', '0.0.0.0', true, false, false],
      ['loopback', '127.0.0.1', undefined, false, false],
    ]
  it.each(cases)('%s', async (_title, host, allowAnonymous, hasUsers, warns) => {
    const authentication = hasUsers ? { passwordFile } : {}
    const stage = await raise({ listeners: at(host, allowAnonymous), authentication })
    const warnings = stage.lines.filter(({ level }) => level === 'warn')
    expect(warnings).toEqual(
      warns
        ? [expect.objectContaining({ message: expect.stringMatching(/nobody can log in at (0\.0\.0\.0|\[::\]):\d/) })]
        : [],
    )
  })
})
