import type { Duplex } from 'node:stream'
import type { ByteStream, ByteStreamEvents, PeerInfo } from '../contracts/byte-stream.ts'

/** A client on a socket, encrypted or not, or on any other duplex stream of bytes. */
export class DuplexStream implements ByteStream {
  readonly peer: PeerInfo
  readonly #duplex: Duplex

  constructor(duplex: Duplex, peer: PeerInfo) {
    this.#duplex = duplex
    this.peer = peer
  }

  open(events: ByteStreamEvents): void {
    let failure: Error | undefined
    let isClosed = false
    const closed = (): void => {
      if (isClosed) return
      isClosed = true
      events.onClose(failure ?? this.#duplex.errored ?? undefined)
    }
    this.#duplex.on('data', (chunk: Buffer) => events.onData(chunk))
    this.#duplex.on('error', (error) => (failure = error))
    this.#duplex.on('end', () => this.#duplex.end())
    this.#duplex.on('close', closed)
    this.#duplex.resume() // who read from it before may have left it paused
    if (!this.#duplex.destroyed && !this.#duplex.readableEnded) return
    // over before it came here: its events may all have been
    this.#duplex.destroy()
    setImmediate(closed)
  }

  write(bytes: Uint8Array, onWritten: (error?: Error | null) => void): void {
    this.#duplex.write(bytes, onWritten)
  }

  pause(): void {
    this.#duplex.pause()
  }

  resume(): void {
    this.#duplex.resume()
  }

  end(): void {
    this.#duplex.end()
  }

  destroy(): void {
    this.#duplex.destroy()
  }
}
