import { SequenceSet } from './sequence-set.ts'

export type Arrival = 'first' | 'late' | 'duplicate'

/** What one subscriber got of one stream of one device: all up to `highest` but what is missing. */
export class Arrivals {
  highest = 0
  received = 0
  duplicates = 0
  duplicatesWithDup = 0
  reordered = 0
  /** Sequence numbers that came again. */
  repeated: SequenceSet | undefined
  /** Sequence numbers that came after a higher one. */
  late: SequenceSet | undefined
  missing: SequenceSet | undefined
  /** Not promised: they were due while the subscriber was away without a session. */
  missedAway: SequenceSet | undefined
  /** The subscriber's connection in which the last one arrived. */
  connection: number

  constructor(connection: number) {
    this.connection = connection
  }

  /**
   * Books an arrival. `isPromisedAway`: what was sent while the subscriber was away counts as promised. Returns whether
   * it came for the first time.
   */
  arrive(sequence: number, dup: boolean, connection: number, isPromisedAway: boolean): Arrival {
    if (sequence > this.highest) {
      if (sequence > this.highest + 1) this.#leaveOut(this.highest + 1, sequence - 1, connection, isPromisedAway)
      this.highest = sequence
      this.connection = connection
      this.received++
      return 'first'
    }
    if (this.missing?.delete(sequence) || this.missedAway?.delete(sequence)) {
      this.received++
      this.reordered++
      this.late ??= new SequenceSet()
      this.late.add(sequence)
      return 'late'
    }
    this.duplicates++
    if (dup) this.duplicatesWithDup++
    this.repeated ??= new SequenceSet()
    this.repeated.add(sequence)
    return 'duplicate'
  }

  #leaveOut(first: number, last: number, connection: number, isPromisedAway: boolean): void {
    const wasAway = connection !== this.connection
    if (wasAway && !isPromisedAway) (this.missedAway ??= new SequenceSet()).addRange(first, last)
    else (this.missing ??= new SequenceSet()).addRange(first, last)
  }
}
