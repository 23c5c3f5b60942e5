import { isDeepStrictEqual } from 'node:util'
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

function usersOf({ access }: Prepared): readonly (readonly [user: string, credential: string])[] {
  return [...(access.credentials ?? [])].map(([user, credential]) => [user, credential.format()])
}

function placeOf({ settings }: PreparedListener): string {
  return settings.kind === 'unix' ? settings.path : `${settings.kind} ${settings.host}:${settings.port}`
}
