import { type ByteReader, malformed, protocolError } from '../byte-reader.ts'
import { ByteWriter } from '../byte-writer.ts'
import { PacketType } from '../packet-types.ts'
import { decodeProperties, encodeProperties, type Properties } from '../properties.ts'
import { ReasonCode } from '../reason-codes.ts'

/** AUTH, section 3.15; 5.0 only. */
export interface AuthPacket {
  readonly reasonCode: number
  readonly properties: Properties
}

const authCodes: ReadonlySet<number> = new Set([
  ReasonCode.success,
  ReasonCode.continueAuthentication,
  ReasonCode.reauthenticate,
])

export function decodeAuth(reader: ByteReader): AuthPacket {
  const reasonCode = reader.remaining === 0 ? 0 : reader.byte()
  if (!authCodes.has(reasonCode)) throw malformed(`0x${reasonCode.toString(16)} is no AUTH reason code`) // [MQTT5-3.15.2-1]
  const properties = reader.remaining === 0 ? {} : decodeProperties(reader, 'auth')
  reader.expectEnd('AUTH')
  if (reasonCode !== 0 && properties.authenticationMethod === undefined) throw protocolError('AUTH names no method')
  return { reasonCode, properties }
}

export function encodeAuth(packet: AuthPacket): Uint8Array {
  const writer = new ByteWriter().byte(packet.reasonCode)
  encodeProperties(writer, packet.properties)
  return writer.packet(PacketType.auth)
}
