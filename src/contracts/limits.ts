/** Every bound and switch the broker keeps to. Defaults: settings/settings.ts; the table for people: docs/limits.md. */

import type { SharedStrategy } from '../topics/shared-group.ts'

export type QueueFullPolicy = 'drop-oldest' | 'drop-newest' | 'reject-publish' | 'disconnect' | 'latest-per-topic'

/** Every bound the broker keeps. A value of 0 means "no limit" where the comment says so. */
export interface Limits {
  /** Network connections at once, 0 = no limit. Beyond it a new one is closed before a byte is read. */
  readonly maximumConnections: number
  /** The same per remote address, 0 = no limit. */
  readonly maximumConnectionsPerAddress: number
  /** A connection whose CONNECT is not complete after this long is closed. */
  readonly connectTimeoutMs: number
  /** Largest CONNECT packet in bytes, fixed header included. */
  readonly maximumConnectPacketBytes: number
  /** Largest packet accepted from a client in bytes, fixed header included; announced to 5.0 clients. */
  readonly maximumPacketBytes: number
  /** Largest payload of a publish in bytes, 0 = no limit. A larger one is dropped: the connection stays. */
  readonly maximumPayloadBytes: number
  /** QoS 1 and 2 publishes a client may have unacknowledged toward the broker; announced to 5.0 clients. */
  readonly receiveMaximum: number
  /** Topic aliases a client may use toward the broker; announced to 5.0 clients. 0 switches them off. */
  readonly topicAliasMaximum: number
  /** Topic aliases the broker uses toward a client that allows them. */
  readonly outboundTopicAliasMaximum: number
  /** Longest keep alive in seconds, 0 = no limit. 5.0 clients are told (Server Keep Alive), 3.x ones keep theirs. */
  readonly maximumKeepAliveSeconds: number
  /** Longest session expiry granted to 5.0 clients in seconds; 4294967295 = sessions may be kept for ever. */
  readonly maximumSessionExpirySeconds: number
  /** How long a 3.x session with Clean Session 0 outlives its connection, in seconds; 4294967295 = for ever. */
  readonly mqtt3SessionExpirySeconds: number
  /** Sessions at once, connected or not, 0 = no limit. Beyond it no new one is opened. */
  readonly maximumSessions: number
  readonly maximumSubscriptionsPerSession: number
  /** Levels in a topic name or topic filter. */
  readonly maximumTopicLevels: number
  /** Unacknowledged QoS 1 and 2 messages toward one client; the client's Receive Maximum may lower it. */
  readonly maximumInflightMessages: number
  /** Their bytes, 0 = no limit. One message may always go. */
  readonly maximumInflightBytes: number
  /** Messages queued for one session, in flight included unless `queueCountsInflight` is false. */
  readonly maximumQueuedMessages: number
  /** false: what a connected client may have in flight comes on top of `maximumQueuedMessages`. */
  readonly queueCountsInflight: boolean
  /** Their bytes (topic, properties and payload). */
  readonly maximumQueuedBytes: number
  /** How long a message waits in a queue before it is dropped, in seconds; 0 = no limit. */
  readonly maximumQueuedAgeSeconds: number
  /** Messages queued for all sessions together, 0 = no limit. */
  readonly maximumQueuedMessagesTotal: number
  /** Their bytes, 0 = no limit. */
  readonly maximumQueuedBytesTotal: number
  /** What happens when a queue limit is reached; `latest-per-topic` also before. */
  readonly queueFullPolicy: QueueFullPolicy
  /** Whether QoS 0 messages are queued for sessions that are offline. */
  readonly queueQos0: boolean
  /** Bytes waiting to be written to one client before QoS 0 is dropped and QoS 1 and 2 wait in the session. */
  readonly maximumOutboxBytes: number
  /** The same over all clients; above it every client with more than 64 KiB waiting counts as full. */
  readonly maximumOutboxBytesTotal: number
  /** Bytes not yet durable for one client before it is not read until they are. */
  readonly maximumUncommittedBytes: number
  /** The same over all clients. */
  readonly maximumUncommittedBytesTotal: number
  readonly maximumRetainedMessages: number
  readonly maximumRetainedBytes: number
}

/** Parts of the protocol that can be switched off; 5.0 clients are told in CONNACK. */
export interface Features {
  readonly maximumQos: 0 | 1 | 2
  readonly retainAvailable: boolean
  readonly wildcardSubscriptionAvailable: boolean
  readonly subscriptionIdentifiersAvailable: boolean
  readonly sharedSubscriptionAvailable: boolean
  readonly sharedSubscriptionStrategy: SharedStrategy
  /** What becomes of a publish without the right to it from a 3.x client, which cannot be told. */
  readonly mqtt3RefusedPublish: 'acknowledge' | 'disconnect'
  /** What becomes of a 3.x client whose keep alive is above the longest: refused with "identifier rejected" or kept. */
  readonly mqtt3LongKeepAlive: 'keep' | 'refuse'
  /** Deliver at the QoS of the subscription, not at the lower of its and the publish's. */
  readonly upgradeOutgoingQos: boolean
  /** How often a client gets a message that several of its subscriptions match. */
  readonly overlappingSubscriptions: 'once' | 'each'
  /** A retained message is sent only while its publisher may publish there. */
  readonly checkRetainedPublisher: boolean
  /** What becomes of a client whose client identifier has a session of another user. */
  readonly sessionOfAnotherUser: 'refuse' | 'replace'
  readonly allowEmptyClientId: boolean
  /** At most 50 characters; a random part follows. */
  readonly assignedClientIdPrefix: string
  /** Other client identifiers are refused. */
  readonly clientIdPrefix?: string | undefined
  /** Refuse MQTT 3.1 client identifiers longer than 23 characters, as that text has it. */
  readonly strictMqtt31ClientIds: boolean
}

/** What a client is told in CONNACK and may rely on for as long as it is connected. */
export interface Terms {
  readonly limits: Limits
  readonly features: Features
}
