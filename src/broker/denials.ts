import type { AuthorizedClient } from '../contracts/authorizer.ts'
import type { DenialInfo } from '../contracts/events.ts'
import { RepeatedLines } from '../structures/repeated-lines.ts'
import type { BrokerCore } from './core.ts'

/** A client that goes on trying is named once in this time. */
const INTERVAL_MS = 10_000
/** Clients with longer identifiers are told apart by address only: thousands of them, remembered, would fill memory. */
const LONGEST_CLIENT_ID = 256

/** Makes refusals for want of rights visible: a counter, a line at info that does not flood the log, an event. */
export class Denials {
  readonly #core: BrokerCore
  readonly #lines = new RepeatedLines(INTERVAL_MS)

  constructor(core: BrokerCore) {
    this.#core = core
  }

  publish(client: AuthorizedClient, topicName: string): void {
    this.#core.counters.publishesDenied++
    this.#core.dropped('not-authorized', client.clientId)
    this.#tell(client, 'publish', topicName)
  }

  subscribe(client: AuthorizedClient, topicFilter: string): void {
    this.#core.counters.subscriptionsDenied++
    this.#tell(client, 'subscribe', topicFilter)
  }

  #tell({ clientId, user, peer }: AuthorizedClient, action: DenialInfo['action'], topic: string): void {
    const { log, time } = this.#core
    this.#core.emit('denied', { clientId, user, action, topic })
    const who = clientId.length > LONGEST_CLIENT_ID ? `from ${peer?.address}` : `by ${clientId} ${user ?? ''}`
    const unsaid = this.#lines.next(`${action} ${who}`, time.nowMs)
    if (unsaid === undefined) return
    const others = unsaid === 0 ? {} : { unsaid }
    log.info({ clientId, user, address: peer?.address, action, topic, ...others }, 'not authorized')
  }
}
