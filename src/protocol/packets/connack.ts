import { type ByteReader, malformed } from '../byte-reader.ts'
import { ByteWriter } from '../byte-writer.ts'
import { PacketType, type ProtocolVersion } from '../packet-types.ts'
import { decodeProperties, encodeProperties, type Properties } from '../properties.ts'

/** CONNACK, section 3.2. */
export interface ConnackPacket {
  readonly sessionPresent: boolean
  /** A 5.0 reason code, or a 3.1.1 return code, by the protocol version of the connection. */
  readonly reasonCode: number
  readonly properties: Properties
}

export function decodeConnack(reader: ByteReader, protocolVersion: ProtocolVersion): ConnackPacket {
  const flags = reader.byte()
  if (flags > 1) throw malformed('reserved CONNACK flags are set') // [MQTT5-3.2.2-1]
  const reasonCode = reader.byte()
  const properties = protocolVersion === 5 ? decodeProperties(reader, 'connack') : {}
  reader.expectEnd('CONNACK')
  return { sessionPresent: flags === 1, reasonCode, properties }
}

export function encodeConnack(packet: ConnackPacket, protocolVersion: ProtocolVersion): Uint8Array {
  const flags = packet.sessionPresent ? 1 : 0
  if (protocolVersion !== 5) return Uint8Array.of(PacketType.connack << 4, 2, flags, packet.reasonCode)
  const writer = new ByteWriter().byte(flags).byte(packet.reasonCode)
  encodeProperties(writer, packet.properties)
  return writer.packet(PacketType.connack)
}
