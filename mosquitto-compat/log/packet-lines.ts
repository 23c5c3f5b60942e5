import { ApplicationMessage } from '../../src/protocol/application-message.ts'
import { ByteReader } from '../../src/protocol/byte-reader.ts'
import { PacketType, type ProtocolVersion } from '../../src/protocol/packet-types.ts'
import { decodeConnack } from '../../src/protocol/packets/connack.ts'
import type { ConnectPacket } from '../../src/protocol/packets/connect.ts'
import { decodeDisconnect } from '../../src/protocol/packets/disconnect.ts'
import { responsePacketId } from '../../src/protocol/packets/publish-response.ts'
import { decodePublish } from '../../src/protocol/packets/publish.ts'
import { decodeSubscribe } from '../../src/protocol/packets/subscribe.ts'
import { decodeUnsubscribe } from '../../src/protocol/packets/unsubscribe.ts'
import { decodeText } from '../../src/protocol/text.ts'

/** A packet where it lies: `bytes[start]` is its first byte, its body is bodyStart..end. */
export interface FramedPacket {
  readonly bytes: Uint8Array
  readonly start: number
  readonly bodyStart: number
  readonly end: number
}

/** `(d0, q1, r0, m1, 'topic', ... (5 bytes))`, and the topic. */
export interface PublishNote {
  readonly topicName: string
  readonly text: string
}

const view = new ApplicationMessage()
const subackTypes = new Map<number, string>([
  [PacketType.suback, 'SUBACK'],
  [PacketType.unsuback, 'UNSUBACK'],
])

export function publishNote({ bytes, start, bodyStart, end }: FramedPacket, version: ProtocolVersion): PublishNote {
  decodePublish(view, bytes, start, bodyStart, end, version)
  const topicName = decodeText(bytes, view.topicStart, view.topicEnd)
  const { dup, qos, retain, packetId, payloadStart, payloadEnd } = view
  const flags = `d${Number(dup)}, q${qos}, r${Number(retain)}, m${packetId}`
  return { topicName, text: `(${flags}, '${topicName}', ... (${payloadEnd - payloadStart} bytes))` }
}

/** What is said of the will of a CONNECT that was accepted. */
export function willLines({ will }: ConnectPacket): string[] {
  if (will === undefined) return ['No will message specified.']
  const { payload, retain, qos, topicName } = will
  return [`Will message specified (${payload.length} bytes) (r${Number(retain)}, q${qos}).`, `\t${topicName}`]
}

/** What is said of any packet but CONNECT and PUBLISH that came from a client. */
export function receivedLines(packet: FramedPacket, version: ProtocolVersion, id: string): string[] {
  const { bytes, start, bodyStart, end } = packet
  const reader = new ByteReader(bytes, bodyStart, end)
  switch ((bytes[start] as number) >> 4) {
    case PacketType.puback:
      return [`Received PUBACK from ${id} (Mid: ${packetIdOf(packet)}, RC:${reasonOf(packet)})`]
    case PacketType.pubrec:
      return [`Received PUBREC from ${id} (Mid: ${packetIdOf(packet)})`]
    case PacketType.pubrel:
      return [`Received PUBREL from ${id} (Mid: ${packetIdOf(packet)})`]
    case PacketType.pubcomp:
      return [`Received PUBCOMP from ${id} (Mid: ${packetIdOf(packet)}, RC:${reasonOf(packet)})`]
    case PacketType.subscribe: {
      const { subscriptions } = decodeSubscribe(reader, version)
      const filters = subscriptions.map(({ topicFilter, qos }) => `\t${topicFilter} (QoS ${qos})`)
      return [`Received SUBSCRIBE from ${id}`, ...filters]
    }
    case PacketType.unsubscribe:
      return [
        `Received UNSUBSCRIBE from ${id}`,
        ...decodeUnsubscribe(reader, version).topicFilters.map((topicFilter) => `\t${topicFilter}`),
      ]
    case PacketType.pingreq:
      return [`Received PINGREQ from ${id}`]
    case PacketType.disconnect:
      return [`Received DISCONNECT from ${id}`]
    case PacketType.auth:
      return [`Received AUTH from ${id}`]
    default:
      return []
  }
}

/** What is said of any packet that is on its way to a client. */
export function sentLines(packet: FramedPacket, version: ProtocolVersion, id: string): string[] {
  const { bytes, start, bodyStart, end } = packet
  const reader = new ByteReader(bytes, bodyStart, end)
  const type = (bytes[start] as number) >> 4
  switch (type) {
    case PacketType.connack: {
      const { sessionPresent, reasonCode } = decodeConnack(reader, version)
      return [`Sending CONNACK to ${id} (${Number(sessionPresent)}, ${reasonCode})`]
    }
    case PacketType.publish:
      return [`Sending PUBLISH to ${id} ${publishNote(packet, version).text}`]
    case PacketType.puback:
      return [`Sending PUBACK to ${id} (m${packetIdOf(packet)}, rc${reasonOf(packet)})`]
    case PacketType.pubrec:
      return [`Sending PUBREC to ${id} (m${packetIdOf(packet)}, rc${reasonOf(packet)})`]
    case PacketType.pubrel:
      return [`Sending PUBREL to ${id} (m${packetIdOf(packet)})`]
    case PacketType.pubcomp:
      return [`Sending PUBCOMP to ${id} (m${packetIdOf(packet)})`]
    case PacketType.pingresp:
      return [`Sending PINGRESP to ${id}`]
    case PacketType.disconnect:
      return [`Sending DISCONNECT to ${id} (${decodeDisconnect(reader, version).reasonCode})`]
    case PacketType.auth:
      return [`Sending AUTH to ${id}`]
    default: {
      const name = subackTypes.get(type)
      return name === undefined ? [] : [`Sending ${name} to ${id}`]
    }
  }
}

function packetIdOf({ bytes, bodyStart, end }: FramedPacket): number {
  return responsePacketId(bytes, bodyStart, end)
}

/** The third byte of the body, where there is one. */
function reasonOf({ bytes, bodyStart, end }: FramedPacket): number {
  return end - bodyStart > 2 ? (bytes[bodyStart + 2] as number) : 0
}
