import type { WebSocket } from 'ws'
import type { ByteStream, ByteStreamEvents, PeerInfo } from '../contracts/byte-stream.ts'

/** A client on a WebSocket: binary frames are a stream of bytes, packets need not fit them. [MQTT5-6.0.0-2] */
export class WebSocketStream implements ByteStream {
  readonly peer: PeerInfo
  readonly #socket: WebSocket

  constructor(socket: WebSocket, peer: PeerInfo) {
    this.#socket = socket
    this.peer = peer
  }

  open(events: ByteStreamEvents): void {
    let failure: Error | undefined
    this.#socket.on('message', (data: Buffer, isBinary) => {
      if (this.#socket.readyState !== this.#socket.OPEN) return
      if (isBinary) events.onData(data)
      else this.#socket.close(1003, 'MQTT needs binary frames') // [MQTT5-6.0.0-1]
    })
    this.#socket.on('error', (error) => (failure = error))
    this.#socket.on('close', () => events.onClose(failure))
  }

  write(bytes: Uint8Array, onWritten: (error?: Error | null) => void): void {
    this.#socket.send(bytes, { binary: true }, onWritten)
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  end(): void {
    this.#socket.close(1000)
  }

  destroy(): void {
    this.#socket.terminate()
  }
}
