import type { ProtocolVersion } from './wire-packets.ts'
import { WireReader, type WireProperties } from './wire-properties.ts'

/** What a broker may send, decoded. `raw` is the whole packet, fixed header included. */
interface Sent {
  readonly raw: Uint8Array
}
export interface Connack extends Sent {
  readonly kind: 'connack'
  readonly sessionPresent: boolean
  readonly reasonCode: number
  readonly properties: WireProperties
}
export interface Publish extends Sent {
  readonly kind: 'publish'
  readonly dup: boolean
  readonly qos: number
  readonly retain: boolean
  /** With topic aliases resolved; the client fills it in. */
  topicName: string
  readonly wireTopicName: string
  /** 0 at QoS 0. */
  readonly packetId: number
  readonly properties: WireProperties
  readonly payload: Uint8Array
  /** The payload as text. */
  readonly text: string
}
export interface Ack extends Sent {
  readonly kind: 'puback' | 'pubrec' | 'pubrel' | 'pubcomp'
  readonly packetId: number
  readonly reasonCode: number
  readonly properties: WireProperties
}
export interface Suback extends Sent {
  readonly kind: 'suback' | 'unsuback'
  readonly packetId: number
  readonly reasonCodes: number[]
  readonly properties: WireProperties
}
export interface Pingresp extends Sent {
  readonly kind: 'pingresp'
}
export interface Disconnect extends Sent {
  readonly kind: 'disconnect' | 'auth'
  readonly reasonCode: number
  readonly properties: WireProperties
}
export type InboundPacket = Connack | Publish | Ack | Suback | Pingresp | Disconnect
export type InboundKind = InboundPacket['kind']
export interface PacketOf {
  connack: Connack
  publish: Publish
  puback: Ack
  pubrec: Ack
  pubrel: Ack
  pubcomp: Ack
  suback: Suback
  unsuback: Suback
  pingresp: Pingresp
  disconnect: Disconnect
  auth: Disconnect
}

const kinds: Readonly<Record<number, InboundKind>> = {
  2: 'connack',
  3: 'publish',
  4: 'puback',
  5: 'pubrec',
  6: 'pubrel',
  7: 'pubcomp',
  9: 'suback',
  11: 'unsuback',
  13: 'pingresp',
  14: 'disconnect',
  15: 'auth',
}
const publishCodes = [0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99]
const connackCodes = [
  0x00, 0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x8c, 0x90, 0x95, 0x97, 0x99, 0x9a, 0x9b,
  0x9c, 0x9d, 0x9f,
]
/** Codes a server may send: reason code tables of MQTT 5.0, less what only a client sends. */
export const reasonCodes: Readonly<Record<Exclude<InboundKind, 'publish' | 'pingresp'>, readonly number[]>> = {
  connack: connackCodes,
  puback: publishCodes,
  pubrec: publishCodes,
  pubrel: [0x00, 0x92],
  pubcomp: [0x00, 0x92],
  suback: [0x00, 0x01, 0x02, 0x80, 0x83, 0x87, 0x8f, 0x91, 0x97, 0x9e, 0xa1, 0xa2],
  unsuback: [0x00, 0x11, 0x80, 0x83, 0x87, 0x8f, 0x91],
  disconnect: [
    0x80, 0x81, 0x82, 0x83, 0x87, 0x89, 0x8b, 0x8c, 0x8d, 0x8e, 0x8f, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99,
    0x9a, 0x9b, 0x9c, 0x9d, 0x9e, 0x9f, 0xa0, 0xa1, 0xa2,
  ],
  auth: [0x00, 0x18],
}

/** Splits what has arrived into whole packets; the rest waits for more bytes. */
export function splitPackets(bytes: Uint8Array): { packets: Uint8Array[]; rest: Uint8Array } {
  const packets: Uint8Array[] = []
  let rest = bytes
  for (;;) {
    const lengthEnd = rest.subarray(1, 5).findIndex((byte) => byte < 0x80)
    if (lengthEnd < 0) {
      if (rest.length >= 5) throw new Error('remaining length has more than four bytes')
      return { packets, rest }
    }
    const total = 2 + lengthEnd + new WireReader(rest, 1).variable()
    if (total > rest.length) return { packets, rest }
    packets.push(rest.subarray(0, total))
    rest = rest.subarray(total)
  }
}

/** One whole packet; throws at anything a server must not send in this protocol version. */
export function decodePacket(version: ProtocolVersion, raw: Uint8Array): InboundPacket {
  const reader = new WireReader(raw)
  const header = reader.integer(1)
  reader.variable()
  const kind = kinds[header >> 4]
  if (kind === undefined) throw new Error(`a server never sends packet type ${header >> 4}`)
  if (kind !== 'publish' && (header & 0x0f) !== (kind === 'pubrel' ? 2 : 0)) {
    throw new Error(`${kind} has flags ${header & 0x0f}`)
  }
  if (version < 5 && (kind === 'disconnect' || kind === 'auth')) throw new Error(`${kind} before MQTT 5.0`)
  const decoded = decodeBody(version, kind, header, reader, raw)
  if (reader.left > 0) throw new Error(`${kind} has ${reader.left} bytes too many`)
  return decoded
}

