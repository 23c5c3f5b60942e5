import type { InboundPacket, Publish } from './wire-decoder.ts'
import type { AckKind, ConnectFields, ProtocolVersion } from './wire-packets.ts'

const problemCarriers = new Set<string>(['puback', 'pubrec', 'pubrel', 'pubcomp', 'suback', 'unsuback', 'auth'])

/** The rules that span packets of one connection: order, limits the client announced, identifiers in use, aliases. */
export class WireWatch {
  readonly #version: ProtocolVersion
  #maximumPacketSize = Infinity
  #receiveMaximum = 65_535
  #topicAliasMaximum = 0
  #requestProblemInformation = true
  #connackSeen = false
  #over: string | undefined
  readonly #aliases = new Map<number, string>()
  readonly #unacknowledged = new Map<number, number>()
  /** QoS 2 flows that only PUBREL stands for: identifiers in use, but outside this connection's quota. */
  readonly #resumedReleases = new Set<number>()

  constructor(version: ProtocolVersion) {
    this.#version = version
  }

  sentConnect(fields: ConnectFields): void {
    const properties = fields.properties instanceof Uint8Array ? undefined : fields.properties
    if (this.#version < 5 || properties === undefined) return
    this.#maximumPacketSize = properties.maximumPacketSize ?? Infinity
    this.#receiveMaximum = properties.receiveMaximum ?? 65_535
    this.#topicAliasMaximum = properties.topicAliasMaximum ?? 0
    this.#requestProblemInformation = properties.requestProblemInformation !== 0
  }

  sentAck(kind: AckKind, packetId: number, reasonCode: number): void {
    const qos = this.#unacknowledged.get(packetId)
    if (kind === 'pubcomp' || (kind === 'puback' && qos === 1) || (kind === 'pubrec' && reasonCode >= 0x80)) {
      this.#unacknowledged.delete(packetId)
      this.#resumedReleases.delete(packetId)
    }
  }

  /** Throws when `packet` must not come now. */
  received(packet: InboundPacket): void {
    if (this.#over !== undefined) throw new Error(`${packet.kind} after ${this.#over}`)
    if (packet.raw.length > this.#maximumPacketSize) {
      throw new Error(`${packet.kind} of ${packet.raw.length} bytes is over the Maximum Packet Size`)
    }
    if (packet.kind === 'connack') {
      if (this.#connackSeen) throw new Error('a second CONNACK')
      this.#connackSeen = true
      if (packet.reasonCode > 0) this.#over = 'a refusing CONNACK'
    } else if (!this.#connackSeen && packet.kind !== 'auth') {
      throw new Error(`${packet.kind} before CONNACK`)
    }
    if (packet.kind === 'disconnect') this.#over = 'DISCONNECT'
    if (packet.kind === 'publish') this.#receivedPublish(packet)
    if (packet.kind === 'pubrel' && packet.reasonCode === 0 && !this.#unacknowledged.has(packet.packetId)) {
      this.#resumedReleases.add(packet.packetId)
    }
    if (this.#requestProblemInformation || !problemCarriers.has(packet.kind) || !('properties' in packet)) return
    if (packet.properties.reasonString !== undefined || packet.properties.userProperties !== undefined) {
      throw new Error(`${packet.kind} explains itself though Request Problem Information is 0`)
    }
  }

  #receivedPublish(packet: Publish): void {
    const alias = packet.properties.topicAlias
    if (alias !== undefined) {
      if (alias > this.#topicAliasMaximum) throw new Error(`Topic Alias ${alias} is over the maximum`)
      if (packet.wireTopicName === '') {
        const topicName = this.#aliases.get(alias)
        if (topicName === undefined) throw new Error(`Topic Alias ${alias} was never set`)
        packet.topicName = topicName
      } else {
        this.#aliases.set(alias, packet.wireTopicName)
      }
    }
    if (packet.qos === 0) return
    if (this.#unacknowledged.has(packet.packetId) || this.#resumedReleases.has(packet.packetId)) {
      throw new Error(`PUBLISH with packet identifier ${packet.packetId} that is in use`)
    }
    this.#unacknowledged.set(packet.packetId, packet.qos)
    if (this.#unacknowledged.size > this.#receiveMaximum) throw new Error('more PUBLISH than Receive Maximum allows')
  }
}
