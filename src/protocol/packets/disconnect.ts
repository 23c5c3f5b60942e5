import { type ByteReader, malformed } from '../byte-reader.ts'
import { ByteWriter } from '../byte-writer.ts'
import { PacketType, type ProtocolVersion } from '../packet-types.ts'
import { decodeProperties, encodeProperties, type Properties } from '../properties.ts'
import { clientDisconnectCodes } from '../reason-codes.ts'

/** DISCONNECT, section 3.14. */
export interface DisconnectPacket {
  /** 0 in 3.x, where the packet has no body. */
  readonly reasonCode: number
  readonly properties: Properties
}

/** Reads a client's DISCONNECT. */
export function decodeDisconnect(reader: ByteReader, protocolVersion: ProtocolVersion): DisconnectPacket {
  if (protocolVersion !== 5) {
    reader.expectEnd('DISCONNECT')
    return { reasonCode: 0, properties: {} }
  }
  const reasonCode = reader.remaining === 0 ? 0 : reader.byte()
  if (!clientDisconnectCodes.has(reasonCode))
    throw malformed(`a client cannot send DISCONNECT 0x${reasonCode.toString(16)}`)
  const properties = reader.remaining === 0 ? {} : decodeProperties(reader, 'disconnect')
  // Server Reference is the server's to send
  if (properties.serverReference !== undefined) throw malformed('serverReference is not allowed from a client')
  reader.expectEnd('DISCONNECT')
  return { reasonCode, properties }
}

export function encodeDisconnect(packet: DisconnectPacket, protocolVersion: ProtocolVersion): Uint8Array {
  const writer = new ByteWriter()
  if (protocolVersion === 5) writer.byte(packet.reasonCode)
  if (protocolVersion === 5) encodeProperties(writer, packet.properties)
  return writer.packet(PacketType.disconnect)
}
