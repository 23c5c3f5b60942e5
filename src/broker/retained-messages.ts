import type { StoreRecord } from '../contracts/store.ts'
import type { ApplicationMessage } from '../protocol/application-message.ts'
import type { Timer } from '../structures/timing-wheel.ts'
import { TopicTree } from '../topics/topic-tree.ts'
import type { BrokerCore } from './core.ts'
import type { Route } from './router.ts'

/** The last message published with RETAIN 1 to a topic, until it expires or is cleared. */
export interface RetainedMessage {
  readonly topicName: string
  readonly message: ApplicationMessage
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
  keep(route: Route, message: ApplicationMessage, detached: () => ApplicationMessage): number {
    if (message.payloadLength === 0) return this.#clear(route.topicName)
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
      return this.#clear(route.topicName) // an older value would be wrong
    }
    if (replaced !== undefined) this.#forget(replaced)
    const entry = this.#newEntry(route.topicName, detached())
    this.#tree.set(route.topicName, entry)
    this.bytes += entry.message.byteSize
    return isOurs ? 0 : this.#core.journal.append(retainedRecord(entry))
  }

  /** Walks those a filter matches, with undefined for each place visited in vain. */
  walk(topicFilter: string): Generator<RetainedMessage | undefined, void, undefined> {
    return this.#tree.walk(topicFilter)
  }

  #newEntry(topicName: string, message: ApplicationMessage): RetainedMessage & Partial<Timer> {
    if (message.expiresAtMs === Infinity) return { topicName, message }
    const timer = { topicName, message, dueMs: message.expiresAtMs, fire: () => void this.#clear(topicName) }
    this.#core.time.schedule(timer)
    return timer
  }

  #clear(topicName: string): number {
    const entry = this.#tree.delete(topicName)
    if (entry === undefined) return 0
    this.#forget(entry)
    return isBrokerTopic(topicName) ? 0 : this.#core.journal.append({ kind: 'retained-cleared', topicName })
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

function retainedRecord({ topicName, message }: RetainedMessage): StoreRecord {
  return {
    kind: 'retained',
    topicName,
    qos: message.qos,
    properties: message.bytes.subarray(message.propertiesStart, message.propertiesEnd),
    payload: message.bytes.subarray(message.payloadStart, message.payloadEnd),
    expiresAtMs: message.expiresAtMs,
  }
}
