import type { BrokerCore } from './core.ts'
import type { RetainedMessage } from './retained-messages.ts'
import type { ClientSession, ClientSubscription } from './types.ts'

/** Retained messages sent per subscription before others get their turn. */
const SLICE = 256
/** A session with this much waiting gets no more for now: the replay must not push anything out of its queue. */
const WAITING_MESSAGES = 1024

interface Walk {
  readonly subscription: ClientSubscription
  readonly messages: Generator<RetainedMessage, void, undefined>
}

/** The walks of one session, one after the other. */
class SessionReplay {
  walks: Walk[] = []
  /** Topics that went out live meanwhile: their retained message would be stale, coming after. */
  readonly #sentLive = new Set<string>()
  isScheduled = false

  /** A subscription made anew is walked anew. */
  forget(filter: string): void {
    this.walks = this.walks.filter((walk) => walk.subscription.filter !== filter)
  }

  sentLive(topicName: string): void {
    this.#sentLive.add(topicName)
  }

  wasSentLive(topicName: string): boolean {
    return this.#sentLive.has(topicName)
  }
}

/**
 * Sends retained messages for new subscriptions, in slices over loop turns, so that a filter that matches a million
 * of them holds up nobody. Values are read when they are sent; a slow client is waited for.
 */
export class RetainedReplays {
  readonly #core: BrokerCore

  constructor(core: BrokerCore) {
    this.#core = core
  }

  start(subscription: ClientSubscription): void {
    const { session } = subscription
    const replay = (session.replay ??= new SessionReplay()) as SessionReplay
    replay.forget(subscription.filter)
    replay.walks.push({ subscription, messages: this.#core.retained.match(subscription.topicFilter) })
    if (!replay.isScheduled) this.#slice(session, replay)
  }

  /** The session may have room again: its client acknowledged, read, or came back. */
  continue(session: ClientSession): void {
    const replay = session.replay as SessionReplay | undefined
    if (replay !== undefined && !replay.isScheduled) this.#slice(session, replay)
  }

  #slice(session: ClientSession, replay: SessionReplay): void {
    for (let sent = 0; sent < SLICE; ) {
      const walk = replay.walks[0]
      if (walk === undefined || session.isEnded) {
        session.replay = undefined
        return
      }
      if (!this.#hasRoom(session)) return
      const next = walk.messages.next()
      if (next.done || session.subscriptions.get(walk.subscription.filter) !== walk.subscription) {
        replay.walks.shift()
        continue
      }
      const { topicName, message } = next.value
      if (replay.wasSentLive(topicName) || message.expiresAtMs <= this.#core.time.nowMs) continue
      if (!this.#core.router.mayReceive(session, topicName)) continue
      this.#core.deliverer.replay(session, walk.subscription, message)
      sent++
    }
    replay.isScheduled = true
    setImmediate(() => {
      replay.isScheduled = false
      this.#core.guarded(() => this.continue(session))
    })
  }

  #hasRoom(session: ClientSession): boolean {
    const connection = session.link
    if (connection === undefined || this.#core.deliverer.isOutboxFull(connection)) return false
    return session.outbound.waitingMessages < WAITING_MESSAGES
  }
}
