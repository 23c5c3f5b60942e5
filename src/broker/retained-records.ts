import type { StoredPublisher } from '../contracts/store.ts'
import { type ApplicationMessage, TOPIC_ALIAS_BYTES } from '../protocol/application-message.ts'
import { copyInto, copyOf } from '../protocol/copy-bytes.ts'
import {
  decodePublish,
  encodePublishHead,
  type PublishVariant,
  publishPacketSize,
} from '../protocol/packets/publish.ts'
import { ByteReader } from '../protocol/byte-reader.ts'
import { encodeText } from '../protocol/text.ts'
import { ByteHeap } from '../structures/byte-heap.ts'

const IS_VERSION_5 = 1
const IS_KEPT = 2
const HAS_PUBLISHER = 4
/** Flags and byte size in front of the packet. */
const HEAD_BYTES = 5

/**
 * Retained messages as the packets they will be sent as, without an object for each.
 *
 *   record    flags, byte size (4 bytes), PUBLISH packet as it came or would come, [who published it]
 *   who       1 with a user, else 0; the client identifier and the user, each with its length (2 bytes) in front
 *
 * A record is at an address above 0.
 */
export class RetainedRecords {
  readonly #heap = new ByteHeap()

  add(message: ApplicationMessage, isKept: boolean, nowMs: number, publisher?: StoredPublisher): number {
    const { bytes, packetStart, payloadEnd } = message
    const isAsItCame = packetStart >= 0 && message.topicAliasAt < 0
    const size = isAsItCame ? payloadEnd - packetStart : publishPacketSize(message, variantOf(message))
    const who = publisher === undefined ? noBytes : encodedPublisher(publisher)
    const address = this.#heap.allocate(HEAD_BYTES + size + who.length)
    const target = this.#heap.bytes(address)
    let at = this.#heap.offset(address)
    const byteSize = message.byteSize - (message.topicAliasAt < 0 ? 0 : TOPIC_ALIAS_BYTES)
    target[at++] =
      (message.isVersion5 || !isAsItCame ? IS_VERSION_5 : 0) |
      (isKept ? IS_KEPT : 0) |
      (who.length > 0 ? HAS_PUBLISHER : 0)
    target[at++] = byteSize >>> 24
    target[at++] = byteSize >>> 16
    target[at++] = byteSize >>> 8
    target[at++] = byteSize
    if (isAsItCame) at = copyInto(target, at, bytes, packetStart, payloadEnd)
    else {
      at = encodePublishHead(target, at, message, variantOf(message), nowMs)
      at = copyInto(target, at, bytes, message.payloadStart, payloadEnd)
    }
    copyInto(target, at, who, 0, who.length)
    return address
  }

  /** There is no place for another. */
  get isFull(): boolean {
    return this.#heap.isFull
  }

  remove(address: number): void {
    this.#heap.free(address)
  }

  /** The store has it. */
  isKept(address: number): boolean {
    return ((this.#heap.bytes(address)[this.#heap.offset(address)] as number) & IS_KEPT) !== 0
  }

  /** What the message weighs: topic, properties and payload in bytes. */
  byteSize(address: number): number {
    const bytes = this.#heap.bytes(address)
    const at = this.#heap.offset(address)
    const high = ((bytes[at + 1] as number) << 8) | (bytes[at + 2] as number)
    return high * 0x10000 + (((bytes[at + 3] as number) << 8) | (bytes[at + 4] as number))
  }

  /** Who published it, where that is known. `message` is the record as `read` gave it. */
  publisher(address: number, message: ApplicationMessage): StoredPublisher | undefined {
    const bytes = this.#heap.bytes(address)
    if (((bytes[this.#heap.offset(address)] as number) & HAS_PUBLISHER) === 0) return undefined
    return decodedPublisher(bytes, message.payloadEnd)
  }

  /** Reads a record in place. Its payload is a view, and from 16 KiB on one that lasts. */
  read(address: number, message: ApplicationMessage): void {
    const bytes = this.#heap.bytes(address)
    const flags = this.#heap.offset(address)
    const start = flags + HEAD_BYTES
    let bodyStart = start + 1
    let remaining = 0
    let scale = 1
    let byte: number
    do {
      byte = bytes[bodyStart++] as number
      remaining += (byte & 0x7f) * scale
      scale *= 0x80
    } while (byte >= 0x80)
    const isVersion5 = ((bytes[flags] as number) & IS_VERSION_5) !== 0
    decodePublish(message, bytes, start, bodyStart, bodyStart + remaining, isVersion5 ? 5 : 4)
    message.dup = false
    message.topicBytes = copyOf(bytes, message.topicStart, message.topicEnd)
    // what is left of its time has to be written anew
    if (message.expiryIntervalAt >= 0) message.packetStart = -1
  }
}

/** For a message that has no packet, or not one that would do. */
function variantOf(message: ApplicationMessage): PublishVariant {
  return {
    protocolVersion: 5,
    qos: message.qos,
    retain: true,
    dup: false,
    packetId: message.qos === 0 ? 0 : 1,
    subscriptionIdentifiers: [],
    topicAlias: 0,
    omitTopicName: false,
  }
}

const noBytes = new Uint8Array(0)

function encodedPublisher({ clientId, user }: StoredPublisher): Uint8Array {
  const [client, owner] = [encodeText(clientId), encodeText(user ?? '')]
  const bytes = new Uint8Array(1 + 2 + client.length + 2 + owner.length)
  bytes[0] = user === undefined ? 0 : 1
  let at = 1
  for (const text of [client, owner]) {
    bytes[at++] = text.length >> 8
    bytes[at++] = text.length & 0xff
    bytes.set(text, at)
    at += text.length
  }
  return bytes
}

function decodedPublisher(bytes: Uint8Array, start: number): StoredPublisher {
  const reader = new ByteReader(bytes, start, bytes.length)
  const hasUser = reader.byte() === 1
  const clientId = reader.text()
  const user = reader.text()
  return { clientId, user: hasUser ? user : undefined }
}
