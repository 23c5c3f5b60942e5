import { connect, type Socket } from 'node:net'
import { decodePacket, type InboundPacket, splitPackets } from '../support/wire-decoder.ts'
import { ackPacket, connectPacket, publishPacket, subscribePacket } from '../support/wire-packets.ts'

/** A publish on its way to the broker; QoS 2 goes from 'publish' to 'pubrel'. */
interface Outgoing {
  readonly packetId: number
  readonly qos: number
  readonly sequence: number
  step: 'publish' | 'pubrel'
}

/** What one client saw of one publisher at one QoS. Sequences begin at 1. */
export interface Seen {
  last: number
  count: number
  duplicates: number
}

/**
 * A client with a durable session that keeps exact books: what it published and was acknowledged, what it received
 * and in which order. It drops and resumes when told, and resends as the standard has it.
 */
export class SoakClient {
  readonly #port: number
  readonly #index: number
  readonly #version: 4 | 5
  readonly #sources: readonly number[]
  readonly #faults: string[]
  #socket: Socket | undefined
  #unparsed: Uint8Array = new Uint8Array(0)
  #isUp = false
  #wasUp = false
  #nextPacketId = 1
  readonly #outgoing = new Map<number, Outgoing>()
  /** Packet identifiers of QoS 2 messages received and not released. */
  readonly #incoming = new Set<number>()
  /** Sequences published so far, by QoS. */
  readonly published = [0, 0, 0]
  readonly seen = new Map<string, Seen>()

  constructor(port: number, index: number, sources: readonly number[], faults: string[]) {
    this.#port = port
    this.#index = index
    this.#version = index % 2 === 0 ? 5 : 4
    this.#sources = sources
    this.#faults = faults
  }

  get isUp(): boolean {
    return this.#isUp
  }

  get isDown(): boolean {
    return this.#socket === undefined
  }

  /** Everything it published at QoS 1 and 2 is acknowledged. */
  get isSettled(): boolean {
    return this.#isUp && this.#outgoing.size === 0
  }

  /** Opens a connection; resolves once the session is there, subscriptions included the first time. */
  connect(): Promise<void> {
    const socket = connect({ port: this.#port, host: '127.0.0.1', noDelay: true })
    this.#socket = socket
    this.#unparsed = new Uint8Array(0)
    return new Promise((resolve) => {
      socket.on('connect', () => {
        const properties = this.#version === 5 ? { sessionExpiryInterval: 3600, receiveMaximum: 50 } : undefined
        const fields = { clientId: `soak-${this.#index}`, cleanStart: false, ...(properties && { properties }) }
        socket.write(connectPacket(this.#version, fields))
      })
      socket.on('data', (chunk) => {
        if (socket === this.#socket) this.#receive(chunk, resolve)
      })
      socket.on('error', () => {})
      socket.on('close', () => {
        if (socket !== this.#socket) return
        this.#isUp = false
        this.#socket = undefined
        resolve()
      })
    })
  }

  /** Cuts the connection without a word. */
  drop(): void {
    const socket = this.#socket
    this.#socket = undefined
    this.#isUp = false
    socket?.destroy()
  }

  publish(qos: 0 | 1 | 2): void {
    if (!this.#isUp || this.#outgoing.size >= 20) return
    const sequence = (this.published[qos] as number) + 1
    this.published[qos] = sequence
    let packetId = 0
    if (qos > 0) {
      while (this.#outgoing.has(this.#nextPacketId)) this.#stepPacketId()
      packetId = this.#nextPacketId
      this.#stepPacketId()
      this.#outgoing.set(packetId, { packetId, qos, sequence, step: 'publish' })
    }
    this.#send(this.#publishPacket(qos, packetId, sequence, false))
  }

  #stepPacketId(): void {
    this.#nextPacketId = this.#nextPacketId === 65_535 ? 1 : this.#nextPacketId + 1
  }

  #publishPacket(qos: number, packetId: number, sequence: number, dup: boolean): Uint8Array {
    return publishPacket(this.#version, `soak/${this.#index}/${qos}`, `${sequence}`, {
      qos,
      dup,
      ...(qos > 0 && { packetId }),
    })
  }

  #send(packet: Uint8Array): void {
    this.#socket?.write(packet)
  }

  #receive(chunk: Uint8Array, up: () => void): void {
    const { packets, rest } = splitPackets(Buffer.concat([this.#unparsed, chunk]))
    this.#unparsed = rest
    for (const raw of packets) this.#take(decodePacket(this.#version, raw), up)
  }

  #take(packet: InboundPacket, up: () => void): void {
    switch (packet.kind) {
      case 'connack':
        return this.#connected(packet.sessionPresent, up)
      case 'suback':
        this.#isUp = true
        return up()
      case 'publish':
        return this.#received(packet.topicName, String(packet.payload), packet.qos, packet.packetId ?? 0)
      case 'puback':
        this.#outgoing.delete(packet.packetId)
        return undefined
      case 'pubrec': {
        const outgoing = this.#outgoing.get(packet.packetId)
        if (outgoing !== undefined) outgoing.step = 'pubrel'
        return this.#send(ackPacket('pubrel', packet.packetId))
      }
      case 'pubrel':
        this.#incoming.delete(packet.packetId)
        return this.#send(ackPacket('pubcomp', packet.packetId))
      case 'pubcomp':
        this.#outgoing.delete(packet.packetId)
        return undefined
      default:
        this.#faults.push(`client ${this.#index} got ${packet.kind}`)
    }
  }

  #connected(sessionPresent: boolean, up: () => void): void {
    if (sessionPresent !== this.#wasUp) this.#faults.push(`client ${this.#index}: session present is ${sessionPresent}`)
    if (!this.#wasUp) {
      this.#wasUp = true
      const filters = this.#sources.map((source) => ({ topicFilter: `soak/${source}/+`, qos: 2 }))
      this.#send(subscribePacket(this.#version, 1, filters))
      return
    }
    this.#isUp = true
    for (const { packetId, qos, sequence, step } of this.#outgoing.values()) {
      if (step === 'pubrel') this.#send(ackPacket('pubrel', packetId))
      else this.#send(this.#publishPacket(qos, packetId, sequence, true))
    }
    up()
  }

  #received(topicName: string, payload: string, qos: number, packetId: number): void {
    if (qos === 1) this.#send(ackPacket('puback', packetId))
    if (qos === 2) {
      this.#send(ackPacket('pubrec', packetId))
      if (this.#incoming.has(packetId)) return
      this.#incoming.add(packetId)
    }
    const sequence = Number(payload)
    const seen = this.seen.get(topicName) ?? { last: 0, count: 0, duplicates: 0 }
    this.seen.set(topicName, seen)
    if (sequence <= seen.last) {
      if (qos === 1) seen.duplicates++
      else this.#faults.push(`client ${this.#index}: ${topicName} ${sequence} came again or late after ${seen.last}`)
      return
    }
    if (qos > 0 && sequence !== seen.last + 1) {
      this.#faults.push(`client ${this.#index}: ${topicName} ${sequence} came after ${seen.last}`)
    }
    seen.last = sequence
    seen.count++
  }
}
