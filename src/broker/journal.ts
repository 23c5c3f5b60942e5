import type { Log } from '../contracts/log.ts'
import { Histogram } from '../structures/histogram.ts'
import { MESSAGES_PER_BLOCK, type Store, type StoreRecord } from '../contracts/store.ts'

/** Somebody whose answers wait for a commit. */
export interface CommitWaiter {
  /** Everything up to `commit` is durable. */
  committed(commit: number): void
  /** `commit` failed: nothing of it may be acknowledged. */
  commitFailed(commit: number): void
}

export interface JournalParts {
  readonly store: Store
  readonly log: Log
  readonly guarded: (task: () => void) => void
  /** Calls `flush` after so long. */
  readonly flushLater: (delayMs: number) => void
  /** The store has none of the messages from that sequence on: `lost` are their records, and those of their identifiers. */
  readonly withdrawn: (sequence: number, lost: readonly StoreRecord[]) => void
}

/** What may wait does so up to this many bytes. */
const MAXIMUM_LATER_BYTES = 1024 * 1024

/**
 * Group commit. Records gathered while one batch is on its way to the store make up the next: no timer, no promise
 * per record. Commits are numbered; an answer waits for the number of the batch its record is in.
 */
export class Journal {
  readonly #store: Store
  readonly #log: Log
  readonly #guarded: (task: () => void) => void
  readonly #flushLater: (delayMs: number) => void
  readonly #withdrawn: JournalParts['withdrawn']
  #gathering: StoreRecord[] = []
  #waiting = new Set<CommitWaiter>()
  #isStoring = false
  #isScheduled = false
  /** The store is open. */
  isStarted = false
  #isFlushDue = false
  #gatheredBytes = 0
  /** Of the next message appended. */
  nextSequence = 0
  /** Messages before this one are durable. */
  durableSequence = 0
  /** Number of the batch being gathered: what is appended now is durable with it. */
  commit = 1
  /** From handing a batch to the store until it is durable. */
  readonly latency = new Histogram([0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1])
  /** Highest number that is settled: durable, or failed and told to those who waited for it. */
  durable = 0
  readonly #begin = (): void => {
    this.#isScheduled = false
    this.#storeGathered()
  }

  constructor(parts: JournalParts) {
    this.#guarded = parts.guarded
    this.#store = parts.store
    this.#log = parts.log
    this.#flushLater = parts.flushLater
    this.#withdrawn = parts.withdrawn
  }

  /** Messages get numbers from there on. */
  begin(sequence: number): void {
    this.nextSequence = this.durableSequence = Math.max(this.nextSequence, sequence)
  }

  /** The first sequence of a block that nothing is in yet. */
  get newBlock(): number {
    return Math.ceil(this.nextSequence / MESSAGES_PER_BLOCK) * MESSAGES_PER_BLOCK
  }

  get isAtNewBlock(): boolean {
    return this.nextSequence % MESSAGES_PER_BLOCK === 0
  }

  /** The store is open: what was gathered meanwhile goes there. */
  start(): void {
    this.isStarted = true
    this.flush()
  }

  /** Adds a record and returns the commit it will be durable with. */
  append(record: StoreRecord): number {
    this.#gathering.push(record)
    if (!this.#isStoring && !this.#isScheduled) this.#schedule()
    return this.commit
  }

  /** Adds a record that nobody waits for: it goes with the next batch, or when its interval is over. */
  appendLater(record: StoreRecord, byteCount: number, delayMs: number): void {
    this.#gathering.push(record)
    this.#gatheredBytes += byteCount
    if (this.#gatheredBytes >= MAXIMUM_LATER_BYTES) this.flush()
    else if (!this.#isFlushDue) {
      this.#isFlushDue = true
      this.#flushLater(delayMs)
    }
  }

  /** What was appended so far goes to the store as soon as it takes it. */
  flush(): void {
    this.#isFlushDue = false
    this.#schedule()
  }

  /** `waiter` is told of every commit until it has been told of the one being gathered now. */
  wait(waiter: CommitWaiter): void {
    this.#waiting.add(waiter)
  }

  forget(waiter: CommitWaiter): void {
    this.#waiting.delete(waiter)
  }

  /** Resolves once everything appended so far is durable, or has failed. */
  settled(): Promise<void> {
    this.flush()
    const last = this.#gathering.length > 0 ? this.commit : this.commit - 1
    if (last <= this.durable) return Promise.resolve()
    return new Promise((resolve) => {
      const waiter: CommitWaiter = {
        committed: (commit) => {
          if (commit < last) return
          this.forget(waiter)
          resolve()
        },
        commitFailed: () => {},
      }
      this.wait(waiter)
    })
  }

  /** Resolves when `commit` is durable; rejects when it could not be made so. */
  durableAt(commit: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiter: CommitWaiter = {
        committed: (settled) => {
          if (settled < commit) return
          this.forget(waiter)
          resolve()
        },
        commitFailed: (failed) => {
          if (failed >= commit) reject(new Error('the store could not keep it'))
        },
      }
      this.wait(waiter)
    })
  }

  /** A batch goes at the end of the turn, so that it holds all that arrived in it. */
  #schedule(): void {
    if (this.#gathering.length === 0 || this.#isStoring || this.#isScheduled) return
    this.#isScheduled = true
    setImmediate(this.#begin)
  }

  #storeGathered(): void {
    if (this.#isStoring || !this.isStarted || this.#gathering.length === 0) return
    const batch = this.#gathering
    const commit = this.commit
    const sequence = this.nextSequence
    this.#gathering = []
    this.#gatheredBytes = 0
    this.commit++
    this.#isStoring = true
    const startedMs = performance.now()
    try {
      this.#store.append(batch, (error) => {
        this.latency.record((performance.now() - startedMs) / 1000)
        this.#stored(batch, commit, sequence, error)
      })
    } catch (error) {
      const fault = error instanceof Error ? error : new Error(String(error))
      setImmediate(() => this.#stored(batch, commit, sequence, fault))
    }
  }

  #stored(batch: readonly StoreRecord[], commit: number, sequence: number, error: Error | undefined): void {
    this.#isStoring = false
    let settled = commit
    const waiting = [...this.#waiting]
    if (error === undefined) this.durableSequence = sequence
    else {
      // a store that takes nothing has said so
      if (!this.#store.statistics.isDegraded) {
        this.#log.warn({ error: error.message }, 'the store could not keep a batch; who waited for it is told')
      }
      this.#withdraw(batch)
      // what is gathered by now has lost messages too: who waits for that commit is told as well
      settled = this.commit++
      for (const waiter of waiting) this.#guarded(() => waiter.commitFailed(settled))
    }
    this.durable = settled
    for (const waiter of waiting) this.#guarded(() => waiter.committed(settled))
    // in a turn of its own: this one has answered whoever waited, and clients are to be read in between
    this.#schedule()
  }

  /** Messages that are not durable never will be, also those being gathered. What is said of sessions stands. */
  #withdraw(failed: readonly StoreRecord[]): void {
    const lost = [...failed, ...this.#gathering].filter(isLost)
    this.#gathering = this.#gathering.filter((record) => !isLost(record))
    const from = this.durableSequence
    this.durableSequence = this.nextSequence
    if (lost.length > 0) this.#guarded(() => this.#withdrawn(from, lost))
  }
}

/** A message, or a QoS 2 identifier that says it has been received. */
function isLost(record: StoreRecord): boolean {
  return record.kind === 'message' || (record.kind === 'inbound-id' && record.held)
}
