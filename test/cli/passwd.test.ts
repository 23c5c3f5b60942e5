import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parsePasswordFile } from '../../src/auth/password-file.ts'
import { HashQueue } from '../../src/auth/hash-queue.ts'
import { OperatorError, UsageError } from '../../src/cli/cli-error.ts'
import { passwdCommand } from '../../src/cli/passwd.ts'
import { fakeTerminal } from './fake-terminal.ts'

let directory: string
let file: string

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'topiary-passwd-'))
  file = join(directory, 'users.passwd')
})
afterEach(() => rmSync(directory, { recursive: true }))

interface Outcome {
  readonly code: number
  readonly out: string
  readonly err: string
}

async function passwd(stdin: Readable, ...flags: readonly string[]): Promise<Outcome> {
  const terminal = { ...fakeTerminal(), stdin }
  const code = await passwdCommand.run(['--file', file, ...flags], terminal)
  await new Promise((resolve) => setImmediate(resolve)) // the streams hand over what was written
  return { code, out: terminal.out(), err: terminal.err() }
}

/** A change with cheap hashing and the password on stdin. */
function set(user: string, password: string | Buffer = 'secret\n', ...flags: readonly string[]): Promise<Outcome> {
  const cheap = flags.some((flag) => flag === '--scram' || flag === '--cost') ? [] : ['--cost', '10']
  return passwd(Readable.from([Buffer.from(password)]), '--user', user, '--password-stdin', ...cheap, ...flags)
}

async function fits(user: string, password: string): Promise<boolean> {
  const credential = parsePasswordFile(readFileSync(file, 'utf8'), file).get(user)
  if (credential === undefined) throw new Error(`no user ${user}`)
  const hash = await new HashQueue().hash(credential.hashJob(Buffer.from(password)))
  return hash instanceof Uint8Array && credential.matches(hash)
}

const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8)
const reloadHint = 'a running broker takes it over on SIGHUP\n'

/** A stdin that is a terminal, and what was asked of its echo. */
function keyboard(): PassThrough & { readonly isTTY: true; readonly rawModes: boolean[] } {
  const rawModes: boolean[] = []
  const setRawMode = (isRaw: boolean): void => void rawModes.push(isRaw)
  return Object.assign(new PassThrough(), { isTTY: true as const, setRawMode, rawModes })
}

