import type { BrokerEvents } from '../contracts/events.ts'
import type {
  ConnectOptions,
  MessageHandler,
  OutboundMessage,
  ProgramClient,
  ProgramSubscription,
  SubscribeOptions,
} from '../contracts/embedding.ts'
import type { Hooks } from '../contracts/hooks.ts'
import type { ListenerAddress } from '../contracts/listener.ts'
import type { Statistics } from '../contracts/statistics.ts'
import type { PartialSettings } from '../settings/settings.ts'

/** Of a stream handed to `handle`, or an HTTP server given to `attach`: what is known of its clients. */
export interface StreamTerms {
  /** Clients that give no user name may come in; false when left out, as on any listener that is not loopback. */
  readonly allowAnonymous?: boolean
  /** Stands for the listener in log lines and rights; `stream` when left out. */
  readonly name?: string
  /** Remote address, as far as the program knows it. */
  readonly address?: string
}

export interface AttachTerms extends StreamTerms {
  /** Only upgrades of this path are taken, the rest is left to others; any path when left out. */
  readonly path?: string
  /** Origins of browser pages that are let in; empty or left out lets any in. */
  readonly allowedOrigins?: readonly string[]
}

/** What is asked of a Node duplex stream; net.Socket and stream.Duplex are ones. Listeners are called on the stream. */
export interface DuplexLike {
  on(event: string, listener: (...values: never[]) => void): unknown
  write(bytes: Uint8Array, onWritten: (error?: Error | null) => void): unknown
  pause(): unknown
  resume(): unknown
  end(): unknown
  destroy(): unknown
}

/** What is asked of a Node HTTP or HTTPS server. */
export interface HttpServerLike {
  on(event: 'upgrade', listener: (...values: unknown[]) => void): unknown
  off(event: 'upgrade', listener: (...values: unknown[]) => void): unknown
}

/** What `inspect` finds. */
export interface BrokerView {
  readonly subscriptions: readonly {
    readonly clientId: string
    /** As the client wrote it, shared subscriptions with `$share/NAME/`. */
    readonly topicFilter: string
    readonly qos: 0 | 1 | 2
  }[]
  readonly retainedTopics: readonly string[]
}

/**
 * A broker: opened by `listen`, closed by `close`. It prints nothing, ends no process and installs no signal handlers.
 */
export interface Broker extends AsyncDisposable {
  readonly statistics: Statistics
  /** Where it can be reached, once `listen` has resolved. */
  readonly addresses: readonly ListenerAddress[]
  /** `http://127.0.0.1:9090`, where `http` is in the settings. */
  readonly httpUrl: string | undefined
  /** Whether clients can come in: false before `listen` has resolved and from `close` on. */
  readonly isReady: boolean
  /**
   * Brings back what a data directory holds. `listen` does it by itself; a program that uses the broker without
   * `listen` calls it first where state is kept in a directory. Rejects with an Error that says what to do when the
   * directory cannot be used. May be called more than once.
   */
  open(): Promise<void>
  /**
   * Opens all listeners of the settings, or none, after `open`. Called once. Rejects with Node's error, e.g. `EADDRINUSE` with
   * `address` and `port`.
   */
  listen(): Promise<readonly ListenerAddress[]>
  /** Takes a client on a stream of the program's own. Works without `listen`, after `open` where there is a directory. */
  handle(stream: DuplexLike, terms?: StreamTerms): void
  /** Takes clients by WebSocket on an HTTP server of the program's own. Returns how to stop that. */
  attach(server: HttpServerLike, terms?: AttachTerms): () => void
  /**
   * Publishes a message of the program's. Resolves once it is durable for all who are owed it. Rejects with RangeError
   * or TypeError for a message that cannot be one.
   */
  publish(message: OutboundMessage): Promise<void>
  /** Subscribes for the program itself: no rights are asked. Rejects with MqttError when the filter is refused. */
  subscribe(topicFilter: string, handler: MessageHandler, options?: SubscribeOptions): Promise<ProgramSubscription>
  /** A client without a socket; anonymous ones are let in. Rejects with MqttError when it is refused. */
  connect(options?: ConnectOptions): Promise<ProgramClient>
  /** Registers hooks behind those that are there. Returns how to take them away. */
  use(hooks: Hooks): () => void
  /** Resolves once all that happened so far is on disk, also what may wait for it; at once where nothing is kept. */
  flush(): Promise<void>
  /** Who subscribed to what, and where messages are retained. It is all gathered at once: not for every minute. */
  inspect(): BrokerView
  /** Answers of an authorizer or of hooks may be others now: all are asked again, standing subscriptions included. */
  rightsChanged(): void
  /**
   * Takes other settings, all of them: what is left out takes its default, listeners included. Whole or not at all: when it rejects (RangeError, SettingsError, or Node's error for a port
   * that is taken), everything is as it was. Resolves with what changed, a line each. What clients that are connected
   * were promised in CONNACK holds until they leave.
   */
  reload(settings: PartialSettings): Promise<readonly string[]>
  on<Name extends keyof BrokerEvents>(event: Name, listener: (...values: BrokerEvents[Name]) => void): this
  once<Name extends keyof BrokerEvents>(event: Name, listener: (...values: BrokerEvents[Name]) => void): this
  off<Name extends keyof BrokerEvents>(event: Name, listener: (...values: BrokerEvents[Name]) => void): this
  /**
   * Takes no more clients, publishes the wills that are due, sends DISCONNECT 0x8B to 5.0 clients, and resolves when
   * everything queued has left and every connection is closed; after `graceMs` connections are cut.
   */
  close(options?: { readonly graceMs?: number }): Promise<void>
}
