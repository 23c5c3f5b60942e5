import { existsSync } from 'node:fs'
import { AuthFileError } from '../auth/auth-file-error.ts'
import type { Credential } from '../auth/credential.ts'
import { parsePasswordFile, userNameFault, withHashedPasswords, withoutUser, withUser } from '../auth/password-file.ts'
import { replaceFile } from '../auth/replace-file.ts'
import { saslPrep } from '../auth/sasl-prep.ts'
import { readSecretFile } from '../auth/secret-file.ts'
import { exitCode, OperatorError, UsageError } from './cli-error.ts'
import { defineCommand } from './command.ts'
import type { FlagTable, FlagValues } from './flags.ts'
import { chosenHash, credentialOf, hashFlags } from './passwd-hash.ts'
import { passwordOf } from './passwd-password.ts'
import type { Terminal } from './terminal.ts'

const userFlags = {
  file: { kind: 'text', value: 'PATH', help: 'password file; made when there is none' },
  user: { kind: 'text', value: 'NAME', help: 'user to add or change' },
  delete: { kind: 'switch', short: 'D', help: 'remove the user' },
  'password-stdin': { kind: 'switch', help: 'read the password from stdin: one line' },
} as const satisfies FlagTable

const mosquittoFlags = {
  passwordfile: { kind: 'text', value: 'FILE', positional: true, help: 'password file; - is stdout (FILE alone does)' },
  username: { kind: 'text', value: 'USER', positional: true, help: 'user to add or change (USER alone does)' },
  password: { kind: 'text', value: 'PASSWORD', positional: true, help: 'with -b (PASSWORD alone does)' },
  create: { kind: 'switch', short: 'c', help: 'a new file, in the place of one that is there' },
  batch: { kind: 'switch', short: 'b', help: 'take the password from the command line, where others may see it' },
  update: { kind: 'switch', short: 'U', help: 'hash the passwords that stand in the file as they are' },
} as const satisfies FlagTable

const passwdFlags = { ...userFlags, ...mosquittoFlags, ...hashFlags }
type PasswdValues = FlagValues<typeof passwdFlags>

export const passwdCommand = defineCommand(
  {
    name: 'passwd',
    summary: 'Add, change and remove users of a password file',
    usage: 'passwd --file PATH --user NAME [flags], or passwd [-c] [-b] [-D] [-U] FILE USER PASSWORD',
    sections: [
      { title: 'User', flags: userFlags },
      { title: 'As mosquitto_passwd', flags: mosquittoFlags },
      { title: 'Hash', flags: hashFlags },
    ],
    examples: [
      'topiary passwd --file users.passwd --user ada',
      'topiary passwd --file users.passwd --user ada --scram --password-stdin < password.txt',
      'topiary passwd --file users.passwd --user ada --delete',
      'topiary passwd -c -b passwd ada secret',
      'topiary passwd -U passwd',
    ],
    notes: [
      'The password is asked for twice and not shown; only with -b is it an argument, where others could see it.',
      'A running broker takes the file over on SIGHUP, and disconnects whoever it changes.',
      'Exit codes: 0 the file was written; 1 it was not; 2 wrong flags.',
    ],
  },
  passwdFlags,
  passwd,
)

type Hash = ReturnType<typeof chosenHash>

/** What the command line asks for, in either way of writing it. */
interface Wish {
  readonly file: string
  readonly user: string
  readonly hash: Hash
  /** In the way of mosquitto_passwd. */
  readonly isMosquittos: boolean
}

async function passwd(values: PasswdValues, terminal: Terminal): Promise<number> {
  const isMosquittos = values.passwordfile !== undefined
  const file = oneOf('--file PATH', 'password file', values.file, values.passwordfile)
  const hash = chosenHash(values, isMosquittos ? 'sha512-pbkdf2' : 'scrypt')
  checkModes(values, file)
  if (values.update) return hashAll(file, hash, values, terminal)
  const user = oneOf('--user NAME', 'user', values.user, values.username)
  checkUser(user, hash)
  return changeUser({ file, user, hash, isMosquittos }, values, terminal)
}

