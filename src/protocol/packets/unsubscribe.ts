import { type ByteReader, protocolError } from '../byte-reader.ts'
import { ByteWriter } from '../byte-writer.ts'
import { PacketType, type ProtocolVersion } from '../packet-types.ts'
import { decodeProperties, encodeProperties, type Properties } from '../properties.ts'
import { decodePacketId, tooManyFilters } from './subscribe.ts'

/** UNSUBSCRIBE, section 3.10. */
export interface UnsubscribePacket {
  readonly packetId: number
  readonly properties: Properties
  readonly topicFilters: readonly string[]
}

/** `maximumFilters` bounds the work one packet can ask for. */
export function decodeUnsubscribe(
  reader: ByteReader,
  protocolVersion: ProtocolVersion,
  maximumFilters = Infinity,
): UnsubscribePacket {
  const packetId = decodePacketId(reader)
  const properties = protocolVersion === 5 ? decodeProperties(reader, 'unsubscribe') : {}
  if (reader.remaining === 0) throw protocolError('UNSUBSCRIBE holds no topic filter') // [MQTT5-3.10.3-2]
  const topicFilters: string[] = []
  while (reader.remaining > 0) {
    if (topicFilters.length >= maximumFilters) throw tooManyFilters(maximumFilters)
    topicFilters.push(reader.text())
  }
  return { packetId, properties, topicFilters }
}

export function encodeUnsubscribe(packet: UnsubscribePacket, protocolVersion: ProtocolVersion): Uint8Array {
  const writer = new ByteWriter().twoByteInteger(packet.packetId)
  if (protocolVersion === 5) encodeProperties(writer, packet.properties)
  for (const topicFilter of packet.topicFilters) writer.text(topicFilter)
  return writer.packet(PacketType.unsubscribe, 2)
}
