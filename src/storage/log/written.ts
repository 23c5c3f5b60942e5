import type { KeyValue, Operations } from '../key-value.ts'

/** A write as a promise, for what is rare. */
export function written(db: KeyValue, operations: Operations, isSync: boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    db.write(operations, isSync, (error) => (error === undefined ? resolve() : reject(error)))
  })
}
