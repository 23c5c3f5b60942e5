import type {
  DurableState,
  Store,
  StoredMessage,
  StoreOpening,
  StoreRecord,
  StoreStatistics,
} from '../../src/contracts/store.ts'
import type { Fault } from './orders.ts'

type Batch = readonly StoreRecord[]

/** A store that breaks its promise in one way. */
export class FaultyStore implements Store {
  readonly #inner: Store
  readonly #fault: Fault
  #kept: Batch | undefined
  #appended: Promise<void> = Promise.resolve()

  constructor(inner: Store, fault: Fault) {
    this.#inner = inner
    this.#fault = fault
  }

  append(batch: Batch, onDurable: (error?: Error) => void): void {
    switch (this.#fault) {
      case 'early-durable':
        this.#appended = this.#appended.then(() => new Promise((resolve) => this.#inner.append(batch, () => resolve())))
        setImmediate(onDurable)
        return
      case 'forget-inbound': {
        const rest = batch.filter((record) => record.kind !== 'inbound-id')
        if (rest.length === 0) setImmediate(onDurable)
        else this.#inner.append(rest, onDurable)
        return
      }
      case 'lose-last-batch': {
        const before = this.#kept
        this.#kept = batch
        if (before === undefined) setImmediate(onDurable)
        else this.#inner.append(before, onDurable)
        return
      }
    }
  }

  open(state: DurableState): Promise<StoreOpening> {
    return this.#inner.open(state)
  }

  get keepsMessages(): boolean {
    return this.#inner.keepsMessages
  }

  get statistics(): StoreStatistics {
    return this.#inner.statistics
  }

  read(
    sequences: readonly number[],
    onRead: (error: Error | undefined, messages: readonly (StoredMessage | undefined)[]) => void,
  ): void {
    this.#inner.read(sequences, onRead)
  }

  keepCounters(counters: Readonly<Record<string, number>>): void {
    this.#inner.keepCounters(counters)
  }

  async close(): Promise<void> {
    await this.#inner.close()
  }
}
