import type { Delivery } from '../report/run-report.ts'
import type { ArrivalBooks, Books, StreamBooks, TrackerBooks } from './books.ts'
import type { ExpectedDelivery } from '../scenario/expected-deliveries.ts'
import { isAwayAt } from './away-windows.ts'
import { inventedOf, keyOf } from './reckon-invented.ts'
import { SequenceSet } from './sequence-set.ts'

const MOST_EXAMPLES = 20

type Row = { -readonly [Key in keyof Delivery]: Delivery[Key] }

/** Holds what subscribers got against what devices sent: one row for each flow and group of subscribers. */
export function reckonDeliveries(
  deliveries: readonly ExpectedDelivery[],
  books: readonly Books[],
  clientOf: (device: number) => string,
): Omit<Delivery, 'latencyMs'>[] {
  const streams = new Map(books.flatMap((one) => one.streams.map((stream) => [keyOf(stream), stream] as const)))
  const trackers = books.flatMap((one) => one.trackers).map(indexed)
  const rows = new Map<string, Omit<Row, 'latencyMs'>>()
  for (const delivery of deliveries) {
    const { flow, subscriber, number, qos } = delivery
    if (flow.kind === 'will' || flow.kind === 'ndeath') continue
    const name = `${flow.name} ${subscriber}`
    const row = rows.get(name) ?? { ...emptyRow, flow: flow.name, subscriber, qos, examples: [] }
    rows.set(name, row)
    for (const tracker of trackers) {
      if (tracker.books.group !== subscriber || (number !== undefined && tracker.books.number !== number)) continue
      addTracker(row, delivery, tracker, streams, clientOf)
    }
  }
  return [...rows.values()]
}

interface IndexedTracker {
  readonly books: TrackerBooks
  readonly arrivals: ReadonlyMap<string, ArrivalBooks>
}

function indexed(books: TrackerBooks): IndexedTracker {
  return { books, arrivals: new Map(books.arrivals.map((one) => [keyOf(one), one])) }
}

const emptyRow = {
  promised: 0,
  received: 0,
  lost: 0,
  duplicates: 0,
  duplicatesWithDup: 0,
  reordered: 0,
  missedAway: 0,
}

function addTracker(
  row: Omit<Row, 'latencyMs'>,
  delivery: ExpectedDelivery,
  tracker: IndexedTracker,
  streams: ReadonlyMap<string, StreamBooks>,
  clientOf: (device: number) => string,
): void {
  const { flow, isShared, receives, qos } = delivery
  for (let index = 0; index < flow.devices; index++) {
    const key = `${flow.firstDevice + index} ${flow.stream}`
    const sent = streams.get(key)
    if (sent === undefined || !flow.topics.some((_, topic) => receives(index, topic))) continue
    const arrivals = tracker.arrivals.get(key)
    const isKept = isShared || (tracker.books.isPersistent && qos > 0 && !canExpire(delivery, tracker.books))
    const { lost, missedAway } = notArrived(sent, arrivals, tracker.books, isKept)
    for (const set of [lost, missedAway]) leaveUnasked(set, sent, flow.topics.length, (topic) => receives(index, topic))
    const received = (arrivals?.received ?? 0) - inventedOf(arrivals, sent.last)
    row.received += received
    row.lost += lost.size
    row.promised += received + lost.size
    row.missedAway += missedAway.size
    row.duplicates += arrivals?.duplicates ?? 0
    row.duplicatesWithDup += arrivals?.duplicatesWithDup ?? 0
    // between the subscribers that share a subscription there is no order
    if (!isShared) row.reordered += arrivals?.reordered ?? 0
    const late = isShared ? [] : (arrivals?.late ?? [])
    addExamples(row.examples, clientOf(sent.device), { lost: lost.bounds, duplicate: arrivals?.repeated ?? [], late })
  }
}

/** What was sent and did not come, without what nobody promised. */
function notArrived(
  sent: StreamBooks,
  arrivals: ArrivalBooks | undefined,
  tracker: TrackerBooks,
  isKept: boolean,
): { readonly lost: SequenceSet; readonly missedAway: SequenceSet } {
  const lost = SequenceSet.from(arrivals?.missing ?? [])
  const candidates = SequenceSet.from(arrivals?.missedAway ?? [])
  const tail = [(arrivals?.highest ?? 0) + 1, sent.last] as const
  // it has had another connection, and has heard nothing of this device since
  const wasAway = (arrivals?.connection ?? tracker.connectionsAtStart) !== tracker.connections
  if (wasAway && !isKept) candidates.addRange(...tail)
  else lost.addRange(...tail)
  const neverSent = [sent.last + 1, arrivals?.highest ?? 0]
  for (const unpromised of [sent.discarded, sent.unconfirmed, neverSent].map(SequenceSet.from)) {
    lost.deleteAll(unpromised)
    candidates.deleteAll(unpromised)
  }
  return { lost, missedAway: sentWhileAway(candidates, lost, sent, tracker) }
}

/** Of what fell between two connections: what was sent in an absence is excused, the rest goes to `lost`. */
function sentWhileAway(
  candidates: SequenceSet,
  lost: SequenceSet,
  sent: StreamBooks,
  tracker: TrackerBooks,
): SequenceSet {
  const excused = new SequenceSet()
  if (candidates.size === 0) return excused
  const sentAt = new Map<number, number>()
  const { sentNearAbsence } = sent
  for (let at = 0; at < sentNearAbsence.length; at += 2) {
    sentAt.set(sentNearAbsence[at] as number, sentNearAbsence[at + 1] as number)
  }
  // nobody noted what was sent while a connection was lost without a plan
  const wasLost = tracker.connections - tracker.connectionsAtStart > tracker.away.length
  for (const [first, last] of candidates.ranges()) {
    for (let sequence = first; sequence <= last; sequence++) {
      const moment = sentAt.get(sequence)
      const isExcused = moment === undefined ? wasLost : wasLost || isAwayAt(tracker.away, moment, moment)
      if (isExcused) excused.add(sequence)
      else lost.add(sequence)
    }
  }
  return excused
}

/** A stream with several topics says something to each in turn; a subscriber need not have asked for all of them. */
function leaveUnasked(
  set: SequenceSet,
  { last }: StreamBooks,
  topics: number,
  receives: (topic: number) => boolean,
): void {
  if (topics === 1 || set.size === 0) return
  for (let sequence = 1; sequence <= last; sequence++) if (!receives((sequence - 1) % topics)) set.delete(sequence)
}

function addExamples(examples: string[], client: string, found: Readonly<Record<string, readonly number[]>>): void {
  for (const [what, bounds] of Object.entries(found)) {
    if (bounds.length > 0 && examples.length < MOST_EXAMPLES) examples.push(`${what}: ${client}, ${ranges(bounds)}`)
  }
}

/** `4-6, 9` */
function ranges(bounds: readonly number[]): string {
  const texts: string[] = []
  for (let at = 0; at < bounds.length; at += 2) {
    texts.push(bounds[at] === bounds[at + 1] ? String(bounds[at]) : `${bounds[at]}-${bounds[at + 1]}`)
  }
  const shown = texts.slice(0, 10).join(', ')
  return texts.length > 10 ? `${shown} and ${texts.length - 10} more` : shown
}

/** A message may expire while it is kept for somebody who is away. */
function canExpire({ flow }: ExpectedDelivery, { away }: TrackerBooks): boolean {
  const { expiryMs } = flow
  return expiryMs !== undefined && away.some(([leftUs, backUs]) => backUs - leftUs >= expiryMs * 1000)
}
