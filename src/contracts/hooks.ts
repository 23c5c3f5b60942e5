import type { Properties } from '../protocol/properties.ts'
import type { AuthenticationOutcome, AuthenticationRequest } from './authenticator.ts'
import type { AccessAnswer, AuthorizedClient } from './authorizer.ts'
import type { ClientInfo, DropInfo } from './events.ts'

export type Awaitable<T> = T | PromiseLike<T>

/** A message on its way in. `payload` is the hook's to read and to keep. */
export interface Publication {
  /** Its `peer` is absent when this is the will of a client that is gone. */
  readonly client: AuthorizedClient
  readonly topicName: string
  readonly payload: Uint8Array
  readonly qos: 0 | 1 | 2
  readonly retain: boolean
  /** As in the standard, e.g. `contentType`, `userProperties`, `messageExpiryInterval` (seconds). */
  readonly properties: Properties
}

/** What an `onPublish` hook puts in the place of what came; what it leaves out stays. */
export interface PublicationChange {
  /** Another topic name: the message goes there instead. */
  readonly topicName?: string
  /** Text is sent as UTF-8. */
  readonly payload?: Uint8Array | string
  readonly qos?: 0 | 1 | 2
  readonly retain?: boolean
  /** In the place of all properties. */
  readonly properties?: Properties
}

/** A message about to be sent to one client. */
export interface OutgoingMessage {
  readonly clientId: string
  readonly user: string | undefined
  readonly topicName: string
  readonly payload: Uint8Array
  readonly qos: 0 | 1 | 2
  readonly retain: boolean
}

/**
 * Where an embedding program has a say. Every hook may answer at once or with a promise; meanwhile only the client
 * concerned waits. Hooks of one kind run in the order in which they were registered. One that throws, or rejects, has
 * said no where there is something to refuse; it is logged under `name`, and the broker goes on.
 */
export interface Hooks {
  /** Stands in log lines. */
  readonly name?: string
  /** Who is this? undefined leaves it to the next hook, at last to the broker's own logins. Called for every step of an exchange. */
  authenticate?(request: AuthenticationRequest): Awaitable<AuthenticationOutcome | undefined>
  /**
   * May the client publish this? undefined leaves it to the next hook, at last to the rights in the settings. The
   * answer is remembered per client, topic, QoS and RETAIN until `broker.rightsChanged()`.
   */
  authorizePublish?(request: {
    readonly client: AuthorizedClient
    readonly topicName: string
    readonly qos: number
    readonly retain: boolean
  }): Awaitable<boolean | undefined>
  /** May the client subscribe? The answer may lower the QoS that is granted. undefined as above. */
  authorizeSubscribe?(request: {
    readonly client: AuthorizedClient
    readonly topicFilter: string
    readonly qos: number
  }): Awaitable<AccessAnswer | undefined>
  /** The client is who it says it is; CONNACK has not been sent. Throw to refuse it (0x87). */
  onConnect?(client: ClientInfo): Awaitable<void>
  onDisconnect?(client: ClientInfo, details: { readonly reason: string }): Awaitable<void>
  /** The subscription is authorized and about to be made. Throw to refuse it (0x87). */
  onSubscribe?(request: {
    readonly client: AuthorizedClient
    readonly topicFilter: string
    readonly qos: number
  }): Awaitable<void>
  /**
   * A message of a client is authorized and about to be delivered; the next hook sees what this one changed.
   * undefined lets it pass, false refuses it (0x87, counted as `refused-by-hook`).
   */
  onPublish?(publication: Publication): Awaitable<PublicationChange | false | undefined | void>
  /** A message is about to be sent to a client; false drops it for that client (`refused-by-hook`). */
  onDeliver?(message: OutgoingMessage): Awaitable<boolean | undefined | void>
  /** Called at once and not waited for. */
  onDrop?(drop: DropInfo): Awaitable<void>
}
