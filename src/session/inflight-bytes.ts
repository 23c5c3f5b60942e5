/**
 * Bytes that a client has been sent and has not acknowledged. Sizes are kept by position, because the message itself
 * may be given up once it is sent; made only where the bytes are limited.
 */
export class InflightBytes {
  readonly #sizes = new Map<number, number>()
  /** Of the connection there is now. */
  total = 0

  sent(position: number, byteSize: number): void {
    this.#sizes.set(position, byteSize)
    this.total += byteSize
  }

  /** PUBREL goes out again: its message is in flight on this connection too. A restart knows no size for it. */
  sentAgain(position: number): void {
    this.total += this.#sizes.get(position) ?? 0
  }

  ended(position: number): void {
    const byteSize = this.#sizes.get(position)
    if (byteSize === undefined) return
    this.#sizes.delete(position)
    this.total -= byteSize
  }

  /** A new connection has been sent nothing. */
  connected(): void {
    this.total = 0
  }
}
