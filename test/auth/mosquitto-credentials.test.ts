import { createHash, pbkdf2Sync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { Argon2Credential } from '../../src/auth/argon2-credential.ts'
import { findArgon2 } from '../../src/auth/argon2-engine.ts'
import type { Credential } from '../../src/auth/credential.ts'
import { deriveHash } from '../../src/auth/derive-hash.ts'
import { HashThreads } from '../../src/auth/hash-threads.ts'
import { parsePasswordFile } from '../../src/auth/password-file.ts'
import { Pbkdf2Credential } from '../../src/auth/pbkdf2-credential.ts'
import { Sha512Credential } from '../../src/auth/sha512-credential.ts'
import { StandIns } from '../../src/auth/stand-ins.ts'

/** The first two by mosquitto_passwd 2.0.11 of Debian; argon2id as the reference implementation tests it. */
const written: readonly (readonly [what: string, line: string, password: string])[] = [
  [
    '$7$',
    '$7$101$m+eFxjE91sINczHz$lrWfqcsJNcmxmqpNGKMBd2/0gvk8smGQ4bg73htNcmL4URkq2Bo0cXdY3RXu7m0JlkcrTPGXD5P2M/42czTMSw==',
    'secret',
  ],
  [
    '$6$',
    '$6$dN3gKuri74nNdiXZ$wdeIuhr1MPA5nENS8yMd3sky+3JO+Hd4XkLMJEvZmE1lJy0z6DXjUhmlAAF+qmBLtysOfnCA6YHNdgWP4aQQvg==',
    'secret',
  ],
  ['argon2id', '$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4', 'password'],
]

const threads = new HashThreads()
const folder = mkdtempSync(join(tmpdir(), 'topiary-argon2-'))
afterAll(async () => {
  await threads.stop()
  rmSync(folder, { recursive: true })
})

function only(line: string): Credential {
  return parsePasswordFile(`ada:${line}`, 'users').get('ada') as Credential
}

async function fits(credential: Credential, password: string): Promise<boolean> {
  const job = credential.hashJob(Buffer.from(password))
  const [hash, other] = await Promise.all([threads.derive(job), deriveHash(job)])
  expect(Buffer.from(hash)).toEqual(Buffer.from(other))
  return credential.matches(hash)
}

describe('a credential of Mosquitto', () => {
  it.each(written)('%s is read, written again and fits its password alone', async (_what, line, password) => {
    const credential = only(line)
    expect(credential.format()).toBe(line)
    expect(await fits(credential, password)).toBe(true)
    expect(await fits(credential, `${password}x`)).toBe(false)
    expect(await fits(credential, '')).toBe(false)
  })

  it.each([12, 64])('has a salt of 12 or 64 bytes: %d', async (saltBytes) => {
    const [salt, text] = [Buffer.alloc(saltBytes, 9), Buffer.alloc(saltBytes, 9).toString('base64')]
    const slow = pbkdf2Sync('secret', salt, 1000, 64, 'sha512').toString('base64')
    const quick = createHash('sha512').update('secret').update(salt).digest('base64')
    expect(await fits(only(`$7$1000$${text}$${slow}`), 'secret')).toBe(true)
    expect(await fits(only(`$6$${text}$${quick}`), 'secret')).toBe(true)
  })

  it.each<[string, () => Promise<Credential | string>, RegExp]>([
    ['sha512', () => Sha512Credential.create(Buffer.from('secret')), /^\$6\$[^$]{16}\$[^$]{88}$/],
    ['sha512-pbkdf2', () => Pbkdf2Credential.create(Buffer.from('secret')), /^\$7\$1000\$[^$]{16}\$[^$]{88}$/],
    [
      'argon2id',
      () => Argon2Credential.create(Buffer.from('secret')),
      /^\$argon2id\$v=19\$m=47104,t=1,p=1\$[^$=]{86}\$[^$=]{86}$/,
    ],
  ])('%s is made with a salt of its own', async (_what, create, form) => {
    const [one, other] = [await create(), await create()] as [Credential, Credential]
    expect(one.format()).toMatch(form)
    expect(other.format()).not.toBe(one.format())
    expect(await fits(only(one.format()), 'secret')).toBe(true)
  })

  it.each(written)('%s has stand-ins of the same work that no password fits', async (_what, line, password) => {
    const standIns = new StandIns()
    standIns.imitate([only(line)])
    const standIn = standIns.forPassword('nobody')
    expect(standIn.cost).toBe(only(line).cost)
    expect(standIn.format()).toBe(standIns.forPassword('nobody').format())
    expect(standIn.format()).not.toBe(standIns.forPassword('another').format())
    expect(await fits(standIn, password)).toBe(false)
  })
})

describe('argon2id', () => {
  const line = written[2]?.[1] as string

  it('is computed by node:crypto where that can', () => {
    expect(findArgon2('@node-rs/argon2', { argon2: () => {} })).toEqual({ packagePath: undefined })
  })

  it('is computed by the package otherwise, asked as its manual says', async () => {
    const packagePath = join(folder, 'argon2.cjs')
    const answer =
      '(password, options) => Buffer.from(JSON.stringify([password.length, options.memoryCost]).padEnd(32))'
    writeFileSync(packagePath, `exports.hashRawSync = ${answer}\nexports.hashRaw = async ${answer}\n`)
    const engine = findArgon2(packagePath, {})
    expect(engine).toEqual({ packagePath })
    const job = (Argon2Credential.parse(line, () => engine) as Argon2Credential).hashJob(Buffer.from('four'))
    const expected = '[4,256]'.padEnd(32)
    expect(Buffer.from(await deriveHash(job)).toString()).toBe(expected)
    expect(Buffer.from(await threads.derive(job)).toString()).toBe(expected)
  })

  it('asks for what is missing where nobody computes it, and names the line', async () => {
    expect(findArgon2('@topiary/no-such-package', {})).toBeUndefined()
    const text = `# people\nada:${line}`
    expect(() => parsePasswordFile(text, 'users', { findArgon2: () => undefined })).toThrow(
      'users:2: argon2id needs Node.js 24.7 or newer, or the package @node-rs/argon2',
    )
    expect(await Argon2Credential.create(Buffer.from('x'), () => undefined)).toContain('npm install @node-rs/argon2')
  })
})
