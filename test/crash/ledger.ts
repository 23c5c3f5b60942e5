/** What must not be: acknowledged and gone, QoS 2 again, another retained value, ... */
export type Violation = 'lost' | 'twice' | 'retained' | 'session' | 'protocol' | 'broker'

const MOST_TOLD_OF_A_KIND = 5

/** What the load saw: how much, and everything that must not be. */
export class Ledger {
  acknowledgements = 0
  published = 0
  delivered = 0
  /** QoS 1 may come twice. */
  repeated = 0
  /** QoS 2 may be sent again, but should say so by DUP. */
  unmarked = 0
  /** A few sentences of each kind. */
  readonly told: string[] = []
  readonly counts = new Map<Violation, number>()

  violated(kind: Violation, sentence: string): void {
    const count = (this.counts.get(kind) ?? 0) + 1
    this.counts.set(kind, count)
    if (count <= MOST_TOLD_OF_A_KIND) this.told.push(`${kind}: ${sentence}`)
  }

  get isClean(): boolean {
    return this.counts.size === 0
  }
}

/** Seeded, so that a run can be repeated as far as the machine lets it. */
export class Dice {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** 0 to below `bound`. */
  below(bound: number): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((this.#state / 4_294_967_296) * bound)
  }

  of<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T
  }
}
