import type { Limits } from '../contracts/limits.ts'
import type { Connection } from './connection.ts'

/** Counts connections, in total and per address, and keeps the list of them. */
export class ConnectionGate {
  readonly #limits: Limits
  readonly #byAddress = new Map<string, number>()
  #onEmpty: (() => void) | undefined = undefined
  readonly connections = new Set<Connection>()
  /** Connections past CONNACK. */
  connectedClients = 0

  constructor(limits: Limits) {
    this.#limits = limits
  }

  /** Whether one more may come from this address. */
  admit(address: string): boolean {
    const { maximumConnections, maximumConnectionsPerAddress } = this.#limits
    if (maximumConnections > 0 && this.connections.size >= maximumConnections) return false
    if (address === '') return true // a Unix socket, or a stream of the embedding program's
    const fromAddress = this.#byAddress.get(address) ?? 0
    return maximumConnectionsPerAddress === 0 || fromAddress < maximumConnectionsPerAddress
  }

  entered(connection: Connection): void {
    this.connections.add(connection)
    const { address } = connection.peer
    this.#byAddress.set(address, (this.#byAddress.get(address) ?? 0) + 1)
  }

  /** Resolves when nobody is connected any more; after `graceMs` of real time the rest is cut. */
  emptied(graceMs: number): Promise<void> {
    if (this.connections.size === 0) return Promise.resolve()
    return new Promise((resolve) => {
      const cut = setTimeout(() => {
        for (const connection of this.connections) connection.destroy()
      }, graceMs)
      this.#onEmpty = () => {
        clearTimeout(cut)
        resolve()
      }
    })
  }

  left(connection: Connection): void {
    if (!this.connections.delete(connection)) return
    if (this.connections.size === 0) this.#onEmpty?.()
    const { address } = connection.peer
    const count = (this.#byAddress.get(address) ?? 1) - 1
    if (count === 0) this.#byAddress.delete(address)
    else this.#byAddress.set(address, count)
  }
}
