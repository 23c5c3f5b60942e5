/** Client identifiers in one generation of those remembered. */
const GENERATION_CLIENTS = 100_000

/**
 * Under whose rules each client came in last, for the time it is away. Remembered in two generations: when the young
 * one is full it becomes the old one, and who comes again moves over.
 */
export class Whereabouts {
  readonly #most: number
  #young = new Map<string, string>()
  #old = new Map<string, string>()

  constructor(most: number = GENERATION_CLIENTS) {
    this.#most = most
  }

  of(clientId: string): string | undefined {
    return this.#young.get(clientId) ?? this.#old.get(clientId)
  }

  remember(clientId: string, access: string): void {
    if (this.#young.size >= this.#most && !this.#young.has(clientId)) {
      this.#old = this.#young
      this.#young = new Map()
    }
    this.#young.set(clientId, access)
  }
}
