/** What a restart replays of one queue, gathered so that the queue is gone through once. */
export class RestoredQueue {
  /** Positions whose message nobody is owed any more. */
  readonly ended = new Set<number>()
  readonly #released: Set<number>

  /** `released`: positions that waited for PUBCOMP when the snapshot was made. */
  constructor(released: readonly number[] = []) {
    this.#released = new Set(released)
  }

  /** `isGone`: it was the first of the queue, and has left it. */
  delivered(position: number, isGone: boolean): void {
    this.#released.delete(position)
    if (!isGone) this.ended.add(position)
  }

  released(position: number): void {
    this.#released.add(position)
    this.ended.add(position)
  }

  /** Positions that wait for PUBCOMP, ascending. */
  waiting(): readonly number[] {
    return [...this.#released].toSorted((one, other) => one - other)
  }
}
