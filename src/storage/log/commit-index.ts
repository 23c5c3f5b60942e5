/** What is known in memory of a commit on disk. */
export interface IndexedCommit {
  readonly number: number
  readonly byteSize: number
  /** Of the messages that lie in it; first > last when there are none. */
  readonly firstSequence: number
  readonly lastSequence: number
}

/** The commits of the log, ascending; numbers may be missing where the log was damaged. Sequences ascend with them. */
export class CommitIndex {
  #commits: IndexedCommit[] = []
  /** Bytes of the whole log before each commit, those forgotten included. */
  #starts: number[] = []
  /** Those that messages lie in: most hold acknowledgements only. */
  #holders: IndexedCommit[] = []
  #head = 0
  #holdersHead = 0
  #end = 0
  #bytes = 0

  /** Bytes of the commits that are there. */
  get bytes(): number {
    return this.#bytes
  }

  get firstNumber(): number | undefined {
    return this.#commits[this.#head]?.number
  }

  push(commit: IndexedCommit): void {
    this.#commits.push(commit)
    if (hasMessages(commit)) this.#holders.push(commit)
    this.#starts.push(this.#end)
    this.#end += commit.byteSize
    this.#bytes += commit.byteSize
  }

  /** Bytes of the commits from `number` on. */
  bytesFrom(number: number): number {
    const at = this.#find((commit) => commit.number >= number)
    return at === this.#commits.length ? 0 : this.#end - (this.#starts[at] as number)
  }

  /** The commit that a message may lie in. */
  holding(sequence: number): IndexedCommit | undefined {
    let low = this.#holdersHead
    let high = this.#holders.length
    while (low < high) {
      const middle = (low + high) >> 1
      const commit = this.#holders[middle] as IndexedCommit
      if (sequence < commit.firstSequence) high = middle
      else if (sequence > commit.lastSequence) low = middle + 1
      else return commit
    }
    return undefined
  }

  /** Commits before `number`, oldest first: at most `most`, and no more after the one that reaches `byteSize`. */
  before(number: number, most: number, byteSize: number): readonly IndexedCommit[] {
    const found: IndexedCommit[] = []
    let bytes = 0
    for (let at = this.#head; at < this.#commits.length && found.length < most && bytes < byteSize; at++) {
      const commit = this.#commits[at] as IndexedCommit
      if (commit.number >= number) break
      found.push(commit)
      bytes += commit.byteSize
    }
    return found
  }

  /** They are not there any more. */
  forgetThrough(number: number): void {
    for (; this.#head < this.#commits.length; this.#head++) {
      const commit = this.#commits[this.#head] as IndexedCommit
      if (commit.number > number) break
      this.#bytes -= commit.byteSize
    }
    this.#forgetHolders(number)
    if (this.#head < 1024 || this.#head * 2 < this.#commits.length) return
    this.#commits = this.#commits.slice(this.#head)
    this.#starts = this.#starts.slice(this.#head)
    this.#head = 0
  }

  #forgetHolders(number: number): void {
    const holders = this.#holders
    while ((holders[this.#holdersHead]?.number ?? Infinity) <= number) this.#holdersHead++
    if (this.#holdersHead < 1024 || this.#holdersHead * 2 < holders.length) return
    this.#holders = holders.slice(this.#holdersHead)
    this.#holdersHead = 0
  }

  /** Index of the first commit for which `isReached` holds, which it does for all after it. */
  #find(isReached: (commit: IndexedCommit) => boolean): number {
    let low = this.#head
    let high = this.#commits.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (isReached(this.#commits[middle] as IndexedCommit)) high = middle
      else low = middle + 1
    }
    return low
  }
}

export function hasMessages(commit: IndexedCommit): boolean {
  return commit.firstSequence <= commit.lastSequence
}
