import type { DurabilityLevel } from '../contracts/durability.ts'
import type { StoredPublisher, StoredRetained, StoreRecord } from '../contracts/store.ts'
import { ApplicationMessage } from '../protocol/application-message.ts'
import { decodeText, encodeText } from '../protocol/text.ts'
import type { Timer } from '../structures/timing-wheel.ts'
import { TopicScratch } from '../topics/topic-scratch.ts'
import { hasWildcard } from '../topics/topic-syntax.ts'
import { TopicTree, type TopicWalk } from '../topics/topic-tree.ts'
import type { BrokerCore } from './core.ts'
import { RetainedRecords } from './retained-records.ts'
import type { Route } from './route.ts'

/** Retained messages by topic, bounded by count and bytes. Section 3.3.1.3. */
export class RetainedMessages {
  readonly #core: BrokerCore
  /** Addresses of records by topic. */
  readonly #tree = new TopicTree()
  readonly #records = new RetainedRecords()
  /** Of records that expire, by address: most do not. */
  readonly #expiries = new Map<number, Timer>()
  /** A record as it is looked at: its bytes are those of the records, and good until the next change. */
  readonly #view = new ApplicationMessage()
  readonly #scratch = new TopicScratch()
  bytes = 0
  /** What the broker says of itself; it is replaced, and never cleared. */
  #ownMessages = 0

  constructor(core: BrokerCore) {
    this.#core = core
  }

  get size(): number {
    return this.#tree.size
  }

  /**
   * Keeps a message for its topic, or clears the topic when the payload is empty. [MQTT5-3.3.1-5] [MQTT5-3.3.1-6]
   * Returns the commit it is durable with, 0 when nothing changed. `detached` gives the message as the owner of its
   * bytes.
   */
  keep(route: Route, message: ApplicationMessage, level: DurabilityLevel, detached: () => ApplicationMessage): number {
    const { topicBytes } = route
    if (message.payloadLength === 0) return this.#clear(topicBytes, level)
    const isOurs = message.publisherId === '' && isBrokerTopic(topicBytes)
    if (!isOurs && !this.#hasRoom(topicBytes, message.byteSize)) {
      this.#core.dropped('retained-full', message.publisherId)
      this.#core.log.debug({ topicName: route.topicName }, 'retained message not kept: the limit is reached')
      return this.#clear(topicBytes, level) // an older value would be wrong
    }
    const isKept = !isOurs && level !== 'memory'
    const before = this.size
    const publisher = this.#publisherOf(message)
    const wasKept = this.#set(topicBytes, message, isKept, publisher)
    if (isOurs) this.#ownMessages += this.size - before
    if (isKept) {
      const { topicName } = route
      return this.#record({ kind: 'retained', topicName, message: detached(), publisher }, level)
    }
    // what is in memory only must not come back as something older
    return wasKept ? this.#record({ kind: 'retained-cleared', topicName: route.topicName }, level) : 0
  }

  /** As the store gave it back. */
  restore({ topicName, message, publisher }: StoredRetained): void {
    const isExpired = message.expiresAtMs <= this.#core.time.nowMs
    if (!isExpired && !this.#records.isFull) {
      this.#set(encodeText(topicName), message, true, publisher)
      return
    }
    this.forget(topicName) // what stood there before was replaced
    this.#core.counters.drops[isExpired ? 'expired' : 'retained-full']++
  }

