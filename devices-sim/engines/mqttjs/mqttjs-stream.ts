import { Duplex } from 'node:stream'
import type { StreamOpener } from '../light/client-stream.ts'

type Done = (error?: Error | null) => void

/** Bytes waiting for the socket above which `write` says that it takes no more. */
export const MUCH_BYTES = 256 * 1024

/** What MQTT.js takes for its socket: one of our streams, which can be held back and silenced from outside. */
export class MqttjsStream extends Duplex {
  /** Why it is over, once it is. */
  closeReason = ''
  readonly #stream: ReturnType<StreamOpener>
  #isOpen = false
  #isClosed = false
  #isMuted = false
  /** Neither read nor written any more. */
  #isFrozen = false
  #isHeld = false
  #onOpen: (() => void) | undefined
  #onClosed: (() => void) | undefined

  constructor(open: StreamOpener, localAddress: string | undefined) {
    super({ writableHighWaterMark: MUCH_BYTES })
    this.#stream = open(
      {
        onOpen: () => {
          this.#isOpen = true
          this.#onOpen?.()
        },
        onData: (chunk) => this.#take(chunk),
        onClose: (reason) => {
          this.closeReason = reason
          this.#isClosed = true
          if (this.destroyed) this.#onClosed?.()
          else this.destroy()
        },
      },
      localAddress,
    )
  }

  /** Nothing that is written from now on is sent. */
  mute(): void {
    this.#isMuted = true
  }

  freeze(): void {
    this.#isMuted = true
    this.#isFrozen = true
    this.#stream.pause()
  }

  /** Stops reading the socket. */
  hold(): void {
    this.#isHeld = true
    this.#stream.pause()
  }

  release(): void {
    this.#isHeld = false
    if (!this.#isFrozen) this.#stream.resume()
  }

  override write(chunk: unknown, ...rest: unknown[]): boolean {
    return this.#isMuted || super.write(chunk, ...(rest as []))
  }

  override _read(): void {
    if (!this.#isHeld && !this.#isFrozen && this.#isOpen) this.#stream.resume()
  }

  override _write(bytes: Buffer, _encoding: BufferEncoding, done: Done): void {
    this.#send(bytes, done)
  }

  /** MQTT.js writes a packet in pieces, corked until the end of the tick. */
  override _writev(pieces: { chunk: Buffer }[], done: Done): void {
    this.#send(Buffer.concat(pieces.map(({ chunk }) => chunk)), done)
  }

  override _final(done: Done): void {
    if (!this.#isFrozen) this.#stream.end()
    done()
  }

  override _destroy(error: Error | null, done: Done): void {
    if (this.#isClosed) return done(error)
    this.#onClosed = () => done(error)
    this.#stream.destroy()
  }

  #take(chunk: Uint8Array): void {
    if (this.#isFrozen || this.destroyed) return
    // a copy: the buffer that it lies in is read into again
    if (!this.push(Buffer.from(chunk))) this.#stream.pause()
  }

  #send(bytes: Uint8Array, done: Done): void {
    if (this.#isFrozen) return
    // after an error its close follows, which says more
    const send = (): void => this.#stream.write(bytes, (error) => void (error || done()))
    if (this.#isOpen) send()
    else this.#onOpen = send
  }
}
