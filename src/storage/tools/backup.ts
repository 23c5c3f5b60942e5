import { constants, copyFile, link, mkdir, mkdtemp, open, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { DataDirectoryError } from '../directory/directory-error.ts'
import { type ClosedLog, formatVersion, readVersion, writeVersion } from '../directory/directory-version.ts'
import { namesIn } from '../directory/set-aside.ts'
import { readableVersion } from './doctor.ts'

/** How often the database may change under a backup before it gives up. */
const maximumAttempts = 200

const isTable = /\.(ldb|sst)$/
const isDatabaseFile = /\.(ldb|sst|log)$|^CURRENT$|^MANIFEST-\d+$/

/**
 * Copies a data directory, also one that a broker uses. All that was acknowledged before this was called is in it.
 *
 * LevelDB never changes a table, appends to its log and its manifest, and deletes tables and logs only after the
 * manifest says that they are not needed. So: tables are held by hard links, logs and manifest are copied, and if
 * CURRENT and the manifest are the same before and after, what was copied belongs together; else it is done again, for
 * what is new. The log may end in the middle of a commit, as after a crash, and that commit is of after the call.
 */
export async function backUp(
  data: string,
  target: string,
  /** For tests: what happens to the database while it is copied. */
  meanwhile: () => Promise<void> = async () => {},
): Promise<void> {
  if ((await namesIn(target)).length > 0) {
    throw new DataDirectoryError('unusable', `${target} is not empty; name a directory that is new or empty`)
  }
  const db = join(data, 'db')
  if (!(await namesIn(db)).includes('CURRENT')) {
    throw new DataDirectoryError('unusable', `${data} is no data directory, or damaged; see topiary doctor ${data}`)
  }
  const staging = await mkdtemp(join(data, 'backup-'))
  try {
    await hold(db, staging, meanwhile)
    await mkdir(join(target, 'db'), { recursive: true, mode: 0o700 })
    for (const name of await namesIn(staging)) await copyDurably(join(staging, name), join(target, 'db', name))
    const version = await readVersion(data)
    // written last: without it a backup is not finished
    const known = typeof version === 'object' ? version : { format: formatVersion, writtenBy: 'unknown' }
    // the length of its log, so that one that was cut is noticed
    const closedWith = await lastLog(join(target, 'db'))
    await writeVersion(target, { ...known, filesSetAside: 0, unorderlyEnds: 0, closedWith })
    await syncDirectory(target)
  } finally {
    await rm(staging, { recursive: true, force: true })
  }
}

/** Puts a backup where a broker will look for its state. */
export async function restoreBackup(backup: string, data: string): Promise<void> {
  if ((await namesIn(data)).length > 0) {
    throw new DataDirectoryError(
      'unusable',
      `${data} is not empty; move it away, or name another directory with --data`,
    )
  }
  const version = await readVersion(backup)
  if (typeof version !== 'object') {
    throw new DataDirectoryError('unusable', `${backup} is no finished backup: it has no VERSION that can be read`)
  }
  await readableVersion(backup)
  await mkdir(join(data, 'db'), { recursive: true, mode: 0o700 })
  for (const name of await namesIn(join(backup, 'db'))) {
    if (isDatabaseFile.test(name)) await copyDurably(join(backup, 'db', name), join(data, 'db', name))
  }
  await syncDirectory(join(data, 'db'))
  await writeVersion(data, version)
  await syncDirectory(data)
}

async function lastLog(db: string): Promise<ClosedLog | undefined> {
  const log = (await namesIn(db))
    .filter((name) => name.endsWith('.log'))
    .toSorted()
    .at(-1)
  return log === undefined ? undefined : { log, bytes: (await stat(join(db, log))).size }
}

/** Fills `staging` with files of one moment. */
async function hold(db: string, staging: string, meanwhile: () => Promise<void>): Promise<void> {
  for (let attempt = 1; attempt <= maximumAttempts; attempt++) {
    try {
      const before = await picture(db)
      const names = (await namesIn(db)).filter((name) => isDatabaseFile.test(name))
      const held = new Set(await namesIn(staging))
      for (const name of names) {
        if (!isTable.test(name)) await copyFile(join(db, name), join(staging, name))
        else if (!held.has(name)) await linkOrCopy(join(db, name), join(staging, name))
      }
      await meanwhile()
      if ((await picture(db)) !== before) continue
      for (const name of held) if (!names.includes(name)) await rm(join(staging, name))
      return await syncDirectory(staging)
    } catch (error) {
      // a file went while we looked: it is not needed any more
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
  }
  throw new DataDirectoryError(
    'unusable',
    `the database changed faster than it could be copied, ${maximumAttempts} times; try again when there is less traffic`,
  )
}

/** Changes whenever a table or a log is no longer needed. */
async function picture(db: string): Promise<string> {
  const current = (await readFile(join(db, 'CURRENT'), 'utf8')).trim()
  const { size, mtimeMs, ino } = await stat(join(db, current))
  return `${current} ${ino} ${size} ${mtimeMs}`
}

async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    await link(from, to)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw error
    // no hard links on this file system
    await copyFile(from, to)
  }
}

/** Shares blocks where the file system can: a copy all the same. */
async function copyDurably(from: string, to: string): Promise<void> {
  await copyFile(from, to, constants.COPYFILE_FICLONE)
  const file = await open(to)
  await file.sync().finally(() => file.close())
}

async function syncDirectory(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const directory = await open(path)
  await directory.sync().finally(() => directory.close())
}
