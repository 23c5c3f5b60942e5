import type { ByteStream, ByteStreamEvents, PeerInfo } from '../../src/contracts/byte-stream.ts'
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

/** Longest packet of which the log has a line; longer ones pass without. */
const LARGEST_TOLD = 1024 * 1024
export interface PacketLog {
  /** Whether every packet is to have a line, or only clients that come. */
  readonly tellsPackets: boolean
  packet(lines: readonly string[]): void
}

/** Watches the packets of a client on their way. It changes nothing, and stops at what it cannot read. */
export class TracedStream implements ByteStream {
  readonly peer: PeerInfo
  readonly #stream: ByteStream
  readonly #log: PacketLog
  readonly #received = new PacketReader(LARGEST_TOLD, (bytes, start, bodyStart, end) => {
    this.#tellReceived({ bytes, start, bodyStart, end })
    return true
  })
  readonly #sent = new PacketReader(LARGEST_TOLD, (bytes, start, bodyStart, end) => {
    this.#log.packet(sentLines({ bytes, start, bodyStart, end }, this.#version, this.#id))
    return true
  })
  /** Publishes of the chunk under way: whether they are denied is known once the broker has read it. */
  #publishes: { readonly note: PublishNote; isDenied: boolean }[] = []
  #isReadable = true
  #isLegible = true
  #clientId: string | undefined
  /** Absent until it has come. */
  connect: ConnectPacket | undefined

  constructor(stream: ByteStream, log: PacketLog) {
    this.peer = stream.peer
    this.#stream = stream
    this.#log = log
  }

  /** As the broker calls it, where the client left that to the broker. */
  named(clientId: string): void {
    this.#clientId = clientId
  }

  /** The broker does not take a publish to this topic that has just come. */
  denied(topicName: string): void {
    const publish = this.#publishes.find(({ note, isDenied }) => !isDenied && note.topicName === topicName)
    if (publish !== undefined) publish.isDenied = true
  }

  get #version(): ProtocolVersion {
    return this.connect?.protocolVersion ?? 4
  }

  get #id(): string {
    return this.#clientId ?? (this.connect?.clientId || '<unknown>')
  }

  open(events: ByteStreamEvents): void {
    this.#stream.open({
      onData: (chunk) => {
        if (this.#isReadable && (this.connect === undefined || this.#log.tellsPackets)) this.#read(chunk)
        events.onData(chunk)
        if (this.#publishes.length > 0) this.#tellPublishes()
      },
      onClose: (error) => events.onClose(error),
    })
  }

  #read(chunk: Uint8Array): void {
    try {
      this.#received.push(chunk)
    } catch {
      this.#isReadable = false // the broker will say what is wrong
    }
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
    if (type !== PacketType.publish) {
      this.#log.packet(receivedLines(packet, this.#version, this.#id))
      return
    }
    this.#publishes.push({ note: publishNote(packet, this.#version), isDenied: false })
  }

  #tellPublishes(): void {
    const publishes = this.#publishes
    this.#publishes = []
    const told = publishes.map(
      ({ note, isDenied }) => `${isDenied ? 'Denied' : 'Received'} PUBLISH from ${this.#id} ${note.text}`,
    )
    this.#log.packet(told)
  }

  /** Before its CONNACK is told. */
  accepted(): void {
    if (this.connect !== undefined && this.#log.tellsPackets) this.#log.packet(willLines(this.connect))
  }

  write(bytes: Uint8Array, onWritten: (error?: Error | null) => void): void {
    if (this.#isLegible && this.#log.tellsPackets) {
      try {
        this.#sent.push(bytes)
      } catch {
        this.#isLegible = false
      }
    }
    this.#stream.write(bytes, onWritten)
  }

  pause(): void {
    this.#stream.pause()
  }

  resume(): void {
    this.#stream.resume()
  }

  end(): void {
    this.#stream.end()
  }

  destroy(): void {
    this.#stream.destroy()
  }
}
