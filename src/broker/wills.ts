import { encodeText } from '../protocol/text.ts'
import { isBrokerTopic } from './retained-messages.ts'
import { type AccessAnswer, grants } from '../contracts/authorizer.ts'
import type { PeerInfo } from '../contracts/byte-stream.ts'
import type { Publication } from '../contracts/hooks.ts'
import type { StoredWill } from '../contracts/store.ts'
import { ByteReader } from '../protocol/byte-reader.ts'
import { newApplicationMessage } from '../protocol/new-application-message.ts'
import type { Will } from '../protocol/packets/connect.ts'
import { decodePropertyBody, encodePropertyBody } from '../protocol/properties.ts'
import type { Timer } from '../structures/timing-wheel.ts'
import type { Connection } from './connection.ts'
import type { BrokerCore } from './core.ts'
import { askPublish } from './hooks/ask-publish.ts'
import type { ClientSession } from './types.ts'

interface PendingWill extends Timer {
  readonly publish: () => void
}

type WillClient = Pick<Connection, 'clientId' | 'user' | 'peer'>

/** A will that has not been published. */
interface AnnouncedWill {
  readonly clientId: string
  readonly user: string | undefined
  readonly will: Will
  /** Infinity while its client is connected. */
  readonly dueAtMs: number
}

/** Where a client was that a restart knows by its will only. */
const absentPeer: PeerInfo = {
  transport: 'stream',
  isEncrypted: false,
  address: '',
  port: 0,
  listener: '',
  allowsAnonymous: false,
  certificateUser: undefined,
}

/**
 * Will messages of connections that ended. A will goes out at the earlier of "its delay is over" and "the session
 * ended", and not at all when the session is resumed before. [MQTT5-3.1.2-8] [MQTT5-3.1.3-9]
 */
export class Wills {
  readonly #core: BrokerCore
  readonly #pending = new Map<ClientSession, PendingWill>()
  /** Those the store has, by client identifier. */
  readonly #announced = new Map<string, AnnouncedWill>()
  /** Due while the store takes nothing. */
  readonly #postponed: (() => void)[] = []
  /** How many wills an authorizer or a hook thinks about, and who waits for there to be none. */
  #underWay = 0
  readonly #waiting: (() => void)[] = []

  constructor(core: BrokerCore) {
    this.#core = core
  }

  /**
   * A CONNECT is accepted: from now on the store has its will, or none of an earlier one. Returns the commit that makes
   * it so, 0 for none.
   */
  announced(clientId: string, user: string | undefined, will: Will | undefined): number {
    if (!this.#core.store.keepsMessages) return 0
    return will === undefined ? this.#forget(clientId) : this.#remember({ clientId, user, will, dueAtMs: Infinity })
  }

  /** As the store is to keep it. */
  stored(clientId: string): StoredWill | undefined {
    const announced = this.#announced.get(clientId)
    return announced === undefined ? undefined : storedWill(announced)
  }

  /** Of a client that was connected, or expected back, when the broker ended. */
  restore(stored: StoredWill): void {
    const { clientId, user, delaySeconds } = stored
    const { sessions, time } = this.#core
    const session = sessions.get(clientId)
    const will = willOf(stored)
    const delay = Math.min(delaySeconds, session?.expirySeconds ?? 0)
    const dueAtMs = stored.dueAtMs === Infinity ? time.nowMs + delay * 1000 : stored.dueAtMs
    this.#announced.set(clientId, { clientId, user, will, dueAtMs })
    const client = { clientId, user, peer: absentPeer }
    if (session === undefined || dueAtMs <= time.nowMs) this.#publish(will, client)
    else this.#publishLater(session, will, client, dueAtMs)
  }

  /** A connection ended without the DISCONNECT that deletes its will. */
  connectionEnded(session: ClientSession, connection: Connection): void {
    const { will } = connection
    if (will === undefined) {
      this.#forget(session.clientId)
      return
    }
    const delaySeconds = Math.min(will.properties.willDelayInterval ?? 0, session.expirySeconds)
    if (delaySeconds === 0) {
      this.publishNow(connection)
      return
    }
    connection.will = undefined
    const { clientId, user, peer } = connection
    const dueAtMs = this.#core.time.nowMs + delaySeconds * 1000
    if (this.#announced.has(clientId)) this.#remember({ clientId, user, will, dueAtMs })
    this.#publishLater(session, will, { clientId, user, peer }, dueAtMs)
  }

  #publishLater(session: ClientSession, will: Will, client: WillClient, dueMs: number): void {
    const publish = (): void => this.#publish(will, client)
    const pending: PendingWill = { dueMs, publish, fire: () => this.sessionEnded(session) }
    this.#pending.set(session, pending)
    this.#core.time.schedule(pending)
  }

  #remember(announced: AnnouncedWill): number {
    this.#announced.set(announced.clientId, announced)
    return this.#core.keep({ kind: 'will', ...storedWill(announced) })
  }

