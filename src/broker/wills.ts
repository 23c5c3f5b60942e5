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

  /** A will needs the right to publish like any message. */
  #publish(will: Will, client: Pick<Connection, 'clientId' | 'user' | 'peer'>): void {
    const { topicName, qos, retain } = will
    const { clientId, user, peer } = client
    let isDecided = false
    const decided = (answer: AccessAnswer): void => {
      if (isDecided) return
      isDecided = true
      if (!grants(answer, qos)) this.#core.denials.publish({ clientId, user, peer }, topicName)
      else this.#pastHooks({ client: { clientId, user, peer }, ...will })
    }
    const answer = this.#core.authorizer.authorize(
      { clientId, user, peer },
      { action: 'publish', topicName, qos, retain },
      decided,
    )
    if (answer !== undefined) decided(answer)
  }

  #pastHooks(publication: Publication): void {
    const { clientId } = publication.client
    askPublish(this.#core.hooks, publication, (outcome) => {
      if (outcome === false) this.#core.dropped('refused-by-hook', clientId)
      // its expiry begins now
      else this.#core.publish(outcome.topicName, newApplicationMessage(outcome, clientId, this.#core.time.nowMs))
    })
  }
}
