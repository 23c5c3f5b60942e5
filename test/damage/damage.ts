import { readFile, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Random } from '../fuzz/mutate.ts'

/** Spoils one file of a data directory in one way, and says how. */
export async function spoil(directory: string, random: Random): Promise<string> {
  const db = join(directory, 'db')
  const names = (await readdir(db)).filter((name) => /\.(ldb|log)$|^CURRENT$|^MANIFEST/.test(name)).toSorted()
  const isVersion = random.next() < 0.03
  const name = isVersion ? 'VERSION' : random.of(names)
  const path = isVersion ? join(directory, name) : join(db, name)
  const { size } = await stat(path)
  const kind = random.next()
  if (kind < 0.04) {
    await rm(path)
    return `${name} removed`
  }
  if (kind < 0.3) {
    const length = random.below(size)
    await truncate(path, length)
    return `${name} cut from ${size} to ${length}`
  }
  return flip(path, name, random)
}

/** One bit, some bytes, or a block of zeros as a disk that lost it gives back. */
async function flip(path: string, name: string, random: Random): Promise<string> {
  const content = await readFile(path)
  const at = random.below(content.length)
  const kind = random.next()
  const length = kind < 0.4 ? 1 : kind < 0.8 ? 1 + random.below(64) : 4096
  for (let index = at; index < Math.min(content.length, at + length); index++) {
    const byte = content[index] as number
    content[index] = kind < 0.4 ? byte ^ (1 << random.below(8)) : kind < 0.8 ? random.below(256) : 0
  }
  await writeFile(path, content)
  return `${name} changed at ${at}, ${length} bytes of ${content.length}`
}
