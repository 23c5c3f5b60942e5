import {
  MESSAGES_PER_BLOCK,
  type StoredMessage,
  type StoredPublisher,
  type StoredRetained,
} from '../../contracts/store.ts'
import { ApplicationMessage } from '../../protocol/application-message.ts'
import { type BoundedBytes, type DamagedBytes, decoded } from './bounded-bytes.ts'
import { BODY_START } from './framed-value.ts'
import type { GrowingBytes } from './growing-bytes.ts'

/**
 * A message without what belongs to the connection it came by; who published it has been decided upon before.
 *
 *   [flags][topic][properties][payload][where its expiry stands][expires at][client identifier][user]
 *                                       ^ from here on only what flags say; the last two of a retained message
 */
export function writeMessage(out: GrowingBytes, given: ApplicationMessage, publisher?: StoredPublisher): void {
  const message = given.topicAliasAt < 0 ? given : given.detach()
  const { bytes, propertiesStart, propertiesEnd, payloadStart, payloadEnd, expiryIntervalAt } = message
  out.byte(
    message.qos |
      (message.retain ? Flag.retain : 0) |
      (expiryIntervalAt >= 0 ? Flag.expiryInterval : 0) |
      (message.expiresAtMs === Infinity ? 0 : Flag.expires) |
      (publisher === undefined ? 0 : Flag.publisher),
  )
  out.binary(message.topicBytes)
  out.varint(propertiesEnd - propertiesStart)
  out.raw(bytes, propertiesStart, propertiesEnd)
  out.varint(payloadEnd - payloadStart)
  out.raw(bytes, payloadStart, payloadEnd)
  if (expiryIntervalAt >= 0) out.varint(expiryIntervalAt - propertiesStart)
  if (message.expiresAtMs !== Infinity) out.time(message.expiresAtMs)
  if (publisher === undefined) return
  out.text(publisher.clientId)
  out.optionalText(publisher.user)
}

export function readMessage(from: BoundedBytes): ApplicationMessage {
  return readContent(from, from.oneOf(Flag.publisher, 'a set of message flags'))
}

/** A message with who published it, where that was kept. */
export function readPublished(from: BoundedBytes): Omit<StoredRetained, 'topicName'> {
  const flags = from.oneOf(Flag.end, 'a set of message flags')
  const message = readContent(from, flags)
  if ((flags & Flag.publisher) === 0) return { message }
  return { message, publisher: { clientId: from.text(), user: from.optionalText() } }
}

function readContent(from: BoundedBytes, flags: number): ApplicationMessage {
  const message = new ApplicationMessage()
  message.qos = qosIn(flags)
  message.retain = (flags & Flag.retain) !== 0
  message.topicBytes = from.binary()
  const { bytes, border } = from.joined()
  message.bytes = bytes
  message.propertiesEnd = message.payloadStart = border
  message.payloadEnd = bytes.length
  if ((flags & Flag.expiryInterval) !== 0) message.expiryIntervalAt = from.varint()
  if ((flags & Flag.expires) !== 0) message.expiresAtMs = from.time()
  return message
}

/** What a commit says of a message that lies beside it: enough to queue it. */
export function writeMessageOutline(out: GrowingBytes, message: ApplicationMessage): void {
  out.byte(message.qos | (message.retain ? Flag.retain : 0))
  out.varint(message.byteSize)
  out.time(message.expiresAtMs)
}

/** A message that has its size and its deadline, and no content. */
export function readMessageOutline(from: BoundedBytes): ApplicationMessage {
  const flags = from.oneOf(Flag.expiryInterval, 'a set of message flags')
  const message = new ApplicationMessage()
  message.qos = qosIn(flags)
  message.retain = (flags & Flag.retain) !== 0
  message.payloadEnd = from.varint()
  message.expiresAtMs = from.time()
  return message
}

/**
 * Adds a message to the value of its block.
 *
 *   [place in the block][published at][message] [place]...
 */
export function writeBlockMessage(
  out: GrowingBytes,
  sequence: number,
  { message, publishedAtMs }: StoredMessage,
): void {
  out.byte(sequence % MESSAGES_PER_BLOCK)
  out.time(publishedAtMs)
  writeMessage(out, message)
}

/** The body of an `m` value: messages by sequence. */
export function decodeBlock(block: number, value: Uint8Array): ReadonlyMap<number, StoredMessage> | DamagedBytes {
  return decoded(value, BODY_START, (from) => {
    const messages = new Map<number, StoredMessage>()
    while (from.remaining > 0) {
      const sequence = block * MESSAGES_PER_BLOCK + from.oneOf(MESSAGES_PER_BLOCK, 'a place in a block')
      const publishedAtMs = from.time()
      messages.set(sequence, { publishedAtMs, message: readMessage(from) })
    }
    return messages
  })
}

const Flag = { retain: 4, expiryInterval: 8, expires: 16, publisher: 32, end: 64 } as const

function qosIn(flags: number): 0 | 1 | 2 {
  // 3 is never written; the checksum has said that these are the bytes written
  return Math.min(2, flags & 3) as 0 | 1 | 2
}
