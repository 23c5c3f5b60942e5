import { Outbox } from '../../../src/broker/outbox.ts'
import { ByteReader } from '../../../src/protocol/byte-reader.ts'
import { copyOf } from '../../../src/protocol/copy-bytes.ts'
import { PacketReader } from '../../../src/protocol/packet-reader.ts'
import { PacketType } from '../../../src/protocol/packet-types.ts'
import { decodeConnack } from '../../../src/protocol/packets/connack.ts'
import { encodeConnect } from '../../../src/protocol/packets/connect.ts'
import { decodePublish } from '../../../src/protocol/packets/publish.ts'
import { responsePacketId, responseReasonCode } from '../../../src/protocol/packets/publish-response.ts'
import { encodeSubscribe } from '../../../src/protocol/packets/subscribe.ts'
import { decodeSubscriptionResponse } from '../../../src/protocol/packets/subscription-response.ts'
import { reasonCodeName } from '../../../src/protocol/reason-codes.ts'
import type { ClientEvents, ConnectTerms, OutboundPublish, SimulatedClient, SubscriptionTerms } from '../engine.ts'
import type { ClientStream } from './client-stream.ts'
import { connectPacket, connectRefusal } from './connect-packet.ts'
import { KeepAlive } from './keep-alive.ts'
import type { LightShared } from './light-engine.ts'
import { LightSession } from './light-session.ts'
import { writePublish } from './write-publish.ts'

const MAXIMUM_PACKET_BYTES = 268_435_460
/** Bytes waiting for the socket above which a client says that it takes no more. */
const MUCH_BYTES = 256 * 1024

/** A connection under way or standing; gone with it. */
interface Connection {
  readonly stream: ClientStream
  readonly outbox: Outbox
  readonly reader: PacketReader
  readonly terms: ConnectTerms
  readonly keepAlive: KeepAlive
  isAccepted: boolean
  isFrozen: boolean
  /** Dropped or frozen: nothing more is told of it but that it is closed. */
  isSilenced: boolean
  /** DISCONNECT is sent: nothing may follow it, so what comes cannot be acknowledged any more. */
  isLeaving: boolean
}

/** A client without frills: one connection, and the session it belongs to. */
export class LightClient implements SimulatedClient {
  readonly #shared: LightShared
  readonly #events: ClientEvents
  #connection: Connection | undefined
  readonly #session: LightSession
  #isFull = false
  /** Said by ourselves before the connection closes: why. */
  #reason = ''

  constructor(shared: LightShared, events: ClientEvents, predecessor?: LightClient) {
    this.#shared = shared
    this.#events = events
    this.#session = predecessor === undefined ? new LightSession() : predecessor.#session
  }

  get unacknowledged(): number {
    return this.#session.size
  }

  connect(terms: ConnectTerms): void {
    if (this.#connection !== undefined) throw new Error('this client has a connection')
    this.#reason = ''
    this.#isFull = false
    const stream = this.#shared.open(
      {
        onOpen: () => connection.outbox.append(encodeConnect(connectPacket(terms))),
        onData: (chunk) => this.#read(connection, chunk),
        onClose: (reason) => this.#closed(connection, reason),
      },
      terms.localAddress,
    )
    const connection: Connection = {
      stream,
      terms,
      outbox: new Outbox(this.#shared.outboxes, stream, () => this.#drained()),
      reader: new PacketReader(MAXIMUM_PACKET_BYTES, (bytes, start, bodyStart, end) => {
        this.#receive(connection, bytes, start, bodyStart, end)
        return this.#connection === connection && !connection.isSilenced
      }),
      keepAlive: new KeepAlive(this.#shared.deadlines, terms.keepAlive * 1000, {
        ping: () => connection.outbox.append(pingreq),
        silent: (reason) => this.#fail(reason),
      }),
      isAccepted: false,
      isFrozen: false,
      isSilenced: false,
      isLeaving: false,
    }
    this.#connection = connection
  }

