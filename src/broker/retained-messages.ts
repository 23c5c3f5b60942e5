import type { DurabilityLevel } from '../contracts/durability.ts'
import type { StoredRetained, StoreRecord } from '../contracts/store.ts'
import type { ApplicationMessage } from '../protocol/application-message.ts'
import type { Timer } from '../structures/timing-wheel.ts'
import { TopicTree } from '../topics/topic-tree.ts'
import type { BrokerCore } from './core.ts'
import type { Route } from './router.ts'

/** The last message published with RETAIN 1 to a topic, until it expires or is cleared. */
export interface RetainedMessage {
  readonly topicName: string
  readonly message: ApplicationMessage
  /** The store has it. */
  readonly isKept: boolean
}

/** Retained messages by topic, bounded by count and bytes. Section 3.3.1.3. */
export class RetainedMessages {
  readonly #core: BrokerCore
  readonly #tree = new TopicTree<RetainedMessage & Partial<Timer>>()
  bytes = 0

  constructor(core: BrokerCore) {
    this.#core = core
  }

  get size(): number {
    return this.#tree.size
  }

  /**
   * Keeps a message for its topic, or clears the topic when the payload is empty. [MQTT5-3.3.1-5] [MQTT5-3.3.1-6]
   * Returns the commit it is durable with, 0 when nothing changed.
   */
  keep(route: Route, message: ApplicationMessage, level: DurabilityLevel, detached: () => ApplicationMessage): number {
    if (message.payloadLength === 0) return this.#clear(route.topicName, level)
    const { maximumRetainedMessages, maximumRetainedBytes } = this.#core.limits
    const replaced = this.#tree.get(route.topicName)
    const replacedBytes = replaced === undefined ? 0 : replaced.message.byteSize
    const isOurs = message.publisherId === '' && isBrokerTopic(route.topicName)
    if (
      !isOurs &&
      ((replaced === undefined && this.size >= maximumRetainedMessages) ||
        this.bytes - replacedBytes + message.byteSize > maximumRetainedBytes)
    ) {
      this.#core.dropped('retained-full', message.publisherId)
      this.#core.log.debug({ topicName: route.topicName }, 'retained message not kept: the limit is reached')
      return this.#clear(route.topicName, level) // an older value would be wrong
    }
    const { topicName } = route
    const { message: kept } = this.#set(topicName, detached(), !isOurs && level !== 'memory')
    if (isOurs) return 0
    // what is in memory only must not come back as something older
    const isCleared = level === 'memory'
    return this.#record(
      isCleared ? { kind: 'retained-cleared', topicName } : { kind: 'retained', topicName, message: kept },
      level,
    )
  }

  /** As the store gave it back. */
  restore({ topicName, message }: StoredRetained): void {
    if (message.expiresAtMs > this.#core.time.nowMs) this.#set(topicName, message, true)
    else {
      this.forget(topicName) // what stood there before was replaced
      this.#core.counters.drops.expired++
    }
  }

  /** As the store is to keep it. */
  stored(topicName: string): StoredRetained | undefined {
    const entry = this.#tree.get(topicName)
    return entry?.isKept !== true ? undefined : { topicName, message: entry.message }
  }

  forget(topicName: string): void {
    const entry = this.#tree.delete(topicName)
    if (entry !== undefined) this.#forget(entry)
  }

  #set(topicName: string, message: ApplicationMessage, isKept: boolean): RetainedMessage {
    const replaced = this.#tree.get(topicName)
    if (replaced !== undefined) this.#forget(replaced)
    const entry = this.#newEntry(topicName, message, isKept)
    this.#tree.set(topicName, entry)
    this.bytes += message.byteSize
    return entry
  }

  /** Kept as the publish is; one that no publish asked for, as sessions are. */
  #record(record: StoreRecord & { readonly topicName: string }, level: DurabilityLevel): number {
    const { journal, durability } = this.#core
    if (level === 'always') return journal.append(record)
    journal.appendLater(record, record.topicName.length, durability.intervalMs)
    return 0
  }

  /** Walks those a filter matches, with undefined for each place visited in vain. */
  walk(topicFilter: string): Generator<RetainedMessage | undefined, void, undefined> {
    return this.#tree.walk(topicFilter)
  }

  #newEntry(topicName: string, message: ApplicationMessage, isKept: boolean): RetainedMessage & Partial<Timer> {
    if (message.expiresAtMs === Infinity) return { topicName, message, isKept }
    const timer = {
      topicName,
      message,
      isKept,
      dueMs: message.expiresAtMs,
      fire: () => void this.#clear(topicName, 'interval'),
    }
    this.#core.time.schedule(timer)
    return timer
  }

  #clear(topicName: string, level: DurabilityLevel): number {
    const entry = this.#tree.delete(topicName)
    if (entry === undefined) return 0
    this.#forget(entry)
    return isBrokerTopic(topicName) ? 0 : this.#record({ kind: 'retained-cleared', topicName }, level)
  }

  #forget(entry: RetainedMessage & Partial<Timer>): void {
    this.bytes -= entry.message.byteSize
    if (entry.dueMs !== undefined) this.#core.time.cancel(entry as RetainedMessage & Timer)
  }
}

/** What the broker says of itself is neither limited nor stored: it is said anew. */
export function isBrokerTopic(topicName: string): boolean {
  return topicName.startsWith('$SYS/broker/')
}
