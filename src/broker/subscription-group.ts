import type { ApplicationMessage } from '../protocol/application-message.ts'
import { RingQueue } from '../structures/ring-queue.ts'
import { SharedGroup } from '../topics/shared-group.ts'
import type { ClientSubscription } from './types.ts'

/**
 * A shared subscription with the queue that belongs to the group, not to a member: a message is bound to a member
 * only when it gets its packet identifier, so a member that leaves takes nothing with it that it was not sent.
 */
export class SubscriptionGroup extends SharedGroup<ClientSubscription> {
  readonly waiting = new RingQueue<ApplicationMessage>()
  waitingBytes = 0
}
