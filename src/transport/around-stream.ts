import type { ByteStream, ByteStreamEvents, PeerInfo } from '../contracts/byte-stream.ts'

/** A stream around another one: what it does not change goes through as it is. */
export abstract class AroundStream implements ByteStream {
  protected readonly inner: ByteStream

  constructor(inner: ByteStream) {
    this.inner = inner
  }

  get peer(): PeerInfo {
    return this.inner.peer
  }

  abstract open(events: ByteStreamEvents): void

  write(bytes: Uint8Array, onWritten: (error?: Error | null) => void): void {
    this.inner.write(bytes, onWritten)
  }

  pause(): void {
    this.inner.pause()
  }

  resume(): void {
    this.inner.resume()
  }

  end(): void {
    this.inner.end()
  }

  destroy(): void {
    this.inner.destroy()
  }
}
