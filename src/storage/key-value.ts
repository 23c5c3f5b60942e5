/** The least a store needs of a database: ordered keys, atomic batches, and a sync that means it. */
export interface KeyValue {
  /** Writes all or nothing; with `isSync` it is on disk when `onWritten` is called, in a later turn. */
  write(operations: Operations, isSync: boolean, onWritten: (error?: Error) => void): void
  /** Undefined for a key that is not there, an Error for one that cannot be read. Rejects when nothing can be. */
  getMany(keys: readonly Uint8Array[]): Promise<readonly (Uint8Array | undefined | Error)[]>
  /** Entries in key order, in chunks; `onDamage` is told of what had to be skipped. */
  entries(range: KeyRange, onDamage: (error: Error) => void): AsyncIterable<readonly Entry[]>
  /** Deletes a range, in slices, without a sync. */
  clear(range: KeyRange): Promise<void>
  close(): Promise<void>
}

export type Entry = readonly [key: Uint8Array, value: Uint8Array]

export interface KeyRange {
  /** Included. */
  readonly from: Uint8Array
  /** Not included. */
  readonly to: Uint8Array
}

/** A batch that is being put together; a put of `undefined` deletes. Keys and values are not changed after. */
export interface Operations {
  readonly keys: readonly Uint8Array[]
  readonly values: readonly (Uint8Array | undefined)[]
}
