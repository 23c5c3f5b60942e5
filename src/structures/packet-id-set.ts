/** A set of numbers that is nothing until something is in it: most clients never publish at QoS 2. */
export class PacketIdSet {
  #ids: Set<number> | undefined = undefined

  get size(): number {
    return this.#ids === undefined ? 0 : this.#ids.size
  }

  has(packetId: number): boolean {
    return this.#ids !== undefined && this.#ids.has(packetId)
  }

  add(packetId: number): void {
    this.#ids ??= new Set()
    this.#ids.add(packetId)
  }

  /** False when it was not there. */
  delete(packetId: number): boolean {
    return this.#ids !== undefined && this.#ids.delete(packetId)
  }

  [Symbol.iterator](): Iterator<number> {
    return (this.#ids ?? none).values()
  }
}

const none: ReadonlySet<number> = new Set<number>()