  publish(message: OutboundPublish): boolean {
    const { outbox, terms, keepAlive } = this.#connection as Connection
    keepAlive.sent()
    const packetId = message.qos === 0 ? 0 : this.#session.nextPacketId()
    const start = writePublish(outbox, message, packetId, terms.protocolVersion)
    if (message.qos > 0) {
      const packet = terms.sessionExpiryInterval > 0 ? copyOf(outbox.slab, start, outbox.length) : undefined
      this.#session.sent(packetId, message.token, packet)
    }
    if (outbox.pendingBytes < MUCH_BYTES) return true
    this.#isFull = true
    return false
  }

  subscribe(subscriptions: readonly SubscriptionTerms[]): void {
    const { outbox, terms } = this.#connection as Connection
    const packet = {
      packetId: this.#session.nextPacketId(),
      properties: {},
      subscriptions: subscriptions.map(({ topicFilter, qos }) => ({
        topicFilter,
        qos,
        noLocal: false,
        retainAsPublished: false,
        retainHandling: 0 as const,
      })),
    }
    outbox.append(encodeSubscribe(packet, terms.protocolVersion))
  }

  disconnect(): void {
    const connection = this.#connection
    if (connection === undefined || connection.isLeaving) return
    this.#reason ||= 'disconnected'
    if (!connection.isAccepted) {
      connection.isSilenced = true
      return connection.stream.destroy()
    }
    connection.outbox.append(disconnect)
    connection.isLeaving = true
    connection.keepAlive.leave()
    connection.outbox.finish(() => connection.stream.end())
    if (!connection.isFrozen) connection.stream.resume() // or its end would not be seen
  }

  drop(): void {
    if (this.#connection === undefined) return
    this.#reason ||= 'dropped'
    this.#connection.isSilenced = true
    this.#connection.stream.destroy()
  }

  freeze(): void {
    const connection = this.#connection
    if (connection === undefined) return
    connection.isFrozen = true
    connection.isSilenced = true
    connection.keepAlive.stop()
    connection.stream.pause()
    connection.outbox.close()
  }

  stopPinging(): void {
    this.#connection?.keepAlive.stop()
  }

  pauseReading(): void {
    this.#connection?.stream.pause()
    this.#connection?.keepAlive.forgive()
  }

  resumeReading(): void {
    this.#connection?.stream.resume()
    this.#connection?.keepAlive.blame()
  }

  #read(connection: Connection, chunk: Uint8Array): void {
    if (this.#connection !== connection || connection.isSilenced) return
    try {
      connection.reader.push(chunk)
    } catch (error) {
      this.#fail(`the broker sent what cannot be read: ${error instanceof Error ? error.message : String(error)}`)
    }
  }

  /** One packet of the broker. */
  #receive(connection: Connection, bytes: Uint8Array, start: number, bodyStart: number, end: number): void {
    const { protocolVersion } = connection.terms
    const first = bytes[start] as number
    const type = first >> 4
    if (type === PacketType.publish) return this.#receivePublish(connection, bytes, start, bodyStart, end)
    if ((first & 0xf) !== (type === PacketType.pubrel ? 2 : 0)) throw new Error('reserved flags are set')
    switch (type) {
      case PacketType.puback: {
        const packetId = responsePacketId(bytes, bodyStart, end)
        return this.#acknowledge(packetId, responseReasonCode('puback', bytes, bodyStart, end, protocolVersion))
      }
      case PacketType.pubrec: {
        const packetId = responsePacketId(bytes, bodyStart, end)
        const reasonCode = responseReasonCode('pubrec', bytes, bodyStart, end, protocolVersion)
        if (reasonCode >= 0x80) return this.#acknowledge(packetId, reasonCode)
        this.#session.received(packetId)
        return this.#respond(connection, PacketType.pubrel, packetId)
      }
      case PacketType.pubcomp:
        return this.#acknowledge(responsePacketId(bytes, bodyStart, end), 0)
      case PacketType.pubrel: {
        const packetId = responsePacketId(bytes, bodyStart, end)
        this.#session.released(packetId)
        return this.#respond(connection, PacketType.pubcomp, packetId)
      }
      case PacketType.pingresp:
        return connection.keepAlive.answered()
      default:
        return this.#receiveRare(connection, type, new ByteReader(bytes, bodyStart, end))
    }
  }

