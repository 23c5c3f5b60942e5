import { CommitIndex } from './commit-index.ts'
import { DirtyEntities } from './dirty-entities.ts'
import { OwedCounts } from './owed-counts.ts'
import { newStoreSelf, type StoreSelf } from '../codecs/store-state.ts'

/** Messages that are to be given up a slice at a time. */
export interface Release {
  /** Sequences of messages, or numbers of blocks for a sweep. */
  readonly numbers: readonly number[]
  /** How many have been. */
  at: number
  /** Found on disk without anybody being owed anything of them; otherwise each is owed once less. */
  readonly isSweep: boolean
}

/** What the store knows in memory of what it has on disk. */
export class StoreLedger {
  /** By block. */
  readonly owed = new OwedCounts()
  readonly dirty = new DirtyEntities()
  readonly commits = new CommitIndex()
  /** Oldest first. */
  readonly releases: Release[] = []
  nextCommit = 1
  nextSequence = 1
  nextSession = 1
  lastKnownMs = 0
  keptFrom = 1
  replayFrom = 1
  damagedValues = 0
  missingCommits = 0
  counters: Readonly<Record<string, number>> = {}
  /** Messages may lie on disk that nobody is owed and that no release names. */
  isSweepDue = false
  /** What `meta|state` says is not what is known here. */
  isSelfChanged = true

  take(self: StoreSelf): void {
    this.nextCommit = self.lastCommit + 1
    this.nextSequence = self.nextSequence
    this.nextSession = self.nextSession
    this.lastKnownMs = self.lastKnownMs
    this.keptFrom = self.keptFrom
    this.replayFrom = self.replayFrom
    this.damagedValues = self.damagedValues
    this.counters = self.counters
    this.isSweepDue = self.needsSweep
  }

  /** As it is once commits up to `lastCommit` are on disk. */
  self(lastCommit: number, keptFrom: number, replayFrom: number): StoreSelf {
    return {
      ...newStoreSelf,
      keptFrom,
      replayFrom,
      lastCommit,
      nextSequence: this.nextSequence,
      nextSession: this.nextSession,
      lastKnownMs: this.lastKnownMs,
      needsSweep: this.needsSweep,
      damagedValues: this.damagedValues,
      counters: this.counters,
    }
  }

  /** A start from here on would find messages that nobody is owed. */
  get needsSweep(): boolean {
    return this.isSweepDue || this.releases.length > 0
  }

  sequenceUsed(sequence: number): void {
    if (sequence >= this.nextSequence) this.nextSequence = sequence + 1
  }

  sessionUsed(session: number): void {
    if (session >= this.nextSession) this.nextSession = session + 1
  }
}
