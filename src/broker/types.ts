import type { Session } from '../session/session.ts'
import type { Subscription } from '../session/subscription.ts'
import type { Connection } from './connection.ts'
import type { SubscriptionGroup } from './subscription-group.ts'

/** Sessions and subscriptions whose client, when it is there, is a connection of this broker. */
export type ClientSession = Session<Connection>
export type ClientSubscription = Subscription<Connection>
export type { SubscriptionGroup }
