import { createServer } from 'node:http'
import type { Socket } from 'node:net'
import type { PeerInfo } from '../contracts/byte-stream.ts'
import type { AcceptStream } from '../contracts/listener.ts'
import { Listener, type ListenerTerms } from './listener.ts'
import { SocketServer } from './socket-server.ts'
import { type UpgradeTerms, WebSocketUpgrades } from './websocket-upgrades.ts'

export type WebSocketListenerTerms = ListenerTerms & UpgradeTerms

/** MQTT over WebSocket, on any path. */
export class WebSocketListener extends Listener {
  protected readonly sockets: SocketServer
  #upgrades: WebSocketUpgrades
  readonly #accept: AcceptStream
  /** Sockets that have not become a WebSocket yet, and when they are closed for it. */
  readonly #waiting = new Map<Socket, NodeJS.Timeout>()
  readonly #peers = new WeakMap<object, PeerInfo>()

  constructor(terms: WebSocketListenerTerms, accept: AcceptStream) {
    super(terms)
    this.#accept = accept
    this.#upgrades = new WebSocketUpgrades(terms, accept)
    const http = createServer((_request, response) => {
      response.writeHead(426, { Connection: 'close', Upgrade: 'websocket', 'Content-Type': 'text/plain' })
      response.end('This is an MQTT broker. Connect with a WebSocket and the subprotocol mqtt.\n')
    })
    http.on('upgrade', (request, socket, head) => {
      this.#noLongerWaits(request.socket)
      this.#upgrades.upgrade(request, socket, head, this.#peers.get(request.socket) as PeerInfo)
    })
    const turnAway = (socket: Socket, reason: string): void => {
      terms.onRefused({ address: this.#peers.get(socket)?.address, reason })
      // whoever speaks something else learns at least that this is HTTP
      socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n', () => socket.destroy())
    }
    http.on('clientError', (error, socket) => turnAway(socket as Socket, `HTTP: ${error.message}`))
    this.sockets = new SocketServer(terms, (socket, origin) => {
      this.#peers.set(socket, this.peer('websocket', origin))
      const noUpgrade = (): void => turnAway(socket, 'no WebSocket upgrade came in time')
      this.#waiting.set(socket, setTimeout(noUpgrade, terms.handshakeTimeoutMs()))
      socket.once('close', () => this.#noLongerWaits(socket))
      http.emit('connection', socket)
      socket.resume() // a PROXY header leaves it paused
    })
  }

  setUpgradeTerms(terms: UpgradeTerms): void {
    this.#upgrades = new WebSocketUpgrades(terms, this.#accept)
  }

  override close(): void {
    super.close()
    for (const socket of this.#waiting.keys()) socket.destroy()
  }

  protected urlScheme(isEncrypted: boolean): string {
    return isEncrypted ? 'wss' : 'ws'
  }

  #noLongerWaits(socket: Socket): void {
    clearTimeout(this.#waiting.get(socket))
    this.#waiting.delete(socket)
  }
}
