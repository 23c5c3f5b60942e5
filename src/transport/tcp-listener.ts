import { createServer, type Server } from 'node:net'
import type { ByteStream } from '../contracts/byte-stream.ts'
import { type ListenerAddress, listenOn } from './listener.ts'
import { TcpStream } from './tcp-stream.ts'

/** MQTT over TCP. */
export class TcpListener {
  readonly #host: string
  readonly #port: number
  readonly #server: Server
  #name = ''

  constructor(host: string, port: number, accept: (stream: ByteStream) => void) {
    this.#host = host
    this.#port = port
    // acknowledgements are small and are wanted at once: no Nagle
    this.#server = createServer({ noDelay: true }, (socket) => accept(new TcpStream(socket, this.#name)))
  }

  /** Rejects with Node's error, e.g. code EADDRINUSE, with `address` and `port`. */
  async listen(): Promise<ListenerAddress> {
    const address = await listenOn(this.#server, 'tcp', this.#host, this.#port)
    this.#name = address.url
    return address
  }

  /** Takes no more clients; those connected stay. */
  close(): void {
    this.#server.close()
  }
}
