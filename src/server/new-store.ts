import type { DurabilityTerms } from '../contracts/durability.ts'
import type { Clock } from '../contracts/clock.ts'
import type { Log } from '../contracts/log.ts'
import type { Store } from '../contracts/store.ts'
import { packageVersion } from '../settings/version.ts'
import type { DataDirectory } from '../storage/directory/data-directory.ts'
import { LevelStore } from '../storage/level-store.ts'
import { MemoryStore } from '../storage/memory-store.ts'

/** Where durable state goes: into `directory`, or nowhere. Touches nothing before it is opened. */
export function newStore(directory: string | undefined, log: Log, clock: Clock): Store {
  if (directory === undefined) return new MemoryStore()
  const wallMs = () => clock.wallMs()
  let found: DataDirectory | undefined
  return new LevelStore({
    log,
    wallMs,
    every: (intervalMs, task) => clock.every(intervalMs, task),
    filesSetAside: () => found?.filesSetAside ?? 0,
    open: async () => {
      found ??= await dataDirectory(directory, log, wallMs)
      return found.open()
    },
  })
}

/** The database comes with native code, which a broker in memory does without. */
async function dataDirectory(directory: string, log: Log, wallMs: () => number): Promise<DataDirectory> {
  const { openDataDirectory } = await import('../storage/directory/data-directory.ts')
  return openDataDirectory({ directory, log, wallMs, brokerVersion: packageVersion() })
}

/** Of a broker that has no store: there is nothing to wait for, whatever rules say. */
export const memoryOnly: DurabilityTerms = { level: 'memory', intervalMs: 1000, rules: [], strictest: 'memory' }
