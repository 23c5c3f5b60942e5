import type { Log } from '../../contracts/log.ts'
import { blockOf, type StoreRecord } from '../../contracts/store.ts'
import { decodeCommit } from '../codecs/commit-codec.ts'
import { hasMessages, type IndexedCommit } from './commit-index.ts'
import { beginFrame, endFrame, frameFault } from '../codecs/framed-value.ts'
import { GrowingBytes } from '../codecs/growing-bytes.ts'
import type { KeyValue } from '../key-value.ts'
import { writeBlockMessage } from '../codecs/message-codec.ts'
import type { OperationList } from './operation-list.ts'
import { damagedKey, numberedKey } from '../codecs/store-keys.ts'
import type { StoreLedger } from './store-ledger.ts'

/** Commits that are cut off by a batch, and the messages of theirs that it moves to keys of their own. */
export interface Truncation {
  readonly commits: readonly IndexedCommit[]
  readonly messages: readonly MessageRecord[]
  readonly damaged: readonly (readonly [key: Uint8Array, value: Uint8Array])[]
  readonly keptFrom: number
}

type MessageRecord = Extract<StoreRecord, { kind: 'message' }>

/** Most of the log that is cut with one batch. */
const TRUNCATION_BYTES = 1 << 20
const TRUNCATION_COMMITS = 1024

/**
 * Cuts commits off the front of the log once no entity needs them. What somebody is still owed of the messages in
 * them is read back while other batches are written, and moved by the batch that deletes them.
 */
export class LogTruncation {
  readonly #ledger: StoreLedger
  readonly #log: Log
  readonly #database: () => KeyValue | undefined
  readonly #out = new GrowingBytes()
  #prepared: Truncation | undefined = undefined
  /** The preparation that is under way; another object when its answer is no longer wanted. */
  #preparation: object | undefined = undefined

  constructor(ledger: StoreLedger, log: Log, database: () => KeyValue | undefined) {
    this.#ledger = ledger
    this.#log = log
    this.#database = database
  }

  /** Looks for commits to cut off and readies them for a later batch. */
  prepare(): void {
    if (this.#prepared !== undefined || this.#preparation !== undefined) return
    const { commits, dirty, nextCommit, owed } = this.#ledger
    // the last commit stays: it tells where to go on, should meta|state be damaged
    const end = Math.min(dirty.oldest, nextCommit - 1)
    const cut = commits.before(end, TRUNCATION_COMMITS, TRUNCATION_BYTES)
    if (cut.length === 0) return
    const toRead = cut.filter(
      (commit) => hasMessages(commit) && owed.hasAny(blockOf(commit.firstSequence), blockOf(commit.lastSequence)),
    )
    if (toRead.length === 0) this.#prepared = truncationOf(cut, [], [])
    else this.#read(cut, toRead)
  }

  /** Adds what is ready to a batch. */
  addTo(operations: OperationList): Truncation | undefined {
    const prepared = this.#prepared
    if (prepared === undefined) return undefined
    for (const { number } of prepared.commits) operations.delete(numberedKey('c', number))
    for (const [key, value] of prepared.damaged) operations.put(damagedKey(key), value)
    const messages = prepared.messages.filter(({ sequence }) => this.#ledger.owed.has(blockOf(sequence)))
    for (const record of messages) {
      const key = numberedKey('m', blockOf(record.sequence))
      beginFrame(this.#out)
      writeBlockMessage(this.#out, record.sequence, record)
      operations.put(key, endFrame(this.#out, key))
    }
    return { ...prepared, messages }
  }

  /** The batch with it is on disk. */
  confirm({ commits, messages, keptFrom }: Truncation): void {
    this.#ledger.commits.forgetThrough((commits.at(-1) as IndexedCommit).number)
    this.#ledger.keptFrom = keptFrom
    for (const { sequence } of messages) this.#ledger.owed.setBeside(blockOf(sequence))
    this.#prepared = undefined
  }

  /** A batch failed, with it or without: where the messages are now is looked up anew. */
  abandon(truncation: Truncation | undefined): void {
    for (const { sequence } of truncation?.messages ?? []) this.#ledger.owed.setBeside(blockOf(sequence))
    this.#prepared = undefined
    this.#preparation = undefined
  }

  #read(cut: readonly IndexedCommit[], toRead: readonly IndexedCommit[]): void {
    const db = this.#database()
    if (db === undefined) return
    const preparation = {}
    this.#preparation = preparation
    db.getMany(toRead.map(({ number }) => numberedKey('c', number))).then(
      (values) => {
        if (this.#preparation !== preparation) return
        this.#preparation = undefined
        this.#prepared = this.#truncation(cut, toRead, values)
      },
      (error: Error) => {
        if (this.#preparation !== preparation) return
        this.#preparation = undefined
        this.#log.warn({ error: error.message }, 'commits could not be read back; the log stays long for now')
      },
    )
  }

  #truncation(
    cut: readonly IndexedCommit[],
    read: readonly IndexedCommit[],
    values: readonly (Uint8Array | undefined | Error)[],
  ): Truncation {
    const messages: MessageRecord[] = []
    const damaged: [Uint8Array, Uint8Array][] = []
    for (const [index, { number }] of read.entries()) {
      const value = values[index]
      // not there: a batch of unknown outcome has moved its messages
      if (value === undefined) continue
      const key = numberedKey('c', number)
      const commit = value instanceof Error ? value : (frameFault(key, value) ?? decodeCommit(value))
      if (commit instanceof Error) {
        this.#ledger.damagedValues++
        this.#ledger.isSelfChanged = true
        if (value instanceof Uint8Array) damaged.push([key, value])
        this.#log.error({ commit: number, fault: commit.message }, 'a commit is damaged; its messages are lost')
        continue
      }
      for (const record of commit.records) {
        if (record.kind === 'message' && !record.isForLater && this.#ledger.owed.has(blockOf(record.sequence))) {
          messages.push(record)
        }
      }
    }
    return truncationOf(cut, messages, damaged)
  }
}

function truncationOf(
  commits: readonly IndexedCommit[],
  messages: readonly MessageRecord[],
  damaged: Truncation['damaged'],
): Truncation {
  return { commits, messages, damaged, keptFrom: (commits.at(-1) as IndexedCommit).number + 1 }
}
