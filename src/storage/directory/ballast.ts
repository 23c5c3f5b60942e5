import { randomBytes } from 'node:crypto'
import { open, rename, rm, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'

export const ballastBytes = 16 << 20

const pieceBytes = 1 << 20

/**
 * A file that only takes up room: given back when the disk is full, so that LevelDB can write what it must in order to
 * open. Its bytes are random, since zeros take up no room where the file system compresses.
 */
export class Ballast {
  readonly #path: string

  constructor(directory: string) {
    this.#path = join(directory, 'ballast')
  }

  /** Whether there was any; what it took up is free now. */
  async release(): Promise<boolean> {
    const size = await this.#size()
    await rm(this.#path, { force: true })
    return size > 0
  }

  /** Lays it where there is none, if it leaves as much room again. Whether it lies there now. */
  async lay(): Promise<boolean> {
    if ((await this.#size()) === ballastBytes) return true
    const unfinished = `${this.#path}.unfinished`
    try {
      const { bavail, bsize } = await statfs(join(this.#path, '..'))
      if (bavail * bsize < 2 * ballastBytes) return false
      await fill(unfinished)
      await rename(unfinished, this.#path)
      return true
    } catch {
      // no room after all: it is a help in need and not a condition
      await rm(unfinished, { force: true }).catch(() => {})
      return false
    }
  }

  async #size(): Promise<number> {
    return stat(this.#path).then(
      ({ size }) => size,
      () => 0,
    )
  }
}

async function fill(path: string): Promise<void> {
  const piece = randomBytes(pieceBytes)
  const file = await open(path, 'w', 0o600)
  try {
    for (let at = 0; at < ballastBytes; at += pieceBytes) await file.write(piece, 0, pieceBytes, at)
    await file.sync()
  } finally {
    await file.close()
  }
}
