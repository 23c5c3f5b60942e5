import {
  fourBytes,
  prefixed,
  propertySection,
  twoBytes,
  variableByteInteger,
  type WireProperties,
} from './wire-properties.ts'

/** Packets of a test client as bytes. Every field can be overridden, also with values the standard forbids. */

/** 3 is MQTT 3.1 (MQIsdp), 4 is 3.1.1, 5 is 5.0. */
export type ProtocolVersion = 3 | 4 | 5
export type Text = string | Uint8Array
/** Bytes pass as the property list without its length. */
export type Properties = WireProperties | Uint8Array

export interface WillFields {
  readonly topicName: Text
  readonly payload?: Text
  readonly qos?: number
  readonly retain?: boolean
  readonly properties?: Properties
}

export interface ConnectFields {
  readonly clientId?: Text
  /** Clean Start in 5.0, Clean Session before. */
  readonly cleanStart?: boolean
  readonly keepAlive?: number
  readonly userName?: Text
  readonly password?: Text
  readonly will?: WillFields
  readonly properties?: Properties
  readonly protocolName?: Text
  readonly protocolLevel?: number
  /** The whole connect flags byte, instead of the computed one. */
  readonly connectFlags?: number
}

export interface PublishFields {
  readonly qos?: number
  readonly retain?: boolean
  readonly dup?: boolean
  readonly packetId?: number
  readonly properties?: Properties
}

export interface FilterFields {
  readonly topicFilter: Text
  readonly qos?: number
  readonly noLocal?: boolean
  readonly retainAsPublished?: boolean
  readonly retainHandling?: number
  /** The whole options byte, instead of the computed one. */
  readonly options?: number
}

export type AckKind = 'puback' | 'pubrec' | 'pubrel' | 'pubcomp'
const ackHeaders = { puback: 0x40, pubrec: 0x50, pubrel: 0x62, pubcomp: 0x70 } as const

/** `10 0c 00 04` as bytes. */
export function hex(text: string): Uint8Array {
  return Buffer.from(text.replaceAll(' ', ''), 'hex')
}

export function joined(...parts: readonly (Uint8Array | readonly number[])[]): Uint8Array {
  return Buffer.concat(parts.map((part) => (part instanceof Uint8Array ? part : Uint8Array.from(part))))
}

/** A packet of `firstByte` with a right remaining length. */
export function packet(firstByte: number, ...parts: readonly (Uint8Array | readonly number[])[]): Uint8Array {
  const body = joined(...parts)
  return joined([firstByte, ...variableByteInteger(body.length)], body)
}

export function connectPacket(version: ProtocolVersion, fields: ConnectFields = {}): Uint8Array {
  const { will, userName, password } = fields
  const flags =
    ((fields.cleanStart ?? true) ? 0x02 : 0) |
    (will === undefined ? 0 : 0x04 | ((will.qos ?? 0) << 3) | (will.retain === true ? 0x20 : 0)) |
    (password === undefined ? 0 : 0x40) |
    (userName === undefined ? 0 : 0x80)
  const v5 = (fields.protocolLevel ?? version) === 5
  const parts: Uint8Array[] = [
    prefixed(fields.protocolName ?? (version === 3 ? 'MQIsdp' : 'MQTT')),
    Uint8Array.from([
      fields.protocolLevel ?? version,
      fields.connectFlags ?? flags,
      ...twoBytes(fields.keepAlive ?? 0),
    ]),
  ]
  if (v5) parts.push(propertySection(fields.properties))
  parts.push(prefixed(fields.clientId ?? ''))
  if (will !== undefined) {
    if (v5) parts.push(propertySection(will.properties))
    parts.push(prefixed(will.topicName), prefixed(will.payload ?? ''))
  }
  if (userName !== undefined) parts.push(prefixed(userName))
  if (password !== undefined) parts.push(prefixed(password))
  return packet(0x10, ...parts)
}

export function publishPacket(
  version: ProtocolVersion,
  topicName: Text,
  payload: Text = '',
  fields: PublishFields = {},
): Uint8Array {
  const qos = fields.qos ?? 0
  const flags = (fields.dup === true ? 8 : 0) | (qos << 1) | (fields.retain === true ? 1 : 0)
  const parts: Uint8Array[] = [prefixed(topicName)]
  if (qos > 0) parts.push(Uint8Array.from(twoBytes(fields.packetId ?? 1)))
  if (version === 5) parts.push(propertySection(fields.properties))
  parts.push(typeof payload === 'string' ? Buffer.from(payload, 'utf8') : payload)
  return packet(0x30 | flags, ...parts)
}

/** PUBACK, PUBREC, PUBREL or PUBCOMP. Reason code and properties are left out unless given. */
export function ackPacket(kind: AckKind, packetId: number, reasonCode?: number, properties?: Properties): Uint8Array {
  const parts: (Uint8Array | number[])[] = [twoBytes(packetId)]
  if (reasonCode !== undefined || properties !== undefined) parts.push([reasonCode ?? 0])
  if (properties !== undefined) parts.push(propertySection(properties))
  return packet(ackHeaders[kind], ...parts)
}

export function subscribePacket(
  version: ProtocolVersion,
  packetId: number,
  filters: readonly FilterFields[],
  properties?: Properties,
): Uint8Array {
  const parts: (Uint8Array | number[])[] = [twoBytes(packetId)]
  if (version === 5) parts.push(propertySection(properties))
  for (const filter of filters) parts.push(prefixed(filter.topicFilter), [filter.options ?? optionsByte(filter)])
  return packet(0x82, ...parts)
}

export function unsubscribePacket(
  version: ProtocolVersion,
  packetId: number,
  topicFilters: readonly Text[],
  properties?: Properties,
): Uint8Array {
  const section = version === 5 ? [propertySection(properties)] : []
  return packet(0xa2, twoBytes(packetId), ...section, ...topicFilters.map((topicFilter) => prefixed(topicFilter)))
}

/** DISCONNECT; without a reason code the two-byte form. */
export function disconnectPacket(reasonCode?: number, properties?: Properties): Uint8Array {
  if (reasonCode === undefined && properties === undefined) return packet(0xe0)
  const section = properties === undefined ? [] : [propertySection(properties)]
  return packet(0xe0, [reasonCode ?? 0], ...section)
}

export function authPacket(reasonCode: number, properties?: Properties): Uint8Array {
  return packet(0xf0, [reasonCode], propertySection(properties))
}

export const pingreqPacket = hex('c0 00')

function optionsByte(filter: FilterFields): number {
  const flags = (filter.noLocal === true ? 4 : 0) | (filter.retainAsPublished === true ? 8 : 0)
  return (filter.qos ?? 0) | flags | ((filter.retainHandling ?? 0) << 4)
}

export { fourBytes, prefixed, propertySection, twoBytes, variableByteInteger }
