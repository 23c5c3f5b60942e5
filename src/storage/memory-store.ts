import type {
  DurableState,
  Store,
  StoredMessage,
  StoreOpening,
  StoreRecord,
  StoreStatistics,
} from '../contracts/store.ts'

/** Keeps nothing beyond the process: the broker's own memory is the state. Answers in a later turn, as a disk would. */
export class MemoryStore implements Store {
  readonly keepsMessages = false
  readonly statistics = emptyStatistics

  async open(_state: DurableState): Promise<StoreOpening> {
    return emptyOpening
  }

  append(_batch: readonly StoreRecord[], onDurable: (error?: Error) => void): void {
    setImmediate(onDurable)
  }

  read(
    sequences: readonly number[],
    onRead: (error: Error | undefined, messages: readonly (StoredMessage | undefined)[]) => void,
  ): void {
    setImmediate(
      onRead,
      undefined,
      sequences.map(() => undefined),
    )
  }

  keepCounters(): void {}

  async close(): Promise<void> {}
}

/** Of a store that has never kept anything. */
export const emptyOpening: StoreOpening = {
  nextSequence: 1,
  nextSession: 1,
  lastKnownMs: 0,
  counters: {},
  damage: [],
}

export const emptyStatistics: StoreStatistics = {
  isDegraded: false,
  missingCommits: 0,
  damagedValues: 0,
  filesSetAside: 0,
  logBytes: 0,
  failedBatches: 0,
}
