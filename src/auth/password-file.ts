import { AuthFileError } from './auth-file-error.ts'
import type { Credential } from './credential.ts'
import { ScramCredential } from './scram-credential.ts'
import { ScryptCredential } from './scrypt-credential.ts'

/** The forms a credential may have, told apart by how they begin. */
const forms: readonly { readonly prefix: string; parse(text: string): Credential | string }[] = [
  { prefix: '$scrypt$', parse: ScryptCredential.parse },
  { prefix: 'SCRAM-SHA-256$', parse: ScramCredential.parse },
]

/**
 * Users and their credentials: a line `user:credential` for each; empty lines and lines that begin with `#` say
 * nothing. Throws an AuthFileError that begins with `FILE:LINE: ` and never quotes a credential.
 */
export function parsePasswordFile(text: string, fileName: string): ReadonlyMap<string, Credential> {
  const credentials = new Map<string, Credential>()
  const lineNumbers = new Map<string, number>()
  for (const [index, line] of linesOf(text).entries()) {
    if (isSilent(line)) continue
    const fail = (fault: string): never => {
      throw new AuthFileError(`${fileName}:${index + 1}: ${fault}`)
    }
    const user = userOf(line)
    if (user === undefined) return fail('expected user:credential; write such lines with topiary passwd')
    const fault = userNameFault(user)
    if (fault !== undefined) return fail(fault)
    if (credentials.has(user)) return fail(`the user ${user} is already on line ${lineNumbers.get(user)}`)
    const credential = parseCredential(line.slice(user.length + 1))
    if (typeof credential === 'string') return fail(credential)
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
  return user === user.trim() ? undefined : 'a user name has no spaces at its ends'
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

function parseCredential(text: string): Credential | string {
  const form = forms.find(({ prefix }) => text.startsWith(prefix))
  if (form !== undefined) return form.parse(text)
  return `expected a credential that begins with ${forms.map(({ prefix }) => prefix).join(' or ')}; topiary passwd writes one`
}

function linesOf(text: string): string[] {
  return text.split('\n').map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line))
}

function isSilent(line: string): boolean {
  return line.startsWith('#') || line.trim() === ''
}

/** What stands before the first colon. */
function userOf(line: string): string | undefined {
  const colon = line.indexOf(':')
  return colon === -1 ? undefined : line.slice(0, colon)
}
