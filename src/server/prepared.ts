import { statSync } from 'node:fs'
import type { ListenerRules } from '../contracts/listener.ts'
import { allowsAnonymous } from '../settings/reach.ts'
import { settingsDifference } from '../settings/difference.ts'
import type { ListenerSettings, Settings } from '../settings/settings.ts'
import { type Access, prepareAccess, type WholeAccess } from './access.ts'
import { Findings } from './findings.ts'
import { rulesOf } from './listener-rules.ts'
import { prepareStorage, refuseStorageChange, type StorageTerms } from './storage-terms.ts'
import { type PreparedTls, prepareTls } from './tls-files.ts'

export interface PreparedListener {
  readonly settings: ListenerSettings
  readonly tls: PreparedTls | undefined
  readonly allowsAnonymous: boolean
  readonly rules: ListenerRules | undefined
}

/** Settings with everything they name read and checked: nothing that can still be wrong, but for taken ports. */
export interface Prepared {
  readonly settings: Settings
  readonly access: WholeAccess
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
    findings.attempt(['listeners', index], () => refuseContradictions(listener))
    const tls = 'tls' in listener && listener.tls !== undefined ? listener.tls : undefined
    return {
      settings: listener,
      tls: tls && findings.attempt(['listeners', index, 'tls'], () => prepareTls(tls, timeoutMs, nowMs, findings)),
      allowsAnonymous: allowsAnonymous(listener),
      rules: rulesOf(listener, index),
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

/** What goes only with something else, and a directory that must be there. */
function refuseContradictions(listener: ListenerSettings): void {
  if (listener.kind === 'unix') return
  const { proxyProtocol = false, proxyRequiresTls = false, proxyCertificateUser = false, tls } = listener
  if (proxyRequiresTls && (proxyProtocol === false || proxyProtocol === 1)) {
    throw new Error('proxyRequiresTls needs proxyProtocol 2: version 1 does not say how the client came')
  }
  if (proxyCertificateUser && (proxyProtocol === false || proxyProtocol === 1)) {
    throw new Error('proxyCertificateUser needs proxyProtocol 2: version 1 names no certificates')
  }
  if (proxyCertificateUser && tls !== undefined) {
    throw new Error('proxyCertificateUser is for clients whose TLS ends at the proxy: leave out tls')
  }
  const directory = listener.kind === 'websocket' ? listener.httpDirectory : undefined
  if (directory !== undefined && statSync(directory, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw new Error(`httpDirectory ${directory} is no directory`)
  }
}

/** What is different now, a line each, contents of files included. */
export function preparedDifference(before: Prepared, after: Prepared): string[] {
  const changes = settingsDifference(before.settings, after.settings)
  changes.push(...accessDifference('authentication.passwordFile', 'aclFile', before.access, after.access))
  for (const [index, { rules }] of after.listeners.entries()) {
    const [old, now] = [before, after].map(({ access }) => access.ofListeners.get(rules?.access ?? ''))
    const path = `listeners[${index}].access`
    if (old && now) changes.push(...accessDifference(`${path}.passwordFile`, `${path}.aclFile`, old, now))
  }
  for (const [index, { tls }] of after.listeners.entries()) {
    const old = before.listeners[index]?.tls
    if (tls !== undefined && old !== undefined && tls.fingerprint !== old.fingerprint) {
      changes.push(`listeners[${index}].tls: other certificates (${tls.description})`)
    }
  }
  return changes
}

function accessDifference(passwordFile: string, aclFile: string, before: Access, after: Access): string[] {
  const changes: string[] = []
  const [users, others] = [before.credentials, after.credentials]
  if (users !== undefined && others !== undefined) {
    const added = [...others.keys()].filter((user) => !users.has(user)).length
    const removed = [...users.keys()].filter((user) => !others.has(user)).length
    const changed = [...others].filter(([user, credential]) => {
      const old = users.get(user)
      return old !== undefined && old.format() !== credential.format()
    }).length
    if (added + removed + changed > 0) {
      changes.push(`${passwordFile}: ${added} users added, ${removed} removed, ${changed} with another password`)
    }
  }
  const [rules, otherRules] = [before.aclText, after.aclText]
  if (rules !== undefined && otherRules !== undefined && rules !== otherRules) changes.push(`${aclFile}: other rules`)
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
function isClosed({ tls, rules, ...listener }: PreparedListener, access: WholeAccess): boolean {
  const { credentials } = (rules?.access === undefined ? undefined : access.ofListeners.get(rules.access)) ?? access
  if (listener.allowsAnonymous || credentials !== undefined) return false
  return tls === undefined || tls.terms.certificateUser === 'none'
}

function closedDoorText({ settings }: PreparedListener): string {
  const place = settings.kind === 'unix' ? settings.path : `${inAddress(settings.host)}:${settings.port}`
  return (
    `nobody can log in at ${place}: anonymous clients are refused there and there are no users; ` +
    'set authentication.passwordFile, or allowAnonymous: true for a listener that is open to all'
  )
}

function inAddress(host = '127.0.0.1'): string {
  return host.includes(':') ? `[${host}]` : host
}
