import { chmod, link, mkdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Log } from '../../contracts/log.ts'
import { Ballast } from './ballast.ts'
import { DataDirectoryError } from './directory-error.ts'
import { explained } from './directory-explained.ts'
import { lockDatabase } from './directory-lock.ts'
import {
  bytesMissing,
  bytesShortForRepair,
  cutTables,
  damageBeforeOpening,
  droppedByRecovery,
  lacksLog,
  lastLog,
  repairDatabase,
} from './directory-mend.ts'
import { type DamagedTable, damagedTables, replaceTables, tableSentence } from './level-tables.ts'
import { type ClosedLog, formatVersion, readVersion, writeVersion } from './directory-version.ts'
import type { KeyValue } from '../key-value.ts'
import { levelFault, levelMessage } from './level-error.ts'
import { LevelKeyValue } from './level-key-value.ts'
import { namesIn, SetAside } from './set-aside.ts'

export interface DataDirectoryOptions {
  readonly directory: string
  readonly log: Log
  readonly wallMs: () => number
  /** Stands in VERSION, for who finds the directory with an older broker. */
  readonly brokerVersion?: string | undefined
  /** For tests: disks that are full. */
  readonly openDatabase?: typeof LevelKeyValue.open
}

/** Touches nothing yet; `open` does. */
export function openDataDirectory(options: DataDirectoryOptions): DataDirectory {
  return new DataDirectory(options)
}

/** Files that a killed backup held are let go after a day. */
const abandonedMs = 86_400_000

type Remedy = 'ballast' | 'repair' | 'begin anew'

/**
 * Where a broker keeps its state: made, opened, and mended when it is damaged.
 *
 *   DIR/VERSION     what this is, and the version of its format
 *   DIR/db/         the LevelDB
 *   DIR/ballast     room to give back when the disk is full
 *   DIR/set-aside/  damaged files, NAME.TIME
 *
 * A start with less than was there is never silent, and one that is refused says what to do.
 */
export class DataDirectory {
  readonly directory: string
  readonly #options: DataDirectoryOptions
  readonly #db: string
  readonly #ballast: Ballast
  readonly #setAside: SetAside
  readonly #findings: string[] = []
  #filesSetAside = 0
  #isKnown = false
  #closedWith: ClosedLog | undefined = undefined
  #unorderlyEnds = 0
  /** Tables are looked at before the first opening, and when one has turned out to be damaged. */
  #isChecked = false
  /** A file turned out to be damaged while it was in use: nothing is written any more until it is mended. */
  #suspicion: string | undefined

  constructor(options: DataDirectoryOptions) {
    this.#options = options
    this.directory = options.directory
    this.#db = join(options.directory, 'db')
    this.#ballast = new Ballast(options.directory)
    this.#setAside = new SetAside(options.directory, options.wallMs)
  }

  /** What was found damaged and what was done, a sentence each; it has been logged. */
  get findings(): readonly string[] {
    return this.#findings
  }

  /** Since the directory was made. */
  get filesSetAside(): number {
    return this.#filesSetAside
  }

