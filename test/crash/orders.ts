/** Where a broker kills itself, counted in batches it was given. */
export const deathPoints = [
  /** Before anything of the batch is written. */
  'before-sync',
  /** While the sync runs. */
  'during-sync',
  /** Written and not synced. */
  'in-the-middle',
  /** Synced, and nobody told. */
  'after-sync',
  /** While LevelDB makes a new table. */
  'compaction',
] as const

export type DeathPoint = (typeof deathPoints)[number]

export const recoveryPoints = ['opened', 'reading', 'first-write'] as const

export type RecoveryPoint = (typeof recoveryPoints)[number]

/** Stores that do not keep their word: the harness must catch each. */
export const faults = ['early-durable', 'forget-inbound', 'lose-last-batch'] as const

export type Fault = (typeof faults)[number]

/** What the broker process is told at its start, as JSON in TOPIARY_TEST_CRASH. */
export interface StartOrders {
  readonly directory: string
  readonly fault?: Fault | undefined
  readonly recovery?: RecoveryPoint | undefined
  /** Puts that much beside each batch, so that LevelDB compacts often. */
  readonly bulkBytes: number
}

/** What it is told while it runs. */
export interface DeathOrder {
  readonly point: DeathPoint
  /** How many batches more it lives. */
  readonly batches: number
}

/** What it tells. */
export type Tidings =
  | { readonly kind: 'ready'; readonly port: number }
  /** A line of its log: an error, or state that was found damaged. */
  | { readonly kind: 'fault'; readonly message: string }
