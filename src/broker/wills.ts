import { type AccessAnswer, grants } from '../contracts/authorizer.ts'
import type { Publication } from '../contracts/hooks.ts'
import { newApplicationMessage } from '../protocol/new-application-message.ts'
import type { Will } from '../protocol/packets/connect.ts'
import type { Timer } from '../structures/timing-wheel.ts'
import type { Connection } from './connection.ts'
import type { BrokerCore } from './core.ts'
import { askPublish } from './hooks/ask-publish.ts'
import type { ClientSession } from './types.ts'

interface PendingWill extends Timer {
  readonly publish: () => void
}

/**
 * Will messages of connections that ended. A will goes out at the earlier of "its delay is over" and "the session
 * ended", and not at all when the session is resumed before. [MQTT5-3.1.2-8] [MQTT5-3.1.3-9]
 */
export class Wills {
  readonly #core: BrokerCore
  readonly #pending = new Map<ClientSession, PendingWill>()
  /** How many wills an authorizer or a hook thinks about, and who waits for there to be none. */
  #underWay = 0
  readonly #waiting: (() => void)[] = []

  constructor(core: BrokerCore) {
    this.#core = core
  }

  /** A connection ended without the DISCONNECT that deletes its will. */
  connectionEnded(session: ClientSession, connection: Connection): void {
    const { will } = connection
    if (will === undefined) return
    const delaySeconds = Math.min(will.properties.willDelayInterval ?? 0, session.expirySeconds)
    if (delaySeconds === 0) {
      this.publishNow(connection)
      return
    }
    connection.will = undefined
    const { clientId, user, peer } = connection
    const pending: PendingWill = {
      dueMs: this.#core.time.nowMs + delaySeconds * 1000,
      publish: () => this.#publish(will, { clientId, user, peer }),
      fire: () => this.sessionEnded(session),
    }
    this.#pending.set(session, pending)
    this.#core.time.schedule(pending)
  }

  /** Its client is back in time. */
  sessionResumed(session: ClientSession): void {
    this.#take(session)
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
  #publish(will: Will, { clientId, user, peer }: Pick<Connection, 'clientId' | 'user' | 'peer'>): void {
    const publication = { client: { clientId, user, peer }, ...will }
    this.#underWay++
    this.#authorize(publication, (isAllowed) => {
      if (isAllowed) this.#pastHooks(publication)
      else {
        this.#core.denials.publish(publication.client, will.topicName)
        this.#over()
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
    try {
      const answer = this.#core.authorizer.authorize(client, { action: 'publish', topicName, qos, retain }, decided)
      if (answer !== undefined) decided(answer)
    } catch (error) {
      this.#core.faulted(error, client.clientId)
      decided(false)
    }
  }

  #pastHooks(publication: Publication): void {
    const { clientId } = publication.client
    askPublish(this.#core.hooks, publication, (outcome) => {
      this.#core.guarded(() => {
        if (outcome === false) this.#core.dropped('refused-by-hook', clientId)
        // its expiry begins now
        else this.#core.publish(outcome.topicName, newApplicationMessage(outcome, clientId, this.#core.time.nowMs))
      })
      this.#over()
    })
  }

  #over(): void {
    if (--this.#underWay > 0) return
    for (const resolve of this.#waiting.splice(0)) resolve()
  }
}
