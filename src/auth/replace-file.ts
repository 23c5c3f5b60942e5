import { randomBytes } from 'node:crypto'
import { chmod, chown, open, realpath, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'

/**
 * Writes a file of secrets so that a reader finds the old text or the new one, whole, also after a crash. A new file
 * has mode 0600; one that was there keeps its owner and loses what its mode gave to others. A symbolic link stays,
 * the file behind it is replaced. Rejects with Node's error.
 */
export async function replaceFile(path: string, text: string): Promise<void> {
  const target = await realpath(path).catch(ifMissing(path))
  const before = await stat(target).catch(ifMissing(undefined))
  const temporary = `${target}.${randomBytes(6).toString('hex')}.tmp`
  try {
    await writeDurably(temporary, text)
    if (before !== undefined) await takeOver(temporary, before)
    await rename(temporary, target)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
  await syncDirectory(dirname(target))
}

async function writeDurably(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
}

async function takeOver(path: string, before: { uid: number; gid: number; mode: number }): Promise<void> {
  const { uid, gid } = await stat(path)
  if (uid !== before.uid || gid !== before.gid) await chown(path, before.uid, before.gid)
  await chmod(path, before.mode & 0o600)
}

/** The new name is durable once its directory is; Windows cannot open one. */
async function syncDirectory(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const directory = await open(path, 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}

function ifMissing<T>(value: T): (error: NodeJS.ErrnoException) => T {
  return (error) => {
    if (error.code === 'ENOENT') return value
    throw error
  }
}
