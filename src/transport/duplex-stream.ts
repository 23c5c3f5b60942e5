import type { Duplex } from 'node:stream'
import type { ByteStream, ByteStreamEvents, PeerInfo } from '../contracts/byte-stream.ts'

/** Where a duplex finds the stream that has it: its listeners are the same functions for all, or each would have its own. */
const owner = Symbol('owner')

interface Owned extends Duplex {
  [owner]?: DuplexStream
}

/** A client on a socket, encrypted or not, or on any other duplex stream of bytes. */
export class DuplexStream implements ByteStream {
  readonly peer: PeerInfo
  readonly #duplex: Owned
  #events: ByteStreamEvents | undefined
  #failure: Error | undefined

  constructor(duplex: Duplex, peer: PeerInfo) {
    this.#duplex = duplex
    this.peer = peer
  }

  open(events: ByteStreamEvents): void {
    const duplex = this.#duplex
    this.#events = events
    duplex[owner] = this
    duplex.on('data', onData)
    duplex.on('error', onError)
    duplex.on('close', onClose)
    if (duplex.allowHalfOpen !== false) duplex.on('end', onEnd) // others end by themselves
    duplex.resume() // who read from it before may have left it paused
    if (!duplex.destroyed && !duplex.readableEnded) return
    // over before it came here: its events may all have been
    duplex.destroy()
    setImmediate(() => this.closed())
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

  received(chunk: Uint8Array): void {
    this.#events?.onData(chunk)
  }

  failed(error: Error): void {
    this.#failure = error
  }

  closed(): void {
    const events = this.#events
    this.#events = undefined
    events?.onClose(this.#failure ?? this.#duplex.errored ?? undefined)
  }
}

function onData(this: Owned, chunk: Buffer): void {
  this[owner]?.received(chunk)
}

function onError(this: Owned, error: Error): void {
  this[owner]?.failed(error)
}

function onEnd(this: Owned): void {
  this.end()
}

function onClose(this: Owned): void {
  this[owner]?.closed()
}
