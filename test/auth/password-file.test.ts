import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AuthFileError } from '../../src/auth/auth-file-error.ts'
import { parsePasswordFile, withHashedPasswords, withoutUser, withUser } from '../../src/auth/password-file.ts'
import { ScramCredential } from '../../src/auth/scram-credential.ts'
import { ScryptCredential } from '../../src/auth/scrypt-credential.ts'

const salt = 'c2FsdHNhbHRzYWx0'
const key = Buffer.alloc(32, 7).toString('base64')
const hash = key.replace('=', '')
const scrypt = `$scrypt$ln=14,r=8,p=1$${salt}$${hash}`
/** Of RFC 7677: the password is `pencil`. */
const scram =
  'SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU='

describe('a password file', () => {
  it('holds a user on each line, beside comments and empty lines', () => {
    const text = `# people\r\n\nada:${scrypt}\r\n   \nbob the builder:${scram}\n#carl:x\n\u00e9mile:${scrypt}`
    const credentials = parsePasswordFile(text, 'users')
    expect([...credentials.keys()]).toEqual(['ada', 'bob the builder', '\u00e9mile'])
    expect([...credentials.values()].map((credential) => credential.format())).toEqual([scrypt, scram, scrypt])
  })

  it('may be empty', () => {
    expect(parsePasswordFile('', 'users').size).toBe(0)
  })

  const expectsForm = 'hash them in place with topiary passwd -U users'
  const [salt12, hash64] = [Buffer.alloc(12, 5).toString('base64'), Buffer.alloc(64, 6).toString('base64')]
  const expectsScrypt = 'expected $scrypt$ln=14,r=8,p=1$SALT$HASH'
  const expectsScram = 'expected SCRAM-SHA-256$ITERATIONS:SALT$STOREDKEY:SERVERKEY'
  const scryptOf = (ln: number, r: number, p: number): string => `a:$scrypt$ln=${ln},r=${r},p=${p}$${salt}$${hash}`
  it.each([
    [':hunter2', 'the user name is empty'],
    [`\u00a0ada:${scrypt}`, 'no spaces at its ends'],
    [`a\tb:${scrypt}`, 'no control characters'],
    [`\ufeffada:${scrypt}`, 'no byte order mark'],
    [`known:${scram}`, 'the user known is already on line 2'],
    ['ada:hunter2', expectsForm],
    ['ada:', expectsForm],
    ['ada:$7$101$hunter2$hunter2', 'the salt must be base64 of 12 or 64 bytes'],
    [`ada:$7$0$${salt12}$${hash64}`, 'the iterations must be from 1 to 10000000'],
    [`ada:$7$10000001$${salt12}$${hash64}`, 'the iterations must be from 1 to 10000000'],
    [`ada:$7$-1$${salt12}$${hash64}`, 'expected $7$ITERATIONS$SALT$HASH'],
    [`ada:$7$1$${Buffer.alloc(16).toString('base64')}$${hash64}`, 'the salt must be base64 of 12 or 64 bytes'],
    [`ada:$7$1$${salt12}$${salt12}`, 'the hash must be base64 of 64 bytes'],
    [`ada:$6$${Buffer.alloc(16).toString('base64')}$${hash64}`, 'the salt must be base64 of 12 or 64 bytes'],
    [`ada:$6$${salt12}$${salt12}`, 'the hash must be base64 of 64 bytes'],
    [`ada:$6$${salt12}`, 'expected $6$SALT$HASH'],
    [`ada:$9$${salt12}$${hash64}`, expectsForm],
    [`ada:$argon2id$v=16$m=64,t=1,p=1$${salt}$${hash}`, 'expected $argon2id$v=19$'],
    [`ada:$argon2id$v=19$m=7,t=1,p=1$${salt}$${hash}`, 'm must be from 8'],
    [`ada:$argon2id$v=19$m=1048577,t=1,p=1$${salt}$${hash}`, 'm must be from 8'],
    [`ada:$argon2id$v=19$m=1048576,t=5,p=1$${salt}$${hash}`, 't times m'],
    [`ada:$argon2id$v=19$m=64,t=0,p=1$${salt}$${hash}`, 't must be at least 1'],
    [`ada:$argon2id$v=19$m=64,t=1,p=0$${salt}$${hash}`, 'p must be from 1'],
    [`ada:$argon2id$v=19$m=64,t=1,p=1$c2Fs$${hash}`, 'the salt must be base64 of 8 to 64 bytes'],
    ['ada:$scrypt$hunter2', expectsScrypt],
    [`ada:${scrypt}:x`, 'the hash must be base64'],
    [scryptOf(9, 8, 1), 'ln must be from 10 to 17'],
    [scryptOf(18, 8, 1), 'ln must be from 10 to 17'],
    [scryptOf(14, 0, 1), 'r must be from 1 to 32'],
    [scryptOf(14, 33, 1), 'r must be from 1 to 32'],
    [scryptOf(14, 8, 0), 'p must be from 1 to 16'],
    [scryptOf(14, 8, 17), 'p must be from 1 to 16'],
    [scryptOf(17, 8, 2), 'together ask for too much work'],
    [scryptOf(16, 32, 1), 'together ask for too much work'],
    [scryptOf(999, 8, 1), expectsScrypt],
    [`a:$scrypt$ln=14,r=8,p=1$c2Fs$${hash}`, 'the salt must be base64 of 8 to 64 bytes'],
    [`a:$scrypt$ln=14,r=8,p=1$c2F*dHNhbHRzYWx0$${hash}`, 'the salt must be base64 of 8 to 64 bytes'],
    [`a:$scrypt$ln=14,r=8,p=1$${salt}$hunter2hunter2`, 'the hash must be base64 of 16 to 64 bytes'],
    ['a:SCRAM-SHA-256$hunter2', expectsScram],
    [`a:${scram.replace('4096', '4095')}`, 'the iterations must be from 4096 to 1000000'],
    [`a:${scram.replace('4096', '1000001')}`, 'the iterations must be from 4096 to 1000000'],
    [`a:${scram.replace('W22ZaJ0SNY7soEsUEjb6gQ==', 'aHVudGVy')}`, 'the salt must be base64 of 8 to 64 bytes'],
    [`a:${scram.replace('WG5d', '')}`, 'StoredKey must be base64 of 32 bytes'],
    [`a:${scram.replace('wfPL', '')}`, 'ServerKey must be base64 of 32 bytes'],
    [`a:${scram.replace('2dU=', '2dV=')}`, 'ServerKey must be base64 of 32 bytes'],
  ])('names the line of a fault and no secret: %j', (line, fault) => {
    const text = `# people\nknown:${scrypt}\n${line}\n`
    const error = errorOf(() => parsePasswordFile(text, 'users.passwd'))
    expect(error).toBeInstanceOf(AuthFileError)
    expect(error.message).toContain('users.passwd:3: ')
    expect(error.message).toContain(fault)
    for (const secret of ['hunter2', salt, hash, key]) expect(error.message).not.toContain(secret)
  })

  it('skips what Mosquitto skips, says where, and trims blanks', () => {
    const warnings: string[] = []
    const text = `hunter2\n  ada \t:  ${scrypt} \t\r\n  # x:y\nbob:${scram}\nnothing here`
    const credentials = parsePasswordFile(text, 'users', { warn: (warning) => warnings.push(warning) })
    expect([...credentials].map(([user, credential]) => [user, credential.format()])).toEqual([
      ['ada', scrypt],
      ['bob', scram],
    ])
    expect(warnings).toEqual([
      'users:1: skipped, it has no colon: expected user:credential',
      'users:5: skipped, it has no colon: expected user:credential',
    ])
  })

  it('takes the first line of a user in the place of 2.0, and none in that of 2.1', () => {
    const warnings: string[] = []
    const text = `ada:${scrypt}\nada:${scram}\n`
    const warn = (warning: string): void => void warnings.push(warning)
    expect(parsePasswordFile(text, 'users', { mosquittoVersion: '2.0', warn }).get('ada')?.format()).toBe(scrypt)
    expect(warnings).toEqual(['users:2: skipped, the user ada is already on line 1'])
    expect(() => parsePasswordFile(text, 'users', { mosquittoVersion: '2.1', warn })).toThrow('users:2: the user ada')
  })

  it('whatever stands in it, is refused in one way, and lets in nobody without a line', () => {
    const part = fc.constantFrom(
      'ada',
      'bob',
      ':',
      '$',
      '7',
      '6',
      '$7$',
      '$6$',
      '101',
      ' ',
      '\t',
      '\n',
      '\r\n',
      '#',
      '\0',
    )
    const known = fc.constantFrom(scrypt, scram, salt12, hash64, `$7$1$${salt12}$${hash64}`, `$6$${salt12}$${hash64}`)
    const file = fc.array(fc.oneof(part, known, fc.string({ maxLength: 4 })), { maxLength: 30 })
    fc.assert(
      fc.property(file, fc.constantFrom('2.0' as const, '2.1' as const), (parts, mosquittoVersion) => {
        const text = parts.join('')
        try {
          const lines = text.split('\n')
          for (const [user, credential] of parsePasswordFile(text, 'users', { mosquittoVersion })) {
            const own = lines.filter((line) => line.includes(`:`) && line.slice(0, line.indexOf(':')).trim() === user)
            expect(own.some((line) => line.includes(credential.format()))).toBe(true)
          }
        } catch (error) {
          expect(error).toBeInstanceOf(AuthFileError)
          expect((error as Error).message).toMatch(/^users:\d+: /)
        }
      }),
      { numRuns: 2000 },
    )
  })

  it('gets its passwords hashed where they stand as they are', async () => {
    const hashed: string[] = []
    const credential = ScryptCredential.parse(scrypt) as ScryptCredential
    const hashOf = (password: Uint8Array): Promise<ScryptCredential> => {
      hashed.push(Buffer.from(password).toString())
      return Promise.resolve(credential)
    }
    const argon2 = `$argon2id$v=19$m=64,t=1,p=1$${Buffer.alloc(8).toString('base64')}$${key}`
    const text = `# people\nada: secret \r\nbob:${scram}\n\ncarl:$7$hunter2:x\ndora:${argon2}`
    const expected = `# people\nada:${scrypt}\r\nbob:${scram}\n\ncarl:${scrypt}\ndora:${argon2}`
    expect(await withHashedPasswords(text, 'users', hashOf)).toEqual({ text: expected, hashed: 2 })
    expect(hashed).toEqual(['secret', '$7$hunter2:x'])
    await expect(withHashedPasswords('ada', 'users', hashOf)).rejects.toThrow('users:1: expected user:password')
    await expect(withHashedPasswords('ada:x\nbob:', 'users', hashOf)).rejects.toThrow('users:2: the password is empty')
  })

  it('with a long row of blanks is read at once', () => {
    expect(parsePasswordFile(`#${' '.repeat(1_000_000)}x\nada:${scrypt}`, 'users').size).toBe(1)
  })

  it('takes the largest work that it allows', () => {
    for (const line of [scryptOf(17, 8, 1), scryptOf(15, 32, 1), scryptOf(10, 32, 16)]) {
      expect(parsePasswordFile(line, 'users').size).toBe(1)
    }
  })

  it.each([
    ['', 'ada:NEW\n'],
    ['# people', '# people\nada:NEW\n'],
    [`x:${scram}\n`, `x:${scram}\nada:NEW\n`],
    [`# one\nada:${scram}\n\nx:${scram}`, `# one\nada:NEW\n\nx:${scram}`],
    [`ada:${scram}\r\nx:${scram}\r\n`, `ada:NEW\r\nx:${scram}\r\n`],
    [`#ada:old\nadam:${scram}\n`, `#ada:old\nadam:${scram}\nada:NEW\n`],
  ])('gets a user and keeps the rest: %j', (text, expected) => {
    const credential = ScryptCredential.parse(scrypt) as ScryptCredential
    const written = withUser(text, 'ada', credential)
    expect(written).toBe(expected.replace('NEW', scrypt))
    expect(parsePasswordFile(written, 'users').get('ada')?.format()).toBe(scrypt)
  })

  it.each([
    [`# one\nada:${scram}\n\nx:${scram}\n`, `# one\n\nx:${scram}\n`],
    [`x:${scram}\nada:${scram}`, `x:${scram}`],
    [`#ada:${scram}\nadam:${scram}\n`, `#ada:${scram}\nadam:${scram}\n`],
  ])('loses a user and keeps the rest: %j', (text, expected) => {
    expect(withoutUser(text, 'ada')).toBe(expected)
  })
})

