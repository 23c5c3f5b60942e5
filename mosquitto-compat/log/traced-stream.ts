import type { ByteStream, ByteStreamEvents } from '../../src/contracts/byte-stream.ts'
import { AroundStream } from '../../src/transport/around-stream.ts'
import { ByteReader } from '../../src/protocol/byte-reader.ts'
import { PacketReader } from '../../src/protocol/packet-reader.ts'
import { PacketType, type ProtocolVersion } from '../../src/protocol/packet-types.ts'
import { type ConnectPacket, decodeConnect, decodeConnectHeader } from '../../src/protocol/packets/connect.ts'
import {
  type FramedPacket,
  type PublishNote,
  publishNote,
  receivedLines,
  sentLines,
  willLines,
} from './packet-lines.ts'

/** Longest packet of which the log has a line; after a longer one the client's packets pass without. */
const LARGEST_TOLD = 1024 * 1024

export interface PacketLog {
  /** Whether every packet is to have a line, or only clients that come. */
  readonly tellsPackets: boolean
  packet(lines: readonly string[]): void
}

/** Watches the packets of a client on their way. It changes nothing, and stops at what it cannot read. */
export class TracedStream extends AroundStream {
  readonly #log: PacketLog
  /** Absent while nothing is told: it would keep the beginning of a packet whose end it is not shown. */
  #received: PacketReader | undefined
  readonly #sent = new PacketReader(LARGEST_TOLD, (bytes, start, bodyStart, end) => {
    this.#log.packet(sentLines({ bytes, start, bodyStart, end }, this.#version, this.#id))
    return true
  })
  /** Publishes of the chunk under way, and what came after them: who is denied is known once the broker has read it. */
  #waiting: ({ readonly note: PublishNote; isDenied: boolean } | readonly string[])[] = []
  #isReadable = true
  #isLegible = true
  #clientId: string | undefined
  /** Absent until it has come. */
  connect: ConnectPacket | undefined

  constructor(stream: ByteStream, log: PacketLog) {
    super(stream)
    this.#log = log
  }

  /** As the broker calls it, where the client left that to the broker. */
  named(clientId: string): void {
    this.#clientId = clientId
  }

  /** The broker does not take a publish to this topic that has just come. */
  denied(topicName: string): void {
    for (const one of this.#waiting) {
      if (!('note' in one) || one.isDenied || one.note.topicName !== topicName) continue
      one.isDenied = true
      return
    }
  }

  get #version(): ProtocolVersion {
    return this.connect?.protocolVersion ?? 4
  }

  get #id(): string {
    return this.#clientId ?? (this.connect?.clientId || '<unknown>')
  }

  open(events: ByteStreamEvents): void {
    this.inner.open({
      onData: (chunk) => {
        if (this.#isReadable && (this.connect === undefined || this.#log.tellsPackets)) this.#read(chunk)
        events.onData(chunk)
        this.tellWaiting()
      },
      onClose: (error) => events.onClose(error),
    })
  }

  #read(chunk: Uint8Array): void {
    try {
      this.#received ??= this.#newReader()
      this.#received.push(chunk)
    } catch {
      this.#isReadable = false // the broker will say what is wrong
    }
    if (this.connect !== undefined && !this.#log.tellsPackets) this.#received = undefined
  }

  #newReader(): PacketReader {
    return new PacketReader(LARGEST_TOLD, (bytes, start, bodyStart, end) => {
      this.#tellReceived({ bytes, start, bodyStart, end })
      return true
    })
  }

  #tellReceived(packet: FramedPacket): void {
    const { bytes, start, bodyStart, end } = packet
    const type = (bytes[start] as number) >> 4
    if (type === PacketType.connect) {
      const reader = new ByteReader(bytes, bodyStart, end)
      const header = decodeConnectHeader(reader)
      if (header !== undefined) this.connect = decodeConnect(reader, header)
      return
    }
    // what comes before a CONNECT is nobody's, and the end of that connection
    if (!this.#log.tellsPackets || this.connect === undefined) return
    if (type === PacketType.publish) {
      this.#waiting.push({ note: publishNote(packet, this.#version), isDenied: false })
      return
    }
    const lines = receivedLines(packet, this.#version, this.#id)
    if (this.#waiting.length > 0) this.#waiting.push(lines)
    else this.#log.packet(lines)
  }

  /** What of the chunk under way has no line yet; before it is told that the client has left. */
  tellWaiting(): void {
    if (this.#waiting.length === 0) return
    const told = this.#waiting.flatMap((one) =>
      'note' in one ? `${one.isDenied ? 'Denied' : 'Received'} PUBLISH from ${this.#id} ${one.note.text}` : one,
    )
    this.#waiting = []
    this.#log.packet(told)
  }

  /** Before its CONNACK is told. */
  accepted(): void {
    if (this.connect !== undefined && this.#log.tellsPackets) this.#log.packet(willLines(this.connect))
  }

  override write(bytes: Uint8Array, onWritten: (error?: Error | null) => void): void {
    if (this.#isLegible && this.#log.tellsPackets) {
      try {
        this.#sent.push(bytes)
      } catch {
        this.#isLegible = false
      }
    }
    this.inner.write(bytes, onWritten)
  }
}
