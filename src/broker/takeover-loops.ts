import type { PeerInfo } from '../contracts/byte-stream.ts'
import type { Connection } from './connection.ts'
import type { BrokerCore } from './core.ts'

/** So many takeovers of one client identifier in this time are no client that came back: two clients have it. */
const TAKEOVERS = 5
const WINDOW_MS = 60_000
/** Client identifiers watched at once, and how much of each is remembered. */
const WATCHED = 4096
const LONGEST = 256

interface Watched {
  sinceMs: number
  takeovers: number
  /** It is said once in that time. */
  isTold: boolean
}

/** Notices clients that throw each other out for ever because they were given the same client identifier. */
export class TakeoverLoops {
  readonly #core: BrokerCore
  /** Those whose time began last are last. */
  readonly #watched = new Map<string, Watched>()

  constructor(core: BrokerCore) {
    this.#core = core
  }

  /** `by` has taken the session of `old`. */
  takenOver(old: Connection, by: Connection): void {
    const { clientId } = by
    const watched = this.#watch(clientId)
    if (++watched.takeovers < TAKEOVERS) return
    this.#core.counters.clientIdCollisions++
    if (watched.isTold) return
    watched.isTold = true
    const [one, other] = [placeOf(old.peer), placeOf(by.peer)]
    this.#core.log.warn(
      { clientId, addresses: [one, other] },
      `two clients use the client identifier ${clientId}: ${one} and ${other} throw each other out; give each its own`,
    )
  }

  #watch(clientId: string): Watched {
    const { nowMs } = this.#core.time
    const key = clientId.slice(0, LONGEST)
    const known = this.#watched.get(key)
    if (known !== undefined && nowMs - known.sinceMs < WINDOW_MS) return known
    this.#watched.delete(key)
    if (this.#watched.size >= WATCHED) this.#forgetOldest()
    const watched = { sinceMs: nowMs, takeovers: 0, isTold: false }
    this.#watched.set(key, watched)
    return watched
  }

  #forgetOldest(): void {
    const [oldest] = this.#watched.keys()
    if (oldest !== undefined) this.#watched.delete(oldest)
  }
}

function placeOf({ address, port, listener }: PeerInfo): string {
  if (address === '') return listener
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}
