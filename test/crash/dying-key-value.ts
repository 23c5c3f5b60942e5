import { randomFillSync } from 'node:crypto'
import { watch } from 'node:fs'
import { join } from 'node:path'
import type { Entry, KeyRange, KeyValue, Operations } from '../../src/storage/key-value.ts'
import type { DeathOrder, StartOrders } from './orders.ts'

function die(): void {
  process.kill(process.pid, 'SIGKILL')
}

/** Keys that no store uses, a few, so that the bulk of old batches goes with the next compaction. */
const BULK_KEYS = 16
/** In which answers leave that should have waited. */
const MOMENT_MS = 10
const COMPACTING_BYTES = 1024 * 1024

/** A database that kills its process at a point it is told. */
export class DyingKeyValue implements KeyValue {
  readonly #inner: KeyValue
  readonly #orders: StartOrders
  #death: DeathOrder | undefined
  #batches = 0
  #left = Infinity
  #bulkBytes: number

  constructor(inner: KeyValue, orders: StartOrders) {
    this.#inner = inner
    this.#orders = orders
    this.#bulkBytes = orders.bulkBytes
    if (orders.recovery === 'opened') die()
  }

  order(death: DeathOrder): void {
    this.#death = death
    this.#left = death.batches
    if (death.point !== 'compaction') return
    this.#bulkBytes = COMPACTING_BYTES
    watch(join(this.#orders.directory, 'db'), (_event, name) => {
      if (name?.endsWith('.ldb') === true) die()
    })
  }

  write(operations: Operations, isSync: boolean, onWritten: (error?: Error) => void): void {
    if (this.#orders.recovery === 'first-write') die()
    const point = isSync && --this.#left === 0 ? this.#death?.point : undefined
    switch (point) {
      case 'before-sync':
        setTimeout(die, MOMENT_MS)
        return
      case 'during-sync':
        this.#inner.write(operations, true, onWritten)
        setImmediate(die)
        return
      case 'in-the-middle':
        this.#inner.write(operations, false, die)
        return
      case 'after-sync':
        this.#inner.write(operations, true, die)
        return
      default:
        this.#inner.write(this.#withBulk(operations), isSync, onWritten)
    }
  }

  #withBulk({ keys, values }: Operations): Operations {
    if (this.#bulkBytes === 0) return { keys, values }
    const key = Buffer.from(`~bulk|${this.#batches++ % BULK_KEYS}`)
    return { keys: [...keys, key], values: [...values, randomFillSync(Buffer.alloc(this.#bulkBytes))] }
  }

  getMany(keys: readonly Uint8Array[]): Promise<readonly (Uint8Array | undefined | Error)[]> {
    return this.#inner.getMany(keys)
  }

  entries(range: KeyRange, onDamage: (error: Error) => void): AsyncIterable<readonly Entry[]> {
    if (this.#orders.recovery === 'reading') setImmediate(die)
    return this.#inner.entries(range, onDamage)
  }

  clear(range: KeyRange): Promise<void> {
    return this.#inner.clear(range)
  }

  close(): Promise<void> {
    return this.#inner.close()
  }
}
