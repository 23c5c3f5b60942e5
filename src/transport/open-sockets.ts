/** How many sockets clients have open, in all and by address, over all listeners together. */
export class OpenSockets {
  readonly #limits: { readonly maximumConnections: number; readonly maximumConnectionsPerAddress: number }
  readonly #byAddress = new Map<string, number>()
  #count = 0

  /** Read anew for each socket; 0 = no limit. */
  constructor(limits: { readonly maximumConnections: number; readonly maximumConnectionsPerAddress: number }) {
    this.#limits = limits
  }

  /** Whether there is room for one more, whoever it is. */
  get hasRoom(): boolean {
    const { maximumConnections } = this.#limits
    return maximumConnections === 0 || this.#count < maximumConnections
  }

  opened(): void {
    this.#count++
  }

  /** `address` where it was admitted under one. */
  closed(address: string | undefined): void {
    this.#count--
    if (address !== undefined) this.left(address)
  }

  /** Counts one for its address, or says that this has enough already. Those of no address are not counted. */
  admit(address: string): boolean {
    const { maximumConnectionsPerAddress } = this.#limits
    if (address === '') return true
    const count = this.#byAddress.get(address) ?? 0
    if (maximumConnectionsPerAddress > 0 && count >= maximumConnectionsPerAddress) return false
    this.#byAddress.set(address, count + 1)
    return true
  }

  left(address: string): void {
    if (address === '') return
    const count = (this.#byAddress.get(address) ?? 1) - 1
    if (count === 0) this.#byAddress.delete(address)
    else this.#byAddress.set(address, count)
  }
}