function decodeBody(
  version: ProtocolVersion,
  kind: InboundKind,
  header: number,
  reader: WireReader,
  raw: Uint8Array,
): InboundPacket {
  switch (kind) {
    case 'connack':
      return decodeConnack(version, reader, raw)
    case 'publish':
      return decodePublish(version, header, reader, raw)
    case 'puback':
    case 'pubrec':
    case 'pubrel':
    case 'pubcomp': {
      const packetId = nonZeroPacketId(reader)
      const reasonCode = version === 5 && reader.left > 0 ? knownCode(kind, reader.integer(1)) : 0
      const properties = version === 5 && reader.left > 0 ? reader.properties(kind) : {}
      return { kind, packetId, reasonCode, properties, raw }
    }
    case 'suback':
    case 'unsuback': {
      const packetId = nonZeroPacketId(reader)
      const properties = version === 5 ? reader.properties(kind) : {}
      if (kind === 'unsuback' && version < 5) return { kind, packetId, reasonCodes: [], properties, raw }
      if (reader.left === 0) throw new Error(`${kind} without a code`)
      const codes = [...reader.take(reader.left)]
      for (const code of codes) {
        if (version === 5) knownCode(kind, code)
        else knownReturnCode(version, code)
      }
      return { kind, packetId, reasonCodes: codes, properties, raw }
    }
    case 'pingresp':
      return { kind, raw }
    case 'disconnect':
    case 'auth': {
      const reasonCode = knownCode(kind, reader.left > 0 ? reader.integer(1) : 0)
      const properties = reader.left > 0 ? reader.properties(kind) : {}
      if (properties.sessionExpiryInterval !== undefined) throw new Error('DISCONNECT has Session Expiry Interval')
      return { kind, reasonCode, properties, raw }
    }
  }
}

function decodeConnack(version: ProtocolVersion, reader: WireReader, raw: Uint8Array): Connack {
  const flags = reader.integer(1)
  if (flags > (version === 3 ? 0 : 1)) throw new Error(`CONNACK has flags ${flags}`)
  const code = reader.integer(1)
  const known = version === 5 ? connackCodes.includes(code) : code <= 5
  if (!known) throw new Error(`CONNACK has code 0x${code.toString(16)}`)
  if (code !== 0 && flags !== 0) throw new Error('CONNACK has Session Present beside an error')
  const properties = version === 5 ? reader.properties('connack') : {}
  for (const name of ['maximumQos', 'retainAvailable', 'wildcardSubscriptionAvailable'] as const) {
    if ((properties[name] ?? 0) > 1) throw new Error(`CONNACK has ${name} ${properties[name]}`)
  }
  for (const name of ['subscriptionIdentifiersAvailable', 'sharedSubscriptionAvailable'] as const) {
    if ((properties[name] ?? 0) > 1) throw new Error(`CONNACK has ${name} ${properties[name]}`)
  }
  for (const name of ['receiveMaximum', 'maximumPacketSize'] as const) {
    if (properties[name] === 0) throw new Error(`CONNACK has ${name} 0`)
  }
  return { kind: 'connack', sessionPresent: flags === 1, reasonCode: code, properties, raw }
}

function decodePublish(version: ProtocolVersion, header: number, reader: WireReader, raw: Uint8Array): Publish {
  const qos = (header >> 1) & 3
  const dup = (header & 8) !== 0
  if (qos === 3) throw new Error('PUBLISH has QoS 3')
  if (qos === 0 && dup) throw new Error('PUBLISH has DUP at QoS 0')
  const wireTopicName = reader.string()
  if (/[+#]/.test(wireTopicName)) throw new Error(`PUBLISH has wildcard in ${wireTopicName}`)
  const packetId = qos > 0 ? nonZeroPacketId(reader) : 0
  const properties = version === 5 ? reader.properties('publish') : {}
  if (wireTopicName === '' && properties.topicAlias === undefined) throw new Error('PUBLISH has no topic')
  if (properties.topicAlias === 0) throw new Error('PUBLISH has Topic Alias 0')
  if ((properties.payloadFormatIndicator ?? 0) > 1) throw new Error('PUBLISH has a Payload Format Indicator over 1')
  const payload = reader.take(reader.left)
  const text = Buffer.from(payload).toString('utf8')
  const flags = { dup, qos, retain: (header & 1) !== 0 }
  const topics = { topicName: wireTopicName, wireTopicName }
  return { kind: 'publish', ...flags, ...topics, packetId, properties, payload, text, raw }
}

function nonZeroPacketId(reader: WireReader): number {
  const packetId = reader.integer(2)
  if (packetId === 0) throw new Error('packet identifier is 0')
  return packetId
}

function knownCode(kind: keyof typeof reasonCodes, code: number): number {
  if (!reasonCodes[kind].includes(code)) throw new Error(`${kind} has code 0x${code.toString(16)}`)
  return code
}

function knownReturnCode(version: ProtocolVersion, code: number): void {
  if (code > 2 && (version === 3 || code !== 0x80)) throw new Error(`SUBACK has return code 0x${code.toString(16)}`)
}
