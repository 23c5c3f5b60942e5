import type { DurabilityLevel } from '../contracts/durability.ts'
import type { DropReason } from '../contracts/statistics.ts'
import type { ApplicationMessage } from '../protocol/application-message.ts'
import type { BrokerCore } from './core.ts'
import type { Route } from './route.ts'

/** Whether a publish can be taken whole, asked before anything of it is kept: only where the answer may be no. */
export class PublishAdmission {
  readonly #core: BrokerCore

  constructor(core: BrokerCore) {
    this.#core = core
  }

  get isAsked(): boolean {
    return this.#core.isDegraded || this.#core.limits.queueFullPolicy === 'reject-publish'
  }

  /** `holdsId`: the packet identifier has to be kept as well. */
  refusalOf(
    route: Route,
    message: ApplicationMessage,
    level: DurabilityLevel,
    holdsId: boolean,
  ): DropReason | undefined {
    if (message.qos === 0) return undefined
    if (this.#core.isDegraded && level !== 'memory' && (holdsId || needsStore(route, message))) return 'store-failed'
    if (this.#core.limits.queueFullPolicy !== 'reject-publish') return undefined
    return this.#hasRoom(route, message) ? undefined : 'queue-full'
  }

  #hasRoom({ destinations, groups }: Route, message: ApplicationMessage): boolean {
    const { byteSize, publisherId } = message
    const { maximumQueuedMessages, maximumQueuedBytes } = this.#core.limits
    for (const { session, qos, noLocal } of destinations) {
      if (qos === 0 || (noLocal && session.clientId === publisherId)) continue
      if (!session.outbound.hasRoomFor(byteSize)) return false
    }
    return groups.every(({ group }) => {
      return group.waiting.length < maximumQueuedMessages && group.waitingBytes + byteSize <= maximumQueuedBytes
    })
  }
}

function needsStore({ destinations, groups }: Route, { retain }: ApplicationMessage): boolean {
  if (retain) return true
  return (
    destinations.some(({ session, qos }) => session.isDurable && qos > 0) || groups.some(({ group }) => group.isDurable)
  )
}
