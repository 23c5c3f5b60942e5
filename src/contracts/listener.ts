import type { ByteStream } from './byte-stream.ts'
import type { Features, Limits } from './limits.ts'

/** Where a listener can be reached. */
export interface ListenerAddress {
  readonly kind: 'tcp' | 'websocket' | 'unix'
  /** Empty for a Unix socket. */
  readonly host: string
  /** 0 for a Unix socket. */
  readonly port: number
  /** `mqtt://127.0.0.1:1883`, `mqtts://...`, `ws://...`, `wss://...`, or `unix:/run/topiary.sock`. */
  readonly url: string
}

/** What a listener says of those who come in by it; what is absent is as for all. The same object for all of them. */
export interface ListenerRules {
  readonly protocolVersions?: readonly (3 | 4 | 5)[] | undefined
  readonly limits: Partial<Pick<Limits, 'topicAliasMaximum' | 'outboundTopicAliasMaximum'>>
  readonly features: Partial<Pick<Features, 'maximumQos' | 'allowEmptyClientId' | 'assignedClientIdPrefix'>>
  /** The user name is the client identifier; who has none is refused. */
  readonly clientIdFromUser: boolean
  /** Put before every topic of theirs, and taken away again. */
  readonly mountPoint?: string | undefined
  /** Name of the users and rights that hold here; absent: those for all. It stays the same over reloads. */
  readonly access?: string | undefined
}

/** Takes a new client's stream. */
export type AcceptStream = (stream: ByteStream) => void
