import { decodePacket, splitPackets, type Connack, type InboundPacket } from '../support/wire-decoder.ts'
import { connectPacket, joined } from '../support/wire-packets.ts'
import { openTcp, type WireTransport } from '../support/wire-transport.ts'

export const FOR_EVER = 4_294_967_295

interface LinkEvents {
  /** Of every packet after CONNACK. */
  onPacket(packet: InboundPacket): void
  onClosed(): void
}

/** One connection of a client whose session outlives it, MQTT 5.0. What breaks the standard ends the process. */
export class Link {
  readonly #transport: WireTransport
  readonly #events: LinkEvents
  #gathered: Uint8Array[] = []
  /** What came together with CONNACK, before anybody knew of this link. */
  #early: InboundPacket[] | undefined = []
  isClosed = false

  private constructor(transport: WireTransport, events: LinkEvents) {
    this.#transport = transport
    this.#events = events
  }

  /** Resolves with CONNACK; undefined when the broker went away before it. */
  static async open(
    port: number,
    clientId: string,
    receiveMaximum: number,
    events: LinkEvents,
  ): Promise<{ readonly link: Link; readonly connack: Connack } | undefined> {
    let accept: ((connack: Connack | undefined) => void) | undefined
    const acceptance = new Promise<Connack | undefined>((resolve) => (accept = resolve))
    let link: Link | undefined
    let rest: Uint8Array = new Uint8Array()
    let isAccepted = false
    const transport = await openTcp(port, {
      onData(bytes) {
        const split = splitPackets(rest.length === 0 ? bytes : joined(rest, bytes))
        rest = split.rest
        for (const raw of split.packets) {
          const packet = decodePacket(5, raw)
          if (isAccepted) link?.take(packet)
          else if (packet.kind !== 'connack') throw new Error(`${packet.kind} came before CONNACK`)
          else accept?.(packet)
          isAccepted = true
        }
      },
      onClose() {
        if (link !== undefined) link.isClosed = true
        accept?.(undefined)
        events.onClosed()
      },
    }).catch(() => undefined)
    if (transport === undefined) return undefined
    link = new Link(transport, events)
    const properties = { sessionExpiryInterval: FOR_EVER, receiveMaximum }
    transport.write(connectPacket(5, { clientId, cleanStart: false, properties }))
    const connack = await acceptance
    return connack === undefined ? undefined : { link, connack }
  }

  /** Whoever opened it is ready for packets. */
  begin(): void {
    const early = this.#early ?? []
    this.#early = undefined
    for (const packet of early) this.#events.onPacket(packet)
  }

  private take(packet: InboundPacket): void {
    if (this.#early !== undefined) this.#early.push(packet)
    else this.#events.onPacket(packet)
  }

  /** Leaves at the end of the turn, together with the rest of it. */
  send(packet: Uint8Array): void {
    if (this.isClosed) return
    this.#gathered.push(packet)
    if (this.#gathered.length > 1) return
    queueMicrotask(() => {
      const packets = this.#gathered
      this.#gathered = []
      if (!this.isClosed) this.#transport.write(joined(...packets))
    })
  }

  /** After DISCONNECT has been sent. */
  end(): void {
    queueMicrotask(() => this.#transport.end())
  }

  abort(): void {
    this.#transport.abort()
  }
}
