import type { Authorizer } from '../contracts/authorizer.ts'
import { ProtocolError } from '../protocol/protocol-error.ts'
import { ReasonCode } from '../protocol/reason-codes.ts'
import { decodeText } from '../protocol/text.ts'
import { SubscriptionTrie } from '../topics/subscription-trie.ts'
import { levelsMatch, splitLevels, topicNameFault } from '../topics/topic-syntax.ts'
import type { ClientSession, ClientSubscription, SubscriptionGroup } from './types.ts'

/** One session that a topic goes to: all its matching subscriptions as one copy. [MQTT5-3.3.4-2] */
export interface Destination {
  readonly session: ClientSession
  /** Highest granted QoS among the matching subscriptions. */
  readonly qos: 0 | 1 | 2
  readonly retainAsPublished: boolean
  /** Identifiers of all matching subscriptions that have one. [MQTT5-3.3.4-4] */
  readonly subscriptionIdentifiers: readonly number[]
  /** The same without No Local subscriptions, for the session's own messages; absent when nothing is left. */
  readonly local: Destination | undefined
}

/** Everything known about a topic name: looked up once, used for every message to it. */
export class Route {
  readonly topicName: string
  readonly topicBytes: Uint8Array
  readonly levels: readonly string[]
  readonly hash: number
  destinations: readonly Destination[] = []
  groups: readonly SubscriptionGroup[] = []
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
const GENERATION_BYTES = 8 * 1024 * 1024

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
  readonly #maximumTopicLevels: number
  #young = new Map<number, Route>()
  #old = new Map<number, Route>()
  #youngBytes = 0
  readonly #changedFilters: (readonly string[])[] = []
  #changes = 0

  constructor(authorizer: Authorizer, maximumTopicLevels: number) {
    this.#authorizer = authorizer
    this.#maximumTopicLevels = maximumTopicLevels
  }

  /** Subscriptions and groups in the trie. */
  get size(): number {
    return this.#trie.size
  }

  add(topicFilter: string, subscriber: ClientSubscription | SubscriptionGroup): void {
    this.#trie.add(topicFilter, subscriber)
    this.#changed(topicFilter)
  }

  remove(topicFilter: string, subscriber: ClientSubscription | SubscriptionGroup): void {
    if (this.#trie.remove(topicFilter, subscriber)) this.#changed(topicFilter)
  }

  /** The route of a topic name given as UTF-8 bytes, up to date. Throws ProtocolError for a name that is none. */
  resolve(bytes: Uint8Array, start: number, end: number): Route {
    const hash = hashBytes(bytes, start, end)
    let route = find(this.#young, hash, bytes, start, end)
    if (route === undefined) {
      route = find(this.#old, hash, bytes, start, end) ?? this.#newRoute(bytes, start, end, hash)
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

  #isAffected(route: Route): boolean {
    if (route.changesSeen < 0 || route.rightsEpoch !== this.#authorizer.epoch) return true
    if (this.#changes - route.changesSeen > CHANGES_REMEMBERED) return true
    for (let change = route.changesSeen; change < this.#changes; change++) {
      if (levelsMatch(this.#changedFilters[change % CHANGES_REMEMBERED] as string[], route.levels)) return true
    }
    return false
  }

  #changed(topicFilter: string): void {
    this.#changedFilters[this.#changes++ % CHANGES_REMEMBERED] = splitLevels(topicFilter)
  }

  #newRoute(bytes: Uint8Array, start: number, end: number, hash: number): Route {
    const topicName = decodeText(bytes, start, end)
    const fault = topicNameFault(topicName, this.#maximumTopicLevels)
    if (fault !== undefined) throw new ProtocolError(ReasonCode.topicNameInvalid, fault)
    return new Route(topicName, bytes.slice(start, end), hash)
  }

  #keep(route: Route): void {
    if (this.#young.size >= GENERATION_ROUTES || this.#youngBytes >= GENERATION_BYTES) {
      this.#old = this.#young
      this.#young = new Map()
      this.#youngBytes = 0
    }
    // found in the old generation, it may stand in a bucket there: that chain ends with it from now on
    route.nextInBucket = this.#young.get(route.hash)
    this.#young.set(route.hash, route)
    this.#youngBytes += route.topicBytes.length
  }

  #build(route: Route): void {
    const bySession = new Map<ClientSession, ClientSubscription[]>()
    const groups: SubscriptionGroup[] = []
    this.#trie.match(route.levels, (subscriber) => {
      if (!('session' in subscriber)) {
        groups.push(subscriber)
        return
      }
      const found = bySession.get(subscriber.session)
      if (found === undefined) bySession.set(subscriber.session, [subscriber])
      else found.push(subscriber)
    })
    route.rightsEpoch = this.#authorizer.epoch
    route.groups = groups
    const destinations: Destination[] = []
    for (const [session, subscriptions] of bySession) {
      if (this.mayReceive(session, route.topicName)) destinations.push(newDestination(session, subscriptions))
    }
    route.destinations = destinations
  }

  mayReceive(session: ClientSession, topicName: string): boolean {
    const client = { clientId: session.clientId, user: session.user, peer: session.link?.peer }
    // the contract has this answered at once; an answer that is not there is a no
    return this.#authorizer.authorize(client, { action: 'receive', topicName }, tooLate) === true
  }
}

function tooLate(): void {}

const noIdentifiers: readonly number[] = []

function newDestination(session: ClientSession, subscriptions: readonly ClientSubscription[]): Destination {
  const whole = merge(session, subscriptions)
  const others = subscriptions.filter((subscription) => !subscription.noLocal)
  if (others.length === subscriptions.length) return { ...whole, local: whole }
  return { ...whole, local: others.length === 0 ? undefined : merge(session, others) }
}

function merge(session: ClientSession, subscriptions: readonly ClientSubscription[]): Destination {
  let qos: 0 | 1 | 2 = 0
  let retainAsPublished = false
  const identifiers: number[] = []
  for (const subscription of subscriptions) {
    if (subscription.qos > qos) qos = subscription.qos
    if (subscription.retainAsPublished) retainAsPublished = true
    if (subscription.subscriptionIdentifier > 0) identifiers.push(subscription.subscriptionIdentifier)
  }
  const subscriptionIdentifiers = identifiers.length === 0 ? noIdentifiers : identifiers
  return { session, qos, retainAsPublished, subscriptionIdentifiers, local: undefined }
}

function hashBytes(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5 // FNV-1a
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ (bytes[at] as number), 0x01000193)
  return hash & 0x3fffffff // a small integer, which a Map finds fastest
}

function find(routes: Map<number, Route>, hash: number, bytes: Uint8Array, start: number, end: number): Route | undefined {
  let route = routes.get(hash)
  while (route !== undefined && !sameBytes(route.topicBytes, bytes, start, end)) route = route.nextInBucket
  return route
}

/** Whether a route's topic is the bytes from start to end. */
export function sameBytes(topicBytes: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  const { length } = topicBytes
  if (length !== end - start) return false
  for (let index = 0; index < length; index++) if (topicBytes[index] !== bytes[start + index]) return false
  return true
}
