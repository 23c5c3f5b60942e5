import type { OutboundMessage } from '../contracts/embedding.ts'
import type { ApplicationMessage } from '../protocol/application-message.ts'
import { newApplicationMessage } from '../protocol/new-application-message.ts'
import { encodePublishHead, publishPacketSize } from '../protocol/packets/publish.ts'
import { encodeText } from '../protocol/text.ts'
import { quotedTopic, topicNameFault, topicTextFault } from '../topics/topic-syntax.ts'

/** A program's message as the broker carries it. Throws RangeError or TypeError for one that cannot be published. */
export function programMessage(message: OutboundMessage, nowMs: number): ApplicationMessage {
  const { topic, payload = '', qos = 0, retain = false, properties = {} } = message
  if (typeof topic !== 'string') throw new TypeError('topic must be a text')
  const fault = topicTextFault(topic) ?? topicNameFault(topic, Infinity)
  if (fault !== undefined) throw new RangeError(`topic ${quotedTopic(topic)}: ${fault}`)
  if (qos !== 0 && qos !== 1 && qos !== 2) throw new RangeError(`qos must be 0, 1 or 2, not ${String(qos)}`)
  const made = newApplicationMessage({ payload: payloadBytes(payload), qos, retain, properties }, '', nowMs)
  made.topicBytes = encodeText(topic)
  return made
}

/** The PUBLISH packet of a program's client, MQTT 5.0. */
export function encodeMessage(made: ApplicationMessage, packetId: number): Uint8Array {
  const { qos, retain } = made
  made.expiresAtMs = Infinity // the interval goes out as given
  const variant = {
    protocolVersion: 5 as const,
    qos,
    retain,
    dup: false,
    packetId,
    subscriptionIdentifiers: [],
    topicAlias: 0,
    omitTopicName: false,
  }
  const packet = new Uint8Array(publishPacketSize(made, variant))
  const payloadAt = encodePublishHead(packet, 0, made, variant, 0)
  packet.set(made.bytes.subarray(made.payloadStart, made.payloadEnd), payloadAt)
  return packet
}

export function payloadBytes(payload: Uint8Array | string): Uint8Array {
  if (typeof payload === 'string') return encodeText(payload)
  if (payload instanceof Uint8Array) return payload
  throw new TypeError('payload must be a text or a Uint8Array')
}
