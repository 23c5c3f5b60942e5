import { AclAuthorizer } from '../auth/acl-authorizer.ts'
import { parseAclFile } from '../auth/acl-file.ts'
import { Acl } from '../auth/acl.ts'
import { parsePasswordFile } from '../auth/password-file.ts'
import { RightsAuthorizer } from '../auth/rights-authorizer.ts'
import { Rights } from '../auth/rights.ts'
import { readSecretFile } from '../auth/secret-file.ts'
import type { Credentials } from '../auth/standard-authenticator.ts'
import type { Authorizer } from '../contracts/authorizer.ts'
import type { AccessSettings, Settings } from '../settings/settings.ts'
import type { Findings } from './findings.ts'
import { accessNameOf } from './listener-rules.ts'

/** Who may come in and what they may do, read and checked. */
export interface Access {
  /** By user name; undefined where no passwords are configured. */
  readonly credentials: Credentials
  readonly authorizer: Authorizer
  /** The ACL file as it stands; undefined without one. */
  readonly aclText: string | undefined
}

export interface WholeAccess extends Access {
  /** Of listeners that have users and rights of their own, by `ListenerRules.access`. */
  readonly ofListeners: ReadonlyMap<string, Access>
}

type Path = readonly (string | number)[]

/** Reads password files and ACL files, and takes the rules of rights apart. */
export function prepareAccess(settings: Settings, findings: Findings): WholeAccess {
  const { authentication, rights, aclFile, mosquittoVersion: version, listeners } = settings
  const ofListeners = new Map<string, Access>()
  for (const [index, listener] of listeners.entries()) {
    const name = accessNameOf(listener, index)
    const path = ['listeners', index, 'access']
    if (name !== undefined) ofListeners.set(name, readAccess(listener.access ?? {}, path, path, version, findings))
  }
  const { passwordFile } = authentication
  const common = readAccess({ passwordFile, aclFile }, ['authentication'], [], version, findings)
  if (rights === undefined) return { ...common, ofListeners }
  if (aclFile !== undefined) findings.attempt(['aclFile'], refuseBoth)
  const own = findings.attempt(['rights'], () => new Rights(rights))
  return { ...common, authorizer: new RightsAuthorizer(own), ofListeners }
}

function readAccess(
  { passwordFile, aclFile }: AccessSettings,
  passwordPath: Path,
  aclPath: Path,
  version: Settings['mosquittoVersion'],
  findings: Findings,
): Access {
  const credentials = findings.attempt([...passwordPath, 'passwordFile'], () =>
    passwordFile === undefined ? undefined : readPasswords(passwordFile, version, findings),
  )
  const acl = findings.attempt([...aclPath, 'aclFile'], () =>
    aclFile === undefined ? undefined : readAcl(aclFile, version, findings),
  )
  return { credentials, authorizer: acl?.authorizer ?? new RightsAuthorizer(undefined), aclText: acl?.aclText }
}

function readPasswords(path: string, mosquittoVersion: Settings['mosquittoVersion'], findings: Findings): Credentials {
  const { text, warnings } = readSecretFile(path)
  for (const warning of warnings) findings.warn(warning)
  return parsePasswordFile(text, path, { mosquittoVersion, warn: (warning) => findings.warn(warning) })
}

/** Who may not write it may well read it: it holds no secrets. */
function readAcl(
  path: string,
  version: Settings['mosquittoVersion'],
  findings: Findings,
): Pick<Access, 'authorizer' | 'aclText'> {
  const { text } = readSecretFile(path)
  const lines = parseAclFile(text, path, version, (warning) => findings.warn(warning))
  return { authorizer: new AclAuthorizer(new Acl(lines, version)), aclText: text }
}

function refuseBoth(): never {
  throw new Error('an ACL file is in the place of rights; leave one of them out')
}
