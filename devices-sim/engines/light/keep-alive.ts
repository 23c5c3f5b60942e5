import type { Timer, TimingWheel } from '../../../src/structures/timing-wheel.ts'

/** How long a broker may take to answer CONNECT. */
const CONNECT_TIMEOUT_MS = 30_000
/** How long it may leave the connection open after DISCONNECT. */
export const LEAVE_TIMEOUT_MS = 5000

interface KeepAliveActions {
  ping(): void
  /** The broker did not answer in time. */
  silent(reason: string): void
}

/** Pings when nothing else was sent, and notices a broker that does not answer. */
export class KeepAlive implements Timer {
  dueMs: number
  readonly #wheel: TimingWheel
  readonly #actions: KeepAliveActions
  #intervalMs: number
  #isStarted = false
  #isAwaited = false
  #isForgiven = false
  #isLeaving = false
  #hasSent = false

  /** Waits for CONNACK first. */
  constructor(wheel: TimingWheel, intervalMs: number, actions: KeepAliveActions) {
    this.#wheel = wheel
    this.#intervalMs = intervalMs
    this.#actions = actions
    this.dueMs = performance.now() + CONNECT_TIMEOUT_MS
    wheel.add(this)
  }

  /** CONNACK came, perhaps with a keep alive of the broker's own, in seconds. */
  start(serverKeepAlive: number | undefined): void {
    if (serverKeepAlive !== undefined) this.#intervalMs = serverKeepAlive * 1000
    this.#isStarted = true
    this.#wheel.remove(this)
    if (this.#intervalMs > 0) this.#wait(performance.now())
  }

  stop(): void {
    this.#wheel.remove(this)
    this.#intervalMs = 0
  }

  /** DISCONNECT is sent: no pings any more, and not much patience. */
  leave(): void {
    this.stop()
    this.#isLeaving = true
    this.dueMs = performance.now() + LEAVE_TIMEOUT_MS
    this.#wheel.add(this)
  }

  /** Hot path: something was sent. */
  sent(): void {
    this.#hasSent = true
  }

  answered(): void {
    this.#isAwaited = false
  }

  /** We do not read, so no answer can be seen until we do. */
  forgive(): void {
    this.#isForgiven = true
  }

  /** We read again. */
  blame(): void {
    this.#isAwaited = false
    this.#isForgiven = false
  }

  fire(nowMs: number): void {
    if (this.#isLeaving) return this.#actions.silent('disconnected')
    if (!this.#isStarted) return this.#actions.silent('no answer to CONNECT in 30 seconds')
    if (this.#isAwaited && !this.#isForgiven) return this.#actions.silent('no answer to PINGREQ')
    if (this.#hasSent) this.#hasSent = false
    else {
      this.#isAwaited = true
      this.#actions.ping()
    }
    this.#wait(nowMs)
  }

  /** Half the interval: what was sent just after the last look must not make the silence longer than allowed. */
  #wait(nowMs: number): void {
    this.dueMs = nowMs + this.#intervalMs / 2
    this.#wheel.add(this)
  }
}
