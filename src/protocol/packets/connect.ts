import { ByteReader, malformed, protocolError } from '../byte-reader.ts'
import { ByteWriter } from '../byte-writer.ts'
import { PacketType, type ProtocolVersion } from '../packet-types.ts'
import { decodeProperties, encodeProperties, type Properties } from '../properties.ts'

export interface Will {
  readonly topicName: string
  readonly payload: Uint8Array
  readonly qos: 0 | 1 | 2
  readonly retain: boolean
  readonly properties: Properties
}

/** CONNECT, section 3.1. */
export interface ConnectPacket {
  readonly protocolVersion: ProtocolVersion
  /** A Mosquitto-style bridge: bit 7 of the protocol level is set (0x83, 0x84). */
  readonly isBridge: boolean
  /** Clean Session in 3.x. */
  readonly cleanStart: boolean
  /** Seconds, 0 = off. */
  readonly keepAlive: number
  readonly clientId: string
  readonly will: Will | undefined
  readonly userName: string | undefined
  readonly password: Uint8Array | undefined
  readonly properties: Properties
}

/** The first two fields, which say how the rest and any answer are written. */
export interface ConnectHeader {
  readonly protocolVersion: ProtocolVersion
  readonly isBridge: boolean
}

const flag = { reserved: 1, cleanStart: 2, will: 4, willRetain: 32, password: 64, userName: 128 } as const

/** Reads protocol name [MQTT5-3.1.2-1] and level; undefined for a level that is not known [MQTT5-3.1.2-2]. */
export function decodeConnectHeader(reader: ByteReader): ConnectHeader | undefined {
  const name = reader.text()
  const level = reader.byte()
  if (name === 'MQTT' && (level === 4 || level === 5)) return { protocolVersion: level, isBridge: false }
  if (name === 'MQTT' && level === 0x84) return { protocolVersion: 4, isBridge: true }
  if (name === 'MQIsdp' && (level === 3 || level === 0x83)) return { protocolVersion: 3, isBridge: level === 0x83 }
  if (name !== 'MQTT' && name !== 'MQIsdp') throw malformed('the protocol name is neither MQTT nor MQIsdp')
  return undefined
}

/** Reads what follows the header. */
export function decodeConnect(reader: ByteReader, header: ConnectHeader): ConnectPacket {
  const { protocolVersion } = header
  const flags = reader.byte()
  checkFlags(flags, protocolVersion)
  const keepAlive = reader.twoByteInteger()
  const properties = protocolVersion === 5 ? decodeProperties(reader, 'connect') : {}
  if (properties.authenticationData !== undefined && properties.authenticationMethod === undefined) {
    throw protocolError('authenticationData needs an authenticationMethod')
  }
  const clientId = reader.text()
  const will = flags & flag.will ? decodeWill(reader, flags, protocolVersion) : undefined
  // 3.1 lets the length win over the flags: a flagged field may be missing at the end
  const mayBeMissing = protocolVersion === 3
  const userName = hasField(flags & flag.userName, reader, mayBeMissing) ? reader.text() : undefined
  const password = hasField(flags & flag.password, reader, mayBeMissing) ? reader.binary() : undefined
  reader.expectEnd('CONNECT')
  const cleanStart = (flags & flag.cleanStart) !== 0
  const { isBridge } = header // spread, it would cost more than all the rest
  return { protocolVersion, isBridge, cleanStart, keepAlive, clientId, will, userName, password, properties }
}

function hasField(isFlagged: number, reader: ByteReader, mayBeMissing: boolean): boolean {
  return isFlagged !== 0 && !(mayBeMissing && reader.remaining === 0)
}

function checkFlags(flags: number, protocolVersion: ProtocolVersion): void {
  // 3.1 leaves bit 0 unused without saying what it must be
  if (flags & flag.reserved && protocolVersion !== 3) throw malformed('the reserved connect flag is set') // [MQTT5-3.1.2-3]
  const willQos = (flags >> 3) & 3
  if (willQos === 3) throw malformed('will QoS is 3') // [MQTT5-3.1.2-12]
  if (!(flags & flag.will) && (willQos !== 0 || flags & flag.willRetain)) {
    throw malformed('will QoS or will retain without will flag') // [MQTT5-3.1.2-11] [MQTT5-3.1.2-13]
  }
  if (protocolVersion !== 5 && flags & flag.password && !(flags & flag.userName)) {
    throw malformed('password without user name') // [MQTT311-3.1.2-22]; 5.0 allows it
  }
}

function decodeWill(reader: ByteReader, flags: number, protocolVersion: ProtocolVersion): Will {
  const properties = protocolVersion === 5 ? decodeProperties(reader, 'will') : {}
  const topicName = reader.text()
  const payload = reader.binary()
  const qos = ((flags >> 3) & 3) as 0 | 1 | 2
  return { topicName, payload, qos, retain: (flags & flag.willRetain) !== 0, properties }
}

export function encodeConnect(packet: ConnectPacket): Uint8Array {
  const { protocolVersion, will, userName, password } = packet
  const writer = new ByteWriter().text(protocolVersion === 3 ? 'MQIsdp' : 'MQTT')
  writer.byte(protocolVersion | (packet.isBridge ? 0x80 : 0))
  let flags = packet.cleanStart ? flag.cleanStart : 0
  if (will !== undefined) flags |= flag.will | (will.qos << 3) | (will.retain ? flag.willRetain : 0)
  if (password !== undefined) flags |= flag.password
  if (userName !== undefined) flags |= flag.userName
  writer.byte(flags).twoByteInteger(packet.keepAlive)
  if (protocolVersion === 5) encodeProperties(writer, packet.properties)
  writer.text(packet.clientId)
  if (will !== undefined) {
    if (protocolVersion === 5) encodeProperties(writer, will.properties)
    writer.text(will.topicName).binary(will.payload)
  }
  if (userName !== undefined) writer.text(userName)
  if (password !== undefined) writer.binary(password)
  return writer.packet(PacketType.connect)
}
