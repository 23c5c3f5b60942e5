import type { ReceivedMessage } from '../contracts/embedding.ts'
import { ApplicationMessage } from '../protocol/application-message.ts'
import { ByteReader } from '../protocol/byte-reader.ts'
import { copyOf } from '../protocol/copy-bytes.ts'
import { PacketReader } from '../protocol/packet-reader.ts'
import { PacketType } from '../protocol/packet-types.ts'
import { type ConnackPacket, decodeConnack } from '../protocol/packets/connack.ts'
import { decodePublish } from '../protocol/packets/publish.ts'
import { decodePublishResponse, type PublishResponse } from '../protocol/packets/publish-response.ts'
import { decodeSubscriptionResponse, type SubscriptionResponse } from '../protocol/packets/subscription-response.ts'
import { decodeProperties, decodePropertyBody } from '../protocol/properties.ts'
import { decodeText } from '../protocol/text.ts'

/** What a server sends, as a client sees it. */
export type ClientPacket =
  | ({ readonly type: 'connack' } & ConnackPacket)
  | { readonly type: 'publish'; readonly packetId: number; readonly message: ReceivedMessage }
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
  readonly #view = new ApplicationMessage()

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
    const type = (bytes[start] as number) >> 4
    const body = new ByteReader(bytes, bodyStart, end)
    switch (type) {
      case PacketType.connack:
        return { type: 'connack', ...decodeConnack(body, 5) }
      case PacketType.publish:
        return this.#publish(bytes, start, bodyStart, end)
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

  #publish(bytes: Uint8Array, start: number, bodyStart: number, end: number): ClientPacket {
    const view = this.#view
    decodePublish(view, bytes, start, bodyStart, end, 5)
    const { qos, retain, dup, packetId } = view
    const message = {
      topic: decodeText(bytes, view.topicStart, view.topicEnd),
      payload: copyOf(bytes, view.payloadStart, view.payloadEnd),
      qos,
      retain,
      dup,
      properties: decodePropertyBody(new ByteReader(bytes, view.propertiesStart, view.propertiesEnd), 'publish'),
    }
    return { type: 'publish', packetId, message }
  }
}
