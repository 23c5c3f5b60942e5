import type { BrokerCore } from './core.ts'
import type { RetainedMessage } from './retained-messages.ts'
import type { ClientSession, ClientSubscription } from './types.ts'

/** Places in the tree of topics that one session's walks may visit before others get their turn. */
const SLICE = 1024
/** A session with this much waiting gets no more for now: the replay must not push anything out of its queue. */
const WAITING_MESSAGES = 1024
/** Topics remembered as sent live during a walk. */
const MAXIMUM_MARKS = 65_536

interface Walk {
  readonly subscription: ClientSubscription
  readonly places: Generator<RetainedMessage | undefined, void, undefined>
  /** Marks made before it began are not for it. */
  readonly startedAt: number
}

/** The walks of one session, one after the other. */
class SessionReplay {
  /** By filter: a subscription made anew is walked anew, and last. */
  readonly walks = new Map<string, Walk>()
  /** Topics that went out live meanwhile, and when: their retained message would be stale, coming after. */
  readonly #sentLive = new Map<string, number>()
  time = 0
  isScheduled = false

  sentLive(topicName: string): void {
    if (this.#sentLive.size < MAXIMUM_MARKS) this.#sentLive.set(topicName, ++this.time)
  }

  wasSentLive(topicName: string, since: number): boolean {
    return (this.#sentLive.get(topicName) ?? 0) > since
  }
}

/**
 * Sends retained messages for new subscriptions, in slices over loop turns, so that a filter that matches a million
 * of them, or looks at a million to match none, holds up nobody. Values are read when they are sent; a slow client is
 * waited for.
 */
export class RetainedReplays {
  readonly #core: BrokerCore

  constructor(core: BrokerCore) {
    this.#core = core
  }

  /** Walks the retained messages for these subscriptions of one session. */
  start(session: ClientSession, subscriptions: readonly ClientSubscription[]): void {
    if (subscriptions.length === 0 || this.#core.retained.size === 0) return
    const replay = (session.replay ??= new SessionReplay()) as SessionReplay
    for (const subscription of subscriptions) {
      const places = this.#core.retained.walk(subscription.topicFilter)
      replay.walks.delete(subscription.filter)
      replay.walks.set(subscription.filter, { subscription, places, startedAt: replay.time })
    }
    this.continue(session)
  }

  /** The session may have room again: its client acknowledged, read, or came back. */
  continue(session: ClientSession): void {
    const replay = session.replay as SessionReplay | undefined
    if (replay !== undefined && !replay.isScheduled) this.#slice(session, replay)
  }

  #slice(session: ClientSession, replay: SessionReplay): void {
    for (let visited = 0; visited < SLICE; visited++) {
      const [walk] = replay.walks.values()
      if (walk === undefined || session.isEnded) {
        session.replay = undefined
        return
      }
      if (!this.#hasRoom(session)) return
      const { filter } = walk.subscription
      const next = session.subscriptions.get(filter) === walk.subscription ? walk.places.next() : undefined
      if (next === undefined || next.done) replay.walks.delete(filter)
      else if (next.value !== undefined) this.#send(replay, walk, next.value)
    }
    replay.isScheduled = true
    setImmediate(() => {
      replay.isScheduled = false
      this.#core.guarded(() => this.continue(session))
    })
  }

  #send(replay: SessionReplay, walk: Walk, { topicName, message }: RetainedMessage): void {
    if (replay.wasSentLive(topicName, walk.startedAt) || message.expiresAtMs <= this.#core.time.nowMs) return
    if (this.#core.router.mayReceive(walk.subscription, topicName))
      this.#core.deliverer.replay(walk.subscription, message)
  }

  #hasRoom(session: ClientSession): boolean {
    const connection = session.link
    if (connection === undefined || this.#core.deliverer.isOutboxFull(connection)) return false
    return session.outbound.waitingMessages < WAITING_MESSAGES
  }
}