  /** As the store is to keep it. */
  stored(topicName: string): StoredRetained | undefined {
    const address = this.#tree.get(encodeText(topicName))
    if (address === 0 || !this.#records.isKept(address)) return undefined
    const view = this.view(address)
    return { topicName, message: view.detach(), publisher: this.#records.publisher(address, view) }
  }

  forget(topicName: string): void {
    const address = this.#tree.delete(encodeText(topicName))
    if (address !== 0) this.#forget(address)
  }

  /** Visits the addresses of those that a filter matches; undefined where it is soon seen that there are none. */
  walk(topicFilter: string): TopicWalk | undefined {
    if (!hasWildcard(topicFilter)) {
      this.#scratch.write(topicFilter)
      if (this.#tree.get(this.#scratch.bytes, this.#scratch.length) === 0) return undefined
    }
    const walk = this.#tree.walk(encodeText(topicFilter))
    walk.next() // the root, which has no message
    return walk.isOver ? undefined : walk
  }

  /** The message at an address; good until the next call, or until anything is retained or cleared. */
  view(address: number): ApplicationMessage {
    const view = this.#view
    this.#records.read(address, view)
    const expiry = this.#expiries.get(address)
    view.expiresAtMs = expiry === undefined ? Infinity : expiry.dueMs
    return view
  }

  /** Who published the message at an address that `view` has just shown; undefined where nobody is held to it. */
  publisherOfView(address: number): StoredPublisher | undefined {
    return this.#records.publisher(address, this.#view)
  }

  /** Remembered only where it will be asked for; the broker itself may say everything. */
  #publisherOf({ publisherId, publisherUser }: ApplicationMessage): StoredPublisher | undefined {
    if (publisherId === '' || !this.#core.terms.features.checkRetainedPublisher) return undefined
    return { clientId: publisherId, user: publisherUser }
  }

  #hasRoom(topicBytes: Uint8Array, byteSize: number): boolean {
    const { maximumRetainedMessages, maximumRetainedBytes } = this.#core.limits
    if (this.#records.isFull) return false
    if (this.size - this.#ownMessages < maximumRetainedMessages && this.bytes + byteSize <= maximumRetainedBytes)
      return true
    // full, unless it takes the place of one that is there
    const replaced = this.#tree.get(topicBytes)
    if (replaced === 0) return false
    return this.bytes - this.#records.byteSize(replaced) + byteSize <= maximumRetainedBytes
  }

  /** Returns whether the store has the message that it replaces. */
  #set(topicBytes: Uint8Array, message: ApplicationMessage, isKept: boolean, publisher?: StoredPublisher): boolean {
    const address = this.#records.add(message, isKept, this.#core.time.nowMs, publisher)
    const replaced = this.#tree.set(topicBytes, address)
    const wasKept = replaced !== 0 && this.#records.isKept(replaced)
    if (replaced !== 0) this.#forget(replaced)
    this.bytes += this.#records.byteSize(address)
    if (message.expiresAtMs !== Infinity) this.#expireLater(address, topicBytes, message.expiresAtMs)
    return wasKept
  }

  #expireLater(address: number, topicBytes: Uint8Array, dueMs: number): void {
    const timer = { dueMs, fire: () => void this.#clear(topicBytes, 'interval') }
    this.#expiries.set(address, timer)
    this.#core.time.schedule(timer)
  }

  /** Kept as the publish is; one that no publish asked for, as sessions are. */
  #record(record: StoreRecord & { readonly topicName: string }, level: DurabilityLevel): number {
    const { journal, durability } = this.#core
    if (level === 'always') return journal.append(record)
    journal.appendLater(record, record.topicName.length, durability.intervalMs)
    return 0
  }

  #clear(topicBytes: Uint8Array, level: DurabilityLevel): number {
    const address = this.#tree.delete(topicBytes)
    if (address === 0) return 0
    const wasKept = this.#records.isKept(address)
    this.#forget(address)
    if (!wasKept) return 0
    return this.#record({ kind: 'retained-cleared', topicName: decodeText(topicBytes, 0, topicBytes.length) }, level)
  }

  #forget(address: number): void {
    this.bytes -= this.#records.byteSize(address)
    this.#records.remove(address)
    const expiry = this.#expiries.get(address)
    if (expiry === undefined) return
    this.#expiries.delete(address)
    this.#core.time.cancel(expiry)
  }
}

const brokerTopics = encodeText('$SYS/')
/** What bridges of other brokers say of themselves here. */
const bridgeState = /^\$SYS\/broker\/connection\/[^/]+\/state$/

/** What the broker says of itself is neither limited nor stored, it is said anew; and nobody else says it. */
export function isBrokerTopic(topicBytes: Uint8Array): boolean {
  if (topicBytes[0] !== brokerTopics[0] || !brokerTopics.every((byte, index) => topicBytes[index] === byte))
    return false
  return !bridgeState.test(decodeText(topicBytes, 0, topicBytes.length))
}
