import { decoded } from '../codecs/bounded-bytes.ts'
import { beginFrame, BODY_START, endFrame, frameFault } from '../codecs/framed-value.ts'
import type { GrowingBytes } from '../codecs/growing-bytes.ts'
import type { KeyValue } from '../key-value.ts'
import { formatKey, rangeOf } from '../codecs/store-keys.ts'
import { StoreError } from '../store-error.ts'
import { written } from '../log/written.ts'

/** Layout of keys and values as a whole. A new number only where an older Topiary could not read what is written. */
export const STORE_FORMAT = 1

/** Makes a database of the next version out of one of the version it stands under. It may be run twice over. */
export type FormatMigration = (db: KeyValue) => Promise<void>

/** By the version they start from. */
export const formatMigrations: ReadonlyMap<number, FormatMigration> = new Map()

export interface FormatFinding {
  readonly isNew: boolean
  /** `meta|format` could not be read, and the database is taken for one of this version. */
  readonly damage: string | undefined
}

/** Brings a database to our format. Rejects with a StoreError when that cannot be done. */
export async function checkFormat(
  db: KeyValue,
  out: GrowingBytes,
  migrations: ReadonlyMap<number, FormatMigration>,
): Promise<FormatFinding> {
  const [value] = await db.getMany([formatKey])
  if (value === undefined && !(await hasCommits(db))) {
    await writeFormat(db, out, STORE_FORMAT)
    return { isNew: true, damage: undefined }
  }
  const found = value instanceof Uint8Array ? formatIn(value) : undefined
  if (found === undefined) {
    await writeFormat(db, out, STORE_FORMAT)
    return { isNew: false, damage: `the format version could not be read; it is taken to be ${STORE_FORMAT}` }
  }
  if (found.format > STORE_FORMAT) throw newerFormat(found)
  for (let format = found.format; format < STORE_FORMAT; format++) {
    const migrate = migrations.get(format)
    if (migrate === undefined) throw tooOld(found)
    await migrate(db)
    await writeFormat(db, out, format + 1)
  }
  return { isNew: false, damage: undefined }
}

interface Format {
  readonly format: number
  /** Version of Topiary that made it. */
  readonly writer: string
}

/** Version of the package that writes this format first. */
const WRITER = '0.2'

/** `[format][version of Topiary]`; this value keeps its form in every format. */
export async function writeFormat(db: KeyValue, out: GrowingBytes, format: number, writer = WRITER): Promise<void> {
  beginFrame(out)
  out.varint(format)
  out.text(writer)
  const value = endFrame(out, formatKey)
  await written(db, { keys: [formatKey], values: [value] }, true)
}

function formatIn(value: Uint8Array): Format | undefined {
  if (frameFault(formatKey, value) !== undefined) return undefined
  const format = decoded(value, BODY_START, (from) => ({ format: from.varint(), writer: from.text() }))
  return format instanceof Error ? undefined : format
}

async function hasCommits(db: KeyValue): Promise<boolean> {
  for (const prefix of ['c', 's', 'r', 'm', 'w', 'g'] as const) {
    for await (const chunk of db.entries(rangeOf(prefix), () => {})) if (chunk.length > 0) return true
  }
  return false
}

function newerFormat({ format, writer }: Format): StoreError {
  return new StoreError(
    `The data directory has format ${format}, written by Topiary ${writer}; this Topiary reads formats up to ` +
      `${STORE_FORMAT}. Start Topiary ${writer} or later on it, or choose another directory with --data.`,
  )
}

function tooOld({ format, writer }: Format): StoreError {
  return new StoreError(
    `The data directory has format ${format}, written by Topiary ${writer}, which this Topiary cannot bring to ` +
      `format ${STORE_FORMAT}. Start a version in between on it first, or choose another directory with --data.`,
  )
}
