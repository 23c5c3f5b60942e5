import type { ArrivalBooks, Books } from './books.ts'
import { SequenceSet } from './sequence-set.ts'

/** Messages that arrived with a number that their device never gave out. */
export function reckonInvented(books: readonly Books[]): number {
  const lasts = new Map(books.flatMap(({ streams }) => streams.map((one) => [keyOf(one), one.last] as const)))
  const arrivals = books.flatMap(({ trackers }) => trackers.flatMap((tracker) => tracker.arrivals))
  return arrivals.reduce((sum, one) => sum + inventedOf(one, lasts.get(keyOf(one)) ?? 0), 0)
}

/** Of one stream: what arrived above the last number. */
export function inventedOf(arrivals: ArrivalBooks | undefined, last: number): number {
  if (arrivals === undefined || arrivals.highest <= last) return 0
  const above = SequenceSet.from([last + 1, arrivals.highest])
  for (const bounds of [arrivals.missing, arrivals.missedAway]) above.deleteAll(SequenceSet.from(bounds))
  return above.size
}

/** Of a stream of a device. */
export function keyOf({ device, stream }: { readonly device: number; readonly stream: number }): string {
  return `${device} ${stream}`
}
