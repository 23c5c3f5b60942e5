import type { Log } from '../../contracts/log.ts'
import { blockOf, type StoredMessage } from '../../contracts/store.ts'
import { decodeCommit } from '../codecs/commit-codec.ts'
import { frameFault } from '../codecs/framed-value.ts'
import type { KeyValue } from '../key-value.ts'
import { decodeBlock } from '../codecs/message-codec.ts'
import { numberedKey } from '../codecs/store-keys.ts'
import type { StoreLedger } from './store-ledger.ts'

type Found = (StoredMessage | undefined)[]

/** Reads messages back: from keys of their own, else out of the commit they came with. */
export class MessageReader {
  readonly #ledger: StoreLedger
  readonly #log: Log

  constructor(ledger: StoreLedger, log: Log) {
    this.#ledger = ledger
    this.#log = log
  }

  async read(db: KeyValue, sequences: readonly number[]): Promise<Found> {
    const found: Found = sequences.map(() => undefined)
    const damaged = new Set<number>()
    await this.#fromKeys(db, sequences, found, damaged)
    await this.#fromCommits(db, sequences, found)
    // one that was moved to a key of its own between the two looks
    await this.#fromKeys(db, sequences, found, damaged)
    return found
  }

  async #fromKeys(db: KeyValue, sequences: readonly number[], found: Found, damaged: Set<number>): Promise<void> {
    const wanted = indexesOfMissing(found).filter((index) => !damaged.has(index))
    if (wanted.length === 0) return
    const blocks = [...new Set(wanted.map((index) => blockOf(sequences[index] as number)))]
    const keys = blocks.map((block) => numberedKey('m', block))
    const values = await db.getMany(keys)
    const read = new Map<number, ReadonlyMap<number, StoredMessage> | Error>()
    for (const [at, block] of blocks.entries()) {
      const value = values[at]
      if (value === undefined) continue
      const fault = value instanceof Error ? value : frameFault(keys[at] as Uint8Array, value)
      const messages = fault ?? decodeBlock(block, value as Uint8Array)
      read.set(block, messages)
      if (messages instanceof Error) {
        this.#damaged({ block, fault: messages.message }, 'messages are damaged and lost')
      }
    }
    for (const index of wanted) {
      const messages = read.get(blockOf(sequences[index] as number))
      if (messages instanceof Error) damaged.add(index)
      else if (messages !== undefined) found[index] = messages.get(sequences[index] as number)
    }
  }

  async #fromCommits(db: KeyValue, sequences: readonly number[], found: Found): Promise<void> {
    // one session may be owed a message twice: by itself and as a member of a group
    const wanted = new Map<number, number[]>()
    const numbers = new Set<number>()
    for (const index of indexesOfMissing(found)) {
      const sequence = sequences[index] as number
      const commit = this.#ledger.commits.holding(sequence)
      if (commit === undefined) continue
      const indexes = wanted.get(sequence)
      if (indexes === undefined) wanted.set(sequence, [index])
      else indexes.push(index)
      numbers.add(commit.number)
    }
    if (numbers.size === 0) return
    const keys = [...numbers].map((number) => numberedKey('c', number))
    const values = await db.getMany(keys)
    for (const [at, value] of values.entries()) {
      if (value !== undefined) this.#fromCommit(keys[at] as Uint8Array, value, wanted, found)
    }
  }

  #fromCommit(
    key: Uint8Array,
    value: Uint8Array | Error,
    wanted: ReadonlyMap<number, readonly number[]>,
    found: Found,
  ): void {
    const commit = value instanceof Error ? value : (frameFault(key, value) ?? decodeCommit(value))
    if (commit instanceof Error) {
      this.#damaged({ fault: commit.message }, 'a commit is damaged, and the messages in it are lost')
      return
    }
    for (const record of commit.records) {
      if (record.kind !== 'message' || record.isForLater) continue
      for (const index of wanted.get(record.sequence) ?? []) {
        found[index] = { message: record.message, publishedAtMs: record.publishedAtMs }
      }
    }
  }

  #damaged(fields: object, message: string): void {
    this.#ledger.damagedValues++
    this.#ledger.isSelfChanged = true
    this.#log.error(fields, message)
  }
}

function indexesOfMissing(found: Found): number[] {
  return found.flatMap((message, index) => (message === undefined ? [index] : []))
}
