import { type ApplicationMessage, TOPIC_ALIAS_BYTES } from '../application-message.ts'
import { ByteReader, malformed, protocolError } from '../byte-reader.ts'
import { variableByteIntegerSize } from '../byte-writer.ts'
import { copyInto } from '../copy-bytes.ts'
import { PacketType, type ProtocolVersion } from '../packet-types.ts'
import { ProtocolError } from '../protocol-error.ts'
import { ReasonCode } from '../reason-codes.ts'

/**
 * Reads a PUBLISH in place into `message`: offsets only, no copies. Hot path: one call per inbound message.
 * The topic name's characters are not checked here but once per route, by whoever resolves `topicStart..topicEnd`.
 * Expiry is left as an interval at `expiryIntervalAt`; the caller knows the time.
 */
export function decodePublish(
  message: ApplicationMessage,
  bytes: Uint8Array,
  packetStart: number,
  bodyStart: number,
  end: number,
  protocolVersion: ProtocolVersion,
): void {
  const flags = bytes[packetStart] as number
  const qos = (flags >> 1) & 3
  if (qos === 3) throw malformed('QoS is 3') // [MQTT5-3.3.1-4]
  const dup = (flags & 8) !== 0
  if (dup && qos === 0 && protocolVersion !== 3) throw malformed('DUP is set at QoS 0') // [MQTT5-3.3.1-2]
  if (end - bodyStart < 2) throw malformed('PUBLISH ends before its topic name')
  const topicStart = bodyStart + 2
  const topicEnd = topicStart + (((bytes[bodyStart] as number) << 8) | (bytes[bodyStart + 1] as number))
  let at = topicEnd
  let packetId = 0
  if (qos > 0) {
    at += 2
    if (at <= end) packetId = ((bytes[at - 2] as number) << 8) | (bytes[at - 1] as number)
  }
  if (at > end) throw malformed('PUBLISH ends before its fields do')
  if (qos > 0 && packetId === 0) throw protocolError('packet identifier is 0') // [MQTT5-2.2.1-3]
  message.bytes = bytes
  message.packetStart = packetStart
  message.isVersion5 = protocolVersion === 5
  message.topicStart = topicStart
  message.topicEnd = topicEnd
  message.qos = qos as 0 | 1 | 2
  message.dup = dup
  message.retain = (flags & 1) !== 0
  message.packetId = packetId
  message.topicAlias = 0
  message.topicAliasAt = -1
  message.expiryIntervalAt = -1
  message.expiresAtMs = Infinity
  message.propertiesStart = at
  message.propertiesEnd = at
  if (protocolVersion === 5) {
    if (bytes[at] === 0 && at < end) {
      at++ // no properties: the common case
      message.propertiesStart = at
      message.propertiesEnd = at
    } else at = decodePublishProperties(message, bytes, at, end)
  }
  message.payloadStart = at
  message.payloadEnd = end
}

/** Checks the properties and notes where those lie that the broker acts on. Returns where the payload begins. */
function decodePublishProperties(
  message: ApplicationMessage,
  bytes: Uint8Array,
  start: number,
  packetEnd: number,
): number {
  const reader = new ByteReader(bytes, start, packetEnd)
  const byteCount = reader.variableByteInteger()
  if (byteCount > reader.remaining) throw malformed('the property length passes the end of the packet')
  const end = reader.at + byteCount
  let seen = 0
  message.propertiesStart = reader.at
  message.propertiesEnd = end
  reader.end = end
  while (reader.at < end) {
    const propertyAt = reader.at
    const id = reader.byte()
    if (id < 0x20) {
      if (seen & (1 << id)) throw protocolError(`property 0x${id.toString(16)} stands twice`)
      seen |= 1 << id
    }
    switch (id) {
      case 0x01:
        if (reader.byte() > 1) throw protocolError('payloadFormatIndicator must be 0 or 1')
        break
      case 0x02:
        message.expiryIntervalAt = reader.at
        reader.skip(4)
        break
      case 0x03:
        reader.skipText()
        break
      case 0x08:
        checkResponseTopic(reader.text())
        break
      case 0x09:
        reader.skip(reader.twoByteInteger())
        break
      case 0x0b:
        throw protocolError('a client cannot send a subscriptionIdentifier in PUBLISH') // [MQTT5-3.3.4-6]
      case 0x23:
        if (message.topicAliasAt >= 0) throw protocolError('topicAlias stands twice')
        message.topicAliasAt = propertyAt
        message.topicAlias = reader.twoByteInteger()
        if (message.topicAlias === 0) throw new ProtocolError(ReasonCode.topicAliasInvalid, 'topic alias is 0') // [MQTT5-3.3.2-8]
        break
      case 0x26:
        reader.skipText()
        reader.skipText()
        break
      default:
        throw malformed(`property 0x${id.toString(16)} is not allowed in publish`)
    }
  }
  return end
}

function checkResponseTopic(topicName: string): void {
  // [MQTT5-3.3.2-14]; an empty one is no topic name [MQTT5-4.7.3-1]
  if (topicName === '' || topicName.includes('+') || topicName.includes('#'))
    throw protocolError('responseTopic is no topic name')
}

