import type { ApplicationMessage } from '../protocol/application-message.ts'
import { copyInto } from '../protocol/copy-bytes.ts'
import type { ProtocolVersion } from '../protocol/packet-types.ts'
import { encodePublishHead, publishPacketSize } from '../protocol/packets/publish.ts'
import { decodeText } from '../protocol/text.ts'
import type { Connection } from './connection.ts'
import type { BrokerCore } from './core.ts'

/** Payloads from this size on go by reference: a copy would cost more than a write of its own. */
const REFERENCE_BYTES = 16 * 1024

/** Writes PUBLISH packets into outboxes. */
export class PublishWriter {
  readonly #core: BrokerCore
  /** Reused for every packet that cannot be copied as it came. */
  readonly #variant = {
    protocolVersion: 4 as ProtocolVersion,
    qos: 0 as 0 | 1 | 2,
    retain: false,
    dup: false,
    packetId: 0,
    subscriptionIdentifiers: [] as readonly number[],
    topicAlias: 0,
    omitTopicName: false,
  }

  constructor(core: BrokerCore) {
    this.#core = core
  }

  /** Writes a message to one client. False when the client takes no packet of that size: it is dropped and counted. */
  write(
    connection: Connection,
    message: ApplicationMessage,
    qos: 0 | 1 | 2,
    retain: boolean,
    dup: boolean,
    packetId: number,
    identifiers: readonly number[],
  ): boolean {
    const { counters } = this.#core
    const isAsItCame =
      message.packetStart >= 0 &&
      message.qos === qos &&
      message.isVersion5 === (connection.protocolVersion === 5) &&
      message.topicAliasAt < 0 &&
      identifiers.length === 0 &&
      connection.outboundAliases === undefined &&
      message.payloadEnd - message.payloadStart < REFERENCE_BYTES
    const isWritten = isAsItCame
      ? this.#copyPacket(connection, message, retain, dup, packetId)
      : this.#encode(connection, message, qos, retain, dup, packetId, identifiers)
    if (!isWritten) {
      this.#core.dropped('packet-too-large', connection.clientId) // [MQTT5-3.1.2-25]
      return false
    }
    counters.packetsSent++
    counters.publishSent++
    counters.publishBytesSent += message.payloadEnd - message.payloadStart
    return true
  }

  /** The packet as it arrived, with its own first byte and packet identifier. Hot path. */
  #copyPacket(
    connection: Connection,
    message: ApplicationMessage,
    retain: boolean,
    dup: boolean,
    packetId: number,
  ): boolean {
    const { bytes, packetStart, payloadEnd, qos } = message
    const size = payloadEnd - packetStart
    if (size > connection.maximumPacketBytes) return false
    const { outbox } = connection
    const at = outbox.reserve(size)
    const { slab } = outbox
    copyInto(slab, at, bytes, packetStart, payloadEnd)
    slab[at] = 0x30 | (dup ? 8 : 0) | (qos << 1) | (retain ? 1 : 0)
    if (qos > 0) {
      const packetIdAt = at + message.topicEnd - packetStart
      slab[packetIdAt] = packetId >> 8
      slab[packetIdAt + 1] = packetId & 0xff
    }
    outbox.advance(at + size)
    return true
  }

  #encode(
    connection: Connection,
    message: ApplicationMessage,
    qos: 0 | 1 | 2,
    retain: boolean,
    dup: boolean,
    packetId: number,
    identifiers: readonly number[],
  ): boolean {
    const variant = this.#variant
    const { outbox, outboundAliases } = connection
    variant.protocolVersion = connection.protocolVersion
    variant.qos = qos
    variant.retain = retain
    variant.dup = dup
    variant.packetId = packetId
    variant.subscriptionIdentifiers = identifiers
    variant.topicAlias = 0
    variant.omitTopicName = false
    let introduced = ''
    if (outboundAliases !== undefined) {
      const topicName = decodeText(message.topicBytes, 0, message.topicBytes.length)
      variant.topicAlias = outboundAliases.known(topicName)
      variant.omitTopicName = variant.topicAlias > 0
      if (!variant.omitTopicName) {
        variant.topicAlias = outboundAliases.free()
        if (variant.topicAlias > 0) introduced = topicName
      }
    }
    let size = publishPacketSize(message, variant)
    if (size > connection.maximumPacketBytes && introduced !== '') {
      variant.topicAlias = 0 // the alias itself may be what makes it too large
      introduced = ''
      size = publishPacketSize(message, variant)
    }
    if (size > connection.maximumPacketBytes) return false
    if (introduced !== '') outboundAliases?.introduced(introduced, variant.topicAlias)
    const { payloadStart, payloadEnd, bytes } = message
    const isReferenced = payloadEnd - payloadStart >= REFERENCE_BYTES
    const at = outbox.reserve(isReferenced ? size - (payloadEnd - payloadStart) : size)
    const { slab } = outbox
    const payloadAt = encodePublishHead(slab, at, message, variant, this.#core.time.nowMs)
    if (isReferenced) {
      outbox.advance(payloadAt)
      outbox.appendReference(bytes.subarray(payloadStart, payloadEnd))
    } else outbox.advance(copyInto(slab, payloadAt, bytes, payloadStart, payloadEnd))
    return true
  }
}
