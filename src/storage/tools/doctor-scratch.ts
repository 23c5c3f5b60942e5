import { ClassicLevel } from 'classic-level'
import { access, constants, copyFile, mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { DataDirectoryError } from '../directory/directory-error.ts'
import { inUse } from '../directory/directory-lock.ts'
import { cutTables, type Dropped, droppedByRecovery, lacksLog } from '../directory/directory-mend.ts'
import { type DamagedTable, damagedTables, tableSentence, writeTable } from '../directory/level-tables.ts'
import { levelFault, levelMessage } from '../directory/level-error.ts'
import { LevelKeyValue } from '../directory/level-key-value.ts'
import { namesIn } from '../directory/set-aside.ts'

/** A database opened without a change to its directory. */
export interface Scratch {
  readonly keyValue: LevelKeyValue
  /** What was wrong with its files, a sentence each. */
  readonly faults: readonly string[]
  readonly close: () => Promise<void>
}

/**
 * LevelDB writes whenever it opens, so it is given a directory of its own:
 *
 *   000005.ldb -> db/000005.ldb    tables by symbolic links: they are read, and deleting deletes the link
 *   LOCK       -> db/LOCK          so that no broker starts meanwhile, and one that runs is noticed
 *   CURRENT MANIFEST-* *.log       copied
 */
export async function openScratch(directory: string): Promise<Scratch> {
  const db = resolve(directory, 'db')
  const names = await namesIn(db)
  if (names.length === 0) throw new DataDirectoryError('unusable', `${directory} is no data directory: it has no db`)
  const folder = await mkdtemp(join(tmpdir(), 'topiary-doctor-'))
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true })
  try {
    for (const name of names) await put(join(db, name), join(folder, name), name)
    const faults = await faultsOfFiles(db, names)
    const tables = await damagedTables(folder, true)
    await replaceInScratch(folder, tables)
    faults.push(...tables.map((table) => `${tableSentence(table)}: what they held is lost`))
    const keyValue = await openRepaired(folder, faults, tables.length > 0)
    return {
      keyValue,
      faults: [...faults, ...(await droppedByRecovery(folder)).map(droppedSentence)],
      close: async () => {
        await keyValue.close()
        await remove()
      },
    }
  } catch (error) {
    await remove()
    if (levelFault(error) === 'locked') throw await inUse(directory, error)
    throw error
  }
}

async function put(from: string, to: string, name: string): Promise<void> {
  if (/\.(ldb|sst)$/.test(name)) await symlink(from, to)
  // where nobody may write, no broker runs
  else if (name === 'LOCK')
    await access(from, constants.W_OK).then(
      () => symlink(from, to),
      () => {},
    )
  else if (/\.log$|^CURRENT$|^MANIFEST-\d+$/.test(name)) await copyFile(from, to).catch(() => {})
}

async function replaceInScratch(folder: string, tables: readonly DamagedTable[]): Promise<void> {
  for (const { name, check } of tables) {
    // the link, not what it stands for
    await rm(join(folder, name))
    if (check.mended !== undefined) await writeTable(join(folder, name), check.mended)
  }
}

async function faultsOfFiles(db: string, names: readonly string[]): Promise<string[]> {
  const faults: string[] = []
  if (!names.includes('CURRENT')) faults.push('CURRENT is missing: the database is repaired when a broker opens it')
  if (await lacksLog(db)) faults.push('the log of the database is missing: what was written last is lost, up to 16 MiB')
  return faults
}

/** Adds to `faults` what was wrong. */
async function openRepaired(folder: string, faults: string[], isReplaced: boolean): Promise<LevelKeyValue> {
  try {
    if (isReplaced || faults.some((fault) => fault.startsWith('CURRENT'))) await ClassicLevel.repair(folder)
    const before = await namesIn(folder)
    const keyValue = await LevelKeyValue.open(folder)
    const after = new Set(await namesIn(folder))
    const cut = await cutTables(
      folder,
      before.filter((name) => after.has(name)),
    )
    if (cut.length === 0) return keyValue
    await keyValue.close()
    faults.push(`${cut.join(', ')} cut off: what only it held is lost`)
  } catch (error) {
    if (levelFault(error) !== 'damage') throw error
    faults.push(
      `the database cannot be opened as it is (${levelMessage(error)}): it is repaired when a broker opens it`,
    )
  }
  try {
    await ClassicLevel.repair(folder)
    return await LevelKeyValue.open(folder)
  } catch (error) {
    if (levelFault(error) !== 'damage') throw error
    throw new DataDirectoryError(
      'unusable',
      `the database cannot be repaired (${levelMessage(error)}); restore a backup`,
    )
  }
}

function droppedSentence({ log, bytes, reason }: Dropped): string {
  return `${log}: ${bytes} bytes cannot be read (${reason}): the commits in them are lost`
}
