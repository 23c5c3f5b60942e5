/** A QoS 1 or 2 message on its way to the broker. */
export interface Unacknowledged {
  readonly token: number
  /** To be sent again, where a session may go on; gone once PUBREC has come. */
  packet: Uint8Array | undefined
  /** PUBREC has come: PUBREL is what is to be sent again. */
  isReceived: boolean
}

/** What outlives a connection, and a client whose place a twin takes. Most clients never have anything in it. */
export class LightSession {
  #inFlight: Map<number, Unacknowledged> | undefined
  #received: Set<number> | undefined
  #lastPacketId = 0

  get size(): number {
    return this.#inFlight?.size ?? 0
  }

  /** By packet identifier, in the order of sending. */
  get inFlight(): Iterable<[packetId: number, message: Unacknowledged]> {
    return this.#inFlight ?? []
  }

  nextPacketId(): number {
    do this.#lastPacketId = (this.#lastPacketId % 65_535) + 1
    while (this.#inFlight?.has(this.#lastPacketId))
    return this.#lastPacketId
  }

  sent(packetId: number, token: number, packet: Uint8Array | undefined): void {
    this.#inFlight ??= new Map()
    this.#inFlight.set(packetId, { token, packet, isReceived: false })
  }

  /** PUBREC came. */
  received(packetId: number): void {
    const message = this.#inFlight?.get(packetId)
    if (message === undefined) return
    message.isReceived = true
    message.packet = undefined
  }

  /** The message that is done with, or undefined where there was none. */
  acknowledged(packetId: number): Unacknowledged | undefined {
    const message = this.#inFlight?.get(packetId)
    if (message !== undefined) this.#inFlight?.delete(packetId)
    return message
  }

  /** A QoS 2 message came; false when it is known already. */
  takes(packetId: number): boolean {
    this.#received ??= new Set()
    if (this.#received.has(packetId)) return false
    this.#received.add(packetId)
    return true
  }

  /** PUBREL came. */
  released(packetId: number): void {
    this.#received?.delete(packetId)
  }

  /** The broker knows nothing of it. */
  clear(): void {
    this.#inFlight?.clear()
    this.#received?.clear()
  }
}
