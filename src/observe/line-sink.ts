import { close, write } from 'node:fs'

/** A pipe that is full is tried again after this long. */
const RETRY_MS = 50

export interface LineSinkOptions {
  /** Bytes of lines that may wait for a slow reader; later lines are dropped rather than kept. */
  readonly maximumWaitingBytes: number
}

/**
 * Lines to a file descriptor, in order and off the loop. Nobody waits for them, and nothing ends for them: what cannot
 * be written, because the disk is full or nobody reads, is dropped, and the next line is tried again.
 */
export class LineSink {
  readonly #fd: number
  readonly #maximumWaitingBytes: number
  #waiting = ''
  #isWriting = false
  #isEnding = false
  #ended: (() => void) | undefined
  /** Lines that were dropped so far. */
  dropped = 0

  constructor(fd: number, { maximumWaitingBytes }: LineSinkOptions) {
    this.#fd = fd
    this.#maximumWaitingBytes = maximumWaitingBytes
  }

  /** With its line end. */
  write(line: string): void {
    if (this.#isEnding || this.#waiting.length + line.length > this.#maximumWaitingBytes) {
      this.dropped++
      return
    }
    this.#waiting += line
    if (!this.#isWriting) this.#writeOn()
  }

  /** Resolves once what was written has left, or could not in this time. Closes the descriptor unless it is a standard one. */
  async end(withinMs: number): Promise<void> {
    this.#isEnding = true
    if (this.#isWriting) await new Promise<void>((resolve) => this.#endWithin(withinMs, resolve))
    // what is being written still has it
    if (!this.#isWriting && this.#fd > 2) close(this.#fd, () => {})
  }

  #endWithin(withinMs: number, resolve: () => void): void {
    const timer = setTimeout(resolve, withinMs)
    this.#ended = () => {
      clearTimeout(timer)
      resolve()
    }
  }

  #writeOn(): void {
    if (this.#waiting === '') {
      this.#isWriting = false
      this.#ended?.()
      return
    }
    this.#isWriting = true
    const bytes = Buffer.from(this.#waiting)
    this.#waiting = ''
    this.#writeFrom(bytes, 0)
  }

  #writeFrom(bytes: Buffer, start: number): void {
    write(this.#fd, bytes, start, bytes.length - start, null, (error, written) => {
      if (error?.code === 'EAGAIN') {
        setTimeout(() => this.#writeFrom(bytes, start), RETRY_MS).unref()
        return
      }
      if (error !== null && error !== undefined) this.dropped += linesIn(bytes, start)
      else if (start + written < bytes.length) {
        this.#writeFrom(bytes, start + written)
        return
      }
      this.#writeOn()
    })
  }
}

function linesIn(bytes: Buffer, start: number): number {
  let count = 0
  for (let at = bytes.indexOf(10, start); at >= 0; at = bytes.indexOf(10, at + 1)) count++
  return count
}
