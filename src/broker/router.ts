import { type Authorizer, grants } from '../contracts/authorizer.ts'
import type { DurabilityLevel, DurabilityRule } from '../contracts/durability.ts'
import type { Limits } from '../contracts/limits.ts'
import { copyOf } from '../protocol/copy-bytes.ts'
import { ProtocolError } from '../protocol/protocol-error.ts'
import { ReasonCode } from '../protocol/reason-codes.ts'
import { decodeText } from '../protocol/text.ts'
import { FilterChanges } from '../topics/filter-changes.ts'
import { SubscriptionTrie } from '../topics/subscription-trie.ts'
import { isPlainTopicName, levelsMatch, splitLevels, topicNameFault } from '../topics/topic-syntax.ts'
import { type Destination, type GroupDestination, Route } from './route.ts'
import { RouteCache } from './route-cache.ts'
import type { ClientSession, ClientSubscription, SubscriptionGroup } from './types.ts'

/** What a destination weighs in the cache, in bytes: a pointer to its subscription, and an object where several are one. */
const SINGLE_BYTES = 8
const MERGED_BYTES = 128

/**
 * Finds where a topic goes. In front of the trie stands a cache of routes by the bytes of the topic name.
 *
 * A route is not told when subscriptions change. It compares its own count of changes with the router's, and asks
 * whether any since then may concern its topic: only then is it built anew.
 */
export class Router {
  readonly #trie = new SubscriptionTrie<ClientSubscription | SubscriptionGroup>()
  readonly #authorizer: Authorizer
  readonly #limits: Pick<Limits, 'maximumTopicLevels'>
  readonly #durabilityRules: () => readonly DurabilityRule[]
  readonly #cache = new RouteCache()
  readonly #changes = new FilterChanges()
  /** Routes that have not seen as many changes are out of date, whatever their topic. */
  #everythingSeen = 0
  /** A session gets a copy for each of its subscriptions that match, and not one for all. */
  sendsEach = false
  #receiveEpoch = -1
  #allowsAll = false

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
    this.#changes.changed(topicFilter)
  }

  /** Every route is to be built anew: also those of topics that begin with $, which no wildcard stands for. */
  allChanged(): void {
    this.#everythingSeen = ++this.#changes.count
  }

  /** The route of a topic name given as UTF-8 bytes, up to date. Throws ProtocolError for a name that is none. */
  resolve(bytes: Uint8Array, start: number, end: number, maximumLevels = this.#limits.maximumTopicLevels): Route {
    const hash = this.#cache.hash(bytes, start, end)
    let route = this.#cache.find(hash, bytes, start, end)
    if (route === undefined) {
      route = newRoute(bytes, start, end, hash, maximumLevels)
      // an answer to who may publish there is remembered with the route
      this.#cache.offer(route, this.#authorizer.allowsAll?.('publish') !== true)
    }
    this.refresh(route)
    return route
  }

  /** Brings a route held by somebody up to date. Hot path: two comparisons when nothing changed. */
  refresh(route: Route): void {
    const { count } = this.#changes
    if (route.changesSeen === count && route.rightsEpoch === this.#authorizer.epoch) return
    if (this.#isAffected(route)) this.#build(route)
    route.changesSeen = count
  }

  /** Whether a message of this topic may come by this subscription. */
  mayReceive(subscription: Pick<ClientSubscription, 'session' | 'filter' | 'hookAnswer'>, topicName: string): boolean {
    return this.mayReceiveAll(subscription) ?? this.#asksToReceive(subscription, topicName)
  }

  /** Whether anything may come by this subscription, where that does not depend on the topic. */
  mayReceiveAll({ hookAnswer }: Pick<ClientSubscription, 'hookAnswer'>): boolean | undefined {
    if (hookAnswer !== undefined) return hookAnswer
    if (this.#receiveEpoch !== this.#authorizer.epoch) {
      this.#receiveEpoch = this.#authorizer.epoch
      this.#allowsAll = this.#authorizer.allowsAll?.('receive') ?? false
    }
    return this.#allowsAll ? true : undefined
  }

  #asksToReceive({ session, filter }: Pick<ClientSubscription, 'session' | 'filter'>, topicName: string): boolean {
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
    if (route.changesSeen < this.#everythingSeen || route.rightsEpoch !== this.#authorizer.epoch) return true
    return this.#changes.concern(route, route.changesSeen)
  }

  #build(route: Route): void {
    const matched: (ClientSubscription | SubscriptionGroup)[] = []
    this.#trie.match(route.topicBytes, 0, route.topicBytes.length, matched)
    route.rightsEpoch = this.#authorizer.epoch
    route.durability = this.#durabilityOf(route)
    route.groups = noGroups
    route.destinations = noDestinations
    if (matched.length === 0) return
    const groups: GroupDestination[] = []
    const subscriptions: ClientSubscription[] = []
    for (const subscriber of matched) {
      if ('members' in subscriber) groups.push({ group: subscriber, denied: this.#denied(subscriber, route.topicName) })
      else if (this.mayReceiveAll(subscriber) ?? this.#asksToReceive(subscriber, route.topicName)) {
        subscriptions.push(subscriber)
      }
    }
    if (groups.length > 0) route.groups = groups
    route.destinations = this.sendsEach ? subscriptions : destinationsOf(subscriptions)
    if (!route.isLasting || route.changesSeen >= 0) return // weighed when it was first built
    const isMerged = route.destinations !== subscriptions
    this.#cache.weighs(route.destinations.length * (isMerged ? MERGED_BYTES : SINGLE_BYTES))
  }

  #durabilityOf(route: Route): DurabilityLevel | undefined {
    for (const { topics, durability } of this.#durabilityRules()) {
      if (topics.some((filter) => levelsMatch(splitLevels(filter), route.levels))) return durability
    }
    return undefined
  }

  #denied(group: SubscriptionGroup, topicName: string): ReadonlySet<ClientSubscription> {
    const denied = group.members.filter((member) => !this.mayReceive(member, topicName))
    return denied.length === 0 ? nobody : new Set(denied)
  }
}

const nobody: ReadonlySet<ClientSubscription> = new Set()
const noGroups: readonly GroupDestination[] = []
const noDestinations: readonly Destination[] = []

/** Few are compared with one another, many through a set. */
function areOfDifferentSessions(subscriptions: readonly ClientSubscription[]): boolean {
  const { length } = subscriptions
  if (length > 8) return new Set(subscriptions.map(({ session }) => session)).size === length
  for (let one = 1; one < length; one++) {
    for (let other = 0; other < one; other++) {
      if (subscriptions[one]?.session === subscriptions[other]?.session) return false
    }
  }
  return true
}

function tooLate(): void {}

function newRoute(bytes: Uint8Array, start: number, end: number, hash: number, maximumLevels: number): Route {
  if (!isPlainTopicName(bytes, start, end, maximumLevels)) {
    const fault = topicNameFault(decodeText(bytes, start, end), maximumLevels)
    if (fault !== undefined) throw new ProtocolError(ReasonCode.topicNameInvalid, fault)
  }
  return new Route(copyOf(bytes, start, end), hash)
}

/** Each session once, with all that it subscribed to. */
function destinationsOf(subscriptions: readonly ClientSubscription[]): readonly Destination[] {
  if (areOfDifferentSessions(subscriptions)) return subscriptions
  const bySession = new Map<ClientSession, ClientSubscription[]>()
  for (const subscription of subscriptions) {
    const found = bySession.get(subscription.session)
    if (found === undefined) bySession.set(subscription.session, [subscription])
    else found.push(subscription)
  }
  return [...bySession].map(([session, own]) => newDestination(session, own))
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
