import type { DuplexLike } from '../../src/server/broker.ts'

/**
 * The broker's end of a client without a socket, for `broker.handle`. Counts writes, shows the bytes of each to
 * `onBytes`, and says that they were taken only when the test calls `settle`, as the operating system does in a later
 * turn. Allocates nothing itself for what passes through it.
 */
export class CountingStream implements DuplexLike {
  writes = 0
  bytesWritten = 0
  isPaused = false
  isClosed = false
  readonly #onBytes: (bytes: Uint8Array) => void
  readonly #listeners = new Map<string, (...values: never[]) => void>()
  #onData: (chunk: Uint8Array) => void = () => {}
  /** Of writes that are not settled yet. */
  readonly #untold: ((error?: Error | null) => void)[] = []

  constructor(onBytes: (bytes: Uint8Array) => void = () => {}) {
    this.#onBytes = onBytes
  }

  /** Bytes arrive at the broker. */
  send(chunk: Uint8Array): void {
    if (this.isPaused) throw new Error('the broker does not read this stream for now; settle its writes first')
    this.#onData(chunk)
  }

  /** All writes so far are taken. Returns whether there was one. */
  settle(): boolean {
    const count = this.#untold.length
    for (let index = 0; index < count; index++) this.#untold.shift()?.()
    return count > 0
  }

  on(event: string, listener: (...values: never[]) => void): this {
    if (event === 'data') this.#onData = listener.bind(this) as (chunk: Uint8Array) => void
    this.#listeners.set(event, listener.bind(this))
    return this
  }

  write(bytes: Uint8Array, onWritten: (error?: Error | null) => void): boolean {
    this.writes++
    this.bytesWritten += bytes.length
    this.#untold.push(onWritten)
    this.#onBytes(bytes)
    return true
  }

  pause(): void {
    this.isPaused = true
  }

  resume(): void {
    this.isPaused = false
  }

  end(): void {
    this.settle()
    this.destroy()
  }

  destroy(): void {
    if (this.isClosed) return
    this.isClosed = true
    this.#listeners.get('close')?.()
  }
}
