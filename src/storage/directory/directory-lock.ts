import { ClassicLevel } from 'classic-level'
import { mkdtemp, readFile, rm, stat, symlink } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { DataDirectoryError } from './directory-error.ts'
import { levelFault } from './level-error.ts'

/**
 * Takes LevelDB's lock of a database without opening it, so that it can be looked at or repaired while no broker can
 * start on it. LevelDB locks the file that LOCK stands for:
 *
 *   SCRATCH/lock-xxxxxx/LOCK -> directory/db/LOCK
 *
 * Resolves with the function that gives the lock back. Not for a process that has the database open: the lock is the
 * process's, and would be given back for both.
 */
export async function lockDatabase(directory: string, scratch: string): Promise<() => Promise<void>> {
  const lockFile = resolve(directory, 'db', 'LOCK')
  if (!(await exists(lockFile))) return async () => {}
  const folder = await mkdtemp(join(scratch, 'lock-'))
  const level = new ClassicLevel(folder)
  const giveBack = async (): Promise<void> => {
    await level.close()
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await symlink(lockFile, join(folder, 'LOCK'))
    await level.open()
  } catch (error) {
    await giveBack()
    if (levelFault(error) === 'locked') throw await inUse(directory, error)
    // no symbolic links here, or no right to write the lock: then nothing is held
  }
  return giveBack
}

export async function inUse(directory: string, cause: unknown): Promise<DataDirectoryError> {
  const holder = await lockHolder(join(directory, 'db', 'LOCK'))
  const who = holder === undefined ? 'another process' : `process ${holder}`
  const look = holder === undefined ? ` (on Linux: fuser ${join(directory, 'db', 'LOCK')})` : ''
  return new DataDirectoryError(
    'in-use',
    `${directory} is in use by ${who}${look}; stop that broker, or choose another directory with --data`,
    cause,
  )
}

/**
 * Linux lists locks with the inode of their file: `1: POSIX ADVISORY WRITE 4711 fd:01:1835027 0 EOF`. The file itself
 * is not opened: closing it would give back a lock of this process.
 */
async function lockHolder(path: string): Promise<number | undefined> {
  try {
    const { ino } = await stat(path)
    const line = (await readFile('/proc/locks', 'utf8')).split('\n').find((one) => one.includes(`:${ino} `))
    const process = Number(/WRITE +(\d+) /.exec(line ?? '')?.[1])
    return process > 0 ? process : undefined
  } catch {
    return undefined
  }
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
