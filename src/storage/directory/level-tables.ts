import { open, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { checkTable, type TableCheck } from './level-table.ts'
import { namesIn, type SetAside } from './set-aside.ts'

/** Tables are gone through whole when they come to no more than this: about a second of a core. */
const wholeBytes = 256 << 20

export interface DamagedTable {
  readonly name: string
  readonly check: TableCheck
}

/**
 * Tables that LevelDB must not see: it looks at no checksum of theirs, and ends the process when what it reads makes no
 * sense. `isThorough`: all blocks of all tables, however many there are. Tables without an end are LevelDB's own to judge.
 */
export async function damagedTables(db: string, isThorough: boolean): Promise<readonly DamagedTable[]> {
  const names = (await namesIn(db)).filter((name) => /\.(ldb|sst)$/.test(name))
  let total = 0
  for (const name of names) total += (await stat(join(db, name))).size
  const damaged: DamagedTable[] = []
  for (const name of names) {
    const check = await checkTable(join(db, name), isThorough || total <= wholeBytes)
    if (check.verdict === 'unreadable' || check.verdict === 'damaged') damaged.push({ name, check })
  }
  return damaged
}

/** Puts what is sound of them in their places; LevelDB's repair must follow, since they have another length. */
export async function replaceTables(
  db: string,
  tables: readonly DamagedTable[],
  setAside: SetAside,
): Promise<readonly string[]> {
  const taken: string[] = []
  for (const { name, check } of tables) {
    taken.push(await setAside.take(db, name))
    if (check.mended !== undefined) await writeTable(join(db, name), check.mended)
  }
  return taken
}

export async function writeTable(path: string, bytes: Buffer): Promise<void> {
  const file = await open(path, 'w', 0o600)
  try {
    await file.writeFile(bytes)
    await file.sync()
  } finally {
    await file.close()
  }
}

export function tableSentence({ name, check: { verdict, damagedBlocks } }: DamagedTable): string {
  if (verdict === 'unreadable') return `the index of ${name} is damaged`
  return damagedBlocks === 0 ? `the filter of ${name} is damaged` : `${damagedBlocks} blocks of ${name} are damaged`
}
