import { type Authorizer, grants } from '../contracts/authorizer.ts'
import type { DurabilityLevel, DurabilityRule } from '../contracts/durability.ts'
import type { Limits } from '../contracts/limits.ts'
import { copyOf } from '../protocol/copy-bytes.ts'
import { ProtocolError } from '../protocol/protocol-error.ts'
import { ReasonCode } from '../protocol/reason-codes.ts'
import { decodeText } from '../protocol/text.ts'
import { SubscriptionTrie } from '../topics/subscription-trie.ts'
import { levelsMatch, splitLevels, topicNameFault } from '../topics/topic-syntax.ts'
import type { ClientSession, ClientSubscription, SubscriptionGroup } from './types.ts'

/**
 * One session that a topic goes to. With one matching subscription it is that subscription itself; with several they
 * are one copy. [MQTT5-3.3.4-2]
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
  readonly topicName: string
  readonly topicBytes: Uint8Array
  readonly levels: readonly string[]
  readonly hash: number
  destinations: readonly Destination[] = []
  groups: readonly GroupDestination[] = []
  /** What a topic rule says of how publishes to it are kept; undefined where none does. */
  durability: DurabilityLevel | undefined = undefined
  /** How many subscription changes it has seen; -1 before it was first built. */
  changesSeen = -1
  rightsEpoch = 0
  nextInBucket: Route | undefined = undefined

  constructor(topicName: string, topicBytes: Uint8Array, hash: number) {
    this.topicName = topicName
    this.topicBytes = topicBytes
    this.levels = splitLevels(topicName)
    this.hash = hash
  }
}

/** Changes remembered for routes to catch up with; a route further behind is built anew. */
const CHANGES_REMEMBERED = 64
/** A generation of the cache is full at either bound. */
const GENERATION_ROUTES = 16_384
const GENERATION_BYTES = 16 * 1024 * 1024
/** Routes in one bucket before it is emptied: topics whose hashes were made to collide must not make a long list. */
const BUCKET_ROUTES = 8
/** What a destination weighs in the cache, in bytes: a pointer to its subscription, or an object of its own. */
const SINGLE_BYTES = 8
const MERGED_BYTES = 128

/**
 * Finds where a topic goes. In front of the trie stands a cache of routes by the bytes of the topic name, in two
 * generations: when the young one is full it becomes the old one, and what is still in use moves over.
 *
 * A route is not told when subscriptions change. It compares its own count of changes with the router's, and looks
 * at the filters changed since: only one that matches its topic makes it build anew.
 */
export class Router {
  readonly #trie = new SubscriptionTrie<ClientSubscription | SubscriptionGroup>()
  readonly #authorizer: Authorizer
  readonly #limits: Pick<Limits, 'maximumTopicLevels'>
  readonly #durabilityRules: () => readonly DurabilityRule[]
  /** Hashes differ from process to process, so that nobody can prepare topics that collide. */
  readonly #seed = Math.floor(Math.random() * 2 ** 32)
  #young = new Map<number, Route>()
  #old = new Map<number, Route>()
  #youngRoutes = 0
  #youngBytes = 0
  readonly #changedFilters: (readonly string[])[] = []
  #changes = 0

  constructor(
    authorizer: Authorizer,
    limits: Pick<Limits, 'maximumTopicLevels'>,
    durabilityRules: () => readonly DurabilityRule[] = () => [],
  ) {
    this.#authorizer = authorizer
    this.#limits = limits
    this.#durabilityRules = durabilityRules
  }

  add(topicFilter: string, subscriber: ClientSubscription | SubscriptionGroup): void {
    this.#trie.add(topicFilter, subscriber)
    this.changed(topicFilter)
  }

