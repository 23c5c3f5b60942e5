import { availableParallelism } from 'node:os'
import { deriveHash, type HashJob } from './derive-hash.ts'

export interface HashQueueSize {
  /** Hashes computed at once. Default 1 on a machine of two cores or fewer, else 2; never more than 2. */
  readonly concurrency?: number | undefined
  /** Jobs that may wait for their turn. Default 1024. */
  readonly maximumWaiting?: number | undefined
}

export interface HashQueueOptions extends HashQueueSize {
  /** Does the work. */
  readonly derive?: (job: HashJob) => Promise<Uint8Array>
}

/** Hashes run in the thread pool that also serves files and name look-ups: half of its four threads stays theirs. */
const maximumConcurrency = 2

/** Computes hashes off the loop, in order, a few at once; what does not fit is turned away and never piles up. */
export class HashQueue {
  #concurrency = 0
  #maximumWaiting = 0
  readonly #derive: (job: HashJob) => Promise<Uint8Array>
  readonly #waiting: (() => void)[] = []
  #running = 0

  constructor(options: HashQueueOptions = {}) {
    this.#derive = options.derive ?? deriveHash
    this.resize(options)
  }

  /** From the next job on; what runs and waits stays. */
  resize({ concurrency = availableParallelism() <= 2 ? 1 : 2, maximumWaiting = 1024 }: HashQueueSize): void {
    this.#concurrency = Math.min(concurrency, maximumConcurrency)
    this.#maximumWaiting = maximumWaiting
  }

  /** Resolves with the hash, or at once with `busy` when too many wait. Rejects when the hash cannot be computed. */
  async hash(job: HashJob): Promise<Uint8Array | 'busy'> {
    if (this.#running < this.#concurrency) this.#running++
    else if (this.#waiting.length >= this.#maximumWaiting) return 'busy'
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    try {
      return await this.#derive(job)
    } finally {
      this.#passOn()
    }
  }

  /** The place of a job that ended goes straight to the next one, so that nobody slips in between. */
  #passOn(): void {
    const next = this.#running > this.#concurrency ? undefined : this.#waiting.shift()
    if (next === undefined) this.#running--
    else next()
  }
}
