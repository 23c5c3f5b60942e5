import type { RunReport } from '../report/run-report.ts'
import { isAwayAt } from './away-windows.ts'
import type { Books, CalledWill, TrackerBooks } from './books.ts'
import type { ExpectedDelivery } from '../scenario/expected-deliveries.ts'

/** Holds the wills that subscribers saw against the connections that ended without a DISCONNECT. */
export function reckonWills(deliveries: readonly ExpectedDelivery[], books: readonly Books[]): RunReport['wills'] {
  const sent = new Map(books.flatMap(({ wills }) => wills.map((one) => [one.device, one] as const)))
  const sum = { expected: 0, seen: 0, missing: 0, unexpected: 0, unconfirmed: 0 }
  for (const will of sent.values()) sum.unconfirmed += will.unconfirmed.length
  for (const tracker of books.flatMap(({ trackers }) => trackers)) {
    const { group, number, wills } = tracker
    const seenBy = new Map(wills)
    for (const { flow, subscriber, number: only, qos, receives } of deliveries) {
      if (subscriber !== group || (flow.kind !== 'will' && flow.kind !== 'ndeath')) continue
      if (only !== undefined && only !== number) continue
      for (let index = 0; index < flow.devices; index++) {
        const device = flow.firstDevice + index
        if (!receives(index)) continue
        const called = sent.get(device)?.expected ?? []
        const owed = called.filter((will) => isOwed(will, tracker, qos))
        const expected = new Set(owed.map(({ connection }) => connection))
        const possible = new Set([...(sent.get(device)?.unconfirmed ?? []), ...called.map((one) => one.connection)])
        const all = seenBy.get(device) ?? []
        const seen = new Set(all)
        sum.unexpected += all.length - seen.size // the same will once more
        sum.expected += expected.size
        for (const connection of seen) {
          if (expected.has(connection)) sum.seen++
          else if (!possible.has(connection)) sum.unexpected++
        }
        for (const connection of expected) if (!seen.has(connection)) sum.missing++
      }
    }
  }
  return sum
}

/** A subscriber without a session that was away when a will was called for need not have got it. */
function isOwed({ fromUs, toUs }: CalledWill, tracker: TrackerBooks, qos: 0 | 1 | 2): boolean {
  const { away, isPersistent, isShared, connections, connectionsAtStart } = tracker
  if (isShared || (isPersistent && qos > 0)) return true
  return connections - connectionsAtStart === away.length && !isAwayAt(away, fromUs, toUs)
}
