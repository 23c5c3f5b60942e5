import type { SharedGroup } from '../topics/shared-group.ts'
import type { Session } from './session.ts'

/** One topic filter of one session, with its options. Replaced by a new one when subscribed again. */
export interface Subscription<Link> {
  readonly session: Session<Link>
  /** As the client wrote it, `$share/...` included. */
  readonly filter: string
  /** What is matched: the filter without its share. */
  readonly topicFilter: string
  readonly qos: 0 | 1 | 2
  readonly noLocal: boolean
  readonly retainAsPublished: boolean
  /** One or none. */
  readonly subscriptionIdentifiers: readonly number[]
  readonly group: SharedGroup<Subscription<Link>> | undefined
  /** What an `authorizeSubscribe` hook has said of it; undefined leaves it to the rights. */
  hookAnswer: boolean | undefined
}
