/** Counts values in fixed buckets: constant memory, and cheap enough to be always on. */
export class Histogram {
  /** Upper bounds, ascending; what is above the last goes into one more bucket. */
  readonly boundsSeconds: readonly number[]
  /** One per bound and one above, not cumulative. */
  readonly counts: number[]
  sumSeconds = 0

  constructor(boundsSeconds: readonly number[]) {
    this.boundsSeconds = boundsSeconds
    this.counts = Array.from({ length: boundsSeconds.length + 1 }, () => 0)
  }

  record(seconds: number): void {
    let bucket = 0
    while (bucket < this.boundsSeconds.length && seconds > (this.boundsSeconds[bucket] as number)) bucket++
    this.counts[bucket] = (this.counts[bucket] as number) + 1
    this.sumSeconds += seconds
  }
}
