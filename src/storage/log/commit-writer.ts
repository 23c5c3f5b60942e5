import type { StoreRecord } from '../../contracts/store.ts'
import { type CommitHeader, writeCommitHeader } from '../codecs/commit-codec.ts'
import type { IndexedCommit } from './commit-index.ts'
import { beginFrame, endFrame } from '../codecs/framed-value.ts'
import type { GrowingBytes } from '../codecs/growing-bytes.ts'
import type { OperationList } from './operation-list.ts'
import { writeRecord } from '../codecs/record-codec.ts'
import { numberedKey } from '../codecs/store-keys.ts'

export interface CommitLimits {
  /** A commit takes no further record from this size on. */
  readonly commitBytes: number
  readonly commitRecords: number
}

/** Adds a batch as commits with consecutive numbers, the first being that of `header`; at least one, also of nothing. */
export function writeCommits(
  operations: OperationList,
  out: GrowingBytes,
  records: readonly StoreRecord[],
  header: CommitHeader,
  limits: CommitLimits,
): readonly IndexedCommit[] {
  const commits: IndexedCommit[] = []
  let from = 0
  do {
    const number = header.number + commits.length
    const key = numberedKey('c', number)
    let [firstSequence, lastSequence] = [Infinity, -1]
    beginFrame(out)
    writeCommitHeader(out, { ...header, number })
    const end = Math.min(records.length, from + limits.commitRecords)
    while (from < end && out.length < limits.commitBytes) {
      const record = records[from++] as StoreRecord
      writeRecord(out, record)
      if (record.kind !== 'message' || record.isForLater) continue
      firstSequence = Math.min(firstSequence, record.sequence)
      lastSequence = Math.max(lastSequence, record.sequence)
    }
    const value = endFrame(out, key)
    operations.put(key, value)
    commits.push({ number, byteSize: value.length, firstSequence, lastSequence })
  } while (from < records.length)
  return commits
}