describe('passwd', () => {
  it('adds, changes and deletes a user, and leaves the rest as it was', async () => {
    expect(await set('bob')).toEqual({ code: 0, out: `added bob to ${file}\n${reloadHint}`, err: '' })
    writeFileSync(file, `# people\n\n${readFileSync(file, 'utf8')}# the end\n`)
    expect((await set('ada', 'first')).out).toBe(`added ada to ${file}\n${reloadHint}`)
    expect((await set('bob', 'other')).out).toBe(`changed bob in ${file}\n${reloadHint}`)
    const lines = readFileSync(file, 'utf8').split('\n')
    expect(lines.map((line) => line.slice(0, 12))).toEqual([
      '# people',
      '',
      'bob:$scrypt$',
      '# the end',
      'ada:$scrypt$',
      '',
    ])
    expect([await fits('ada', 'first'), await fits('bob', 'other'), await fits('bob', 'secret')]).toEqual([
      true,
      true,
      false,
    ])
    const deleted = await passwd(Readable.from([]), '--user', 'bob', '--delete')
    expect(deleted.out).toBe(`deleted bob from ${file}\n${reloadHint}`)
    expect(readFileSync(file, 'utf8')).toBe(`# people\n\n# the end\n${lines[4]}\n`)
  })

  it.each([
    [[], '$scrypt$ln=10,r=8,p=1$'],
    [['--cost', '11'], '$scrypt$ln=11,r=8,p=1$'],
    [['--scram'], 'SCRAM-SHA-256$10000:'],
    [['--scram', '--iterations', '4096'], 'SCRAM-SHA-256$4096:'],
  ])('%j writes %s', async (flags, beginning) => {
    await set('ada', 'secret', ...flags)
    expect(readFileSync(file, 'utf8')).toContain(`ada:${beginning}`)
    expect(await fits('ada', 'secret')).toBe(true)
  })

  it.each([
    ['secret\n', 'secret'],
    ['secret\r\n', 'secret'],
    ['secret', 'secret'],
    [' s p \n', ' s p '],
    ['\r\n\r', undefined],
  ])('reads %j from stdin as %j', async (given, password) => {
    if (password === undefined) await expect(set('ada', given)).rejects.toThrow('one line')
    else {
      await set('ada', given)
      expect(await fits('ada', password)).toBe(true)
    }
  })

  it.each<[string[], string]>([
    [[], 'passwd needs a user: --user NAME'],
    [['--user', ''], 'the user name is empty'],
    [['--user', 'a:b'], 'a user name has no colon'],
    [['--user', 'a\nb'], 'no control characters'],
    [['--user', '#a'], 'does not begin with #'],
    [['--user', 'a', '--scram', '--cost', '12'], '--cost is for scrypt; with --scram use --iterations'],
    [['--user', 'a', '--iterations', '5000'], '--iterations needs --scram'],
    [['--user', 'a', '--scram', '--iterations', '4095'], 'from 4096 to 1000000'],
    [['--user', 'a', '--cost', '18'], 'from 10 to 17'],
    [['--user', 'a', '--delete', '--password-stdin'], '--delete and --password-stdin exclude each other'],
    [['--user', 'a', '--delete', '--scram'], '--delete and --scram exclude each other'],
    [['--user', '\u2168', '--scram'], 'the Unicode form NFKC'],
    [['--user', 'a'], '--password-stdin'],
    [['--user', 'a', 'hunter2'], 'unexpected argument'],
  ])('%j is a wrong command line', async (flags, message) => {
    const refusal = passwd(Readable.from([]), ...flags)
    await expect(refusal).rejects.toThrow(UsageError)
    await expect(refusal).rejects.toThrow(message)
    expect(readdirSync(directory)).toEqual([])
  })

  it.each<[string, string | Buffer, string[], string]>([
    ['an empty password', '\n', [], 'the password is empty'],
    ['two lines', 'one\ntwo\n', [], 'must be one line'],
    ['more than 1 KiB', 'x'.repeat(1025), [], 'more than 1024 bytes'],
    ['no UTF-8 for SCRAM', Buffer.from([0xff]), ['--scram'], 'UTF-8 text'],
    ['a user to delete who is not there', '', ['--delete'], 'has no user ada'],
  ])('%s changes nothing', async (_what, password, flags, message) => {
    const refusal = flags.includes('--delete')
      ? passwd(Readable.from([]), '--user', 'ada', ...flags)
      : set('ada', password, ...flags)
    await expect(refusal).rejects.toThrow(OperatorError)
    await expect(refusal).rejects.toThrow(message)
    expect(readdirSync(directory)).toEqual([])
  })

  it('does not touch a file with a fault', async () => {
    writeFileSync(file, 'ada:hunter2\n', { mode: 0o600 })
    await expect(set('bob')).rejects.toThrow(`${file}:1: this is no hash of a password`)
    expect(readFileSync(file, 'utf8')).toBe('ada:hunter2\n')
  })
})

async function mosquittoPasswd(...args: readonly string[]): Promise<Outcome> {
  const terminal = { ...fakeTerminal(), stdin: Readable.from([]) }
  const code = await passwdCommand.run(args, terminal)
  await new Promise((resolve) => setImmediate(resolve))
  return { code, out: terminal.out(), err: terminal.err() }
}

