import type { Clock } from '../contracts/clock.ts'
import type { Log } from '../contracts/log.ts'
import type {
  DurableState,
  Store,
  StoredMessage,
  StoreOpening,
  StoreRecord,
  StoreStatistics,
} from '../contracts/store.ts'
import { BatchPlanner, type PlannedBatch, type StoreLimits, storeLimits } from './log/batch-planner.ts'
import { type FormatMigration, formatMigrations } from './opening/format-migrations.ts'
import { GrowingBytes } from './codecs/growing-bytes.ts'
import type { KeyValue } from './key-value.ts'
import { LogTruncation } from './log/log-truncation.ts'
import { MessageReader } from './log/message-reader.ts'
import { OperationList } from './log/operation-list.ts'
import { Snapshots } from './log/snapshots.ts'
import { StoreError } from './store-error.ts'
import { StoreLedger } from './log/store-ledger.ts'
import { openStore } from './opening/store-opening.ts'
import { sweepMessages } from './log/message-sweep.ts'
import { written } from './log/written.ts'

export interface LevelStoreOptions {
  readonly log: Log
  readonly wallMs: Clock['wallMs']
  /** Drives the attempts to open the database anew while it takes nothing. */
  readonly every: Clock['every']
  /** Opens the database, or mends and opens it. Called at opening and again after each failed batch. */
  readonly open: () => Promise<KeyValue>
  /** Files set aside since the data directory was made. */
  readonly filesSetAside?: () => number
  readonly limits?: Partial<StoreLimits>
  /** By the format they start from; tests have one of their own. */
  readonly migrations?: ReadonlyMap<number, FormatMigration>
}

type OnDurable = (error?: Error) => void

interface Waiting {
  readonly records: readonly StoreRecord[]
  /** The state has moved on since it was handed over: entities written with it would be ahead of the log. */
  readonly isLate: boolean
  readonly onDurable: OnDurable
}

/** How often a database that takes nothing is tried again. */
const RETRY_MS = 1000

/**
 * Keeps records in a LevelDB: a log of commits, with entities written beside it so that the log stays short.
 *
 *   append --> [ waiting ] --> plan --> write, synced --> confirm --> onDurable
 *                                          | fails
 *                                          v
 *                            reopen, remove it, write it again --> confirm --> onDurable
 *                                          | fails
 *                                          v
 *                            degraded: every append fails; each second reopen and write what was missed
 *
 * One write is under way at most. Layout: store-keys.ts.
 */
export class LevelStore implements Store {
  readonly keepsMessages = true
  readonly #options: LevelStoreOptions
  readonly #ledger = new StoreLedger()
  readonly #reader: MessageReader
  #planner: BatchPlanner | undefined = undefined
  #state: DurableState | undefined = undefined
  #db: KeyValue | undefined = undefined
  #waiting: Waiting[] = []
  #isBusy = false
  #isReleaseDue = false
  #isClosed = false
  #closed: Promise<void> | undefined = undefined
  /** Why nothing is taken for now. */
  #fault: Error | undefined = undefined
  #stopRetrying: (() => void) | undefined = undefined
  #failedBatches = 0
  #onIdle: (() => void) | undefined = undefined

  constructor(options: LevelStoreOptions) {
    this.#options = options
    this.#reader = new MessageReader(this.#ledger, options.log)
  }

  get statistics(): StoreStatistics {
    const { missingCommits, damagedValues, commits } = this.#ledger
    return {
      isDegraded: this.#fault !== undefined,
      missingCommits,
      damagedValues,
      filesSetAside: this.#options.filesSetAside?.() ?? 0,
      logBytes: commits.bytes,
      failedBatches: this.#failedBatches,
    }
  }

