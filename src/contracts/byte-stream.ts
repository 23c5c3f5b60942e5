import type { DurabilityLevel } from './durability.ts'
import type { ListenerRules } from './listener.ts'

/** Where a connection came from, for limits, log lines and authentication. */
export interface PeerInfo {
  /** `stream` is one that the embedding program handed in. */
  readonly transport: 'tcp' | 'websocket' | 'unix' | 'stream' | 'in-process'
  readonly isEncrypted: boolean
  /** Remote address without port, as text; empty when the stream has none. Behind a proxy: the client's own. */
  readonly address: string
  readonly port: number
  /** Name of the listener that accepted it, e.g. `mqtt://127.0.0.1:1883`. */
  readonly listener: string
  /** Clients that say nothing of who they are may come in here. */
  readonly allowsAnonymous: boolean
  /** Who the verified client certificate says it is, where the listener takes its word for it. */
  readonly certificateUser: string | undefined
  /** What its listener says of how publishes are kept; undefined leaves it to the settings at large. */
  readonly durability?: DurabilityLevel | undefined
  /** What else it says; absent where it says nothing. */
  readonly rules?: ListenerRules | undefined
  /** The embedding program itself: it may do everything. */
  readonly isTrusted?: true
}

/** What a connection tells its stream's owner about: bytes in, and the end. */
export interface ByteStreamEvents {
  /** The bytes may be read until the call returns and while referenced; the stream never writes into them again. */
  onData(chunk: Uint8Array): void
  /** Called once, when no more bytes can arrive or leave. `error` when it broke. */
  onClose(error?: Error): void
}

/** An ordered, lossless stream of bytes to one client: TCP, TLS, WebSocket or in-process. */
export interface ByteStream {
  readonly peer: PeerInfo
  /** Starts delivery of events. Called once, before anything else. */
  open(events: ByteStreamEvents): void
  /**
   * Sends `bytes`; the caller leaves them untouched until `onWritten`, which comes exactly once, in a later
   * turn or this one, with an error when they were not sent.
   */
  write(bytes: Uint8Array, onWritten: (error?: Error | null) => void): void
  /** Stops and restarts reading, so that a paused client is held back by TCP itself. */
  pause(): void
  resume(): void
  /** Sends what was written, then closes. `code` is a WebSocket close code for transports that have one. */
  end(): void
  /** Closes at once; what was not sent is lost. */
  destroy(): void
}
