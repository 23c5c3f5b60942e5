import { type ByteReader, malformed, protocolError } from '../byte-reader.ts'
import { ByteWriter } from '../byte-writer.ts'
import { PacketType, type ProtocolVersion } from '../packet-types.ts'
import { ProtocolError } from '../protocol-error.ts'
import { ReasonCode } from '../reason-codes.ts'
import { decodeProperties, encodeProperties, type Properties } from '../properties.ts'

export interface SubscriptionRequest {
  readonly topicFilter: string
  readonly qos: 0 | 1 | 2
  readonly noLocal: boolean
  readonly retainAsPublished: boolean
  /** 0 send retained messages, 1 only for a new subscription, 2 never. */
  readonly retainHandling: 0 | 1 | 2
}

/** SUBSCRIBE, section 3.8. */
export interface SubscribePacket {
  readonly packetId: number
  readonly properties: Properties
  readonly subscriptions: readonly SubscriptionRequest[]
}

/** `maximumFilters` bounds the work one packet can ask for. */
export function decodeSubscribe(
  reader: ByteReader,
  protocolVersion: ProtocolVersion,
  maximumFilters = Infinity,
): SubscribePacket {
  const packetId = decodePacketId(reader)
  const properties = protocolVersion === 5 ? decodeProperties(reader, 'subscribe') : {}
  if (reader.remaining === 0) throw protocolError('SUBSCRIBE holds no topic filter') // [MQTT5-3.8.3-2]
  const subscriptions: SubscriptionRequest[] = []
  while (reader.remaining > 0) {
    if (subscriptions.length >= maximumFilters) throw tooManyFilters(maximumFilters)
    subscriptions.push(decodeSubscription(reader, protocolVersion))
  }
  return { packetId, properties, subscriptions }
}

function decodeSubscription(reader: ByteReader, protocolVersion: ProtocolVersion): SubscriptionRequest {
  const topicFilter = reader.text()
  const options = reader.byte()
  const qos = options & 3
  const retainHandling = (options >> 4) & 3
  if (options & (protocolVersion === 5 ? 0xc0 : 0xfc)) throw malformed('reserved subscription options are set') // [MQTT5-3.8.3-5]
  if (qos === 3) throw protocolError('subscription QoS is 3')
  if (retainHandling === 3) throw protocolError('Retain Handling is 3')
  return {
    topicFilter,
    qos: qos as 0 | 1 | 2,
    noLocal: (options & 4) !== 0,
    retainAsPublished: (options & 8) !== 0,
    retainHandling: retainHandling as 0 | 1 | 2,
  }
}

/** The options of a subscription as one byte, section 3.8.3.1. */
export function subscriptionOptions(request: SubscriptionRequest): number {
  return request.qos | (request.noLocal ? 4 : 0) | (request.retainAsPublished ? 8 : 0) | (request.retainHandling << 4)
}

export function encodeSubscribe(packet: SubscribePacket, protocolVersion: ProtocolVersion): Uint8Array {
  const writer = new ByteWriter().twoByteInteger(packet.packetId)
  if (protocolVersion === 5) encodeProperties(writer, packet.properties)
  for (const request of packet.subscriptions) writer.text(request.topicFilter).byte(subscriptionOptions(request))
  return writer.packet(PacketType.subscribe, 2)
}

export function tooManyFilters(maximum: number): ProtocolError {
  return new ProtocolError(ReasonCode.quotaExceeded, `a packet holds at most ${maximum} topic filters`)
}

/** A packet identifier where one is due; 0 is none. [MQTT5-2.2.1-3] */
export function decodePacketId(reader: ByteReader): number {
  const packetId = reader.twoByteInteger()
  if (packetId === 0) throw protocolError('packet identifier is 0')
  return packetId
}
