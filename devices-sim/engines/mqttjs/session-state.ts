import { Readable } from 'node:stream'
import type { IClientOptions, IPublishPacket, Packet } from 'mqtt'

type Store = NonNullable<IClientOptions['outgoingStore']>
type MessageIds = NonNullable<IClientOptions['messageIdProvider']>
type PacketWithId = Parameters<Store['get']>[0]
type StoreAnswer = (error?: Error, packet?: Packet) => void

interface Unacknowledged {
  readonly token: number
  /** To be sent again, where a session may go on. */
  readonly packet: IPublishPacket | undefined
  /** PUBREC came: PUBREL is what is to be sent again. */
  isReceived: boolean
}

/** What outlives a connection. Each connection has an MQTT.js client of its own; they hand this on. */
export class SessionState {
  /** By packet identifier, in the order of sending. */
  readonly inFlight = new Map<number, Unacknowledged>()
  /** Packet identifiers of QoS 2 that came and are not released. */
  readonly received = new Set<number>()
  #lastPacketId = 0
  /** Of the message that MQTT.js is being given. */
  sendingToken = 0

  get lastPacketId(): number {
    return this.#lastPacketId
  }

  /** It does not go on at the broker. */
  clear(): void {
    this.inFlight.clear()
    this.received.clear()
  }

  /** Where MQTT.js takes packet identifiers: none twice, whichever connection took it. */
  messageIds(): MessageIds {
    return {
      allocate: () => {
        do this.#lastPacketId = (this.#lastPacketId % 65_535) + 1
        while (this.inFlight.has(this.#lastPacketId))
        return this.#lastPacketId
      },
      getLastAllocated: () => this.#lastPacketId,
      register: () => true,
      deallocate: () => {},
      clear: () => {},
    }
  }

  /**
   * Where MQTT.js keeps what it sent, as long as its connection `isLive`. Removing is left to who tells of the
   * acknowledgement. `createStream` is what MQTT.js would send again, one message after the acknowledgement of the one
   * before, without DUP, and with everything new behind it; it is given nothing, and `toSendAgain` used instead.
   */
  outgoingStore(isLive: () => boolean, isKept: boolean): Store {
    const store: Store = {
      put: (packet, answer) => {
        if (isLive()) this.#keep(packet as Packet, isKept)
        answer()
        return store
      },
      del: (packet, answer) => {
        ;(answer as StoreAnswer)(undefined, packet as Packet)
        return store
      },
      get: (packet, answer) => {
        ;(answer as StoreAnswer)(undefined, packet as Packet)
        return store
      },
      createStream: () =>
        new Readable({
          objectMode: true,
          read() {
            this.push(null)
          },
        }) as unknown as ReturnType<Store['createStream']>,
      close: (answer) => answer(),
    }
    return store
  }

  /** Where MQTT.js looks for a message to tell of at PUBREL; what it finds is told to nobody. */
  incomingStore(): Store {
    return this.outgoingStore(() => false, false)
  }

  toSendAgain(): PacketsAgain {
    const packets: (IPublishPacket | { cmd: 'pubrel'; messageId: number })[] = []
    for (const [messageId, { packet, isReceived }] of this.inFlight) {
      if (isReceived) packets.push({ cmd: 'pubrel', messageId })
      else if (packet !== undefined) packets.push({ ...packet, dup: true })
    }
    return packets
  }

  #keep(packet: Packet, isKept: boolean): void {
    const messageId = (packet as PacketWithId).messageId as number
    if (packet.cmd === 'publish') {
      const kept = isKept ? packet : undefined
      this.inFlight.set(messageId, { token: this.sendingToken, packet: kept, isReceived: false })
    } else {
      const message = this.inFlight.get(messageId)
      if (message !== undefined) message.isReceived = true
    }
  }
}

export type PacketsAgain = readonly (IPublishPacket | { cmd: 'pubrel'; messageId: number })[]
