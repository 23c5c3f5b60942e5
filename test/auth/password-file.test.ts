import { describe, expect, it } from 'vitest'
import { AuthFileError } from '../../src/auth/auth-file-error.ts'
import { parsePasswordFile, withoutUser, withUser } from '../../src/auth/password-file.ts'
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

  const expectsUser = 'expected user:credential'
  const expectsForm = 'expected a credential that begins with $scrypt$ or SCRAM-SHA-256$'
  const expectsScrypt = 'expected $scrypt$ln=14,r=8,p=1$SALT$HASH'
  const expectsScram = 'expected SCRAM-SHA-256$ITERATIONS:SALT$STOREDKEY:SERVERKEY'
  const scryptOf = (ln: number, r: number, p: number): string => `a:$scrypt$ln=${ln},r=${r},p=${p}$${salt}$${hash}`
  it.each([
    ['hunter2', expectsUser],
    [':hunter2', 'the user name is empty'],
    [` ada:${scrypt}`, 'no spaces at its ends'],
    [`ada :${scrypt}`, 'no spaces at its ends'],
    [`a\tb:${scrypt}`, 'no control characters'],
    [`\ufeffada:${scrypt}`, 'no byte order mark'],
    [`known:${scram}`, 'the user known is already on line 2'],
    ['ada:hunter2', expectsForm],
    ['ada:', expectsForm],
    ['ada:$7$101$hunter2$hunter2', expectsForm],
    ['ada:$scrypt$hunter2', expectsScrypt],
    [`ada: ${scrypt}`, expectsForm],
    [`ada:${scrypt} `, 'the hash must be base64'],
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
