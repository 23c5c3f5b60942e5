import type { StoredMessage, Store, StoreRecord } from '../../src/contracts/store.ts'
import { emptyOpening, emptyStatistics } from '../../src/storage/memory-store.ts'

type OnRead = (error: Error | undefined, messages: readonly (StoredMessage | undefined)[]) => void

/** The part of a store that keeps nothing. */
export abstract class ForgetfulStore {
  readonly keepsMessages = false
  readonly statistics = emptyStatistics

  async open() {
    return emptyOpening
  }

  read(sequences: readonly number[], onRead: OnRead): void {
    setImmediate(
      onRead,
      undefined,
      sequences.map(() => undefined),
    )
  }

  keepCounters(): void {}

  async close(): Promise<void> {}
}

/**
 * A store that takes its time: each batch is answered after a random number of loop turns, seeded so that a run can
 * be repeated. It keeps the batches, for tests that look at what was made durable.
 */
export class DelayedStore extends ForgetfulStore implements Store {
  readonly batches: (readonly StoreRecord[])[] = []
  #state: number
  readonly #mostTurns: number

  constructor(seed: number, mostTurns = 12) {
    super()
    this.#state = seed
    this.#mostTurns = mostTurns
  }

  append(batch: readonly StoreRecord[], onDurable: (error?: Error) => void): void {
    this.#afterTurns(1 + Math.floor(this.#random() * this.#mostTurns), () => {
      this.batches.push(batch)
      onDurable()
    })
  }

  #afterTurns(turns: number, task: () => void): void {
    setImmediate(() => (turns === 1 ? task() : this.#afterTurns(turns - 1, task)))
  }

  // mulberry32
  #random(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** Answers only when told to, so that a test sees what waits. */
export class HeldStore extends ForgetfulStore implements Store {
  readonly #held: ((error?: Error) => void)[] = []
  readonly batches: (readonly StoreRecord[])[] = []

  append(batch: readonly StoreRecord[], onDurable: (error?: Error) => void): void {
    this.batches.push(batch)
    this.#held.push(onDurable)
  }

  get heldBatches(): number {
    return this.#held.length
  }

  /** Answers the oldest batch. */
  answer(error?: Error): void {
    this.#held.shift()?.(error)
  }
}
