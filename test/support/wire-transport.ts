import { connect, type Socket } from 'node:net'
import { WebSocket } from 'ws'

/** The byte pipe below a test client. */
export interface WireTransport {
  write(bytes: Uint8Array): void
  /** Says goodbye as TCP or WebSocket do. */
  end(): void
  /** Cuts the connection: RST on TCP, no closing handshake on WebSocket. */
  abort(): void
  /** Stops and restarts reading. */
  pause(): void
  resume(): void
  /** Set for WebSocket, to send what is not a binary frame. */
  readonly webSocket: WebSocket | undefined
  readonly socket: Socket | undefined
}

export interface WireTransportEvents {
  onData(bytes: Uint8Array): void
  onClose(code: number | undefined): void
}

export function openTcp(port: number, events: WireTransportEvents): Promise<WireTransport> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true })
    socket.on('data', (chunk) => events.onData(chunk))
    socket.on('close', () => events.onClose(undefined))
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.off('error', reject)
      socket.on('error', () => undefined) // a reset is a way to close; the close event tells
      resolve({
        write: (bytes) => socket.write(bytes),
        end: () => socket.end(),
        abort: () => socket.resetAndDestroy(),
        pause: () => socket.pause(),
        resume: () => socket.resume(),
        webSocket: undefined,
        socket,
      })
    })
  })
}

export function openWebSocket(
  url: string,
  subprotocols: readonly string[],
  events: WireTransportEvents,
): Promise<WireTransport> {
  return new Promise((resolve, reject) => {
    const webSocket = new WebSocket(url, [...subprotocols], { perMessageDeflate: false })
    webSocket.on('message', (data, isBinary) => {
      if (!isBinary) throw new Error('the broker sent a text frame')
      events.onData(data as Buffer)
    })
    webSocket.on('close', (code) => events.onClose(code))
    webSocket.once('error', reject)
    webSocket.once('open', () => {
      webSocket.off('error', reject)
      webSocket.on('error', () => undefined)
      resolve({
        write: (bytes) => webSocket.send(bytes),
        end: () => webSocket.close(),
        abort: () => webSocket.terminate(),
        pause: () => webSocket.pause(),
        resume: () => webSocket.resume(),
        webSocket,
        socket: undefined,
      })
    })
  })
}
