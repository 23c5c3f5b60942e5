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

/** Who waits for a hash. */
export interface HashAsker {
  /** Remote address; empty when there is none. */
  readonly address: string
  /** Nobody wants the hash any more. */
  readonly isGone: () => boolean
}

interface Waiting extends HashAsker {
  readonly takeTurn: (turn: 'come' | 'unwanted') => void
}

const ourselves: HashAsker = { address: '', isGone: () => false }

/** Hashes run in the thread pool that also serves files and name look-ups: half of its four threads stays theirs. */
const maximumConcurrency = 2

/**
 * Computes hashes off the loop, in order, a few at once; what does not fit is turned away and never piles up. Half of
 * the places to wait are the most that one address gets, so that no host keeps everybody else out.
 */
export class HashQueue {
  #concurrency = 0
  #maximumWaiting = 0
  readonly #derive: (job: HashJob) => Promise<Uint8Array>
  readonly #waiting: Waiting[] = []
  readonly #waitingByAddress = new Map<string, number>()
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

  /**
   * Resolves with the hash, at once with `busy` when too many wait, or with `unwanted` when the asker has gone before
   * its turn. Rejects when the hash cannot be computed.
   */
  async hash(job: HashJob, asker: HashAsker = ourselves): Promise<Uint8Array | 'busy' | 'unwanted'> {
    if (this.#running < this.#concurrency) this.#running++
    else if (!this.#hasPlaceFor(asker)) return 'busy'
    else if ((await this.#turn(asker)) === 'unwanted') return 'unwanted'
    try {
      return await this.#derive(job)
    } finally {
      this.#passOn()
    }
  }

  #hasPlaceFor({ address }: HashAsker): boolean {
    if (this.#waiting.length >= this.#maximumWaiting) return false
    return address === '' || (this.#waitingByAddress.get(address) ?? 0) < Math.ceil(this.#maximumWaiting / 2)
  }

  #turn({ address, isGone }: HashAsker): Promise<'come' | 'unwanted'> {
    this.#waitingByAddress.set(address, (this.#waitingByAddress.get(address) ?? 0) + 1)
    return new Promise((takeTurn) => this.#waiting.push({ address, isGone, takeTurn }))
  }

  /** The place of a job that ended goes straight to the next one, so that nobody slips in between. */
  #passOn(): void {
    let next = this.#running > this.#concurrency ? undefined : this.#leaveQueue()
    while (next?.isGone()) {
      next.takeTurn('unwanted')
      next = this.#leaveQueue()
    }
    if (next === undefined) this.#running--
    else next.takeTurn('come')
  }

  #leaveQueue(): Waiting | undefined {
    const next = this.#waiting.shift()
    if (next === undefined) return undefined
    const left = (this.#waitingByAddress.get(next.address) ?? 1) - 1
    if (left === 0) this.#waitingByAddress.delete(next.address)
    else this.#waitingByAddress.set(next.address, left)
    return next
  }
}
