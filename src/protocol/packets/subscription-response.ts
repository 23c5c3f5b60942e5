import type { ByteReader } from '../byte-reader.ts'
import { ByteWriter } from '../byte-writer.ts'
import { PacketType, type ProtocolVersion } from '../packet-types.ts'
import { decodeProperties, encodeProperties, type Properties } from '../properties.ts'
import { decodePacketId } from './subscribe.ts'

/** SUBACK, section 3.9, and UNSUBACK, section 3.11: one reason code per topic filter, in order. */
export interface SubscriptionResponse {
  readonly type: 'suback' | 'unsuback'
  readonly packetId: number
  readonly properties: Properties
  /** Empty in a 3.x UNSUBACK, which has no payload. */
  readonly reasonCodes: readonly number[]
}

export function decodeSubscriptionResponse(
  type: SubscriptionResponse['type'],
  reader: ByteReader,
  protocolVersion: ProtocolVersion,
): SubscriptionResponse {
  const packetId = decodePacketId(reader)
  const properties = protocolVersion === 5 ? decodeProperties(reader, type) : {}
  const reasonCodes: number[] = []
  if (type === 'unsuback' && protocolVersion !== 5) reader.expectEnd('UNSUBACK')
  while (reader.remaining > 0) reasonCodes.push(reader.byte())
  return { type, packetId, properties, reasonCodes }
}

export function encodeSubscriptionResponse(packet: SubscriptionResponse, protocolVersion: ProtocolVersion): Uint8Array {
  const writer = new ByteWriter().twoByteInteger(packet.packetId)
  if (protocolVersion === 5) encodeProperties(writer, packet.properties)
  const hasCodes = packet.type === 'suback' || protocolVersion === 5
  if (hasCodes) for (const reasonCode of packet.reasonCodes) writer.byte(reasonCode)
  return writer.packet(PacketType[packet.type])
}
