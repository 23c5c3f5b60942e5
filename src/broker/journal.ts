import type { Log } from '../contracts/log.ts'
import type { Store, StoreRecord } from '../contracts/store.ts'

/** Somebody whose answers wait for a commit. */
export interface CommitWaiter {
  /** Everything up to `commit` is durable. */
  committed(commit: number): void
  /** A commit it waited for failed: nothing of it may be acknowledged. */
  commitFailed(): void
}

/**
 * Group commit. Records gathered while one batch is on its way to the store make up the next: no timer, no promise
 * per record. Commits are numbered; an answer waits for the number of the batch its record is in.
 */
export class Journal {
  readonly #store: Store
  readonly #log: Log
  #gathering: StoreRecord[] = []
  #waiting = new Set<CommitWaiter>()
  #isStoring = false
  #isScheduled = false
  /** Number of the batch being gathered: what is appended now is durable with it. */
  commit = 1
  /** Highest number of which everything up to it is durable. */
  durable = 0
  readonly #begin = (): void => {
    this.#isScheduled = false
    this.#storeGathered()
  }

  constructor(store: Store, log: Log) {
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
    if (this.#gathering.length === 0 && !this.#isStoring) return Promise.resolve()
    return new Promise((resolve) => {
      const waiter: CommitWaiter = { committed: () => check(), commitFailed: () => check() }
      const check = (): void => {
        if (this.#gathering.length > 0 || this.#isStoring) return
        this.forget(waiter)
        resolve()
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
    this.#store.append(batch, (error) => this.#stored(commit, error))
  }

  #stored(commit: number, error: Error | undefined): void {
    this.#isStoring = false
    const waiting = [...this.#waiting]
    if (error === undefined) {
      this.durable = commit
      for (const waiter of waiting) waiter.committed(commit)
    } else {
      this.#log.error({ error: error.message }, 'the store could not keep a batch; its publishers are disconnected')
      for (const waiter of waiting) waiter.commitFailed()
    }
    this.#storeGathered()
  }
}
