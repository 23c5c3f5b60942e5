/** Kinds remembered; when there are more, all are forgotten and each may be said again. */
const REMEMBERED = 4096

interface Said {
  readonly atMs: number
  unsaid: number
}

/**
 * Decides whether a line that may come often is worth saying again: once per kind and interval. What was left out is
 * added up and told with the next one.
 */
export class RepeatedLines {
  readonly #intervalMs: number
  readonly #said = new Map<string, Said>()

  constructor(intervalMs: number) {
    this.#intervalMs = intervalMs
  }

  /**
   * How many of this kind went unsaid since the last one, or undefined when this one is not to be said either.
   * Kinds are kept: they should be short.
   */
  next(kind: string, nowMs: number): number | undefined {
    const said = this.#said.get(kind)
    if (said !== undefined && nowMs - said.atMs < this.#intervalMs) {
      said.unsaid++
      return undefined
    }
    if (this.#said.size >= REMEMBERED) this.#said.clear()
    this.#said.set(kind, { atMs: nowMs, unsaid: 0 })
    return said?.unsaid ?? 0
  }
}