  /** For each opening of the store, the handle before it being closed. Rejects with a DataDirectoryError. */
  readonly open = async (): Promise<KeyValue> => {
    try {
      await this.#makeDirectory()
      await this.#checkVersion()
      await this.#sweep()
      if (this.#isKnown) await this.#noteWhatIsMissing()
      const keyValue = await this.#openOrMend()
      await this.#keepVersion(undefined)
      await this.#ballast.lay()
      return keyValue
    } catch (error) {
      throw await explained(this.directory, error)
    }
  }

  async #makeDirectory(): Promise<void> {
    const found = await stat(this.directory).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined
      throw error
    })
    if (found === undefined) {
      await mkdir(this.directory, { recursive: true, mode: 0o700 })
      // the mode that mkdir is given goes through the umask, and only ever gets narrower
      await chmod(this.directory, 0o700)
    } else if (!found.isDirectory()) {
      throw new DataDirectoryError(
        'not-a-directory',
        `${this.directory} is a file and not a directory; choose another directory with --data, or move the file away`,
      )
    } else if (process.getuid?.() === 0 && found.uid !== 0) {
      this.#options.log.warn(
        { directory: this.directory, owner: found.uid },
        'the state belongs to another user, and what root writes there that user cannot open; start the broker as that ' +
          'user, or give it all files later with chown -R',
      )
    }
  }

  async #checkVersion(): Promise<void> {
    const version = await readVersion(this.directory)
    if (version === 'unreadable') {
      await this.#setAside.take(this.directory, 'VERSION')
      this.#filesSetAside += 1
      this.#found('the file VERSION could not be read; it is set aside and written anew, nothing else is touched')
      this.#isKnown = true
      return
    }
    if (version === undefined) return
    if (version.format > formatVersion) {
      throw new DataDirectoryError(
        'newer',
        `${this.directory} was written by Topiary ${version.writtenBy} in format ${version.format}, and this version ` +
          `reads formats up to ${formatVersion}; install ${version.writtenBy} or newer, or choose another directory with --data`,
      )
    }
    this.#isKnown = true
    this.#closedWith = version.closedWith
    this.#unorderlyEnds = version.closedWith === undefined ? version.unorderlyEnds + 1 : 0
    this.#filesSetAside = Math.max(this.#filesSetAside, version.filesSetAside)
  }

  /** What a process that was killed left half done. A directory that is not ours yet is left alone. */
  async #sweep(): Promise<void> {
    if (!this.#isKnown) return
    for (const name of await namesIn(this.directory)) {
      if (/^lock-[A-Za-z0-9]{6}$|^recovering$|^ballast\.unfinished$|^VERSION\..*\.tmp$/.test(name)) {
        await rm(join(this.directory, name), { recursive: true, force: true })
      } else if (/^backup-[A-Za-z0-9]{6}$/.test(name)) await this.#sweepBackup(join(this.directory, name))
    }
  }

  /** A backup may be under way while the broker opens its database anew. */
  async #sweepBackup(path: string): Promise<void> {
    const found = await stat(path).catch(() => undefined)
    if (found !== undefined && this.#options.wallMs() - found.mtimeMs > abandonedMs)
      await rm(path, { recursive: true, force: true })
  }

  async #noteWhatIsMissing(): Promise<void> {
    if ((await namesIn(this.#db)).length === 0) {
      this.#found(
        'the database (db) is missing; an empty one is begun, and all sessions and messages of before are lost',
      )
    } else if (this.#closedWith !== undefined) {
      const short = await bytesMissing(this.#db, this.#closedWith)
      if (short > 0)
        this.#found(`${short} bytes of the log ${this.#closedWith.log} are missing; what they held is lost`)
    } else if (await lacksLog(this.#db)) {
      this.#found('the log of the database is missing; what was written last is lost, up to 16 MiB of it')
    }
  }

  async #openOrMend(): Promise<KeyValue> {
    const tried = new Set<Remedy>()
    for (;;) {
      try {
        if (!tried.has('repair')) await this.#mendBeforeOpening(tried)
        return await this.#openChecked(tried)
      } catch (error) {
        const fault = levelFault(error)
        if (!(await this.#remedy(fault, levelMessage(error), tried))) throw error
      }
    }
  }

  async #mendBeforeOpening(tried: Set<Remedy>): Promise<void> {
    const isDue = !this.#isChecked || this.#suspicion !== undefined
    // a block that ends the process whenever it is read is found at the third start, however large the database is
    const isThorough = this.#suspicion !== undefined || this.#unorderlyEnds > 1
    const tables = isDue ? await damagedTables(this.#db, isThorough) : []
    this.#isChecked = true
    const missing = await damageBeforeOpening(this.#db)
    const reason = [...(missing === undefined ? [] : [missing]), ...tables.map(tableSentence)].join(', ')
    if (reason === '' && this.#suspicion === undefined) return
    tried.add('repair')
    await this.#repair(reason === '' ? String(this.#suspicion) : reason, tables)
  }

  async #openChecked(tried: ReadonlySet<Remedy>): Promise<KeyValue> {
    const before = await namesIn(this.#db)
    const logs = await this.#linkLogs(before)
    const noteDamage = (error: Error): void => void (this.#suspicion = levelMessage(error))
    const noteClosed = (): Promise<void> => this.#noteClosed()
    const keyValue = await (this.#options.openDatabase ?? LevelKeyValue.open)(this.#db, noteDamage, noteClosed)
    const after = new Set(await namesIn(this.#db))
    const cut = await cutTables(
      this.#db,
      before.filter((name) => after.has(name)),
    )
    if (cut.length > 0 && !tried.has('repair')) {
      await keyValue.close()
      throw Object.assign(new Error(`cut off: ${cut.join(', ')}`), { code: 'LEVEL_CORRUPTION' })
    }
    await this.#noteDropped(logs)
    this.#suspicion = undefined
    return keyValue
  }

  /** LevelDB deletes a log once it has read it, what it could not read included. */
  async #linkLogs(names: readonly string[]): Promise<string> {
    const folder = join(this.directory, 'recovering')
    await rm(folder, { recursive: true, force: true })
    try {
      await mkdir(folder, { mode: 0o700 })
      for (const name of names) if (name.endsWith('.log')) await link(join(this.#db, name), join(folder, name))
    } catch {
      // no hard links here, or no room: there will be nothing to set aside
    }
    return folder
  }

  async #noteDropped(logs: string): Promise<void> {
    const dropped = await droppedByRecovery(this.#db)
    for (const log of new Set(dropped.map((one) => one.log))) {
      const bytes = dropped.filter((one) => one.log === log).reduce((sum, one) => sum + one.bytes, 0)
      let where = ''
      if ((await namesIn(logs)).includes(log)) {
        where = `; the file is set aside as ${await this.#setAside.take(logs, log)}`
        this.#filesSetAside += 1
      }
      this.#found(`the log ${log} was damaged: ${bytes} bytes in it could not be read, what they held is lost${where}`)
    }
    await rm(logs, { recursive: true, force: true })
  }

  /** Whether there is something left to try. */
  async #remedy(fault: ReturnType<typeof levelFault>, reason: string, tried: Set<Remedy>): Promise<boolean> {
    if (fault === 'full' && !tried.has('ballast')) {
      tried.add('ballast')
      return this.#releaseBallast()
    }
    if (fault !== 'damage') return false
    if (!tried.has('repair')) {
      tried.add('repair')
      await this.#repair(reason, await damagedTables(this.#db, true))
      return true
    }
    if (tried.has('begin anew')) return false
    tried.add('begin anew')
    await this.#beginAnew(reason)
    return true
  }

  async #releaseBallast(): Promise<boolean> {
    const hadBallast = await this.#ballast.release()
    if (hadBallast) this.#options.log.warn({ directory: this.directory }, 'the disk is full: the ballast was released')
    return hadBallast
  }

  async #repair(reason: string, tables: readonly DamagedTable[]): Promise<void> {
    const giveBack = await lockDatabase(this.directory, this.directory)
    try {
      if ((await bytesShortForRepair(this.#db)) > 0) await this.#releaseBallast()
      const short = await bytesShortForRepair(this.#db)
      if (short > 0)
        throw Object.assign(new Error(`No space left: repair needs ${short} bytes more`), { code: 'ENOSPC' })
      const replaced = await replaceTables(this.#db, tables, this.#setAside)
      const taken = [...replaced, ...(await repairDatabase(this.#db, this.#setAside))]
      this.#filesSetAside += taken.length
      this.#found(
        `the database was damaged (${reason}) and has been repaired; what only the damaged parts held is lost, and ` +
          `messages may be delivered twice; set aside: ${taken.length === 0 ? 'nothing' : taken.join(', ')}`,
      )
    } catch (error) {
      // the next attempt to open says whether it is lost
      if (levelFault(error) === 'full') throw error
      this.#options.log.error({ error }, 'the repair of the database failed')
    } finally {
      await giveBack()
    }
  }

  async #beginAnew(reason: string): Promise<void> {
    const where = await this.#setAside.take(this.directory, 'db')
    this.#filesSetAside += 1
    this.#found(
      `the database is damaged beyond repair (${reason}) and a new, empty one is begun: all sessions, queued and ` +
        `retained messages are lost here; the old one is set aside as ${where}: restore a backup, or see what ` +
        'is left in it with topiary doctor',
    )
  }

  /** A log that is shorter at the next start than it was at the end was cut, and not left so by a crash. */
  async #noteClosed(): Promise<void> {
    this.#unorderlyEnds = 0
    await this.#keepVersion(await lastLog(this.#db).catch(() => undefined))
  }

  async #keepVersion(closedWith: ClosedLog | undefined): Promise<void> {
    const writtenBy = this.#options.brokerVersion ?? 'unknown'
    const now = {
      format: formatVersion,
      writtenBy,
      filesSetAside: this.#filesSetAside,
      unorderlyEnds: this.#unorderlyEnds,
      closedWith,
    }
    try {
      const before = await readVersion(this.directory)
      const isSame = typeof before === 'object' && JSON.stringify(before) === JSON.stringify(now)
      if (!isSame) await writeVersion(this.directory, now)
    } catch (error) {
      this.#options.log.warn({ error }, 'the file VERSION could not be written; the database is not touched by that')
    }
  }

  #found(sentence: string): void {
    this.#findings.push(sentence)
    this.#options.log.error({ directory: this.directory }, sentence)
  }
}
