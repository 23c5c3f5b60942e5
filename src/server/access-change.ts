import { isDeepStrictEqual } from 'node:util'
import type { Credentials } from '../auth/standard-authenticator.ts'
import type { ClientInfo } from '../contracts/events.ts'
import type { ListenerAddress } from '../contracts/listener.ts'
import type { Prepared, PreparedListener } from './prepared.ts'

/** Whether who was about to come in might not be let in any more: other users, certificates, or doors closed. */
export function isAccessChanged(before: Prepared, after: Prepared): boolean {
  if (!isDeepStrictEqual(usersOf(before), usersOf(after))) return true
  const doors = new Map(after.listeners.map((listener) => [placeOf(listener), listener]))
  return before.listeners.some((old) => {
    const now = doors.get(placeOf(old))
    if (now?.rules?.access !== old.rules?.access) return true
    if (now === undefined) return false // whoever came in there has come in
    return now.tls?.fingerprint !== old.tls?.fingerprint || now.allowsAnonymous !== old.allowsAnonymous
  })
}

/** Listeners as they were and as they are, by the names that clients know of theirs. */
export interface Doors {
  readonly wereOpen: ReadonlySet<string>
  readonly areOpen: ReadonlySet<string>
  readonly addresses: readonly ListenerAddress[]
  /** `ListenerRules.access` of those that are. */
  readonly access: ReadonlyMap<string, string | undefined>
}

/**
 * Taken out of the password file, or in it with another line; anonymous where that is no longer allowed; or at a
 * listener whose users were those for all and are its own now, or the other way round.
 */
export function isShutOut(client: ClientInfo, before: Prepared, after: Prepared, doors: Doors): boolean {
  const { listener, rules } = client.peer
  if (rules?.access !== doors.access.get(listener)) return true
  const isStillThere = doors.addresses.some(({ url }) => url === listener)
  const isClosed = doors.wereOpen.has(listener) && isStillThere && !doors.areOpen.has(listener)
  if (isKeyGone(client, after, doors)) return true
  return client.user === undefined ? isClosed : isUserShutOut(client, before, after, isClosed)
}

/** Of who came in by a shared key that named the user. */
function isKeyGone({ user, peer }: ClientInfo, after: Prepared, { addresses }: Doors): boolean {
  if (user === undefined || user !== peer.certificateUser) return false
  const place = addresses.findIndex(({ url }) => url === peer.listener) // in the order of the settings
  const keys = after.listeners[place]?.tls?.terms.psk?.keys
  return keys !== undefined && !keys.has(user)
}

/** Certificates speak for themselves, and hooks of the program for those who are in no file. */
function isUserShutOut({ user = '', peer }: ClientInfo, before: Prepared, after: Prepared, isClosed: boolean): boolean {
  if (user === peer.certificateUser) return false
  const [users, usersNow] = [credentialsAt(peer, before), credentialsAt(peer, after)]
  const credential = users?.get(user)
  if (credential !== undefined) return usersNow?.get(user)?.format() !== credential.format()
  const wasUnchecked = users === undefined && before.settings.authentication.acceptUncheckedUserNames
  if (!wasUnchecked) return false
  return isClosed || usersNow !== undefined || !after.settings.authentication.acceptUncheckedUserNames
}

function credentialsAt({ rules }: ClientInfo['peer'], { access }: Prepared): Credentials {
  return (rules?.access === undefined ? access : access.ofListeners.get(rules.access))?.credentials
}

function usersOf({ settings, access }: Prepared): unknown {
  return [
    settings.authentication.acceptUncheckedUserNames,
    linesOf(access.credentials),
    [...access.ofListeners].map(([name, { credentials }]) => [name, linesOf(credentials)]),
  ]
}

function linesOf(credentials: Credentials): readonly (readonly [user: string, credential: string])[] | undefined {
  return credentials && [...credentials].map(([user, credential]) => [user, credential.format()])
}

function placeOf({ settings }: PreparedListener): string {
  return settings.kind === 'unix' ? settings.path : `${settings.kind} ${settings.host}:${settings.port}`
}
