import type { Properties } from '../protocol/properties.ts'

/** What a program publishes. */
export interface OutboundMessage {
  /** Topic name: no wildcards. */
  readonly topic: string
  /** Text is sent as UTF-8. Left out: empty, which with `retain` clears the topic. */
  readonly payload?: Uint8Array | string
  readonly qos?: 0 | 1 | 2
  readonly retain?: boolean
  /** Of MQTT 5.0, e.g. `contentType`, `userProperties`, `messageExpiryInterval` (seconds). */
  readonly properties?: Properties
}

/** What a subscription of a program receives. */
export interface ReceivedMessage {
  readonly topic: string
  /** The handler's to keep. */
  readonly payload: Uint8Array
  readonly qos: 0 | 1 | 2
  /** Sent because it was retained, or with Retain As Published as it was published. */
  readonly retain: boolean
  readonly dup: boolean
  readonly properties: Properties
}

export type MessageHandler = (message: ReceivedMessage) => void

export interface SubscribeOptions {
  /** Highest QoS of the messages that come; 0 when left out. */
  readonly qos?: 0 | 1 | 2
  readonly noLocal?: boolean
  readonly retainAsPublished?: boolean
  /** 0 (left out) sends retained messages, 1 only for a new subscription, 2 never. */
  readonly retainHandling?: 0 | 1 | 2
}

export interface ProgramSubscription {
  readonly topicFilter: string
  /** As granted. */
  readonly qos: 0 | 1 | 2
  unsubscribe(): Promise<void>
}

export interface ConnectOptions {
  /** Left out: the broker assigns one. */
  readonly clientId?: string
  readonly userName?: string
  readonly password?: string | Uint8Array
  /** true when left out. */
  readonly cleanStart?: boolean
  /** Seconds the session outlives the connection; 0 when left out. */
  readonly sessionExpiryInterval?: number
  /** Seconds; 0, which is none, when left out. The client sends PINGREQ only when told to `ping`. */
  readonly keepAlive?: number
  /** Published when the client goes without `close`. */
  readonly will?: OutboundMessage & {
    /** Seconds. */
    readonly delay?: number
  }
  /** Gets what no handler of `subscribe` is for, e.g. what a resumed session was owed. */
  readonly onMessage?: MessageHandler
}

/** How a connection ended. */
export interface ConnectionEnd {
  /** Of the broker's DISCONNECT; undefined when there was none. */
  readonly reasonCode: number | undefined
  /** A sentence for people. */
  readonly reason: string
}

/**
 * A client within the process: MQTT 5.0 without a socket. Its publishes and subscriptions go the way of every client's:
 * logins, rights, hooks and limits hold for it.
 */
export interface ProgramClient {
  readonly clientId: string
  /** There was a session to resume. */
  readonly sessionPresent: boolean
  /** Resolves once the broker has acknowledged it, at QoS 0 once it is handed over. Rejects with MqttError when refused. */
  publish(message: OutboundMessage): Promise<void>
  /** Rejects with MqttError when refused. */
  subscribe(topicFilter: string, handler: MessageHandler, options?: SubscribeOptions): Promise<ProgramSubscription>
  /** Sends PINGREQ, as a sign of life within the keep alive. */
  ping(): void
  /** Leaves with DISCONNECT: no will. */
  close(): Promise<void>
  /** Breaks off as when the network fails: the will goes out. */
  drop(): Promise<void>
  /** Resolves when the connection has ended, whoever ended it. */
  readonly ended: Promise<ConnectionEnd>
}

/** The broker refused something; `reasonCode` is that of MQTT 5.0. */
export class MqttError extends Error {
  override readonly name = 'MqttError'
  readonly reasonCode: number

  constructor(reasonCode: number, message: string) {
    super(message)
    this.reasonCode = reasonCode
  }
}
