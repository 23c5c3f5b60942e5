import { copyInto } from './copy-bytes.ts'

const noBytes = new Uint8Array(0)

/**
 * A PUBLISH as the broker carries it. Either a view into the chunk it arrived in (one is reused for all inbound
 * publishes, so nothing is allocated), or, after `detach()`, the owner of its bytes.
 *
 *   bytes   . . [ properties, no length in front ] . . [ payload ] . .
 *                ^ propertiesStart  propertiesEnd ^     ^ payloadStart  payloadEnd ^
 *
 * The topic name stands apart in `topicBytes`, because one array serves all messages to a topic.
 */
export class ApplicationMessage {
  /** UTF-8, without length. */
  topicBytes: Uint8Array = noBytes
  bytes: Uint8Array = noBytes
  propertiesStart = 0
  propertiesEnd = 0
  payloadStart = 0
  payloadEnd = 0
  qos: 0 | 1 | 2 = 0
  retain = false
  dup = false
  packetId = 0
  /** Client that published it; empty for the broker itself. */
  publisherId = ''
  publisherUser: string | undefined = undefined
  /** Offset in `bytes` of a Topic Alias property to leave out when forwarding, or -1. */
  topicAliasAt = -1
  /** 0 when absent. */
  topicAlias = 0
  /** Offset in `bytes` of the four bytes of Message Expiry Interval, or -1. */
  expiryIntervalAt = -1
  /** Wall time at which it expires; Infinity when never. */
  expiresAtMs = Infinity
  /** Where the topic name of an inbound packet lies in `bytes`. */
  topicStart = 0
  topicEnd = 0
  /** It arrived as MQTT 5.0, so that its packet has properties. */
  isVersion5 = false
  /** The packet as it arrived, from fixed header to end; -1 when there is none. */
  packetStart = -1

  get payloadLength(): number {
    return this.payloadEnd - this.payloadStart
  }

  /** What this message weighs in a queue: topic, properties and payload in bytes. */
  get byteSize(): number {
    return this.topicBytes.length + this.propertiesEnd - this.propertiesStart + this.payloadLength
  }

  /** A copy that owns its bytes and outlives the chunk. The topic alias of the publisher is left behind. */
  detach(): ApplicationMessage {
    const { bytes, topicAliasAt, propertiesStart, propertiesEnd } = this
    const copy = new ApplicationMessage()
    const aliasBytes = topicAliasAt < 0 ? 0 : TOPIC_ALIAS_BYTES
    const propertyBytes = propertiesEnd - propertiesStart - aliasBytes
    const own = new Uint8Array(propertyBytes + this.payloadLength)
    let expiryIntervalAt = this.expiryIntervalAt - propertiesStart
    if (topicAliasAt < 0) copyInto(own, 0, bytes, propertiesStart, propertiesEnd)
    else {
      const at = copyInto(own, 0, bytes, propertiesStart, topicAliasAt)
      copyInto(own, at, bytes, topicAliasAt + TOPIC_ALIAS_BYTES, propertiesEnd)
      if (this.expiryIntervalAt > topicAliasAt) expiryIntervalAt -= TOPIC_ALIAS_BYTES
    }
    copyInto(own, propertyBytes, bytes, this.payloadStart, this.payloadEnd)
    copy.topicBytes = this.topicBytes
    copy.bytes = own
    copy.propertiesEnd = propertyBytes
    copy.payloadStart = propertyBytes
    copy.payloadEnd = own.length
    copy.qos = this.qos
    copy.retain = this.retain
    copy.publisherId = this.publisherId
    copy.publisherUser = this.publisherUser
    copy.expiryIntervalAt = this.expiryIntervalAt < 0 ? -1 : expiryIntervalAt
    copy.expiresAtMs = this.expiresAtMs
    return copy
  }
}

/** A Topic Alias property on the wire: identifier and two bytes. */
export const TOPIC_ALIAS_BYTES = 3
