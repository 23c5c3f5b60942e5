import type { Log } from '../contracts/log.ts'
import { Histogram } from '../structures/histogram.ts'
import type { Store, StoreRecord } from '../contracts/store.ts'

/** Somebody whose answers wait for a commit. */
export interface CommitWaiter {
  /** Everything up to `commit` is durable. */
  committed(commit: number): void
  /** `commit` failed: nothing of it may be acknowledged. */
  commitFailed(commit: number): void
}

/**
 * Group commit. Records gathered while one batch is on its way to the store make up the next: no timer, no promise
 * per record. Commits are numbered; an answer waits for the number of the batch its record is in.
 */
export class Journal {
  readonly #store: Store
  readonly #log: Log
  readonly #guarded: (task: () => void) => void
  #gathering: StoreRecord[] = []
  #waiting = new Set<CommitWaiter>()
  #isStoring = false
  #isScheduled = false
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

  constructor(store: Store, log: Log, guarded: (task: () => void) => void) {
    this.#guarded = guarded
    this.#store = store
    this.#log = log
  }

  /** Adds a record and returns the commit it will be durable with. */
  append(record: StoreRecord): number {
    this.#gathering.push(record)
    if (!this.#isStoring && !this.#isScheduled) {
      // at the end of the turn, so that a batch holds all that arrived in it
      this.#isScheduled = true
      setImmediate(this.#begin)
    }
    return this.commit
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
          if (failed === commit) reject(new Error('the store could not keep it'))
        },
      }
      this.wait(waiter)
    })
  }

  #storeGathered(): void {
    if (this.#isStoring || this.#gathering.length === 0) return
    const batch = this.#gathering
    const commit = this.commit
    this.#gathering = []
    this.commit++
    this.#isStoring = true
    const startedMs = performance.now()
    try {
      this.#store.append(batch, (error) => {
        this.latency.record((performance.now() - startedMs) / 1000)
        this.#stored(commit, error)
      })
    } catch (error) {
      setImmediate(() => this.#stored(commit, error instanceof Error ? error : new Error(String(error))))
    }
  }

  #stored(commit: number, error: Error | undefined): void {
    this.#isStoring = false
    const waiting = [...this.#waiting]
    if (error !== undefined) {
      this.#log.error({ error: error.message }, 'the store could not keep a batch; its publishers are disconnected')
      for (const waiter of waiting) this.#guarded(() => waiter.commitFailed(commit))
    }
    this.durable = commit
    for (const waiter of waiting) this.#guarded(() => waiter.committed(commit))
    this.#storeGathered()
  }
}