describe('passwd in the way of mosquitto_passwd', () => {
  it('makes a file, adds, changes and removes users', async () => {
    writeFileSync(file, 'anything: at all\n')
    expect(await mosquittoPasswd('-c', '-b', file, 'ada', 'secret')).toMatchObject({ code: 0 })
    expect(readFileSync(file, 'utf8')).toMatch(/^ada:\$7\$1000\$[^$]{16}\$[^$]{88}\n$/)
    await mosquittoPasswd('-b', file, 'bob', 'other')
    await mosquittoPasswd('-b', file, 'ada', 'changed')
    expect([await fits('ada', 'changed'), await fits('ada', 'secret'), await fits('bob', 'other')]).toEqual([
      true,
      false,
      true,
    ])
    expect((await mosquittoPasswd('-D', file, 'ada')).out).toContain(`deleted ada from ${file}`)
    expect(readFileSync(file, 'utf8')).toMatch(/^bob:[^\n]*\n$/)
    expect(modeOf(file)).toBe('600')
  })

  it.each([
    [['-H', 'sha512'], /^ada:\$6\$/],
    [['-H', 'sha512-pbkdf2'], /^ada:\$7\$1000\$/],
    [['-H', 'sha512-pbkdf2', '-I', '7'], /^ada:\$7\$7\$/],
    [['-I', '7'], /^ada:\$7\$7\$/],
    [['-H', 'argon2id'], /^ada:\$argon2id\$v=19\$m=47104,t=1,p=1\$/],
    [['-H', 'scrypt', '--cost', '10'], /^ada:\$scrypt\$ln=10/],
  ])('%j writes %s', async (flags, line) => {
    await mosquittoPasswd(...flags, '-c', '-b', file, 'ada', 'secret')
    expect(readFileSync(file, 'utf8')).toMatch(line)
    expect(await fits('ada', 'secret')).toBe(true)
  })

  it('writes to stdout for -', async () => {
    const { out } = await mosquittoPasswd('-c', '-b', '-I', '7', '-', 'ada', 'secret')
    expect(out).toMatch(/^ada:\$7\$7\$[^\n]*\n$/)
    expect(readdirSync(directory)).toEqual([])
  })

  it('hashes what stands in a file as it is, and keeps the rest', async () => {
    await mosquittoPasswd('-c', '-b', file, 'ada', 'secret')
    const [line] = readFileSync(file, 'utf8').split('\n')
    writeFileSync(file, `# people\n${line}\nbob:other\ncarl:a:b\n`)
    expect((await mosquittoPasswd('-U', file)).out).toContain(`hashed 2 passwords in ${file}`)
    expect(readFileSync(file, 'utf8').split('\n').slice(0, 2)).toEqual(['# people', line])
    expect([await fits('ada', 'secret'), await fits('bob', 'other'), await fits('carl', 'a:b')]).toEqual([
      true,
      true,
      true,
    ])
    const whole = readFileSync(file, 'utf8')
    expect((await mosquittoPasswd('-U', file)).out).toContain('hashed 0 passwords')
    expect(readFileSync(file, 'utf8')).toBe(whole)
  })

  it('removes a user who stands there twice, as Mosquitto 2.0 lets him', async () => {
    await mosquittoPasswd('-c', '-b', file, 'ada', 'secret')
    writeFileSync(file, readFileSync(file, 'utf8').repeat(2))
    await mosquittoPasswd('-D', file, 'ada')
    expect(readFileSync(file, 'utf8')).toBe('')
  })

  it.each<[string[], string]>([
    [['-b', 'FILE', 'ada'], '-b needs the password behind the user'],
    [['FILE', 'ada', 'hunter2'], 'only with -b'],
    [['-c', '-D', 'FILE', 'ada'], '--delete and --create exclude each other'],
    [['-b', '-D', 'FILE', 'ada'], '--delete and --batch exclude each other'],
    [['-H', 'sha512', '-I', '7', '-b', 'FILE', 'ada', 'x'], '--iterations needs --scram or --hash sha512-pbkdf2'],
    [['-H', 'md5', '-b', 'FILE', 'ada', 'x'], 'takes one of scrypt, sha512-pbkdf2, sha512, argon2id'],
    [['-H', 'sha512', '--scram', '-b', 'FILE', 'ada', 'x'], '--scram and --hash exclude each other'],
    [['-I', '0', '-b', 'FILE', 'ada', 'x'], 'from 1 to 10000000'],
    [['-U', 'FILE', 'ada'], '--update and --username exclude each other'],
    [['-D', '-', 'ada'], '- is stdout'],
    [['-b', 'FILE', 'a:b', 'x'], 'a user name has no colon'],
    [['-b', '--password-stdin', 'FILE', 'ada', 'x'], '--batch and --password-stdin exclude each other'],
    [['-c', 'FILE', 'ada'], 'stdin is no terminal'],
  ])('%j is a wrong command line', async (args, message) => {
    const refusal = mosquittoPasswd(...args.map((arg) => (arg === 'FILE' ? file : arg)))
    await expect(refusal).rejects.toThrow(UsageError)
    await expect(refusal).rejects.toThrow(message)
    await expect(refusal).rejects.not.toThrow('hunter2')
    expect(readdirSync(directory)).toEqual([])
  })

  it('makes no file without -c, and leaves one with a fault alone', async () => {
    const missing = mosquittoPasswd('-b', file, 'ada', 'secret')
    await expect(missing).rejects.toThrow(OperatorError)
    await expect(missing).rejects.toThrow('-c makes one')
    writeFileSync(file, 'ada:\n', { mode: 0o600 })
    await expect(mosquittoPasswd('-U', file)).rejects.toThrow(`${file}:1: the password is empty`)
    await expect(mosquittoPasswd('-b', file, 'bob', '')).rejects.toThrow(OperatorError)
    expect(readFileSync(file, 'utf8')).toBe('ada:\n')
  })
})

