import { LevelStore, type LevelStoreOptions } from '../../src/storage/level-store.ts'
import type { MemoryDisk } from './memory-key-value.ts'

export interface LevelStoreScene {
  readonly store: LevelStore
  /** Messages logged, with their level in front. */
  readonly logged: string[]
  /** Runs what is due every second. */
  readonly tick: () => void
  readonly timers: () => number
}

/** A LevelStore on a disk in memory, its time and its log in the hands of a test. */
export function levelStoreOn(
  disk: Pick<MemoryDisk, 'open'>,
  options: Partial<LevelStoreOptions> = {},
): LevelStoreScene {
  const logged: string[] = []
  const tasks = new Set<() => void>()
  const write = (level: string) => (fields: object, message: string) =>
    void logged.push(`${level} ${message} ${JSON.stringify(fields)}`)
  const store = new LevelStore({
    log: { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') },
    wallMs: () => 1000,
    every: (_ms, task) => {
      tasks.add(task)
      return () => void tasks.delete(task)
    },
    open: disk.open,
    ...options,
  })
  return { store, logged, tick: () => [...tasks].forEach((task) => task()), timers: () => tasks.size }
}

/** Limits that make everything happen in a few records. */
export const tinyLimits = { commitBytes: 200, commitRecords: 5, logBytes: 600, snapshotBytes: 100, releaseSlice: 3 }
