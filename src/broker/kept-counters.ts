import { type Counters, type DropReason, dropReasons } from '../contracts/statistics.ts'

/** Counters that outlive the process, under the names the store has them by. */
export function keptCounters({ sessionsMaximum, sessionsExpired, drops }: Counters): Readonly<Record<string, number>> {
  const dropped = Object.entries(drops).map(([reason, count]) => [`${DROPPED}${reason}`, count])
  return { sessionsMaximum, sessionsExpired, ...Object.fromEntries(dropped) }
}

/** What was counted before the restart is added; sessions found count as they are found. */
export function restoreCounters(counters: Counters, kept: Readonly<Record<string, number>>): void {
  counters.sessionsMaximum = Math.max(counters.sessionsMaximum, kept['sessionsMaximum'] ?? 0)
  counters.sessionsExpired += kept['sessionsExpired'] ?? 0
  for (const reason of dropReasons) counters.drops[reason as DropReason] += kept[`${DROPPED}${reason}`] ?? 0
}

const DROPPED = 'dropped.'
