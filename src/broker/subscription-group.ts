import type { ApplicationMessage } from '../protocol/application-message.ts'
import { RingQueue } from '../structures/ring-queue.ts'
import { SharedGroup } from '../topics/shared-group.ts'
import type { ClientSubscription } from './types.ts'

/** A message that no member could take yet. */
export interface GroupMessage {
  readonly message: ApplicationMessage
  /** Under which the store knows it; -1 when it does not. */
  readonly sequence: number
  readonly queuedAtMs: number
}

/**
 * A shared subscription with the queue that belongs to the group, not to a member: a message is bound to a member
 * only when it gets its packet identifier, so a member that leaves takes nothing with it that it was not sent.
 */
export class SubscriptionGroup extends SharedGroup<ClientSubscription> {
  /** The filter as subscribed: `$share/{ShareName}/{filter}`. */
  readonly filter: string
  readonly waiting = new RingQueue<GroupMessage>()
  waitingBytes = 0

  constructor(filter: string, ...shared: ConstructorParameters<typeof SharedGroup<ClientSubscription>>) {
    super(...shared)
    this.filter = filter
  }

  /** A member is stored, so what waits for the group is stored too. */
  get isDurable(): boolean {
    return this.members.some((member) => member.session.isDurable)
  }
}
