import type { Socket } from 'node:net'
import type { ByteStream, ByteStreamEvents, PeerInfo } from '../contracts/byte-stream.ts'

/** A client on a TCP socket (or anything that is one to Node, such as TLS). */
export class TcpStream implements ByteStream {
  readonly peer: PeerInfo
  readonly #socket: Socket

  constructor(socket: Socket, listener: string) {
    this.#socket = socket
    this.peer = {
      transport: 'tcp',
      address: socket.remoteAddress ?? '',
      port: socket.remotePort ?? 0,
      listener,
    }
  }

  open(events: ByteStreamEvents): void {
    let failure: Error | undefined
    this.#socket.on('data', (chunk) => events.onData(chunk))
    this.#socket.on('error', (error) => (failure = error))
    this.#socket.on('close', () => events.onClose(failure))
  }

  write(bytes: Uint8Array, onWritten: (error?: Error | null) => void): void {
    this.#socket.write(bytes, onWritten)
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  end(): void {
    this.#socket.end()
  }

  destroy(): void {
    this.#socket.destroy()
  }
}
