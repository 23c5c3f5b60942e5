import { parsePasswordFile } from '../auth/password-file.ts'
import type { Credential } from '../auth/credential.ts'
import { Rights } from '../auth/rights.ts'
import { readSecretFile } from '../auth/secret-file.ts'
import type { Settings } from '../settings/settings.ts'
import type { Findings } from './findings.ts'

/** Who may come in and what they may do, read and checked. */
export interface Access {
  /** By user name; undefined where no passwords are configured. */
  readonly credentials: ReadonlyMap<string, Credential> | undefined
  /** undefined lets everybody do everything. */
  readonly rights: Rights | undefined
}

/** Reads the password file and takes the rules of rights apart. */
export function prepareAccess({ authentication, rights }: Settings, findings: Findings): Access {
  const { passwordFile } = authentication
  return {
    credentials: findings.attempt(['authentication', 'passwordFile'], () => {
      if (passwordFile === undefined) return undefined
      const { text, warnings } = readSecretFile(passwordFile)
      for (const warning of warnings) findings.warn(warning)
      return parsePasswordFile(text, passwordFile)
    }),
    rights: findings.attempt(['rights'], () => (rights === undefined ? undefined : new Rights(rights))),
  }
}
