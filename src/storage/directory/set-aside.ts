import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * Damaged files, kept for whoever wants to look for more in them: `set-aside/NAME.TIME`, the time in UTC. The broker
 * never reads or deletes them.
 */
export class SetAside {
  readonly path: string
  readonly #wallMs: () => number

  constructor(directory: string, wallMs: () => number) {
    this.path = join(directory, 'set-aside')
    this.#wallMs = wallMs
  }

  /** Moves a file or directory there and returns its new path. */
  async take(directory: string, name: string): Promise<string> {
    await mkdir(this.path, { recursive: true, mode: 0o700 })
    const taken = new Set(await readdir(this.path))
    const time = new Date(this.#wallMs()).toISOString().replaceAll(/[-:]|\.\d+/g, '')
    let to = `${name}.${time}`
    // never over another one
    for (let count = 2; taken.has(to); count++) to = `${name}.${time}-${count}`
    await rename(join(directory, name), join(this.path, to))
    return join(this.path, to)
  }

  /** Moves all that lies in `directory`, which is then deleted. */
  async takeAll(directory: string): Promise<readonly string[]> {
    const taken: string[] = []
    for (const name of await namesIn(directory)) taken.push(await this.take(directory, name))
    await rm(directory, { recursive: true, force: true })
    return taken
  }
}

/** Empty for a directory that is not there. */
export async function namesIn(directory: string): Promise<string[]> {
  try {
    return (await readdir(directory)).toSorted()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}
