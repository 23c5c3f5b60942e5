import { createServer, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { PeerInfo } from '../contracts/byte-stream.ts'
import type { AcceptStream } from '../contracts/listener.ts'
import { fileServer, type ServeFile } from './file-server.ts'
import { Listener, type ListenerTerms } from './listener.ts'
import { SocketServer } from './socket-server.ts'
import { type UpgradeTerms, WebSocketUpgrades } from './websocket-upgrades.ts'

export type WebSocketListenerTerms = ListenerTerms &
  UpgradeTerms & {
    /** Its files are served to whoever asks for them. */
    readonly httpDirectory: string | undefined
  }

/** How long a browser may take for a file. */
const FILE_TIMEOUT_MS = 60_000

/** MQTT over WebSocket, on any path; other requests get files, where a directory is named, or are told what this is. */
export class WebSocketListener extends Listener {
  protected readonly sockets: SocketServer
  #upgrades: WebSocketUpgrades
  readonly #accept: AcceptStream
  #files: ServeFile | undefined
  /** Sockets that have not become a WebSocket yet, and when they are closed for it. */
  readonly #waiting = new Map<Socket, NodeJS.Timeout>()
  readonly #peers = new WeakMap<object, PeerInfo>()

  constructor(terms: WebSocketListenerTerms, accept: AcceptStream) {
    super(terms)
    this.#accept = accept
    this.#upgrades = new WebSocketUpgrades(terms, accept)
    this.setHttpDirectory(terms.httpDirectory)
    const http = createServer((request, response) => {
      if (this.#files === undefined) {
        tellToUpgrade(response)
        return
      }
      this.#waitFor(request.socket, FILE_TIMEOUT_MS, () => request.socket.destroy())
      this.#files(request, response)
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
      this.#waitFor(socket, terms.handshakeTimeoutMs(), () => turnAway(socket, 'no WebSocket upgrade came in time'))
      socket.once('close', () => this.#noLongerWaits(socket))
      http.emit('connection', socket)
      socket.resume() // a PROXY header leaves it paused
    })
  }

  setUpgradeTerms(terms: UpgradeTerms): void {
    this.#upgrades = new WebSocketUpgrades(terms, this.#accept)
  }

  /** From the next request on. */
  setHttpDirectory(directory: string | undefined): void {
    this.#files = directory === undefined ? undefined : fileServer(directory)
  }

  override close(): void {
    super.close()
    for (const socket of this.#waiting.keys()) socket.destroy()
  }

  protected urlScheme(isEncrypted: boolean): string {
    return isEncrypted ? 'wss' : 'ws'
  }

  #waitFor(socket: Socket, timeoutMs: number, tooLate: () => void): void {
    clearTimeout(this.#waiting.get(socket))
    this.#waiting.set(socket, setTimeout(tooLate, timeoutMs))
  }

  #noLongerWaits(socket: Socket): void {
    clearTimeout(this.#waiting.get(socket))
    this.#waiting.delete(socket)
  }
}

function tellToUpgrade(response: ServerResponse): void {
  response.writeHead(426, { Connection: 'close', Upgrade: 'websocket', 'Content-Type': 'text/plain' })
  response.end('This is an MQTT broker. Connect with a WebSocket and the subprotocol mqtt.\n')
}
