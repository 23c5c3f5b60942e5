const PUBLISH = 3

/** Follows a stream of MQTT packets just closely enough to count PUBLISH packets and to cut before one. */
export class PacketScanner {
  /** PUBLISH packets that began in what the last cut let pass. */
  publishes = 0
  /** Bytes of the packet under way that are still to come. */
  #rest = 0
  /** How far the fixed header of the packet under way has come: 0 = it has not begun, then bytes seen. */
  #headerBytes = 0
  #remaining = 0

  /**
   * How far `bytes`, from `start` on, may pass when at most this many bytes and PUBLISH packets may. The next call begins
   * where this one ended.
   */
  cut(bytes: Uint8Array, start: number, maximumBytes: number, maximumPublishes: number): number {
    const limit = Math.min(bytes.length, start + maximumBytes)
    this.publishes = 0
    let at = start
    while (at < limit) {
      if (this.#rest > 0) {
        const passed = Math.min(this.#rest, limit - at)
        this.#rest -= passed
        at += passed
        continue
      }
      if (this.#headerBytes === 0) {
        if ((bytes[at] as number) >> 4 === PUBLISH && this.publishes++ === maximumPublishes) {
          this.publishes--
          return at
        }
        this.#headerBytes = 1
        this.#remaining = 0
      } else this.#readLength(bytes[at] as number)
      at++
    }
    return at
  }

  #readLength(byte: number): void {
    this.#remaining += (byte & 0x7f) * 128 ** (this.#headerBytes - 1)
    // a fifth byte is no packet any more: whoever reads it will say so
    if (byte > 0x7f && this.#headerBytes < 4) {
      this.#headerBytes++
      return
    }
    this.#rest = this.#remaining
    this.#headerBytes = 0
  }
}
