import type { ReceivedMessage } from '../contracts/embedding.ts'
import { ByteReader } from '../protocol/byte-reader.ts'
import { copyOf } from '../protocol/copy-bytes.ts'
import { PacketReader } from '../protocol/packet-reader.ts'
import { PacketType } from '../protocol/packet-types.ts'
import { type ConnackPacket, decodeConnack } from '../protocol/packets/connack.ts'
import { decodePublishResponse, type PublishResponse } from '../protocol/packets/publish-response.ts'
import { decodeSubscriptionResponse, type SubscriptionResponse } from '../protocol/packets/subscription-response.ts'
import { decodeProperties } from '../protocol/properties.ts'

/** What a server sends, as a client sees it. */
export type ClientPacket =
  | ({ readonly type: 'connack' } & ConnackPacket)
  | {
      readonly type: 'publish'
      readonly packetId: number
      readonly message: ReceivedMessage
      /** Of the subscriptions it came by, where they have one. */
      readonly subscriptionIdentifiers: readonly number[] | undefined
    }
  | PublishResponse
  | SubscriptionResponse
  | { readonly type: 'disconnect'; readonly reasonCode: number; readonly reasonString: string | undefined }

const responses = {
  [PacketType.puback]: 'puback',
  [PacketType.pubrec]: 'pubrec',
  [PacketType.pubrel]: 'pubrel',
  [PacketType.pubcomp]: 'pubcomp',
} as const

/** Reads the packets of a server, MQTT 5.0. */
export class ClientPackets {
  readonly #reader: PacketReader

  constructor(received: (packet: ClientPacket) => void) {
    this.#reader = new PacketReader(Infinity, (bytes, start, bodyStart, end) => {
      const packet = this.#read(bytes, start, bodyStart, end)
      if (packet !== undefined) received(packet)
      return true
    })
  }

  push(bytes: Uint8Array): void {
    this.#reader.push(bytes)
  }

  #read(bytes: Uint8Array, start: number, bodyStart: number, end: number): ClientPacket | undefined {
    const header = bytes[start] as number
    const type = header >> 4
    const body = new ByteReader(bytes, bodyStart, end)
    switch (type) {
      case PacketType.connack:
        return { type: 'connack', ...decodeConnack(body, 5) }
      case PacketType.publish:
        return this.#publish(header, body)
      case PacketType.puback:
      case PacketType.pubrec:
      case PacketType.pubrel:
      case PacketType.pubcomp:
        return decodePublishResponse(responses[type], body, 5)
      case PacketType.suback:
        return decodeSubscriptionResponse('suback', body, 5)
      case PacketType.unsuback:
        return decodeSubscriptionResponse('unsuback', body, 5)
      case PacketType.disconnect: {
        const reasonCode = body.remaining === 0 ? 0 : body.byte()
        const properties = body.remaining === 0 ? {} : decodeProperties(body, 'disconnect')
        return { type: 'disconnect', reasonCode, reasonString: properties.reasonString }
      }
      default:
        return undefined // PINGRESP
    }
  }

  #publish(header: number, body: ByteReader): ClientPacket {
    const qos = ((header >> 1) & 3) as 0 | 1 | 2
    const topic = body.text()
    const packetId = qos === 0 ? 0 : body.twoByteInteger()
    const { subscriptionIdentifiers, ...properties } = decodeProperties(body, 'publish')
    const payload = copyOf(body.bytes, body.at, body.end)
    const message = { topic, payload, qos, retain: (header & 1) !== 0, dup: (header & 8) !== 0, properties }
    return { type: 'publish', packetId, message, subscriptionIdentifiers }
  }
}
