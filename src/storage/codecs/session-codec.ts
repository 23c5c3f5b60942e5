import type { QueueSegment, StoredSession } from '../../contracts/store.ts'
import { type BoundedBytes, DamagedBytes, decoded } from './bounded-bytes.ts'
import { readSubscription, writeSubscription } from './entity-codec.ts'
import { BODY_START } from './framed-value.ts'
import type { GrowingBytes } from './growing-bytes.ts'
import { readQueueEntries, writeQueueEntries } from './queue-entries-codec.ts'

/** A session without the bytes of its segments, which lie under keys of their own. */
export interface SessionBody extends Omit<StoredSession, 'segments'> {
  /** Runs of segment numbers: a segment that is not listed is not part of the queue. */
  readonly segmentRuns: readonly SegmentRun[]
}

export interface SegmentRun {
  readonly first: number
  readonly count: number
}

export function writeSession(out: GrowingBytes, session: StoredSession): void {
  out.varint(session.session)
  out.text(session.clientId)
  out.optionalText(session.user)
  out.varint(session.expirySeconds)
  out.varint(session.sendQuota)
  out.time(session.expiresAtMs)
  out.byte(session.isConnected ? 1 : 0)
  out.varint(session.subscriptions.length)
  for (const subscription of session.subscriptions) writeSubscription(out, subscription)
  writeDifferences(out, session.inboundIds)
  out.varint(session.nextPosition)
  writeQueueEntries(out, session.window)
  writeDifferences(out, session.released)
  writeRuns(out, session.segments)
  out.varint(session.backlogFrom)
  writeDifferences(out, session.withdrawn)
}

/** The body of an `s` value. */
export function decodeSession(value: Uint8Array): SessionBody | DamagedBytes {
  return decoded(value, BODY_START, (from) => ({
    session: from.varint(),
    clientId: from.text(),
    user: from.optionalText(),
    expirySeconds: from.varint(),
    sendQuota: from.varint(),
    expiresAtMs: from.time(),
    isConnected: from.boolean(),
    subscriptions: Array.from({ length: from.count(3) }, () => readSubscription(from)),
    inboundIds: readDifferences(from),
    nextPosition: from.varint(),
    window: readQueueEntries(from),
    released: readDifferences(from),
    segmentRuns: readRuns(from),
    backlogFrom: from.varint(),
    withdrawn: readDifferences(from),
  }))
}

/** Each number as its difference to the one before. */
function writeDifferences(out: GrowingBytes, numbers: readonly number[]): void {
  out.varint(numbers.length)
  let before = 0
  for (const number of numbers) {
    out.signed(number - before)
    before = number
  }
}

function readDifferences(from: BoundedBytes): readonly number[] {
  let before = 0
  return Array.from({ length: from.count(1) }, () => (before += from.signed()))
}

function writeRuns(out: GrowingBytes, segments: readonly QueueSegment[]): void {
  const runs = runsOf(segments)
  out.varint(runs.length)
  for (const { first, count } of runs) {
    out.varint(first)
    out.varint(count)
  }
}

function readRuns(from: BoundedBytes): readonly SegmentRun[] {
  return Array.from({ length: from.count(2) }, () => {
    const run = { first: from.varint(), count: from.varint() }
    if (run.first + run.count > Number.MAX_SAFE_INTEGER) throw new DamagedBytes('a run of segments is too long')
    return run
  })
}

function runsOf(segments: readonly QueueSegment[]): readonly SegmentRun[] {
  const runs: { first: number; count: number }[] = []
  for (const { number } of segments) {
    const last = runs.at(-1)
    if (last !== undefined && last.first + last.count === number) last.count++
    else runs.push({ first: number, count: 1 })
  }
  return runs
}
