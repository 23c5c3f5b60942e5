import { allowsAnonymous } from '../settings/reach.ts'
import { settingsDifference } from '../settings/difference.ts'
import type { ListenerSettings, Settings } from '../settings/settings.ts'
import { type Access, prepareAccess } from './access.ts'
import { Findings } from './findings.ts'
import { prepareStorage, refuseStorageChange, type StorageTerms } from './storage-terms.ts'
import { type PreparedTls, prepareTls } from './tls-files.ts'

export interface PreparedListener {
  readonly settings: ListenerSettings
  readonly tls: PreparedTls | undefined
  readonly allowsAnonymous: boolean
}

/** Settings with everything they name read and checked: nothing that can still be wrong, but for taken ports. */
export interface Prepared {
  readonly settings: Settings
  readonly access: Access
  readonly listeners: readonly PreparedListener[]
  readonly storage: StorageTerms
  /** Sentences for the log. */
  readonly warnings: readonly string[]
  /** The same, of listeners that nobody gets in at unless the program has logins of its own. */
  readonly closedDoors: readonly string[]
}

/** Throws SettingsError with everything that is wrong, also with what cannot follow on `before`. Opens nothing. */
export function prepare(settings: Settings, nowMs: number, before?: Prepared): Prepared {
  const findings = new Findings()
  const access = prepareAccess(settings, findings)
  const timeoutMs = settings.limits.connectTimeoutMs
  const listeners = settings.listeners.map((listener, index): PreparedListener => {
    const tls = 'tls' in listener && listener.tls !== undefined ? listener.tls : undefined
    return {
      settings: listener,
      tls: tls && findings.attempt(['listeners', index, 'tls'], () => prepareTls(tls, timeoutMs, nowMs, findings)),
      allowsAnonymous: allowsAnonymous(listener),
    }
  })
  const known = findings.count
  const storage = prepareStorage(settings, findings)
  // of settings that are wrong nobody knows what they would move
  if (before !== undefined && findings.count === known) refuseStorageChange(before.storage, storage, findings)
  findings.attempt(['listeners'], () => refuseTwins(settings.listeners))
  findings.refuseFaults()
  const closedDoors = listeners.flatMap((listener) => (isClosed(listener, access) ? [closedDoorText(listener)] : []))
  return { settings, access, listeners, storage, warnings: findings.warnings, closedDoors }
}

/** What is different now, a line each, contents of files included. */
export function preparedDifference(before: Prepared, after: Prepared): string[] {
  const changes = settingsDifference(before.settings, after.settings)
  const [users, others] = [before.access.credentials, after.access.credentials]
  if (users !== undefined && others !== undefined) {
    const added = [...others.keys()].filter((user) => !users.has(user)).length
    const removed = [...users.keys()].filter((user) => !others.has(user)).length
    const changed = [...others].filter(([user, credential]) => {
      const old = users.get(user)
      return old !== undefined && old.format() !== credential.format()
    }).length
    if (added + removed + changed > 0) {
      changes.push(
        `authentication.passwordFile: ${added} users added, ${removed} removed, ${changed} with another password`,
      )
    }
  }
  for (const [index, { tls }] of after.listeners.entries()) {
    const old = before.listeners[index]?.tls
    if (tls !== undefined && old !== undefined && tls.fingerprint !== old.fingerprint) {
      changes.push(`listeners[${index}].tls: other certificates (${tls.description})`)
    }
  }
  return changes
}

function refuseTwins(listeners: readonly ListenerSettings[]): void {
  const seen = new Set<string>()
  for (const listener of listeners) {
    if (listener.kind !== 'unix' && listener.port === 0) continue
    const place = listener.kind === 'unix' ? listener.path : `${listener.host}:${listener.port}`
    if (seen.has(place)) throw new Error(`two listeners are at ${place}; give one of them another port`)
    seen.add(place)
  }
}

/** A listener that nobody can get in at is most likely a mistake. */
function isClosed({ tls, ...listener }: PreparedListener, access: Access): boolean {
  if (listener.allowsAnonymous || access.credentials !== undefined) return false
  return tls === undefined || tls.terms.certificateUser === 'none'
}

function closedDoorText({ settings }: PreparedListener): string {
  const place = settings.kind === 'unix' ? settings.path : `${settings.host}:${settings.port}`
  return (
    `nobody can log in at ${place}: anonymous clients are refused there and there are no users; ` +
    'set authentication.passwordFile, or allowAnonymous: true for a listener that is open to all'
  )
}