  /** `will` when it is about that one: the client may have announced another meanwhile. */
  #forget(clientId: string, will?: Will): number {
    const announced = this.#announced.get(clientId)
    if (announced === undefined || (will !== undefined && announced.will !== will)) return 0
    this.#announced.delete(clientId)
    return this.#core.keep({ kind: 'will-cleared', clientId })
  }

  /** What could not be kept, and so was not published, is published now. */
  storeIsBack(): void {
    for (const publish of this.#postponed.splice(0)) publish()
  }

  /** Its client is back in time. */
  sessionResumed(session: ClientSession): void {
    if (this.#take(session) !== undefined) this.#forget(session.clientId)
  }

  /** Nothing to wait for any more. */
  sessionEnded(session: ClientSession): void {
    this.#take(session)?.publish()
  }

  publishNow(connection: Connection): void {
    const { will } = connection
    connection.will = undefined // [MQTT5-3.1.2-10]
    if (will !== undefined) this.#publish(will, connection)
  }

  /** Before a shutdown: what is due at once is seen by those who are still here. */
  publishEarly(connection: Connection): void {
    const { session, will } = connection
    if (session === undefined || will === undefined) return
    if (Math.min(will.properties.willDelayInterval ?? 0, session.expirySeconds) === 0) this.publishNow(connection)
  }

  #take(session: ClientSession): PendingWill | undefined {
    const pending = this.#pending.get(session)
    if (pending === undefined) return undefined
    this.#pending.delete(session)
    this.#core.time.cancel(pending)
    return pending
  }

  /** Resolves once no authorizer or hook is left that thinks about a will. */
  settled(): Promise<void> {
    return this.#underWay === 0 ? Promise.resolve() : new Promise((resolve) => this.#waiting.push(resolve))
  }

  /** A will needs the right to publish like any message, and passes the hooks like any. */
  #publish(will: Will, { clientId, user, peer }: WillClient): void {
    if (this.#core.isDegraded && (will.qos > 0 || will.retain)) {
      this.#postponed.push(() => this.#publish(will, { clientId, user, peer }))
      return
    }
    const publication = { client: { clientId, user, peer }, ...will }
    this.#underWay++
    const { maximumPayloadBytes } = this.#core.limits
    if (maximumPayloadBytes > 0 && will.payload.length > maximumPayloadBytes) {
      this.#core.dropped('payload-too-large', clientId)
      this.#over(clientId, will)
      return
    }
    this.#authorize(publication, (isAllowed) => {
      if (isAllowed) this.#pastHooks(publication, will)
      else {
        this.#core.denials.publish(publication.client, will.topicName)
        this.#over(clientId, will)
      }
    })
  }

  #authorize({ client, topicName, qos, retain }: Publication, then: (isAllowed: boolean) => void): void {
    let isDecided = false
    const decided = (answer: AccessAnswer): void => {
      if (isDecided) return
      isDecided = true
      then(grants(answer, qos))
    }
    if (isBrokerTopic(encodeText(topicName))) {
      decided(false) // what the broker says of itself, nobody else says
      return
    }
    try {
      const answer = this.#core.authorizer.authorize(client, { action: 'publish', topicName, qos, retain }, decided)
      if (answer !== undefined) decided(answer)
    } catch (error) {
      this.#core.faulted(error, client.clientId)
      decided(false)
    }
  }

  #pastHooks(publication: Publication, will: Will): void {
    const { clientId } = publication.client
    askPublish(this.#core.hooks, publication, (outcome) => {
      this.#core.guarded(() => {
        if (outcome === false) {
          this.#core.dropped('refused-by-hook', clientId)
          return
        }
        const message = newApplicationMessage(outcome, clientId, this.#core.time.nowMs) // its expiry begins now
        message.publisherUser = publication.client.user
        this.#core.publish(outcome.topicName, message)
      })
      this.#over(clientId, will)
    })
  }

  #over(clientId: string, will: Will): void {
    this.#forget(clientId, will)
    if (--this.#underWay > 0) return
    for (const resolve of this.#waiting.splice(0)) resolve()
  }
}

function storedWill({ clientId, user, will, dueAtMs }: AnnouncedWill): StoredWill {
  const { topicName, qos, retain, payload } = will
  const { willDelayInterval: delaySeconds = 0, ...forwarded } = will.properties
  const properties = encodePropertyBody(forwarded)
  return { clientId, user, topicName, qos, retain, delaySeconds, properties, payload, dueAtMs }
}

function willOf({ topicName, qos, retain, payload, properties, delaySeconds }: StoredWill): Will {
  const decoded = decodePropertyBody(new ByteReader(properties, 0, properties.length), 'will')
  return { topicName, qos, retain, payload, properties: { ...decoded, willDelayInterval: delaySeconds } }
}
