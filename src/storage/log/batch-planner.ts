import { blockOf, type StoreRecord } from '../../contracts/store.ts'
import type { IndexedCommit } from './commit-index.ts'
import { type CommitLimits, writeCommits } from './commit-writer.ts'
import { DirtyEntities, type EntityName } from './dirty-entities.ts'
import { beginFrame, endFrame } from '../codecs/framed-value.ts'
import type { GrowingBytes } from '../codecs/growing-bytes.ts'
import type { LogTruncation, Truncation } from './log-truncation.ts'
import { writeBlockMessage } from '../codecs/message-codec.ts'
import { OperationList } from './operation-list.ts'
import type { Snapshots, WrittenSegments } from './snapshots.ts'
import { numberedKey, stateKey } from '../codecs/store-keys.ts'
import type { StoreLedger } from './store-ledger.ts'
import { writeStoreSelf } from '../codecs/store-state.ts'

export interface StoreLimits extends CommitLimits {
  /** From this length of the log on, the oldest entities are written so that it can be cut. */
  readonly logBytes: number
  /** Bytes of entities that ride on any batch; on a large one as many as it has records, and more as the log grows. */
  readonly snapshotBytes: number
  /** Messages that are given up with one batch for a session that ended with many. */
  readonly releaseSlice: number
}

export const storeLimits: StoreLimits = {
  commitBytes: 1 << 20,
  commitRecords: 4096,
  logBytes: 16 << 20,
  snapshotBytes: 64 << 10,
  releaseSlice: 4096,
}

/** No batch carries more of entities than this, one entity aside. */
const MAXIMUM_SNAPSHOT_BYTES = 4 << 20
const MAXIMUM_SNAPSHOTS = 2048

/** One atomic write, and what is so once it is done. */
export interface PlannedBatch {
  readonly operations: OperationList
  readonly records: readonly StoreRecord[]
  readonly commits: readonly IndexedCommit[]
  /** Of commits and messages: to be removed when nobody knows whether it was written. */
  readonly newKeys: Uint8Array[]
  readonly messages: number[]
  /** Blocks of which nobody is owed anything any more, and that have keys. */
  readonly deleted: number[]
  readonly entities: { readonly entity: EntityName; readonly segments: WrittenSegments | undefined }[]
  truncation: Truncation | undefined
  readonly isRecovery: boolean
}

/** Turns records into batches and keeps the ledger. Runs inside one loop turn; nothing in it waits. */
export class BatchPlanner {
  readonly #ledger: StoreLedger
  readonly #snapshots: Snapshots
  readonly #truncation: LogTruncation
  readonly #out: GrowingBytes
  readonly #wallMs: () => number
  readonly #limits: StoreLimits
  /** What batches that failed were about. */
  readonly #lost = new DirtyEntities()
  /** Keys of batches of unknown outcome. */
  #unknownKeys: Uint8Array[] = []
  /** Blocks whose deletion failed. */
  #undeleted: number[] = []
  /** The block whose value is being written; -1 for none. */
  #openBlock = -1
  /** What `meta|state` says of a sweep. */
  #saidSweep = false

  constructor(
    ledger: StoreLedger,
    snapshots: Snapshots,
    truncation: LogTruncation,
    out: GrowingBytes,
    wallMs: () => number,
    limits: StoreLimits,
  ) {
    this.#ledger = ledger
    this.#snapshots = snapshots
    this.#truncation = truncation
    this.#out = out
    this.#wallMs = wallMs
    this.#limits = limits
  }

  /** Whether there are messages to be given up that need no batch of the broker's. */
  get hasReleases(): boolean {
    return this.#ledger.releases.length > 0
  }

  /** `isLate`: more has happened than these records say, so entities stay out of it. */
  plan(records: readonly StoreRecord[], isLate = false): PlannedBatch {
    const operations = new OperationList()
    const batch = this.#newBatch(operations, records, false)
    for (const record of records) this.#account(batch, record)
    this.#closeBlock(batch)
    this.#release(batch)
    const planned = this.#withCommits(batch)
    if (!isLate) this.#addSnapshots(planned)
    planned.truncation = this.#truncation.addTo(operations)
    this.#addDeletions(planned)
    this.#addSelf(planned)
    return planned
  }

