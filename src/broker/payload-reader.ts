import type { Delivery } from '../session/delivery.ts'
import type { Connection } from './connection.ts'
import type { BrokerCore } from './core.ts'
import type { ClientSession } from './types.ts'

/** After a reading that failed. */
const RETRY_MS = 1000

/** Gets from the store the payloads of messages that are next to be sent, ahead of their turn. */
export class PayloadReader {
  readonly #core: BrokerCore
  /** One read at a time for each session. */
  readonly #reading = new Set<ClientSession>()

  constructor(core: BrokerCore) {
    this.#core = core
  }

  read(session: ClientSession, connection: Connection): void {
    if (this.#reading.has(session)) return
    const { journal, store } = this.#core
    const wanted = session.outbound.unloaded()
    const readable = wanted.filter(({ sequence }) => sequence < journal.durableSequence)
    if (readable.length === 0) {
      if (wanted.length === 0) return
      journal.flush() // they are on their way to the store
      journal.wait(connection)
      return
    }
    this.#reading.add(session)
    store.read(
      readable.map(({ sequence }) => sequence),
      (error, messages) => {
        this.#reading.delete(session)
        if (error !== undefined) {
          this.#tryAgain(session)
          return
        }
        readable.forEach((delivery, index) => this.#arrived(session, delivery, messages[index]?.message))
        const link = session.link
        link?.run(() => link.pump())
      },
    )
  }

  /** The store may have mended itself without anybody having heard of it. */
  #tryAgain(session: ClientSession): void {
    const { time } = this.#core
    const fire = (): void => session.link?.run(() => session.link?.pump())
    time.schedule({ dueMs: time.nowMs + RETRY_MS, fire })
  }

  #arrived(session: ClientSession, delivery: Delivery, message: Delivery['message']): void {
    if (message === undefined) session.outbound.lost(delivery)
    else delivery.message = message
  }
}
