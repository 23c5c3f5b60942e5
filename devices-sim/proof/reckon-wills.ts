import type { RunReport } from '../report/run-report.ts'
import type { Books } from './books.ts'
import type { ExpectedDelivery } from '../scenario/expected-deliveries.ts'

/** Holds the wills that subscribers saw against the connections that ended without a DISCONNECT. */
export function reckonWills(deliveries: readonly ExpectedDelivery[], books: readonly Books[]): RunReport['wills'] {
  const sent = new Map(books.flatMap(({ wills }) => wills.map((one) => [one.device, one] as const)))
  const sum = { expected: 0, seen: 0, missing: 0, unexpected: 0, unconfirmed: 0 }
  for (const will of sent.values()) sum.unconfirmed += will.unconfirmed.length
  for (const { group, number, wills } of books.flatMap(({ trackers }) => trackers)) {
    const seenBy = new Map(wills)
    for (const { flow, subscriber, number: only, receives } of deliveries) {
      if (subscriber !== group || (flow.kind !== 'will' && flow.kind !== 'ndeath')) continue
      if (only !== undefined && only !== number) continue
      for (let index = 0; index < flow.devices; index++) {
        const device = flow.firstDevice + index
        if (!receives(index)) continue
        const expected = new Set(sent.get(device)?.expected)
        const possible = new Set(sent.get(device)?.unconfirmed)
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
