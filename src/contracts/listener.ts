import type { ByteStream } from './byte-stream.ts'

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

/** Takes a new client's stream. */
export type AcceptStream = (stream: ByteStream) => void