describe('a credential', () => {
  it('of RFC 7677 is written as in RFC 5803', async () => {
    const rfcSalt = Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64')
    expect((await ScramCredential.create(Buffer.from('pencil'), 4096, rfcSalt))?.format()).toBe(scram)
  })

  it('has a salt of its own each time, and survives the file', async () => {
    const password = Buffer.from('secret')
    const written = await Promise.all([1, 2].map(() => ScryptCredential.create(password, 10)))
    const [one, two] = written.map((credential) => credential.format())
    expect(one).not.toBe(two)
    expect(one).toMatch(/^\$scrypt\$ln=10,r=8,p=1\$[\w+/]{22}\$[\w+/]{43}$/)
    expect(parsePasswordFile(`a:${one}`, 'users').get('a')?.format()).toBe(one)
  })

  it.each(['a\u0007b', '', '\ud800'])('for SCRAM is not made from %j', async (password) => {
    const bytes = password === '\ud800' ? Buffer.from([0xed, 0xa0, 0x80]) : Buffer.from(password)
    expect(await ScramCredential.create(bytes, 4096)).toBeUndefined()
  })
})

function errorOf(action: () => unknown): Error {
  try {
    action()
  } catch (error) {
    return error as Error
  }
  throw new Error('nothing was thrown')
}