  async open(state: DurableState): Promise<StoreOpening> {
    const { log, wallMs, limits, migrations = formatMigrations } = this.#options
    const out = new GrowingBytes()
    const ledger = this.#ledger
    const snapshots = new Snapshots(state, out)
    this.#state = state
    this.#db = await this.#options.open()
    try {
      const opening = await openStore(this.#db, state, ledger, snapshots, out, log, migrations)
      const truncation = new LogTruncation(ledger, log, () => this.#db)
      this.#planner = new BatchPlanner(ledger, snapshots, truncation, out, wallMs, { ...storeLimits, ...limits })
      if (ledger.isSweepDue) void this.#sweep()
      return opening
    } catch (error) {
      await this.#closeDatabase()
      throw error instanceof StoreError ? error : unreadable(error as Error)
    }
  }

  append(records: readonly StoreRecord[], onDurable: OnDurable): void {
    if (this.#isClosed || this.#planner === undefined) {
      setImmediate(onDurable, new Error('the store is not open'))
      return
    }
    this.#waiting.push({ records, isLate: this.#isBusy, onDurable })
    if (!this.#isBusy) this.#next()
  }

  read(
    sequences: readonly number[],
    onRead: (error: Error | undefined, messages: readonly (StoredMessage | undefined)[]) => void,
  ): void {
    const db = this.#db
    if (db === undefined) {
      setImmediate(onRead, this.#fault ?? new Error('the store is not open'), [])
      return
    }
    // what onRead throws is not an answer to the reading
    this.#reader.read(db, sequences).then(
      (messages) => setImmediate(onRead, undefined, messages),
      (error: Error) => setImmediate(onRead, error, []),
    )
  }

  keepCounters(counters: Readonly<Record<string, number>>): void {
    this.#ledger.counters = counters
    this.#ledger.isSelfChanged = true
  }

  /** Writes what waits, and closes. */
  close(): Promise<void> {
    this.#isClosed = true
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    this.#stopRetrying?.()
    if (this.#isBusy) await new Promise<void>((resolve) => (this.#onIdle = resolve))
    this.#stopRetrying?.()
    const db = this.#db
    if (db !== undefined && this.#planner !== undefined && this.#fault === undefined && this.#ledger.isSelfChanged) {
      await written(db, this.#planner.planRelease().operations, true).catch(() => {})
    }
    await this.#closeDatabase()
  }

  /** Begins the next write, when there is something to write. */
  #next(): void {
    const planner = this.#planner as BatchPlanner
    const next = this.#waiting.shift()
    if (next !== undefined) {
      if (this.#fault === undefined) this.#write(planner.plan(next.records, next.isLate), next.onDurable)
      else this.#refuse(next, this.#fault)
      return
    }
    this.#idle()
    if (planner.hasReleases && !this.#isReleaseDue) {
      this.#isReleaseDue = true
      setImmediate(() => this.#release())
    }
  }

  /** Messages are given up with the batches of the broker, and where there are none by writes of their own. */
  #release(): void {
    this.#isReleaseDue = false
    const planner = this.#planner as BatchPlanner
    if (this.#isBusy || this.#isClosed || this.#fault !== undefined || !planner.hasReleases) return
    this.#write(planner.planRelease(), nobody)
  }

  #idle(): void {
    const onIdle = this.#onIdle
    this.#onIdle = undefined
    onIdle?.()
  }

  #write(batch: PlannedBatch, onDurable: OnDurable): void {
    this.#isBusy = true
    const db = this.#db as KeyValue
    // deletions alone may wait for the sync of the next commit
    db.write(batch.operations, onDurable !== nobody, (error) => {
      if (error === undefined) this.#written(batch, onDurable)
      else void this.#mend(batch, onDurable, error)
    })
  }

  #written(batch: PlannedBatch, onDurable: OnDurable): void {
    ;(this.#planner as BatchPlanner).confirm(batch)
    this.#answer(onDurable)
  }

  /** The broker may append from within its callback. */
  #answer(onDurable: OnDurable, error?: Error): void {
    this.#isBusy = false
    try {
      if (error === undefined) onDurable()
      else onDurable(error)
    } finally {
      if (!this.#isBusy) this.#next()
    }
  }

  #refuse({ records, onDurable }: Waiting, fault: Error): void {
    this.#isBusy = true
    ;(this.#planner as BatchPlanner).refuse(records)
    setImmediate(() => this.#answer(onDurable, fault))
  }

  /** A handle that failed a write takes no other: LevelDB may make later commits unreadable. */
  async #mend(batch: PlannedBatch, onDurable: OnDurable, error: Error): Promise<void> {
    const { log } = this.#options
    this.#failedBatches++
    log.warn({ error: error.message }, 'a batch could not be written; the database is opened anew')
    let fault: Error | undefined
    try {
      const db = await this.#reopen()
      const removal = new OperationList()
      for (const key of batch.newKeys) removal.delete(key)
      await written(db, removal, true)
      await written(db, batch.operations, true)
    } catch (again) {
      fault = again as Error
    }
    // out of the promise: what a callback throws is not for us to catch
    setImmediate(() => {
      if (fault === undefined) this.#written(batch, onDurable)
      else this.#degrade(batch, onDurable, fault)
    })
  }

  #degrade(batch: PlannedBatch, onDurable: OnDurable, fault: Error): void {
    ;(this.#planner as BatchPlanner).abandon(batch)
    this.#fault = fault
    this.#options.log.error(
      { error: fault.message },
      'nothing can be written: QoS 1 and 2 are refused where they need it, and it is tried again every second',
    )
    if (!this.#isClosed) this.#stopRetrying = this.#options.every(RETRY_MS, () => this.#retry())
    this.#state?.storeChanged(fault)
    this.#answer(onDurable, fault)
  }

  #retry(): void {
    if (this.#isBusy || this.#isClosed) return
    this.#isBusy = true
    void this.#recover().then((fault) => setImmediate(() => this.#recovered(fault)))
  }

  /** Opens anew and writes what failed batches were about; appends wait meanwhile. */
  async #recover(): Promise<Error | undefined> {
    const planner = this.#planner as BatchPlanner
    let batch: PlannedBatch | undefined
    try {
      const db = await this.#reopen()
      batch = planner.planRecovery()
      await written(db, batch.operations, true)
      planner.confirm(batch)
      return undefined
    } catch (error) {
      if (batch !== undefined) planner.abandon(batch)
      return error as Error
    }
  }

  #recovered(fault: Error | undefined): void {
    if (fault === undefined) {
      this.#stopRetrying?.()
      this.#stopRetrying = undefined
      // as loud as the line that it answers
      this.#options.log.warn({ failedBatches: this.#failedBatches }, 'the database can be written again')
      this.#fault = undefined
      this.#state?.storeChanged(undefined)
    } else this.#fault = fault
    this.#answer(nobody)
  }

  async #reopen(): Promise<KeyValue> {
    await this.#closeDatabase()
    const db = await this.#options.open()
    this.#db = db
    return db
  }

  async #closeDatabase(): Promise<void> {
    const db = this.#db
    this.#db = undefined
    await db?.close().catch((error: Error) => {
      this.#options.log.warn({ error: error.message }, 'the database did not close well')
    })
  }

  async #sweep(): Promise<void> {
    const db = this.#db as KeyValue
    try {
      await sweepMessages(db, this.#ledger, () => {
        if (!this.#isBusy && !this.#isClosed) this.#next()
        return !this.#isClosed && this.#db === db
      })
    } catch (error) {
      const { message } = error as Error
      this.#options.log.warn({ error: message }, 'messages that nobody is owed stay on disk until the next start')
    }
  }
}

function nobody(): void {}

function unreadable({ message }: Error): StoreError {
  return new StoreError(
    `The data directory could not be read to its end: ${message}. ` +
      'Run "topiary doctor" on it to see what is wrong, or choose another directory with --data.',
  )
}
