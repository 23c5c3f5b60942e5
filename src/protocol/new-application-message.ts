import { ApplicationMessage } from './application-message.ts'
import { encodePropertyBody, type Properties } from './properties.ts'

/** What a message is made of when it does not come off the wire: a will, a message of the broker's own. */
export interface MessageParts {
  readonly payload: Uint8Array
  readonly qos: 0 | 1 | 2
  readonly retain: boolean
  /** Will Delay Interval and Topic Alias are left out: they are not for subscribers. */
  readonly properties: Properties
}

/** A message that owns its bytes. The topic is set by who publishes it. `nowMs` is when its expiry begins. */
export function newApplicationMessage(parts: MessageParts, publisherId: string, nowMs: number): ApplicationMessage {
  const { willDelayInterval: _delay, topicAlias: _alias, ...forwarded } = parts.properties
  const properties = encodePropertyBody(forwarded)
  const message = new ApplicationMessage()
  message.bytes = new Uint8Array(properties.length + parts.payload.length)
  message.bytes.set(properties)
  message.bytes.set(parts.payload, properties.length)
  message.propertiesEnd = message.payloadStart = properties.length
  message.payloadEnd = message.bytes.length
  message.qos = parts.qos
  message.retain = parts.retain
  message.publisherId = publisherId
  if (forwarded.messageExpiryInterval !== undefined) {
    // properties stand in the order of their table: only the two bytes of the format indicator can come before
    message.expiryIntervalAt = (forwarded.payloadFormatIndicator === undefined ? 0 : 2) + 1
    message.expiresAtMs = nowMs + forwarded.messageExpiryInterval * 1000
  }
  return message
}