async function changeUser(
  { file, user, hash, isMosquittos }: Wish,
  values: PasswdValues,
  terminal: Terminal,
): Promise<number> {
  const isNew = values.create || file === '-'
  if (isMosquittos && !isNew && !existsSync(file)) throw new OperatorError(`there is no file ${file}; -c makes one`)
  // the file must be whole before anything is written into it
  const before = isNew ? noUsers : readUsers(file)
  const isKnown = before.users.has(user)
  if (values.delete) {
    if (!isKnown) throw new OperatorError(`${file} has no user ${user}`)
    await write(file, withoutUser(before.text, user))
    terminal.stdout.write(`deleted ${user} from ${file}\n`)
  } else {
    const source = { fromStdin: values['password-stdin'], given: values.batch ? values.password : undefined }
    const text = withUser(before.text, user, await credentialOf(hash, values, await passwordOf(source, terminal)))
    if (file === '-') {
      terminal.stdout.write(text)
      return exitCode.ok
    }
    await write(file, text)
    terminal.stdout.write(isKnown ? `changed ${user} in ${file}\n` : `added ${user} to ${file}\n`)
  }
  tellMore(file, before, terminal)
  return exitCode.ok
}

async function hashAll(file: string, hash: Hash, values: PasswdValues, terminal: Terminal): Promise<number> {
  const before = orOperatorError(() => secretTextOf(file))
  try {
    const hashing = (password: Uint8Array): Promise<Credential> => credentialOf(hash, values, password)
    const { text, hashed } = await withHashedPasswords(before.text, file, hashing)
    if (hashed > 0) await write(file, text)
    terminal.stdout.write(`hashed ${hashed} passwords in ${file}\n`)
  } catch (error) {
    throw asOperatorError(error)
  }
  tellMore(file, before, terminal)
  return exitCode.ok
}

function oneOf(flag: string, what: string, one: string | undefined, other: string | undefined): string {
  if (one !== undefined && other !== undefined)
    throw new UsageError(`unexpected argument: the ${what} is given already`)
  const given = one ?? other
  if (given === undefined) throw new UsageError(`passwd needs a ${what}: ${flag}`)
  return given
}

function checkUser(user: string, hash: Hash): void {
  const fault = userNameFault(user)
  if (fault !== undefined) throw new UsageError(`--user: ${fault}`)
  if (hash === 'scram' && saslPrep(user) !== user) {
    throw new UsageError('--user: SCRAM compares names in the Unicode form NFKC, and this one would never be found')
  }
}

const exclusive: readonly (readonly [keyof PasswdValues, readonly (keyof PasswdValues)[]])[] = [
  ['delete', ['password-stdin', 'scram', 'cost', 'hash', 'iterations', 'create', 'batch']],
  ['update', ['delete', 'create', 'batch', 'password-stdin', 'user', 'username']],
  ['batch', ['password-stdin']],
]

function checkModes(values: PasswdValues, file: string): void {
  for (const [mode, others] of exclusive) {
    const other = values[mode] ? others.find((name) => values[name] !== undefined && values[name] !== false) : undefined
    if (other !== undefined) throw new UsageError(`--${mode} and --${other} exclude each other`)
  }
  if (values.password !== undefined && !values.batch) {
    throw new UsageError('unexpected argument behind the user: a password is one only with -b')
  }
  if (values.batch && values.password === undefined) throw new UsageError('-b needs the password behind the user')
  if (file === '-' && (values.delete || values.update)) throw new UsageError('- is stdout: nothing stands in it yet')
}

interface Before {
  readonly text: string
  readonly wasPublic: boolean
}

const noUsers: Before & { readonly users: ReadonlyMap<string, Credential> } = {
  text: '',
  users: new Map(),
  wasPublic: false,
}

/** Also of a file that only Mosquitto 2.0 takes: a user may stand in it twice. */
function readUsers(file: string): typeof noUsers {
  if (!existsSync(file)) return noUsers
  return orOperatorError(() => {
    const before = secretTextOf(file)
    return { ...before, users: parsePasswordFile(before.text, file, { mosquittoVersion: '2.0' }) }
  })
}

function secretTextOf(file: string): Before {
  const { text, warnings } = readSecretFile(file)
  return { text, wasPublic: warnings.length > 0 }
}

function orOperatorError<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw asOperatorError(error)
  }
}

function asOperatorError(error: unknown): unknown {
  return error instanceof AuthFileError ? new OperatorError(error.message) : error
}

async function write(file: string, text: string): Promise<void> {
  try {
    await replaceFile(file, text)
  } catch (error) {
    throw new OperatorError(`cannot write ${file}: ${(error as Error).message}`)
  }
}

function tellMore(file: string, { wasPublic }: Before, { stdout, stderr }: Terminal): void {
  stdout.write('a running broker takes it over on SIGHUP\n')
  if (wasPublic) stderr.write(`warning: ${file} could be read by everybody; its mode is 600 now\n`)
}
