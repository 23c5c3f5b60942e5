import { isDeepStrictEqual } from 'node:util'
import type { ClientInfo } from '../contracts/events.ts'
import type { ListenerAddress } from '../contracts/listener.ts'
import type { Prepared, PreparedListener } from './prepared.ts'

/** Whether who was about to come in might not be let in any more: other users, certificates, or doors closed. */
export function isAccessChanged(before: Prepared, after: Prepared): boolean {
  if (!isDeepStrictEqual(usersOf(before), usersOf(after))) return true
  const doors = new Map(after.listeners.map((listener) => [placeOf(listener), listener]))
  return before.listeners.some((old) => {
    const now = doors.get(placeOf(old))
    if (now === undefined) return false // whoever came in there has come in
    return now.tls?.fingerprint !== old.tls?.fingerprint || now.allowsAnonymous !== old.allowsAnonymous
  })
}

/** Listeners as they were and as they are, by the names that clients know of theirs. */
interface Doors {
  readonly wereOpen: ReadonlySet<string>
  readonly areOpen: ReadonlySet<string>
  readonly addresses: readonly ListenerAddress[]
}

/** Taken out of the password file, or anonymous where that is no longer allowed. Certificates speak for themselves. */
export function isShutOut({ user, peer }: ClientInfo, before: Prepared, after: Prepared, doors: Doors): boolean {
  const { certificateUser, listener } = peer
  if (user !== undefined && user === certificateUser) return false
  if (user !== undefined) {
    return before.access.credentials?.has(user) === true && after.access.credentials?.has(user) !== true
  }
  const isStillThere = doors.addresses.some(({ url }) => url === listener)
  return doors.wereOpen.has(listener) && isStillThere && !doors.areOpen.has(listener)
}

function usersOf({ access }: Prepared): readonly (readonly [user: string, credential: string])[] {
  return [...(access.credentials ?? [])].map(([user, credential]) => [user, credential.format()])
}

function placeOf({ settings }: PreparedListener): string {
  return settings.kind === 'unix' ? settings.path : `${settings.kind} ${settings.host}:${settings.port}`
}
