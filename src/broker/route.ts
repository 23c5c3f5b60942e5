import type { DurabilityLevel } from '../contracts/durability.ts'
import { decodeText } from '../protocol/text.ts'
import { splitLevels } from '../topics/topic-syntax.ts'
import type { ClientSession, ClientSubscription, SubscriptionGroup } from './types.ts'

/**
 * One session that a topic goes to. With one matching subscription it is that subscription itself; with several they
 * are one copy [MQTT5-3.3.4-2], or a destination each, as the settings say.
 */
export interface Destination {
  readonly session: ClientSession
  /** Highest granted QoS among the matching subscriptions. */
  readonly qos: 0 | 1 | 2
  readonly retainAsPublished: boolean
  /** Identifiers of all matching subscriptions that have one. [MQTT5-3.3.4-4] */
  readonly subscriptionIdentifiers: readonly number[]
  /** One of them does not want the session's own messages; those take `local`. */
  readonly noLocal: boolean
  /** The subscriptions without No Local, where there are any beside those with it. */
  readonly local?: Destination | undefined
}

/** A shared subscription that a topic goes to. */
export interface GroupDestination {
  readonly group: SubscriptionGroup
  /** Members without the right to receive the topic. */
  readonly denied: ReadonlySet<ClientSubscription>
}

/** Everything known about a topic name: looked up once, used for every message to it. */
export class Route {
  readonly topicBytes: Uint8Array
  readonly hash: number
  #topicName: string | undefined = undefined
  #levels: readonly string[] | undefined = undefined
  destinations: readonly Destination[] = []
  groups: readonly GroupDestination[] = []
  /** What a topic rule says of how publishes to it are kept; undefined where none does. */
  durability: DurabilityLevel | undefined = undefined
  /** How many subscription changes it has seen; -1 before it was first built. */
  changesSeen = -1
  rightsEpoch = 0
  /** It is kept beyond the message at hand: in the cache, or under a topic alias. */
  isLasting = false
  nextInBucket: Route | undefined = undefined

  constructor(topicBytes: Uint8Array, hash: number) {
    this.topicBytes = topicBytes
    this.hash = hash
  }

  /** Made when somebody asks: most messages are delivered without. */
  get topicName(): string {
    return (this.#topicName ??= decodeText(this.topicBytes, 0, this.topicBytes.length))
  }

  get levels(): readonly string[] {
    return (this.#levels ??= splitLevels(this.topicName))
  }
}

/** Whether a route's topic is the bytes from start to end. Hot path. */
export function sameBytes(topicBytes: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  const byteCount = topicBytes.length
  if (byteCount !== end - start) return false
  for (let index = 0; index < byteCount; index++) if (topicBytes[index] !== bytes[start + index]) return false
  return true
}