/** Seconds of Message Expiry Interval as received. Call only when `expiryIntervalAt` is set. */
export function messageExpiryInterval(message: ApplicationMessage): number {
  const { bytes, expiryIntervalAt: at } = message
  return new DataView(bytes.buffer, bytes.byteOffset + at, 4).getUint32(0)
}

/** How one message is written for one kind of subscriber. */
export interface PublishVariant {
  readonly protocolVersion: ProtocolVersion
  readonly qos: 0 | 1 | 2
  readonly retain: boolean
  readonly dup: boolean
  /** 0 at QoS 0. */
  readonly packetId: number
  readonly subscriptionIdentifiers: readonly number[]
  /** Outbound alias, 0 for none. */
  readonly topicAlias: number
  /** The alias is known to the client, so the topic name is left empty. */
  readonly omitTopicName: boolean
}

function propertyBytes(message: ApplicationMessage, variant: PublishVariant): number {
  let byteCount = message.propertiesEnd - message.propertiesStart - (message.topicAliasAt < 0 ? 0 : TOPIC_ALIAS_BYTES)
  for (const identifier of variant.subscriptionIdentifiers) byteCount += 1 + variableByteIntegerSize(identifier)
  return variant.topicAlias === 0 ? byteCount : byteCount + TOPIC_ALIAS_BYTES
}

function remainingLength(message: ApplicationMessage, variant: PublishVariant): number {
  let byteCount = 2 + (variant.omitTopicName ? 0 : message.topicBytes.length) + message.payloadLength
  if (variant.qos > 0) byteCount += 2
  if (variant.protocolVersion !== 5) return byteCount
  const properties = propertyBytes(message, variant)
  return byteCount + variableByteIntegerSize(properties) + properties
}

/** Bytes of the whole packet, fixed header included. */
export function publishPacketSize(message: ApplicationMessage, variant: PublishVariant): number {
  const remaining = remainingLength(message, variant)
  return 1 + variableByteIntegerSize(remaining) + remaining
}

/**
 * Writes a PUBLISH up to, not including, its payload; returns where the payload belongs.
 * `nowMs` is wall time: Message Expiry Interval goes out as what is left of it. [MQTT5-3.3.2-6]
 */
export function encodePublishHead(
  target: Uint8Array,
  start: number,
  message: ApplicationMessage,
  variant: PublishVariant,
  nowMs: number,
): number {
  let at = start
  target[at++] = (PacketType.publish << 4) | (variant.dup ? 8 : 0) | (variant.qos << 1) | (variant.retain ? 1 : 0)
  at = writeVariableByteInteger(target, at, remainingLength(message, variant))
  const topicByteCount = variant.omitTopicName ? 0 : message.topicBytes.length
  target[at++] = topicByteCount >> 8
  target[at++] = topicByteCount & 0xff
  if (topicByteCount > 0) at = copyInto(target, at, message.topicBytes, 0, topicByteCount)
  if (variant.qos > 0) {
    target[at++] = variant.packetId >> 8
    target[at++] = variant.packetId & 0xff
  }
  return variant.protocolVersion === 5 ? encodePublishProperties(target, at, message, variant, nowMs) : at
}

function encodePublishProperties(
  target: Uint8Array,
  start: number,
  message: ApplicationMessage,
  variant: PublishVariant,
  nowMs: number,
): number {
  const { bytes, propertiesStart, propertiesEnd, topicAliasAt, expiryIntervalAt } = message
  let at = writeVariableByteInteger(target, start, propertyBytes(message, variant))
  const propertiesAt = at
  if (topicAliasAt < 0) at = copyInto(target, at, bytes, propertiesStart, propertiesEnd)
  else {
    at = copyInto(target, at, bytes, propertiesStart, topicAliasAt)
    at = copyInto(target, at, bytes, topicAliasAt + TOPIC_ALIAS_BYTES, propertiesEnd)
  }
  if (expiryIntervalAt >= 0 && message.expiresAtMs !== Infinity) {
    const afterAlias = topicAliasAt >= 0 && expiryIntervalAt > topicAliasAt
    const expiryAt = propertiesAt + expiryIntervalAt - propertiesStart - (afterAlias ? TOPIC_ALIAS_BYTES : 0)
    const seconds = Math.max(1, Math.ceil((message.expiresAtMs - nowMs) / 1000))
    target[expiryAt] = seconds >>> 24
    target[expiryAt + 1] = seconds >>> 16
    target[expiryAt + 2] = seconds >>> 8
    target[expiryAt + 3] = seconds
  }
  for (const identifier of variant.subscriptionIdentifiers) {
    target[at++] = 0x0b
    at = writeVariableByteInteger(target, at, identifier)
  }
  if (variant.topicAlias > 0) {
    target[at++] = 0x23
    target[at++] = variant.topicAlias >> 8
    target[at++] = variant.topicAlias & 0xff
  }
  return at
}

export function writeVariableByteInteger(target: Uint8Array, start: number, value: number): number {
  let at = start
  let rest = value
  while (rest > 0x7f) {
    target[at++] = (rest & 0x7f) | 0x80
    rest >>>= 7
  }
  target[at++] = rest
  return at
}
