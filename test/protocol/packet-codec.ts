import { ApplicationMessage } from '../../src/protocol/application-message.ts'
import { ByteReader, malformed } from '../../src/protocol/byte-reader.ts'
import { ByteWriter } from '../../src/protocol/byte-writer.ts'
import { newApplicationMessage } from '../../src/protocol/new-application-message.ts'
import { PacketReader } from '../../src/protocol/packet-reader.ts'
import type { ProtocolVersion } from '../../src/protocol/packet-types.ts'
import { decodeAuth, encodeAuth } from '../../src/protocol/packets/auth.ts'
import { decodeConnack, encodeConnack } from '../../src/protocol/packets/connack.ts'
import { decodeConnect, decodeConnectHeader, encodeConnect } from '../../src/protocol/packets/connect.ts'
import { decodeDisconnect, encodeDisconnect } from '../../src/protocol/packets/disconnect.ts'
import { decodePublishResponse, encodePublishResponse } from '../../src/protocol/packets/publish-response.ts'
import { decodePublish, encodePublishHead, publishPacketSize } from '../../src/protocol/packets/publish.ts'
import { decodeSubscribe, encodeSubscribe } from '../../src/protocol/packets/subscribe.ts'
import {
  decodeSubscriptionResponse,
  encodeSubscriptionResponse,
} from '../../src/protocol/packets/subscription-response.ts'
import { decodeUnsubscribe, encodeUnsubscribe } from '../../src/protocol/packets/unsubscribe.ts'
import { decodeProperties, type Properties } from '../../src/protocol/properties.ts'
import { decodeText, encodeText } from '../../src/protocol/text.ts'
import type { Packet } from '../packet-cases/packet-case.ts'

/** A packet as the reader hands it out. */
export interface Frame {
  readonly bytes: Uint8Array
  readonly packetStart: number
  readonly bodyStart: number
  readonly end: number
}

/** The frames a stream of bytes is cut into. */
export function framesOf(chunks: readonly Uint8Array[]): Frame[] {
  const frames: Frame[] = []
  const reader = new PacketReader(Infinity, (bytes, packetStart, bodyStart, end) => {
    frames.push({ bytes, packetStart, bodyStart, end })
    return true
  })
  for (const chunk of chunks) reader.push(chunk)
  return frames
}

export function bytesOf({ bytes, packetStart, end }: Frame): Uint8Array {
  return bytes.slice(packetStart, end)
}

/** Every packet type through the decoder the broker has for it. */
export function decodePacket(type: Packet['type'], frame: Frame, version: ProtocolVersion): Packet {
  const reader = new ByteReader(frame.bytes, frame.bodyStart, frame.end)
  switch (type) {
    case 'connect': {
      const header = decodeConnectHeader(reader)
      if (header === undefined) throw malformed('the protocol level is not known')
      return { type, ...decodeConnect(reader, header) }
    }
    case 'connack':
      return { type, ...decodeConnack(reader, version) }
    case 'publish':
      return decodePublishPacket(frame, version)
    case 'puback':
    case 'pubrec':
    case 'pubrel':
    case 'pubcomp':
      return decodePublishResponse(type, reader, version)
    case 'subscribe':
      return { type, ...decodeSubscribe(reader, version) }
    case 'suback':
    case 'unsuback':
      return decodeSubscriptionResponse(type, reader, version)
    case 'unsubscribe':
      return { type, ...decodeUnsubscribe(reader, version) }
    case 'disconnect':
      return { type, ...decodeDisconnect(reader, version) }
    case 'auth':
      return { type, ...decodeAuth(reader) }
  }
}

function decodePublishPacket({ bytes, packetStart, bodyStart, end }: Frame, version: ProtocolVersion): Packet {
  const message = new ApplicationMessage()
  decodePublish(message, bytes, packetStart, bodyStart, end, version)
  const { qos, retain, dup, packetId } = message
  return {
    type: 'publish',
    qos,
    retain,
    dup,
    packetId,
    topicName: decodeText(bytes, message.topicStart, message.topicEnd),
    properties: propertiesOf(message),
    payload: bytes.slice(message.payloadStart, message.payloadEnd),
  }
}

/** What `decodePublish` has checked and left where it lies. */
function propertiesOf({ bytes, propertiesStart, propertiesEnd }: ApplicationMessage): Properties {
  const writer = new ByteWriter().variableByteInteger(propertiesEnd - propertiesStart)
  writer.raw(bytes.subarray(propertiesStart, propertiesEnd))
  try {
    return decodeProperties(new ByteReader(writer.view(), 0, writer.length), 'publish')
  } catch (error) {
    throw new Error('decodePublish has let through what it must refuse', { cause: error })
  }
}

/** Every packet type through the encoder the broker has for it. */
export function encodePacket(packet: Packet, version: ProtocolVersion): Uint8Array {
  switch (packet.type) {
    case 'connect':
      return encodeConnect(packet)
    case 'connack':
      return encodeConnack(packet, version)
    case 'publish':
      return encodePublishPacket(packet, version)
    case 'puback':
    case 'pubrec':
    case 'pubrel':
    case 'pubcomp':
      return encodePublishResponse(packet, version)
    case 'subscribe':
      return encodeSubscribe(packet, version)
    case 'suback':
    case 'unsuback':
      return encodeSubscriptionResponse(packet, version)
    case 'unsubscribe':
      return encodeUnsubscribe(packet, version)
    case 'disconnect':
      return encodeDisconnect(packet, version)
    case 'auth':
      return encodeAuth(packet)
  }
}

function encodePublishPacket(
  packet: Extract<Packet, { type: 'publish' }>,
  protocolVersion: ProtocolVersion,
): Uint8Array {
  const { payload, qos, retain, dup, packetId, topicName } = packet
  const { subscriptionIdentifiers = [], topicAlias = 0, ...properties } = packet.properties
  const message = newApplicationMessage({ payload, qos, retain, properties }, '', 0)
  message.topicBytes = encodeText(topicName)
  const omitTopicName = topicName === ''
  const variant = { protocolVersion, qos, retain, dup, packetId, subscriptionIdentifiers, topicAlias, omitTopicName }
  const target = new Uint8Array(publishPacketSize(message, variant))
  const payloadAt = encodePublishHead(target, 0, message, variant, 0)
  target.set(payload, payloadAt)
  if (payloadAt + payload.length !== target.length) throw new Error('the size told is not the size written')
  return target
}

/** Where the payload of a PUBLISH begins in its frame. */
export function payloadStartOf({ bytes, packetStart, bodyStart, end }: Frame, version: ProtocolVersion): number {
  const message = new ApplicationMessage()
  decodePublish(message, bytes, packetStart, bodyStart, end, version)
  return message.payloadStart
}
