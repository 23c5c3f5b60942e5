import { grants } from '../contracts/authorizer.ts'
import type { ApplicationMessage } from '../protocol/application-message.ts'
import type { BrokerCore } from './core.ts'
import { decodeText } from '../protocol/text.ts'
import type { TopicWalk } from '../topics/topic-tree.ts'
import type { ClientSession, ClientSubscription } from './types.ts'

/** Places in the tree of topics that one session's walks may visit before others get their turn. */
const SLICE = 1024
/** A session with this much waiting gets no more for now: the replay must not push anything out of its queue. */
const WAITING_MESSAGES = 1024
/** Topics remembered as sent live during a walk. */
const MAXIMUM_MARKS = 65_536

interface Walk {
  readonly subscription: ClientSubscription
  readonly places: TopicWalk
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

  /** False also tells that nobody need ask by name. */
  get hasSentLive(): boolean {
    return this.#sentLive.size > 0
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
    let replay = session.replay as SessionReplay | undefined
    for (const subscription of subscriptions) {
      if (replay !== undefined) this.#end(replay, subscription.filter)
      const places = this.#core.retained.walk(subscription.topicFilter)
      if (places === undefined) continue
      places.pause()
      session.replay = replay ??= new SessionReplay()
      replay.walks.set(subscription.filter, { subscription, places, startedAt: replay.time })
    }
    this.continue(session)
  }

  /** The session may have room again: its client acknowledged, read, or came back. */
  continue(session: ClientSession): void {
    const replay = session.replay as SessionReplay | undefined
    if (replay !== undefined && !replay.isScheduled) this.#slice(session, replay)
  }

  /** The session is over: nobody waits for what is still to come. */
  end(session: ClientSession): void {
    const replay = session.replay as SessionReplay | undefined
    session.replay = undefined
    if (replay !== undefined) for (const filter of replay.walks.keys()) this.#end(replay, filter)
  }

  #end(replay: SessionReplay, filter: string): void {
    replay.walks.get(filter)?.places.resume()
    replay.walks.delete(filter)
  }

  #slice(session: ClientSession, replay: SessionReplay): void {
    let places = SLICE
    while (places > 0) {
      const [walk] = replay.walks.values()
      if (walk === undefined || session.isEnded) {
        this.end(session)
        return
      }
      const { filter } = walk.subscription
      const isWanted = session.subscriptions.get(filter) === walk.subscription
      const left = isWanted ? this.#visit(session, replay, walk, places) : places
      if (left === 0 || !this.#hasRoom(session)) break
      this.#end(replay, filter)
      places = left
    }
    if (!this.#hasRoom(session)) return
    replay.isScheduled = true
    setImmediate(() => {
      replay.isScheduled = false
      this.#core.guarded(() => this.continue(session))
    })
  }

  /** Visits up to so many places, as long as there is room. Returns how many more there might have been. */
  #visit(session: ClientSession, replay: SessionReplay, walk: Walk, maximum: number): number {
    const { places } = walk
    places.resume()
    try {
      for (let left = maximum; left > 0; left--) {
        if (!this.#hasRoom(session)) return left
        const address = places.next()
        if (address < 0) return left
        if (address > 0) this.#send(replay, walk, address)
      }
    } finally {
      places.pause()
    }
    return 0
  }

  #send(replay: SessionReplay, walk: Walk, address: number): void {
    const message = this.#core.retained.view(address)
    if (message.expiresAtMs <= this.#core.time.nowMs) return
    let isAllowed = this.#core.router.mayReceiveAll(walk.subscription)
    if (isAllowed === undefined || replay.hasSentLive) {
      const topicName = decodeText(message.topicBytes, 0, message.topicBytes.length)
      if (replay.wasSentLive(topicName, walk.startedAt)) return
      isAllowed ??= this.#core.router.mayReceive(walk.subscription, topicName)
    }
    if (!isAllowed) return
    if (!this.#mayStillBeSaid(address, message)) return
    this.#core.deliverer.replay(walk.subscription, message)
  }

  /** Whether its publisher still has the right to publish it, where that is to be asked. */
  #mayStillBeSaid(address: number, { topicBytes, qos }: ApplicationMessage): boolean {
    const { authorizer, retained, sessions, terms } = this.#core
    if (!terms.features.checkRetainedPublisher || authorizer.allowsAll('publish')) return true
    const publisher = retained.publisherOfView(address)
    if (publisher === undefined) return true
    const { clientId, user } = publisher
    const session = sessions.get(clientId)
    const peer = session?.user === user ? session?.link?.peer : undefined
    const topicName = decodeText(topicBytes, 0, topicBytes.length)
    try {
      const access = { action: 'publish', topicName, qos, retain: true } as const
      const answer = authorizer.authorize({ clientId, user, peer }, access, tooLate)
      return answer !== undefined && grants(answer, qos)
    } catch (error) {
      this.#core.faulted(error, clientId)
      return false
    }
  }

  #hasRoom(session: ClientSession): boolean {
    const connection = session.link
    if (connection === undefined || this.#core.deliverer.isOutboxFull(connection)) return false
    return session.outbound.waitingMessages < WAITING_MESSAGES
  }
}

/** An answer that is not there at once is a no. */
function tooLate(): void {}
