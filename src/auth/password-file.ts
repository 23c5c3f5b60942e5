import type { Argon2Engine } from './argon2-engine.ts'
import { Argon2Credential } from './argon2-credential.ts'
import { AuthFileError } from './auth-file-error.ts'
import type { Credential } from './credential.ts'
import { Pbkdf2Credential } from './pbkdf2-credential.ts'
import { ScramCredential } from './scram-credential.ts'
import { ScryptCredential } from './scrypt-credential.ts'
import { Sha512Credential } from './sha512-credential.ts'
import { trimBlanks } from './trim-blanks.ts'

export interface PasswordFileTerms {
  /** A user on two lines is a fault in 2.1; in 2.0 the first line counts. Default 2.1. */
  readonly mosquittoVersion?: '2.0' | '2.1'
  /** Takes a sentence that begins with `FILE:LINE: `. */
  readonly warn?: (warning: string) => void
  readonly findArgon2?: () => Argon2Engine | undefined
}

type ParseCredential = (text: string, findArgon2?: () => Argon2Engine | undefined) => Credential | string

/** The forms a credential may have, told apart by how they begin. The last three are Mosquitto's. */
const forms: readonly { readonly prefix: string; readonly parse: ParseCredential }[] = [
  { prefix: '$scrypt$', parse: ScryptCredential.parse },
  { prefix: 'SCRAM-SHA-256$', parse: ScramCredential.parse },
  { prefix: '$argon2id$', parse: Argon2Credential.parse },
  { prefix: '$7$', parse: Pbkdf2Credential.parse },
  { prefix: '$6$', parse: Sha512Credential.parse },
]

/**
 * Users and their credentials: a line `user:credential` for each; empty lines and lines that begin with `#` say
 * nothing. Throws an AuthFileError that begins with `FILE:LINE: ` and never quotes a credential.
 */
export function parsePasswordFile(
  text: string,
  fileName: string,
  { mosquittoVersion = '2.1', warn = unheard, findArgon2 }: PasswordFileTerms = {},
): ReadonlyMap<string, Credential> {
  const credentials = new Map<string, Credential>()
  const lineNumbers = new Map<string, number>()
  for (const [index, line] of text.split('\n').entries()) {
    if (isSilent(line)) continue
    const place = `${fileName}:${index + 1}`
    const fail = (fault: string): never => {
      throw new AuthFileError(`${place}: ${fault}`)
    }
    const user = userOf(line)
    if (user === undefined) {
      warn(`${place}: skipped, it has no colon: expected user:credential`) // Mosquitto starts with such a line
      continue
    }
    const fault = userNameFault(user)
    if (fault !== undefined) return fail(fault)
    const credential = parseCredential(trimBlanks(line.slice(line.indexOf(':') + 1)), fileName, findArgon2)
    if (typeof credential === 'string') return fail(credential)
    if (credentials.has(user)) {
      const already = `the user ${user} is already on line ${lineNumbers.get(user)}`
      if (mosquittoVersion === '2.1') return fail(already)
      warn(`${place}: skipped, ${already}`)
      continue
    }
    credentials.set(user, credential)
    lineNumbers.set(user, index + 1)
  }
  return credentials
}

/** Why `user` cannot stand in a password file. */
export function userNameFault(user: string): string | undefined {
  if (user === '') return 'the user name is empty'
  if (user.includes(':')) return 'a user name has no colon'
  if (/[\p{Cc}\uFEFF]/u.test(user)) return 'a user name has no control characters and no byte order mark'
  if (user.startsWith('#')) return 'a user name does not begin with #'
  if (user !== user.trim()) return 'a user name has no spaces at its ends'
  return Buffer.byteLength(user) <= 65_535 ? undefined : 'a user name has at most 65,535 bytes'
}

/** `text` with the line of `user` replaced, or with a new last line. Everything else stays as it is. */
export function withUser(text: string, user: string, credential: Credential): string {
  const lines = text.split('\n')
  const index = lines.findIndex((line) => userOf(line) === user)
  const line = `${user}:${credential.format()}`
  if (index === -1) return `${text}${text === '' || text.endsWith('\n') ? '' : '\n'}${line}\n`
  lines[index] = lines[index]?.endsWith('\r') ? `${line}\r` : line
  return lines.join('\n')
}

/** `text` without the line of `user`. */
export function withoutUser(text: string, user: string): string {
  return text
    .split('\n')
    .filter((line) => userOf(line) !== user)
    .join('\n')
}

/**
 * `text` with the passwords that stand in it as they are hashed; what is a credential already stays. Throws an
 * AuthFileError for lines that are neither.
 */
export async function withHashedPasswords(
  text: string,
  fileName: string,
  hash: (password: Uint8Array) => Promise<Credential>,
): Promise<{ readonly text: string; readonly hashed: number }> {
  const lines = text.split('\n')
  let hashed = 0
  for (const [index, line] of lines.entries()) {
    if (isSilent(line)) continue
    const user = userOf(line)
    const fault = user === undefined ? 'expected user:password' : userNameFault(user)
    if (fault !== undefined) throw new AuthFileError(`${fileName}:${index + 1}: ${fault}`)
    const password = trimBlanks(line.slice(line.indexOf(':') + 1))
    if (password === '') throw new AuthFileError(`${fileName}:${index + 1}: the password is empty`)
    if (
      forms.some(({ prefix, parse }) => password.startsWith(prefix) && typeof parse(password, anyEngine) !== 'string')
    )
      continue
    lines[index] = `${user}:${(await hash(Buffer.from(password))).format()}${line.endsWith('\r') ? '\r' : ''}`
    hashed += 1
  }
  return { text: lines.join('\n'), hashed }
}

function parseCredential(
  text: string,
  fileName: string,
  findArgon2: PasswordFileTerms['findArgon2'],
): Credential | string {
  const form = forms.find(({ prefix }) => text.startsWith(prefix))
  if (form !== undefined) return form.parse(text, findArgon2)
  return (
    'this is no hash of a password; where the file holds passwords as they are, ' +
    `hash them in place with topiary passwd -U ${fileName}`
  )
}

function isSilent(line: string): boolean {
  const text = trimBlanks(line)
  return text === '' || text.startsWith('#')
}

/** What stands before the first colon. */
function userOf(line: string): string | undefined {
  const colon = line.indexOf(':')
  return colon === -1 ? undefined : trimBlanks(line.slice(0, colon))
}

function unheard(): void {}

/** For telling what a line is, which needs nobody to compute. */
function anyEngine(): Argon2Engine {
  return { packagePath: undefined }
}