  /** Deletions alone. */
  planRelease(): PlannedBatch {
    const batch = this.#newBatch(new OperationList(), [], false)
    this.#release(batch)
    this.#addDeletions(batch)
    this.#addSelf(batch)
    return batch
  }

  /**
   * What makes the disk say again what the state is, after batches that failed: every entity they were about, and
   * those that the log before is still needed for. From here on that log is not replayed: what undid its records may
   * have been in the batches that failed.
   */
  planRecovery(): PlannedBatch {
    const { dirty, nextCommit } = this.#ledger
    const operations = new OperationList()
    for (const key of this.#unknownKeys) operations.delete(key)
    for (const entity of this.#lost.inOrder()) dirty.add(entity, nextCommit)
    this.#ledger.isSelfChanged = true
    const batch = this.#withCommits(this.#newBatch(operations, [], true))
    for (const entity of dirty.inOrder()) this.#addSnapshot(batch, entity)
    batch.deleted.push(...this.#undeleted)
    this.#addDeletions(batch)
    this.#addSelf(batch)
    return batch
  }

  /** It is on disk. */
  confirm(batch: PlannedBatch): void {
    const ledger = this.#ledger
    if (batch.isRecovery) ledger.replayFrom = ledger.nextCommit
    for (const commit of batch.commits) ledger.commits.push(commit)
    ledger.nextCommit += batch.commits.length
    for (const { entity, segments } of batch.entities) {
      ledger.dirty.clean(entity)
      if (segments !== undefined) this.#snapshots.confirm(segments)
    }
    if (batch.truncation !== undefined) this.#truncation.confirm(batch.truncation)
    if (batch.isRecovery) {
      this.#lost.clear()
      this.#unknownKeys = []
      this.#undeleted = []
    }
    this.#truncation.prepare()
  }

  /** It is not on disk, or nobody knows. */
  abandon(batch: PlannedBatch): void {
    this.#unknownKeys.push(...batch.newKeys)
    for (const sequence of batch.messages) this.#ledger.owed.forget(blockOf(sequence))
    this.#noteLost(batch.records)
    for (const { entity } of batch.entities) this.#lost.add(entity, 0)
    if (!batch.isRecovery) for (const block of batch.deleted) this.#undeleted.push(block)
    this.#truncation.abandon(batch.truncation)
    this.#ledger.isSweepDue = true
    this.#ledger.isSelfChanged = true
  }

  /** Takes a batch that is not going to be written: its messages are nowhere, all else is in the state. */
  refuse(records: readonly StoreRecord[]): void {
    const batch = this.#newBatch(new OperationList(), records, false)
    for (const record of records) {
      if (record.kind === 'message') this.#ledger.sequenceUsed(record.sequence)
      else this.#account(batch, record)
    }
    for (const block of batch.deleted) this.#undeleted.push(block)
    this.#noteLost(records)
  }

  #noteLost(records: readonly StoreRecord[]): void {
    for (const record of records) this.#lost.touch(record, 0)
  }

  #newBatch(operations: OperationList, records: readonly StoreRecord[], isRecovery: boolean): PlannedBatch {
    const newKeys: Uint8Array[] = []
    const shared = { messages: [], deleted: [], entities: [], truncation: undefined }
    return { operations, records, commits: [], newKeys, isRecovery, ...shared }
  }

  #account(batch: PlannedBatch, record: StoreRecord): void {
    const { dirty, owed, nextCommit } = this.#ledger
    dirty.touch(record, nextCommit)
    switch (record.kind) {
      case 'message': {
        this.#ledger.sequenceUsed(record.sequence)
        const count = record.recipients.length + record.groups.length
        if (count === 0) return
        owed.add(blockOf(record.sequence), count, !record.isForLater)
        batch.messages.push(record.sequence)
        if (record.isForLater) this.#putMessage(batch, record)
        return
      }
      case 'session-opened':
        return this.#ledger.sessionUsed(record.session)
      case 'delivered':
      case 'released':
        return this.#releaseOne(batch, record.sequence)
      case 'group-left':
        if (record.recipient === undefined) this.#releaseOne(batch, record.sequence)
        return
      case 'group-returned':
        if (record.sequence >= 0) owed.add(blockOf(record.sequence), 1, false)
        return
      case 'session-ended':
        if (record.outstanding.length === 0) return
        this.#ledger.releases.push({ numbers: record.outstanding, at: 0, isSweep: false })
        return
    }
  }

