import type { StoreRecord } from '../../contracts/store.ts'
import { type BoundedBytes, type DamagedBytes, decoded } from './bounded-bytes.ts'
import { BODY_START } from './framed-value.ts'
import type { GrowingBytes } from './growing-bytes.ts'
import { readRecord } from './record-codec.ts'

/** What stands before the records of a commit. */
export interface CommitHeader {
  readonly number: number
  /** Wall time; never less than that of the commit before. */
  readonly wallMs: number
  /** Greater than all sequences and session numbers in this commit and before it. */
  readonly nextSequence: number
  readonly nextSession: number
}

export interface Commit extends CommitHeader {
  readonly records: readonly StoreRecord[]
}

/** `[header][record][record]...` to the end of the value. */
export function writeCommitHeader(out: GrowingBytes, header: CommitHeader): void {
  out.varint(header.number)
  out.time(header.wallMs)
  out.varint(header.nextSequence)
  out.varint(header.nextSession)
}

/** The body of a `c` value. */
export function decodeCommit(value: Uint8Array): Commit | DamagedBytes {
  return decoded(value, BODY_START, (from) => ({ ...readHeader(from), records: readRecords(from) }))
}

/** The header only, of a commit whose records may not be understood. */
export function decodeCommitHeader(value: Uint8Array): CommitHeader | DamagedBytes {
  return decoded(value, BODY_START, (from) => {
    const header = readHeader(from)
    from.skipAll()
    return header
  })
}

function readHeader(from: BoundedBytes): CommitHeader {
  return {
    number: from.varint(),
    wallMs: from.time(),
    nextSequence: from.varint(),
    nextSession: from.varint(),
  }
}

function readRecords(from: BoundedBytes): readonly StoreRecord[] {
  const records: StoreRecord[] = []
  while (from.remaining > 0) records.push(readRecord(from))
  return records
}
