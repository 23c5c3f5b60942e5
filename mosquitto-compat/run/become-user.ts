import { readFileSync } from 'node:fs'
import { OperatorError } from '../../src/cli/cli-error.ts'

/** Whom to become when the conf does not say. */
const usualUser = 'mosquitto'

interface Account {
  readonly name: string
  readonly uid: number
  readonly gid: number
}

/**
 * Gives up the rights of root for those of a user, as Mosquitto does before it reads passwords and keys. Where the
 * usual user is not there, `nobody` is taken. Does nothing for those who are not root. Returns a sentence to log, if any.
 * Throws when the user is unknown.
 */
export function becomeUser(name: string, env: Readonly<Record<string, string | undefined>>): string[] {
  if (process.getuid?.() !== 0) return []
  if (name === 'root') return ['Mosquitto should not be run as root/administrator.']
  const found = accountOf(name) ?? (name === usualUser ? accountOf('nobody') : undefined)
  if (found === undefined) {
    throw new OperatorError(`Invalid user '${name}': there is no such account; set user in the conf.`)
  }
  const account = {
    ...found,
    uid: numberIn(env['PUID']) ?? found.uid,
    gid: numberIn(env['PGID']) ?? found.gid,
  }
  process.setgroups?.(groupsOf(account))
  process.setgid?.(account.gid)
  process.setuid?.(account.uid)
  return []
}

/** All that it belongs to: its own, and those that list it. */
function groupsOf({ name, gid }: Account): number[] {
  const listed = readFileSync('/etc/group', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .filter(([, , , members = '']) => members.split(',').includes(name))
    .map(([, , group]) => Number(group))
  return [gid, ...listed]
}

function accountOf(wanted: string): Account | undefined {
  for (const line of readFileSync('/etc/passwd', 'utf8').split('\n')) {
    const [name = '', , uid, gid] = line.split(':')
    if (name === wanted) return { name, uid: Number(uid), gid: Number(gid) }
  }
  return undefined
}

function numberIn(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined
}