  remove(topicFilter: string, subscriber: ClientSubscription | SubscriptionGroup): void {
    if (this.#trie.remove(topicFilter, subscriber)) this.changed(topicFilter)
  }

  /** Who gets the topics of a filter is no longer what it was. */
  changed(topicFilter: string): void {
    this.#changedFilters[this.#changes++ % CHANGES_REMEMBERED] = splitLevels(topicFilter)
  }

  /** The route of a topic name given as UTF-8 bytes, up to date. Throws ProtocolError for a name that is none. */
  resolve(bytes: Uint8Array, start: number, end: number, maximumLevels = this.#limits.maximumTopicLevels): Route {
    const hash = this.#hash(bytes, start, end)
    let route = find(this.#young, hash, bytes, start, end)
    if (route === undefined) {
      route = find(this.#old, hash, bytes, start, end) ?? newRoute(bytes, start, end, hash, maximumLevels)
      this.#keep(route)
    }
    this.refresh(route)
    return route
  }

  /** Brings a route held by somebody up to date. Hot path: two comparisons when nothing changed. */
  refresh(route: Route): void {
    if (route.changesSeen === this.#changes && route.rightsEpoch === this.#authorizer.epoch) return
    if (this.#isAffected(route)) this.#build(route)
    route.changesSeen = this.#changes
  }

  /** Whether a message of this topic may come by this subscription. */
  mayReceive(
    { session, filter, hookAnswer }: Pick<ClientSubscription, 'session' | 'filter' | 'hookAnswer'>,
    topicName: string,
  ): boolean {
    if (hookAnswer !== undefined) return hookAnswer
    const client = { clientId: session.clientId, user: session.user, peer: session.link?.peer }
    const answer = this.#authorizer.authorize(client, { action: 'receive', topicName, topicFilter: filter }, tooLate)
    // the contract has this answered at once; an answer that is not there is a no
    return answer !== undefined && grants(answer, 0)
  }

  /**
   * Whether what was queued under other rights may still be sent: by any subscription that matches it, or where none
   * is left, as if the topic itself were subscribed to.
   */
  mayStillReceive(session: ClientSession, topicName: string): boolean {
    const levels = splitLevels(topicName)
    let isMatched = false
    for (const subscription of session.subscriptions.values()) {
      if (!levelsMatch(splitLevels(subscription.topicFilter), levels)) continue
      if (this.mayReceive(subscription, topicName)) return true
      isMatched = true
    }
    return !isMatched && this.mayReceive({ session, filter: topicName, hookAnswer: undefined }, topicName)
  }

  #isAffected(route: Route): boolean {
    if (route.changesSeen < 0 || route.rightsEpoch !== this.#authorizer.epoch) return true
    if (this.#changes - route.changesSeen > CHANGES_REMEMBERED) return true
    for (let change = route.changesSeen; change < this.#changes; change++) {
      if (levelsMatch(this.#changedFilters[change % CHANGES_REMEMBERED] as string[], route.levels)) return true
    }
    return false
  }

  #keep(route: Route): void {
    if (this.#youngRoutes >= GENERATION_ROUTES || this.#youngBytes >= GENERATION_BYTES) {
      this.#old = this.#young
      this.#young = new Map()
      this.#youngRoutes = 0
      this.#youngBytes = 0
    }
    // found in the old generation, it may stand in a bucket there: that chain ends with it from now on
    const bucket = this.#young.get(route.hash)
    route.nextInBucket = bucket !== undefined && length(bucket) >= BUCKET_ROUTES ? undefined : bucket
    this.#young.set(route.hash, route)
    this.#youngRoutes++
    this.#youngBytes += route.topicBytes.length
  }

  #build(route: Route): void {
    const bySession = new Map<ClientSession, ClientSubscription[]>()
    const groups: GroupDestination[] = []
    this.#trie.match(route.levels, (subscriber) => {
      if ('members' in subscriber) {
        groups.push({ group: subscriber, denied: this.#denied(subscriber, route.topicName) })
        return
      }
      if (!this.mayReceive(subscriber, route.topicName)) return
      const found = bySession.get(subscriber.session)
      if (found === undefined) bySession.set(subscriber.session, [subscriber])
      else found.push(subscriber)
    })
    const destinations: Destination[] = []
    for (const [session, subscriptions] of bySession) {
      destinations.push(newDestination(session, subscriptions))
      this.#youngBytes += subscriptions.length === 1 ? SINGLE_BYTES : MERGED_BYTES
    }
    route.rightsEpoch = this.#authorizer.epoch
    route.durability = this.#durabilityRules().find(({ topics }) => {
      return topics.some((filter) => levelsMatch(splitLevels(filter), route.levels))
    })?.durability
    route.groups = groups
    route.destinations = destinations
  }

  #denied(group: SubscriptionGroup, topicName: string): ReadonlySet<ClientSubscription> {
    const denied = group.members.filter((member) => !this.mayReceive(member, topicName))
    return denied.length === 0 ? nobody : new Set(denied)
  }

  #hash(bytes: Uint8Array, start: number, end: number): number {
    let hash = this.#seed // FNV-1a from there
    for (let at = start; at < end; at++) hash = Math.imul(hash ^ (bytes[at] as number), 0x01000193)
    return hash & 0x3fffffff // a small integer, which a Map finds fastest
  }
}

const nobody: ReadonlySet<ClientSubscription> = new Set()

function tooLate(): void {}

function newRoute(bytes: Uint8Array, start: number, end: number, hash: number, maximumLevels: number): Route {
  const topicName = decodeText(bytes, start, end)
  const fault = topicNameFault(topicName, maximumLevels)
  if (fault !== undefined) throw new ProtocolError(ReasonCode.topicNameInvalid, fault)
  return new Route(topicName, copyOf(bytes, start, end), hash)
}

function newDestination(session: ClientSession, subscriptions: readonly ClientSubscription[]): Destination {
  const [first] = subscriptions
  if (first !== undefined && subscriptions.length === 1) return first
  const others = subscriptions.filter((subscription) => !subscription.noLocal)
  const local = others.length === 0 || others.length === subscriptions.length ? undefined : merge(session, others)
  return { ...merge(session, subscriptions), local }
}

function merge(session: ClientSession, subscriptions: readonly ClientSubscription[]): Destination {
  let qos: 0 | 1 | 2 = 0
  let retainAsPublished = false
  let noLocal = false
  const subscriptionIdentifiers: number[] = []
  for (const subscription of subscriptions) {
    if (subscription.qos > qos) qos = subscription.qos
    if (subscription.retainAsPublished) retainAsPublished = true
    if (subscription.noLocal) noLocal = true
    subscriptionIdentifiers.push(...subscription.subscriptionIdentifiers)
  }
  return { session, qos, retainAsPublished, subscriptionIdentifiers, noLocal }
}

function find(
  routes: Map<number, Route>,
  hash: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): Route | undefined {
  let route = routes.get(hash)
  while (route !== undefined && !sameBytes(route.topicBytes, bytes, start, end)) route = route.nextInBucket
  return route
}

function length(bucket: Route): number {
  let count = 0
  for (let route: Route | undefined = bucket; route !== undefined; route = route.nextInBucket) count++
  return count
}

/** Whether a route's topic is the bytes from start to end. */
export function sameBytes(topicBytes: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  const byteCount = topicBytes.length
  if (byteCount !== end - start) return false
  for (let index = 0; index < byteCount; index++) if (topicBytes[index] !== bytes[start + index]) return false
  return true
}
