/** How a shared subscription chooses the member that gets a message. */
export type SharedStrategy = 'round-robin' | 'random' | 'sticky' | 'hash-topic'

/**
 * The members of one shared subscription: same ShareName, same filter. Section 4.8.2.
 * Generic in the member; whether one can take a message is asked at the moment of choice.
 */
export class SharedGroup<M> {
  readonly shareName: string
  readonly topicFilter: string
  readonly #members: M[] = []
  readonly #strategy: SharedStrategy
  readonly #random: () => number
  /** Where the next round begins; for `sticky` the member that has the group. */
  #cursor = 0

  /** `random` gives numbers in [0, 1). */
  constructor(shareName: string, topicFilter: string, strategy: SharedStrategy, random: () => number = Math.random) {
    this.shareName = shareName
    this.topicFilter = topicFilter
    this.#strategy = strategy
    this.#random = random
  }

  get members(): readonly M[] {
    return this.#members
  }

  join(member: M): void {
    this.#members.push(member)
  }

  leave(member: M): void {
    const index = this.#members.indexOf(member)
    if (index < 0) return
    this.#members.splice(index, 1)
    if (index < this.#cursor) this.#cursor--
  }

  /** The member for a message: the strategy names where to begin, and the first fit member from there on gets it. */
  choose(topicHash: number, isFit: (member: M) => boolean): M | undefined {
    const count = this.#members.length
    if (count === 0) return undefined
    const start = this.#start(topicHash, count)
    for (let step = 0; step < count; step++) {
      const index = (start + step) % count
      const member = this.#members[index] as M
      if (!isFit(member)) continue
      if (this.#strategy === 'round-robin') this.#cursor = (index + 1) % count
      else if (this.#strategy === 'sticky') this.#cursor = index
      return member
    }
    return undefined
  }

  #start(topicHash: number, count: number): number {
    switch (this.#strategy) {
      case 'round-robin':
      case 'sticky':
        return this.#cursor % count
      case 'random':
        return Math.floor(this.#random() * count)
      case 'hash-topic':
        return topicHash % count
    }
  }
}
