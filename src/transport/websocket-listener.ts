import { createServer, type IncomingMessage, type Server } from 'node:http'
import { WebSocketServer } from 'ws'
import type { ByteStream } from '../contracts/byte-stream.ts'
import { type ListenerAddress, listenOn } from './listener.ts'
import { WebSocketStream } from './websocket-stream.ts'

/** Subprotocols in order of preference: the name since 3.1.1, and the one older clients ask for. [MQTT5-6.0.0-4] */
const SUBPROTOCOLS = ['mqtt', 'mqttv3.1']

export interface WebSocketListenerOptions {
  readonly host: string
  readonly port: number
  /** Origins of browsers that are let in; empty for any. */
  readonly allowedOrigins: readonly string[]
  /** Larger frames close the connection before they are buffered whole. */
  readonly maximumFrameBytes: number
  /** Sockets that have not become a WebSocket by then are closed. */
  readonly handshakeTimeoutMs: number
  /** Sockets at once, whatever they are; 0 = no limit. */
  readonly maximumConnections: number
  /** Told of every upgrade that is turned down. */
  readonly onRefused: (details: object) => void
}

/** MQTT over WebSocket, on any path. */
export class WebSocketListener {
  readonly #options: WebSocketListenerOptions
  readonly #http: Server
  readonly #webSockets: WebSocketServer
  #name = ''

  constructor(options: WebSocketListenerOptions, accept: (stream: ByteStream) => void) {
    this.#options = options
    const { handshakeTimeoutMs, maximumConnections } = options
    const timeouts = {
      headersTimeout: handshakeTimeoutMs,
      requestTimeout: handshakeTimeoutMs,
      connectionsCheckingInterval: 1000,
    }
    this.#http = createServer({ ...timeouts, noDelay: true }, (_request, response) => {
      response.writeHead(426, { Connection: 'close', Upgrade: 'websocket', 'Content-Type': 'text/plain' })
      response.end('This is an MQTT broker. Connect with a WebSocket and the subprotocol mqtt.\n')
    })
    if (maximumConnections > 0) this.#http.maxConnections = maximumConnections
    this.#webSockets = new WebSocketServer({
      noServer: true,
      perMessageDeflate: false,
      maxPayload: options.maximumFrameBytes,
      handleProtocols: (offered) => SUBPROTOCOLS.find((name) => offered.has(name)) ?? false,
    })
    this.#http.on('upgrade', (request, socket, head) => {
      // Node's server has let go of this socket: without a listener a reset would end the process
      socket.on('error', () => socket.destroy())
      const refusal = this.#refusal(request)
      if (refusal !== undefined) {
        options.onRefused({ address: request.socket.remoteAddress, origin: request.headers.origin, ...refusal })
        const headers = `Connection: close\r\nContent-Type: text/plain\r\nContent-Length: ${refusal.reason.length}`
        const answer = `HTTP/1.1 ${refusal.status}\r\n${headers}\r\n\r\n${refusal.reason}`
        socket.end(answer, () => socket.destroy())
        return
      }
      this.#webSockets.handleUpgrade(request, socket, head, (webSocket) =>
        accept(new WebSocketStream(webSocket, request, this.#name)),
      )
    })
  }

  async listen(): Promise<ListenerAddress> {
    const address = await listenOn(this.#http, 'websocket', this.#options.host, this.#options.port)
    this.#name = address.url
    return address
  }

  /** Takes no more clients; those connected stay. */
  close(): void {
    this.#http.close()
    this.#http.closeIdleConnections()
  }

  #refusal(request: IncomingMessage): { readonly status: string; readonly reason: string } | undefined {
    const { origin } = request.headers
    const { allowedOrigins } = this.#options
    if (origin !== undefined && allowedOrigins.length > 0 && !allowedOrigins.includes(origin)) {
      return { status: '403 Forbidden', reason: 'Pages from this origin are not let in.\n' }
    }
    const header = request.headers['sec-websocket-protocol'] ?? ''
    const offered = new Set(header.split(',').map((name) => name.trim()))
    if (SUBPROTOCOLS.some((name) => offered.has(name))) return undefined
    return { status: '400 Bad Request', reason: 'MQTT needs the WebSocket subprotocol mqtt.\n' } // [MQTT5-6.0.0-3]
  }
}
