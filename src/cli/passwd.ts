import { existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { buffer } from 'node:stream/consumers'
import { PassThrough, type Readable } from 'node:stream'
import { AuthFileError } from '../auth/auth-file-error.ts'
import type { Credential } from '../auth/credential.ts'
import { parsePasswordFile, userNameFault, withoutUser, withUser } from '../auth/password-file.ts'
import { replaceFile } from '../auth/replace-file.ts'
import { saslPrep } from '../auth/sasl-prep.ts'
import { ScramCredential, scramIterations } from '../auth/scram-credential.ts'
import { ScryptCredential, scryptCost } from '../auth/scrypt-credential.ts'
import { readSecretFile } from '../auth/secret-file.ts'
import { maximumPasswordBytes } from '../auth/standard-authenticator.ts'
import { exitCode, OperatorError, UsageError } from './cli-error.ts'
import { defineCommand } from './command.ts'
import type { FlagTable, FlagValues } from './flags.ts'
import type { Terminal } from './terminal.ts'

const userFlags = {
  file: { kind: 'text', value: 'PATH', help: 'password file; made when there is none (required)' },
  user: { kind: 'text', value: 'NAME', help: 'user to add or change (required)' },
  delete: { kind: 'switch', help: 'remove the user' },
  'password-stdin': { kind: 'switch', help: 'read the password from stdin: one line' },
} as const satisfies FlagTable

const hashFlags = {
  cost: {
    kind: 'integer',
    value: 'LN',
    ...bounds(scryptCost),
    help: `scrypt: work doubles with each (default ${scryptCost.default})`,
  },
  scram: { kind: 'switch', help: 'keep keys for SCRAM-SHA-256; plain logins work with them too' },
  iterations: {
    kind: 'integer',
    value: 'N',
    ...bounds(scramIterations),
    help: `SCRAM iterations (default ${scramIterations.default})`,
  },
} as const satisfies FlagTable

const passwdFlags = { ...userFlags, ...hashFlags }
type PasswdValues = FlagValues<typeof passwdFlags>

export const passwdCommand = defineCommand(
  {
    name: 'passwd',
    summary: 'Add, change and remove users of a password file',
    usage: 'passwd --file PATH --user NAME [flags]',
    sections: [
      { title: 'User', flags: userFlags },
      { title: 'Hash', flags: hashFlags },
    ],
    examples: [
      'topiary passwd --file users.passwd --user ada',
      'topiary passwd --file users.passwd --user ada --scram --password-stdin < password.txt',
      'topiary passwd --file users.passwd --user ada --delete',
    ],
    notes: [
      'The password is asked for twice and not shown; it is never an argument, where others could see it.',
      'A running broker takes the file over on SIGHUP.',
      'Exit codes: 0 the file was written; 1 it was not; 2 wrong flags.',
    ],
  },
  passwdFlags,
  passwd,
)

async function passwd(values: PasswdValues, terminal: Terminal): Promise<number> {
  const { file, user } = namesOf(values)
  checkHashFlags(values)
  const before = readUsers(file)
  const isKnown = before.users.has(user)
  if (values.delete) {
    if (!isKnown) throw new OperatorError(`${file} has no user ${user}`)
    await write(file, withoutUser(before.text, user))
    terminal.stdout.write(`deleted ${user} from ${file}\n`)
  } else {
    const credential = await credentialOf(values, await passwordOf(values, terminal))
    await write(file, withUser(before.text, user, credential))
    terminal.stdout.write(isKnown ? `changed ${user} in ${file}\n` : `added ${user} to ${file}\n`)
  }
  terminal.stdout.write('a running broker takes it over on SIGHUP\n')
  if (before.wasPublic) terminal.stderr.write(`warning: ${file} could be read by everybody; its mode is 600 now\n`)
  return exitCode.ok
}

function namesOf({ file, user, scram }: PasswdValues): { file: string; user: string } {
  if (file === undefined) throw new UsageError('passwd needs a password file: --file PATH')
  if (user === undefined) throw new UsageError('passwd needs a user: --user NAME')
  const fault = userNameFault(user)
  if (fault !== undefined) throw new UsageError(`--user: ${fault}`)
  if (scram && saslPrep(user) !== user) {
    throw new UsageError('--user: SCRAM compares names in the Unicode form NFKC, and this one would never be found')
  }
  return { file, user }
}

function checkHashFlags(values: PasswdValues): void {
  if (values.scram && values.cost !== undefined) {
    throw new UsageError('--cost is for scrypt; with --scram use --iterations')
  }
  if (!values.scram && values.iterations !== undefined) throw new UsageError('--iterations needs --scram')
  if (!values.delete) return
  const other = (['password-stdin', 'scram', 'cost'] as const).find((name) => values[name])
  if (other !== undefined) throw new UsageError(`--delete and --${other} exclude each other`)
}

/** The file must be whole before anything is written into it. */
function readUsers(file: string): { text: string; users: ReadonlyMap<string, Credential>; wasPublic: boolean } {
  if (!existsSync(file)) return { text: '', users: new Map(), wasPublic: false }
  try {
    const { text, warnings } = readSecretFile(file)
    return { text, users: parsePasswordFile(text, file), wasPublic: warnings.length > 0 }
  } catch (error) {
    if (error instanceof AuthFileError) throw new OperatorError(error.message)
    throw error
  }
}

async function credentialOf({ scram, iterations, cost }: PasswdValues, password: Buffer): Promise<Credential> {
  if (!scram) return ScryptCredential.create(password, cost)
  const credential = await ScramCredential.create(password, iterations)
  if (credential !== undefined) return credential
  throw new OperatorError('a SCRAM password is UTF-8 text without control characters; choose another password')
}

async function passwordOf(values: PasswdValues, { stdin, stderr }: Terminal): Promise<Buffer> {
  if (!values['password-stdin'] && !isTerminal(stdin)) {
    throw new UsageError('stdin is no terminal to ask at; pass the password with --password-stdin')
  }
  const password = values['password-stdin'] ? withoutNewline(await buffer(stdin)) : await ask(stdin, stderr)
  if (password.length === 0) throw new OperatorError('the password is empty; nothing was written')
  if (password.includes('\n')) throw new OperatorError('the password on stdin must be one line')
  if (password.length > maximumPasswordBytes) {
    throw new OperatorError(`the password has more than ${maximumPasswordBytes} bytes; the broker would refuse it`)
  }
  return password
}

function withoutNewline(bytes: Buffer): Buffer {
  if (!bytes.subarray(-1).equals(Buffer.from('\n'))) return bytes
  return bytes.subarray(0, bytes.subarray(-2).equals(Buffer.from('\r\n')) ? -2 : -1)
}

/** Twice, without echo: readline edits the line in raw mode and draws it into nothing. */
async function ask(stdin: Readable, stderr: Terminal['stderr']): Promise<Buffer> {
  const lines = createInterface({ input: stdin, output: new PassThrough().resume(), terminal: true, historySize: 0 })
  const answers: string[] = []
  stderr.write('Password: ')
  await new Promise<void>((resolve) => {
    lines.on('line', (line) => {
      answers.push(line)
      if (answers.length === 2) lines.close()
      else stderr.write('\nThe same again: ')
    })
    lines.on('close', resolve) // also at Ctrl-C, Ctrl-D and the end of stdin
  })
  stderr.write('\n')
  const [first, second] = answers
  if (first === undefined || second === undefined) throw new OperatorError('no password was given; nothing was written')
  if (first !== second) throw new OperatorError('the two passwords differ; nothing was written')
  return Buffer.from(first)
}

function isTerminal(stdin: Readable): boolean {
  return 'isTTY' in stdin && stdin.isTTY === true
}

async function write(file: string, text: string): Promise<void> {
  try {
    await replaceFile(file, text)
  } catch (error) {
    throw new OperatorError(`cannot write ${file}: ${(error as Error).message}`)
  }
}

function bounds({ min, max }: { readonly min: number; readonly max: number }): { min: number; max: number } {
  return { min, max }
}
