import type { ByteStream, ByteStreamEvents, PeerInfo } from '../contracts/byte-stream.ts'

/** What the client's end of the stream is told. */
export interface ClientEnd {
  onData(bytes: Uint8Array): void
  /** Nothing more comes. */
  onClose(): void
}

/** Both ends of a stream within the process. Bytes cross in a later turn, so that neither side runs inside the other. */
export class InProcessStream implements ByteStream {
  readonly peer: PeerInfo
  readonly #client: ClientEnd
  #events: ByteStreamEvents | undefined
  #toBroker: Uint8Array[] = []
  #isScheduled = false
  #isPaused = false
  #isClosing = false
  #isClosed = false
  #failure: Error | undefined = undefined

  constructor(peer: PeerInfo, client: ClientEnd) {
    this.peer = peer
    this.#client = client
  }

  open(events: ByteStreamEvents): void {
    this.#events = events
  }

  /** The client sends. */
  send(bytes: Uint8Array): void {
    if (this.#isClosing) return
    this.#toBroker.push(bytes)
    this.#schedule()
  }

  write(bytes: Uint8Array, onWritten: (error?: Error | null) => void): void {
    if (this.#isClosing) {
      onWritten(new Error('the stream is closed'))
      return
    }
    try {
      this.#client.onData(bytes)
      onWritten()
    } catch (error) {
      // a fault of the client ends its connection, and nothing else
      this.#failure = error as Error
      onWritten(this.#failure)
      this.destroy()
    }
  }

  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    this.#isPaused = false
    this.#schedule()
  }

  end(): void {
    this.destroy()
  }

  /** Either end closes it; what has not crossed is lost. */
  destroy(): void {
    this.#isClosing = true
    this.#toBroker = []
    this.#schedule()
  }

  #schedule(): void {
    if (this.#isScheduled || this.#isClosed) return
    this.#isScheduled = true
    setImmediate(() => {
      this.#isScheduled = false
      this.#cross()
    })
  }

  #cross(): void {
    while (!this.#isPaused && !this.#isClosing && this.#toBroker.length > 0) {
      this.#events?.onData(this.#toBroker.shift() as Uint8Array)
    }
    if (!this.#isClosing || this.#isClosed) return
    this.#isClosed = true
    this.#events?.onClose(this.#failure)
    this.#client.onClose()
  }
}
