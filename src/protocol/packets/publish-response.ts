import { ByteReader, malformed, protocolError } from '../byte-reader.ts'
import { ByteWriter } from '../byte-writer.ts'
import { PacketType, type ProtocolVersion } from '../packet-types.ts'
import { decodeProperties, encodeProperties, type Properties } from '../properties.ts'

/** PUBACK, PUBREC, PUBREL and PUBCOMP, sections 3.4 to 3.7, have one form. */
export type PublishResponseType = 'puback' | 'pubrec' | 'pubrel' | 'pubcomp'

export interface PublishResponse {
  readonly type: PublishResponseType
  readonly packetId: number
  /** 0 in 3.x. */
  readonly reasonCode: number
  readonly properties: Properties
}

const received: ReadonlySet<number> = new Set([0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99])
const released: ReadonlySet<number> = new Set([0x00, 0x92])
const codesByType: Record<PublishResponseType, ReadonlySet<number>> = {
  puback: received,
  pubrec: received,
  pubrel: released,
  pubcomp: released,
}

/** The packet identifier of a response. Called for each acknowledgement: allocates nothing. */
export function responsePacketId(bytes: Uint8Array, bodyStart: number, end: number): number {
  if (end - bodyStart < 2) throw malformed('the packet ends before its packet identifier')
  const packetId = ((bytes[bodyStart] as number) << 8) | (bytes[bodyStart + 1] as number)
  if (packetId === 0) throw protocolError('packet identifier is 0')
  return packetId
}

/** The reason code of a response, after checking what follows it. A body of two bytes means success. */
export function responseReasonCode(
  type: PublishResponseType,
  bytes: Uint8Array,
  bodyStart: number,
  end: number,
  protocolVersion: ProtocolVersion,
): number {
  if (end - bodyStart === 2) return 0
  return decodePublishResponse(type, new ByteReader(bytes, bodyStart, end), protocolVersion).reasonCode
}

export function decodePublishResponse(
  type: PublishResponseType,
  reader: ByteReader,
  protocolVersion: ProtocolVersion,
): PublishResponse {
  const packetId = responsePacketId(reader.bytes, reader.at, reader.end)
  reader.skip(2)
  if (protocolVersion !== 5) reader.expectEnd(type.toUpperCase())
  const reasonCode = reader.remaining === 0 ? 0 : reader.byte()
  if (!codesByType[type].has(reasonCode))
    throw malformed(`0x${reasonCode.toString(16)} is no ${type.toUpperCase()} reason code`)
  const properties = reader.remaining === 0 ? {} : decodeProperties(reader, type)
  reader.expectEnd(type.toUpperCase())
  return { type, packetId, reasonCode, properties }
}

export function encodePublishResponse(packet: PublishResponse, protocolVersion: ProtocolVersion): Uint8Array {
  const writer = new ByteWriter().twoByteInteger(packet.packetId)
  const hasProperties = Object.keys(packet.properties).length > 0
  if (protocolVersion === 5 && (packet.reasonCode !== 0 || hasProperties)) {
    writer.byte(packet.reasonCode)
    if (hasProperties) encodeProperties(writer, packet.properties)
  }
  return writer.packet(PacketType[packet.type], packet.type === 'pubrel' ? 2 : 0)
}
