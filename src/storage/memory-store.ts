import type { Store, StoreRecord } from '../contracts/store.ts'

/** Keeps nothing beyond the process: the broker's own memory is the state. Answers in a later turn, as a disk would. */
export class MemoryStore implements Store {
  append(_batch: readonly StoreRecord[], onDurable: (error?: Error) => void): void {
    setImmediate(onDurable)
  }

  async close(): Promise<void> {}
}