  #putMessage(batch: PlannedBatch, record: Extract<StoreRecord, { kind: 'message' }>): void {
    const block = blockOf(record.sequence)
    if (block !== this.#openBlock) {
      this.#closeBlock(batch)
      beginFrame(this.#out)
      this.#openBlock = block
    }
    writeBlockMessage(this.#out, record.sequence, record)
  }

  #closeBlock(batch: PlannedBatch): void {
    if (this.#openBlock < 0) return
    const key = numberedKey('m', this.#openBlock)
    batch.operations.put(key, endFrame(this.#out, key))
    batch.newKeys.push(key)
    this.#openBlock = -1
  }

  #releaseOne(batch: PlannedBatch, sequence: number): void {
    if (sequence < 0) return
    const block = blockOf(sequence)
    if (this.#ledger.owed.release(block) === 'delete') batch.deleted.push(block)
  }

  /** Gives up the next slice of messages. */
  #release(batch: PlannedBatch): void {
    const { owed, releases } = this.#ledger
    for (let left = this.#limits.releaseSlice; left > 0; left--) {
      const release = releases[0]
      if (release === undefined) return
      const number = release.numbers[release.at++] ?? -1
      if (!release.isSweep) this.#releaseOne(batch, number)
      else if (!owed.has(number)) batch.deleted.push(number)
      if (release.at >= release.numbers.length) releases.shift()
    }
  }

  #withCommits(batch: PlannedBatch): PlannedBatch {
    const ledger = this.#ledger
    ledger.lastKnownMs = Math.max(ledger.lastKnownMs, Math.round(this.#wallMs()))
    const { nextCommit: number, nextSequence, nextSession, lastKnownMs: wallMs } = ledger
    const header = { number, nextSequence, nextSession, wallMs }
    const commits = writeCommits(batch.operations, this.#out, batch.records, header, this.#limits)
    for (const commit of commits) batch.newKeys.push(numberedKey('c', commit.number))
    return { ...batch, commits }
  }

  /** Writes the oldest entities, so that the log that has to be kept for them grows no longer. */
  #addSnapshots(batch: PlannedBatch): void {
    const { commits, dirty } = this.#ledger
    const { logBytes, snapshotBytes } = this.#limits
    const batchBytes = batch.commits.reduce((sum, { byteSize }) => sum + byteSize, 0)
    const logLength = commits.bytes + batchBytes
    if (logLength <= logBytes) return
    const wanted = snapshotBytes + 4 * batchBytes * (logLength / logBytes)
    const end = batch.operations.byteSize + Math.min(wanted, MAXIMUM_SNAPSHOT_BYTES)
    for (const entity of dirty.inOrder()) {
      if (batch.operations.byteSize >= end || batch.entities.length >= MAXIMUM_SNAPSHOTS) return
      if (commits.bytesFrom(entity.since) + batchBytes <= logBytes / 2) return
      this.#addSnapshot(batch, entity)
    }
  }

  #addSnapshot(batch: PlannedBatch, entity: EntityName): void {
    batch.entities.push({ entity, segments: this.#snapshots.write(batch.operations, entity) })
  }

  #addDeletions(batch: PlannedBatch): void {
    for (const block of batch.deleted) {
      // a message of it may have gone back to a shared subscription since
      if (!this.#ledger.owed.has(block)) batch.operations.delete(numberedKey('m', block))
    }
  }

  #addSelf(batch: PlannedBatch): void {
    const ledger = this.#ledger
    const { needsSweep } = ledger
    if (!ledger.isSelfChanged && batch.truncation === undefined && needsSweep === this.#saidSweep) return
    const keptFrom = batch.truncation?.keptFrom ?? ledger.keptFrom
    const replayFrom = batch.isRecovery ? ledger.nextCommit : Math.max(ledger.replayFrom, keptFrom)
    beginFrame(this.#out)
    writeStoreSelf(this.#out, ledger.self(ledger.nextCommit + batch.commits.length - 1, keptFrom, replayFrom))
    batch.operations.put(stateKey, endFrame(this.#out, stateKey))
    ledger.isSelfChanged = false
    this.#saidSweep = needsSweep
  }
}
