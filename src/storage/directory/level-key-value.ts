import { ClassicLevel } from 'classic-level'
import type { Entry, KeyRange, KeyValue, Operations } from '../key-value.ts'
import { asError, isDamage } from './level-error.ts'

type Level = ClassicLevel<Uint8Array, Uint8Array>

/** Entries a chunk has at most; a chunk costs one crossing into native code. */
const chunkEntries = 1000

/** And its bytes: LevelDB's own limit of 16 KiB would make chunks of a dozen messages. */
const chunkBytes = 1 << 20

/** Keys deleted by one batch of `clear`: some milliseconds of another thread, so that commits get in between. */
const clearEntries = 4000

/** LevelDB through classic-level. A handle that failed a write is to be closed, and the database opened anew. */
export class LevelKeyValue implements KeyValue {
  readonly #level: Level
  readonly #onDamage: (error: Error) => void
  readonly #afterClose: () => Promise<void>
  #closed: Promise<void> | undefined = undefined

  private constructor(level: Level, onDamage: (error: Error) => void, afterClose: () => Promise<void>) {
    this.#level = level
    this.#onDamage = onDamage
    this.#afterClose = afterClose
  }

  /** `onDamage` hears of every error that says a file is not what it was. Rejects with classic-level's error. */
  static async open(
    path: string,
    onDamage: (error: Error) => void = () => {},
    afterClose: () => Promise<void> = async () => {},
  ): Promise<LevelKeyValue> {
    const level: Level = new ClassicLevel(path, {
      keyEncoding: 'view',
      valueEncoding: 'view',
      // a log twice as long as the commits a start replays: fewer tables are written of what is soon deleted
      writeBufferSize: 16 << 20,
      // topics and JSON shrink to a half, and a compressed block that was flipped is noticed when it is read
      compression: true,
      // tables of the working set stay open: one that is opened anew reads its index and filter again
      maxOpenFiles: 1000,
    })
    try {
      await level.open()
    } catch (error) {
      await level.close().catch(() => {})
      throw asError(error)
    }
    return new LevelKeyValue(level, onDamage, afterClose)
  }

  write(operations: Operations, isSync: boolean, onWritten: (error?: Error) => void): void {
    const { keys, values } = operations
    let written: Promise<void>
    try {
      // the array form costs ten times as much of the main thread
      const batch = this.#level.batch()
      for (let index = 0; index < keys.length; index++) {
        const key = keys[index] as Uint8Array
        const value = values[index]
        if (value === undefined) batch.del(key)
        else batch.put(key, value)
      }
      written = batch.write({ sync: isSync })
    } catch (error) {
      written = Promise.reject(asError(error))
    }
    // what the callback throws is its own bug, not an answer to this write
    written.then(
      () => setImmediate(onWritten),
      (error: unknown) => setImmediate(onWritten, this.#noted(error)),
    )
  }

  async getMany(keys: readonly Uint8Array[]): Promise<readonly (Uint8Array | undefined | Error)[]> {
    try {
      return await this.#level.getMany([...keys])
    } catch (error) {
      if (!isDamage(error)) throw asError(error)
    }
    // one key that cannot be read fails them all: find out which
    const found: (Uint8Array | undefined | Error)[] = []
    for (const key of keys) {
      found.push(await this.#level.get(key).catch((error: unknown) => this.#valueOfFailedGet(error)))
    }
    return found
  }

  async *entries(range: KeyRange, onDamage: (error: Error) => void): AsyncGenerator<readonly Entry[]> {
    let last: Uint8Array | undefined
    const iterator = this.#iterator(range, last)
    try {
      for (;;) {
        const chunk = await iterator.nextv(chunkEntries)
        if (chunk.length === 0) return
        yield chunk
        last = (chunk.at(-1) as Entry)[0]
      }
    } catch (error) {
      if (!isDamage(error)) throw asError(error)
      onDamage(this.#noted(error))
    } finally {
      await iterator.close()
    }
    yield* this.#tail(range, last)
  }

  /**
   * LevelDB goes past blocks it cannot read, says so at the end of the range, and what it read last is lost with that
   * error. One by one nothing is.
   */
  async *#tail(range: KeyRange, last: Uint8Array | undefined): AsyncGenerator<readonly Entry[]> {
    const iterator = this.#iterator(range, last)
    let chunk: Entry[] = []
    try {
      for (;;) {
        const [entry] = await iterator.nextv(1)
        if (entry === undefined) break
        chunk.push(entry)
        if (chunk.length < chunkEntries) continue
        yield chunk
        chunk = []
      }
    } catch (error) {
      if (!isDamage(error)) throw asError(error)
    } finally {
      await iterator.close()
    }
    if (chunk.length > 0) yield chunk
  }

  #iterator({ from, to }: KeyRange, last: Uint8Array | undefined) {
    const start = last === undefined ? { gte: from } : { gt: last }
    // what is read once at start must not push out what is read again
    return this.#level.iterator({ ...start, lt: to, fillCache: false, highWaterMarkBytes: chunkBytes })
  }

  /** Each slice begins behind the last key deleted: the tombstones before it would be gone through again. */
  async clear({ from, to }: KeyRange): Promise<void> {
    let last: Uint8Array | undefined
    for (;;) {
      const start = last === undefined ? { gte: from } : { gt: last }
      const iterator = this.#level.keys({ ...start, lt: to, fillCache: false, highWaterMarkBytes: chunkBytes })
      let keys: Uint8Array[]
      try {
        keys = await iterator.nextv(clearEntries)
      } catch (error) {
        throw this.#noted(error)
      } finally {
        await iterator.close()
      }
      if (keys.length === 0) return
      const batch = this.#level.batch()
      for (const key of keys) batch.del(key)
      await batch.write()
      last = keys.at(-1)
    }
  }

  close(): Promise<void> {
    return (this.#closed ??= this.#level.close().then(this.#afterClose))
  }

  #noted(error: unknown): Error {
    if (isDamage(error)) this.#onDamage(asError(error))
    return asError(error)
  }

  #valueOfFailedGet(error: unknown): Error {
    if (isDamage(error)) return this.#noted(error)
    throw asError(error)
  }
}
