import type { StoredGroup, StoredMessage } from '../contracts/store.ts'
import type { AuthorizedClient } from '../contracts/authorizer.ts'
import type { SubscriptionRequest } from '../protocol/packets/subscribe.ts'
import { parseSharedFilter, SHARE_PREFIX } from '../topics/topic-syntax.ts'
import type { BrokerCore } from './core.ts'
import { SubscriptionGroup } from './subscription-group.ts'
import type { ClientSession, ClientSubscription } from './types.ts'

const noIdentifiers: readonly number[] = []

/** Makes and ends subscriptions: in the session, in the router, and in the groups of shared ones. */
export class Subscriptions {
  readonly #core: BrokerCore
  readonly #groups = new Map<string, SubscriptionGroup>()
  /** All subscriptions, shared ones included. */
  count = 0
  sharedCount = 0

  constructor(core: BrokerCore) {
    this.#core = core
  }

  /** Makes a subscription, in the place of the session's earlier one with that filter. [MQTT5-3.8.4-3] */
  add(
    session: ClientSession,
    request: SubscriptionRequest,
    subscriptionIdentifier: number,
    hookAnswer?: true,
  ): ClientSubscription {
    const filter = request.topicFilter
    const shared = filter.startsWith(SHARE_PREFIX) ? parseSharedFilter(filter) : undefined
    const topicFilter = shared?.topicFilter ?? filter
    const group = shared === undefined ? undefined : this.#group(filter, shared.shareName, topicFilter)
    const { qos, noLocal, retainAsPublished } = request
    const subscriptionIdentifiers = subscriptionIdentifier === 0 ? noIdentifiers : [subscriptionIdentifier]
    const subscription = {
      session,
      filter,
      topicFilter,
      qos,
      noLocal,
      retainAsPublished,
      subscriptionIdentifiers,
      group,
      hookAnswer,
    }
    const replaced = session.subscriptions.get(filter)
    if (group === undefined) this.#core.router.add(topicFilter, subscription)
    else {
      group.join(subscription)
      this.#core.router.changed(topicFilter)
    }
    session.subscribe(subscription)
    if (replaced === undefined) this.#counted(subscription, 1)
    else this.#detach(replaced)
    return subscription
  }

  /** False when the session has no subscription with that filter. [MQTT5-3.10.4-1] */
  remove(session: ClientSession, filter: string): boolean {
    const subscription = session.subscriptions.get(filter)
    if (subscription === undefined) return false
    session.unsubscribe(filter)
    this.#counted(subscription, -1)
    this.#detach(subscription)
    return true
  }

  /** Hooks may think differently of standing subscriptions now: what they say takes hold as soon as they say it. */
  askHooksAgain(): void {
    const { authorizer, router, sessions } = this.#core
    for (const session of sessions.all()) {
      for (const subscription of session.subscriptions.values()) {
        authorizer.askHooks(clientOf(session), subscription, (answer) => {
          if (subscription.hookAnswer === answer) return
          subscription.hookAnswer = answer
          router.changed(subscription.topicFilter)
        })
      }
    }
  }

  /** What waits for a member of a shared subscription, as the store is to keep it. */
  storedGroup(filter: string): StoredGroup | undefined {
    const group = this.#groups.get(filter)
    if (group === undefined) return undefined
    const stored = [...group.waiting].filter(({ sequence }) => sequence >= 0)
    const waiting = stored.map(({ message, sequence, queuedAtMs }) => {
      const { qos, retain, byteSize, expiresAtMs } = message
      return { position: 0, sequence, qos, retain, subscriptionIdentifiers: [], byteSize, queuedAtMs, expiresAtMs }
    })
    return { topicFilter: filter, waiting }
  }

  /** The store failed: it has none of the messages from that sequence on. */
  withdrawFrom(sequence: number): void {
    for (const group of this.#groups.values()) {
      const waiting = [...group.waiting]
      if (!waiting.some((one) => one.sequence >= sequence)) continue
      group.waiting.clear()
      for (const one of waiting) {
        if (one.sequence < sequence) group.waiting.push(one)
        else {
          group.waitingBytes -= one.message.byteSize
          this.#core.dropped('store-failed', '')
        }
      }
    }
  }

  /** What a restart found waiting; nobody waits for it when no member is left. */
  restoreWaiting(filter: string, sequence: number, { message, publishedAtMs }: StoredMessage): void {
    const group = this.#groups.get(filter)
    if (group === undefined) return
    group.waiting.push({ message, sequence, queuedAtMs: publishedAtMs })
    group.waitingBytes += message.byteSize
  }

  removeAll(session: ClientSession): void {
    for (const filter of [...session.subscriptions.keys()]) this.remove(session, filter)
  }

  #group(filter: string, shareName: string, topicFilter: string): SubscriptionGroup {
    let group = this.#groups.get(filter)
    if (group === undefined) {
      group = new SubscriptionGroup(
        filter,
        shareName,
        topicFilter,
        this.#core.terms.features.sharedSubscriptionStrategy,
      )
      this.#groups.set(filter, group)
      this.#core.router.add(topicFilter, group)
    }
    return group
  }

  #detach(subscription: ClientSubscription): void {
    const group = subscription.group as SubscriptionGroup | undefined
    if (group === undefined) {
      this.#core.router.remove(subscription.topicFilter, subscription)
      return
    }
    group.leave(subscription)
    this.#core.router.changed(group.topicFilter)
    if (group.members.length > 0) return
    this.#groups.delete(subscription.filter)
    this.#core.router.remove(group.topicFilter, group)
    this.#core.deliverer.dissolve(group)
  }

  #counted({ session, group }: ClientSubscription, change: 1 | -1): void {
    this.count += change
    if (group === undefined) return
    this.sharedCount += change
    const groups = (session.groups ??= new Set())
    if (change === 1) groups.add(group)
    else groups.delete(group)
  }
}

function clientOf({ clientId, user, link }: ClientSession): AuthorizedClient {
  return { clientId, user, peer: link?.peer }
}