describe('the file that passwd writes', () => {
  it.each([
    [undefined, '600', ''],
    [0o600, '600', ''],
    [0o640, '600', ''],
    [0o644, '600', 'could be read by everybody'],
    [0o400, '400', ''],
  ])('had mode %o and has mode %s', async (before, after, warning) => {
    if (before !== undefined) {
      writeFileSync(file, '')
      chmodSync(file, before)
    }
    const { err } = await set('ada')
    expect(modeOf(file)).toBe(after)
    expect(err).toBe(warning === '' ? '' : `warning: ${file} could be read by everybody; its mode is 600 now\n`)
  })

  it('is refused when everybody may write it', async () => {
    writeFileSync(file, '')
    chmodSync(file, 0o666)
    await expect(set('ada')).rejects.toThrow(`${file} can be written by everybody; chmod 600 ${file}`)
    expect(readFileSync(file, 'utf8')).toBe('')
  })

  it('replaces the old one whole: a reader keeps what it opened, and nothing is left beside it', async () => {
    await set('ada')
    const { ino } = statSync(file)
    await set('bob')
    expect(statSync(file).ino).not.toBe(ino)
    expect(readdirSync(directory)).toEqual(['users.passwd'])
  })

  it('leaves nothing behind when it cannot be put in place', async () => {
    file = join(directory, 'missing', 'users.passwd')
    await expect(set('ada')).rejects.toThrow(`cannot write ${file}: `)
    expect(readdirSync(directory)).toEqual([])
  })

  it('stands behind a symbolic link where one was', async () => {
    const target = join(directory, 'real.passwd')
    writeFileSync(target, '', { mode: 0o600 })
    symlinkSync(target, file)
    await set('ada')
    expect(readFileSync(target, 'utf8')).toContain('ada:')
    expect(readdirSync(directory).toSorted()).toEqual(['real.passwd', 'users.passwd'])
  })
})

function ask(stdin: Readable): Promise<Outcome> {
  return passwd(stdin, '--user', 'ada', '--cost', '10')
}

describe('a password typed at the terminal', () => {
  it('is asked for twice and never echoed', async () => {
    const stdin = keyboard()
    const outcome = ask(stdin)
    stdin.write('secrex\u007ft\r')
    stdin.write('secret\r')
    const { code, out, err } = await outcome
    expect(code).toBe(0)
    expect(err).toBe('Password: \nThe same again: \n')
    expect(out).toBe(`added ada to ${file}\n${reloadHint}`)
    expect(stdin.rawModes).toEqual([true, false])
    expect(await fits('ada', 'secret')).toBe(true)
  })

  it('may be pasted with both answers at once', async () => {
    const stdin = keyboard()
    stdin.write('gr\u00fcn\rgr\u00fcn\r')
    expect((await ask(stdin)).code).toBe(0)
    expect(await fits('ada', 'gr\u00fcn')).toBe(true)
  })

  it.each([
    ['one\rtwo\r', 'the two passwords differ'],
    ['\r\r', 'the password is empty'],
    ['one\r\u0003', 'no password was given'],
    ['\u0004', 'no password was given'],
  ])('%j changes nothing', async (keys, message) => {
    const stdin = keyboard()
    stdin.write(keys)
    await expect(ask(stdin)).rejects.toThrow(message)
    expect(stdin.rawModes.at(-1)).toBe(false)
    expect(readdirSync(directory)).toEqual([])
  })

  it('that ends with the input changes nothing', async () => {
    const stdin = keyboard()
    stdin.end('one\r')
    await expect(ask(stdin)).rejects.toThrow('no password was given')
    expect(readdirSync(directory)).toEqual([])
  })
})
