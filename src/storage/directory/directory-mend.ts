import { ClassicLevel } from 'classic-level'
import { open, readFile, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import type { ClosedLog } from './directory-version.ts'
import { namesIn, type SetAside } from './set-aside.ts'

const isTable = /\.(ldb|sst)$/
const isLog = /\.log$/

/** The last eight bytes of a LevelDB table. */
const tableMagic = Buffer.from('57fb808b247547db', 'hex')

/**
 * What can be seen of damage before LevelDB opens. Without CURRENT it would begin a new database and delete the files
 * of the old one. Undefined: nothing.
 */
export async function damageBeforeOpening(db: string): Promise<string | undefined> {
  const names = await namesIn(db)
  if (names.includes('CURRENT') || !names.some((name) => isTable.test(name) || isLog.test(name))) return undefined
  return 'the file CURRENT is missing'
}

/** The log that is written to, and its length; undefined where there is none. */
export async function lastLog(db: string): Promise<ClosedLog | undefined> {
  const log = (await namesIn(db)).findLast((name) => isLog.test(name))
  return log === undefined ? undefined : { log, bytes: (await stat(join(db, log))).size }
}

/** How much shorter a log is than it was. Nothing is known of it once the database was opened by something else. */
export async function bytesMissing(db: string, { log, bytes }: ClosedLog): Promise<number> {
  const last = await lastLog(db)
  if (last !== undefined && last.log > log) return 0
  const size = await stat(join(db, log)).then(
    (found) => found.size,
    () => 0,
  )
  return bytes - size
}

/** A database that was opened once has a log, if an empty one. */
export async function lacksLog(db: string): Promise<boolean> {
  const names = await namesIn(db)
  return names.some((name) => isTable.test(name)) && !names.some((name) => isLog.test(name))
}

/**
 * Tables of `names` that do not end as a table does. For after opening: what a crash left unfinished is deleted by
 * then, and what is still there is in use.
 */
export async function cutTables(db: string, names: readonly string[]): Promise<readonly string[]> {
  const cut: string[] = []
  for (const name of names) if (isTable.test(name) && (await isCut(join(db, name)))) cut.push(name)
  return cut
}

async function isCut(path: string): Promise<boolean> {
  try {
    const file = await open(path)
    try {
      const { size } = await file.stat()
      const end = Buffer.alloc(tableMagic.length)
      await file.read(end, 0, end.length, Math.max(0, size - end.length))
      return !end.equals(tableMagic)
    } finally {
      await file.close()
    }
  } catch {
    // gone: compacted since
    return false
  }
}

/** What LevelDB itself says it left out; it goes on without a word to us. */
export async function droppedByRecovery(db: string): Promise<readonly Dropped[]> {
  const text = await readFile(join(db, 'LOG'), 'utf8').catch(() => '')
  const lines = text.matchAll(/(?:(\d+)\.log|Log #(\d+)): dropping (\d+) bytes; (.+)$/gm)
  return [...lines].map(([, name, number, bytes, reason]) => ({
    log: `${String(name ?? number).padStart(6, '0')}.log`,
    bytes: Number(bytes),
    reason: String(reason),
  }))
}

export interface Dropped {
  readonly log: string
  readonly bytes: number
  readonly reason: string
}

/** LevelDB's repair turns each log into a table and says nothing when there is no room for it. */
export async function bytesShortForRepair(db: string): Promise<number> {
  let needed = 1 << 20
  for (const name of await namesIn(db)) if (isLog.test(name)) needed += (await stat(join(db, name))).size
  const { bavail, bsize } = await statfs(db)
  return Math.max(0, needed - bavail * bsize)
}

/** Repairs, and sets aside what repair did not take over as it was. Returns where. */
export async function repairDatabase(db: string, setAside: SetAside): Promise<readonly string[]> {
  const before = await setAside.takeAll(join(db, 'lost'))
  const names = await namesIn(db)
  const current = await readFile(join(db, 'CURRENT'), 'utf8').catch(() => '')
  const isSound = /^MANIFEST-\d+\n$/.test(current) && names.includes(current.trim())
  const damaged = isSound || !names.includes('CURRENT') ? [] : [await setAside.take(db, 'CURRENT')]
  await ClassicLevel.repair(db)
  await syncFiles(db)
  return [...before, ...damaged, ...(await setAside.takeAll(join(db, 'lost')))]
}

/** LevelDB's repair leaves what it wrote to the operating system, and deletes what it wrote it from. */
async function syncFiles(db: string): Promise<void> {
  for (const name of [...(await namesIn(db)).filter((one) => /\.ldb$|^MANIFEST|^CURRENT$/.test(one)), '.']) {
    const file = await open(join(db, name))
    await file.sync().finally(() => file.close())
  }
}
