import type { Operations } from '../key-value.ts'

/** A batch that is being put together. */
export class OperationList implements Operations {
  readonly keys: Uint8Array[] = []
  readonly values: (Uint8Array | undefined)[] = []
  /** Of the values. */
  byteSize = 0

  put(key: Uint8Array, value: Uint8Array): void {
    this.keys.push(key)
    this.values.push(value)
    this.byteSize += value.length
  }

  delete(key: Uint8Array): void {
    this.keys.push(key)
    this.values.push(undefined)
  }
}
