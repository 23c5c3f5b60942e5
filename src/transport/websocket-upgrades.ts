import { STATUS_CODES, type IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import type { PeerInfo } from '../contracts/byte-stream.ts'
import type { AcceptStream } from '../contracts/listener.ts'
import { WebSocketStream } from './websocket-stream.ts'

/** Subprotocols in order of preference: the name since 3.1.1, and the one older clients ask for. [MQTT5-6.0.0-4] */
const SUBPROTOCOLS = ['mqtt', 'mqttv3.1']

export interface UpgradeTerms {
  /** Origins of browsers that are let in; empty for any. */
  readonly allowedOrigins: readonly string[]
  /** Larger frames close the connection before they are buffered whole. */
  readonly maximumFrameBytes: number
  /** Told of every upgrade that is turned down. */
  readonly onRefused: (details: object) => void
}

/** Turns HTTP upgrade requests into streams of MQTT. */
export class WebSocketUpgrades {
  readonly #terms: UpgradeTerms
  readonly #accept: AcceptStream
  readonly #webSockets: WebSocketServer

  constructor(terms: UpgradeTerms, accept: AcceptStream) {
    this.#terms = terms
    this.#accept = accept
    this.#webSockets = new WebSocketServer({
      noServer: true,
      perMessageDeflate: false,
      maxPayload: terms.maximumFrameBytes,
      handleProtocols: (offered) => SUBPROTOCOLS.find((name) => offered.has(name)) ?? false,
    })
  }

  /** For the `upgrade` event of an HTTP server. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, peer: PeerInfo): void {
    // Node's server has let go of this socket: without a listener a reset would end the process
    socket.on('error', () => socket.destroy())
    const refusal = this.#refusal(request)
    if (refusal === undefined) {
      this.#webSockets.handleUpgrade(request, socket, head, (webSocket) =>
        this.#accept(new WebSocketStream(webSocket, peer)),
      )
      return
    }
    const { status, reason } = refusal
    this.#terms.onRefused({ address: peer.address, origin: request.headers.origin, status, reason: reason.trim() })
    const headers = `Connection: close\r\nContent-Type: text/plain\r\nContent-Length: ${reason.length}`
    socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${headers}\r\n\r\n${reason}`, () => socket.destroy())
  }

  #refusal(request: IncomingMessage): { readonly status: number; readonly reason: string } | undefined {
    const { origin } = request.headers
    const { allowedOrigins } = this.#terms
    if (origin !== undefined && allowedOrigins.length > 0 && !allowedOrigins.includes(origin)) {
      return { status: 403, reason: 'Pages from this origin are not let in.\n' }
    }
    const header = request.headers['sec-websocket-protocol'] ?? ''
    const offered = new Set(header.split(',').map((name) => name.trim()))
    if (SUBPROTOCOLS.some((name) => offered.has(name))) return undefined
    return { status: 400, reason: 'MQTT needs the WebSocket subprotocol mqtt.\n' } // [MQTT5-6.0.0-3]
  }
}
