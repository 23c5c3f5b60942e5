import type { DurableState } from '../../contracts/store.ts'
import { type Commit, decodeCommit, decodeCommitHeader } from '../codecs/commit-codec.ts'
import type { DamageReport } from './damage-report.ts'
import { frameFault } from '../codecs/framed-value.ts'
import type { KeyValue } from '../key-value.ts'
import { numberIn, rangeFrom } from '../codecs/store-keys.ts'
import type { StoreLedger } from '../log/store-ledger.ts'

/**
 * Gives the state every record of the log in order. A commit that is missing or damaged is counted and passed over.
 * Returns the messages that lie in commits and nowhere else. `isStartKnown`: the log begins at `ledger.keptFrom`.
 */
export async function replayLog(
  db: KeyValue,
  state: DurableState,
  ledger: StoreLedger,
  report: DamageReport,
  isStartKnown: boolean,
): Promise<readonly number[]> {
  const inline: number[] = []
  let expected = isStartKnown ? ledger.keptFrom : -1
  for await (const chunk of db.entries(rangeFrom('c', ledger.keptFrom), (error) => report.unreadable(error))) {
    for (const [key, value] of chunk) {
      const number = numberIn(key)
      const fault = frameFault(key, value)
      // a number that no checksum vouches for may be a key that was flipped: it says nothing of what is missing
      if (fault === undefined) {
        if (expected >= 0) missing(report, ledger, expected, number)
        else ledger.keptFrom = number
        expected = number + 1
      } else if (number === expected) {
        ledger.missingCommits++
        expected++
      }
      const commit = fault ?? decodeCommit(value)
      if (commit instanceof Error) {
        report.value(key, value, commit)
        if (fault === undefined) {
          ledger.missingCommits++
          noteHeader(ledger, value)
        }
      } else replayCommit(state, ledger, commit, value.length, inline)
    }
  }
  if (expected >= 0 && ledger.nextCommit > expected) missing(report, ledger, expected, ledger.nextCommit)
  ledger.nextCommit = Math.max(ledger.nextCommit, expected)
  return inline
}

function missing(report: DamageReport, ledger: StoreLedger, expected: number, found: number): void {
  const count = found - expected
  if (count <= 0) return
  ledger.missingCommits += count
  const which = count === 1 ? `Commit ${expected} is` : `Commits ${expected} to ${found - 1} are`
  report.say(
    `${which} missing or damaged: what happened in them is lost, and what came before or after may be delivered twice.`,
    { from: expected, to: found - 1 },
  )
}

function noteHeader(ledger: StoreLedger, value: Uint8Array): void {
  const header = decodeCommitHeader(value)
  if (header instanceof Error) return
  ledger.nextSequence = Math.max(ledger.nextSequence, header.nextSequence)
  ledger.nextSession = Math.max(ledger.nextSession, header.nextSession)
  ledger.lastKnownMs = Math.max(ledger.lastKnownMs, header.wallMs)
}

function replayCommit(
  state: DurableState,
  ledger: StoreLedger,
  commit: Commit,
  byteSize: number,
  inline: number[],
): void {
  const { number, records } = commit
  let [firstSequence, lastSequence] = [Infinity, -1]
  const isReplayed = number >= ledger.replayFrom
  for (const record of records) {
    if (record.kind === 'session-opened') ledger.sessionUsed(record.session)
    if (record.kind === 'message' && !record.isForLater) {
      firstSequence = Math.min(firstSequence, record.sequence)
      lastSequence = Math.max(lastSequence, record.sequence)
      inline.push(record.sequence)
    }
    if (!isReplayed) continue
    ledger.dirty.touch(record, number)
    state.replay(record)
  }
  ledger.commits.push({ number, byteSize, firstSequence, lastSequence })
  ledger.nextSequence = Math.max(ledger.nextSequence, commit.nextSequence)
  ledger.nextSession = Math.max(ledger.nextSession, commit.nextSession)
  ledger.lastKnownMs = Math.max(ledger.lastKnownMs, commit.wallMs)
}