  #receiveRare(connection: Connection, type: number, body: ByteReader): void {
    const { protocolVersion } = connection.terms
    if (type === PacketType.connack) {
      const { sessionPresent, reasonCode, properties } = decodeConnack(body, protocolVersion)
      if (reasonCode !== 0) return this.#fail(`refused: ${connectRefusal(reasonCode, protocolVersion)}`)
      connection.isAccepted = true
      connection.keepAlive.start(properties.serverKeepAlive)
      this.#takeUpSession(connection, sessionPresent)
      this.#events.connected(sessionPresent, properties.receiveMaximum ?? 65_535)
    } else if (type === PacketType.suback) {
      this.#events.subscribed(decodeSubscriptionResponse('suback', body, protocolVersion).reasonCodes)
    } else if (type === PacketType.disconnect) {
      const reasonCode = body.remaining === 0 ? 0 : body.byte()
      this.#fail(`the broker disconnected: ${reasonCodeName(reasonCode).trim()}`)
    }
  }

  #receivePublish(connection: Connection, bytes: Uint8Array, start: number, bodyStart: number, end: number): void {
    const { inbound } = this.#shared
    const { packet } = inbound
    decodePublish(packet, bytes, start, bodyStart, end, connection.terms.protocolVersion)
    const { qos, packetId } = packet
    if (qos > 0 && connection.isLeaving) return
    if (qos === 2) {
      if (this.#session.takes(packetId)) this.#events.received(inbound)
      this.#respond(connection, PacketType.pubrec, packetId)
    } else {
      this.#events.received(inbound)
      if (qos === 1) this.#respond(connection, PacketType.puback, packetId)
    }
  }

  #respond(connection: Connection, type: number, packetId: number): void {
    if (this.#connection !== connection || connection.isSilenced || connection.isLeaving) return
    const { outbox } = connection
    const at = outbox.reserve(4)
    const { slab } = outbox
    slab[at] = (type << 4) | (type === PacketType.pubrel ? 2 : 0)
    slab[at + 1] = 2
    slab[at + 2] = packetId >> 8
    slab[at + 3] = packetId & 0xff
    outbox.advance(at + 4)
    connection.keepAlive.sent()
  }

  #acknowledge(packetId: number, reasonCode: number): void {
    const message = this.#session.acknowledged(packetId)
    if (message !== undefined) this.#events.acknowledged(message.token, reasonCode)
  }

  /** What was in flight is sent again in its order where the session went on, and forgotten where it did not. */
  #takeUpSession(connection: Connection, sessionPresent: boolean): void {
    if (!sessionPresent) return this.#session.clear()
    for (const [packetId, message] of this.#session.inFlight) {
      if (message.isReceived) this.#respond(connection, PacketType.pubrel, packetId)
      else if (message.packet !== undefined) {
        message.packet[0] = (message.packet[0] as number) | 8 // DUP
        connection.outbox.append(message.packet)
      }
    }
  }

  #drained(): void {
    if (!this.#isFull) return
    this.#isFull = false
    this.#events.writable()
  }

  #fail(reason: string): void {
    this.#reason ||= reason
    this.#connection?.stream.destroy()
  }

  #closed(connection: Connection, reason: string): void {
    if (this.#connection !== connection) return
    this.#connection = undefined
    connection.keepAlive.stop()
    if (!connection.isFrozen) connection.outbox.close()
    this.#events.closed(this.#reason === '' ? reason : this.#reason)
  }
}

const pingreq = Uint8Array.of(0xc0, 0)
const disconnect = Uint8Array.of(0xe0, 0)
