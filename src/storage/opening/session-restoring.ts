import type { DurableState, QueueSegment, StoredSession } from '../../contracts/store.ts'
import type { DamageReport } from './damage-report.ts'
import { BODY_START, frameFault } from '../codecs/framed-value.ts'
import type { Entry, KeyValue } from '../key-value.ts'
import { decodeSession, type SessionBody } from '../codecs/session-codec.ts'
import type { Snapshots } from '../log/snapshots.ts'
import { numberIn, rangeOf, segmentIn } from '../codecs/store-keys.ts'
import type { StoreLedger } from '../log/store-ledger.ts'

/** Sessions and the segments of their queues lie in two ranges in the same order: one walk goes through both. */
export async function restoreSessions(
  db: KeyValue,
  state: DurableState,
  snapshots: Snapshots,
  ledger: StoreLedger,
  report: DamageReport,
): Promise<void> {
  const segments = new SegmentWalk(db, report)
  for await (const chunk of db.entries(rangeOf('s'), (error) => report.unreadable(error))) {
    for (const [key, value] of chunk) {
      const body = frameFault(key, value) ?? decodeSession(value)
      if (body instanceof Error) {
        report.value(key, value, body)
        continue
      }
      const { segmentRuns, ...rest } = body
      const own = segmentRuns.length === 0 ? none : await segments.of(body)
      const session: StoredSession = { ...rest, segments: own }
      ledger.sessionUsed(session.session)
      if (own.length > 0) snapshots.confirm({ session: session.session, segments: own })
      state.restoreSession(session)
    }
    await report.flush(db, FLUSH_BYTES)
  }
  await segments.finish()
}

const none: readonly QueueSegment[] = []
const FLUSH_BYTES = 1 << 20

/** Goes through the segments once, beside their sessions. */
class SegmentWalk {
  readonly #chunks: AsyncIterator<readonly Entry[]>
  readonly #report: DamageReport
  #chunk: readonly Entry[] = []
  #at = 0

  constructor(db: KeyValue, report: DamageReport) {
    this.#report = report
    const iterable = db.entries(rangeOf('q'), (error) => report.unreadable(error))
    this.#chunks = iterable[Symbol.asyncIterator]()
  }

  /** The segments that a session lists, as far as they are there and sound. */
  async of(session: SessionBody): Promise<readonly QueueSegment[]> {
    const found: QueueSegment[] = []
    for (let entry = await this.#peek(); entry !== undefined; entry = await this.#peek()) {
      const [key, value] = entry
      const owner = numberIn(key)
      if (owner > session.session) break
      this.#at++
      const number = segmentIn(key)
      if (owner < session.session) this.#report.setAside(key, value)
      else if (!isListed(session, number)) this.#report.drop(key)
      else {
        const fault = frameFault(key, value)
        if (fault === undefined) found.push({ number, bytes: new Uint8Array(value.subarray(BODY_START)) })
        else this.#report.value(key, value, fault)
      }
    }
    const missing = session.segmentRuns.reduce((sum, { count }) => sum + count, 0) - found.length
    if (missing > 0) {
      this.#report.say(
        `${missing} parts of the queue of client ${session.clientId} are missing: what was queued in them is lost.`,
        { session: session.session, missing },
      )
    }
    return found
  }

  /** Segments of sessions that are not there. */
  async finish(): Promise<void> {
    for (let entry = await this.#peek(); entry !== undefined; entry = await this.#peek()) {
      this.#at++
      this.#report.setAside(...entry)
    }
    await this.#chunks.return?.()
  }

  async #peek(): Promise<Entry | undefined> {
    while (this.#at >= this.#chunk.length) {
      const next = await this.#chunks.next()
      if (next.done === true) return undefined
      this.#chunk = next.value
      this.#at = 0
    }
    return this.#chunk[this.#at]
  }
}

function isListed({ segmentRuns }: SessionBody, number: number): boolean {
  return segmentRuns.some(({ first, count }) => number >= first && number < first + count)
}
