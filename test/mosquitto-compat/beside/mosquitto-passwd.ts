import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** What Debian's mosquitto_passwd makes of users and their passwords. */
export function passwordFile(users: Readonly<Record<string, string>>): string {
  const directory = mkdtempSync(join(tmpdir(), 'topiary-passwords-'))
  const file = join(directory, 'passwd')
  for (const [index, [user, password]] of Object.entries(users).entries()) {
    execFileSync('mosquitto_passwd', [...(index === 0 ? ['-c'] : []), '-b', file, user, password])
  }
  const text = readFileSync(file, 'utf8')
  rmSync(directory, { recursive: true })
  return text
}
