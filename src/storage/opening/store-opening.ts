import type { Log } from '../../contracts/log.ts'
import { blockOf, type DurableState, type StoreOpening } from '../../contracts/store.ts'
import { DamagedBytes } from '../codecs/bounded-bytes.ts'
import { DamageReport } from './damage-report.ts'
import { decodeGroup, decodeRetained, decodeWill } from '../codecs/entity-codec.ts'
import { checkFormat, type FormatMigration } from './format-migrations.ts'
import { frameFault } from '../codecs/framed-value.ts'
import type { GrowingBytes } from '../codecs/growing-bytes.ts'
import type { KeyValue } from '../key-value.ts'
import { replayLog } from './log-replaying.ts'
import { restoreSessions } from './session-restoring.ts'
import type { Snapshots } from '../log/snapshots.ts'
import { type NamedPrefix, rangeOf, stateKey } from '../codecs/store-keys.ts'
import type { StoreLedger } from '../log/store-ledger.ts'
import { decodeStoreSelf, newStoreSelf } from '../codecs/store-state.ts'

/**
 * Numbers left out at each start: an entity written whole may name some of records that the crash came before, and
 * none is ever to mean two things.
 */
const SKIPPED_NUMBERS = 1 << 20

/** Gives a state back what a database holds, entities first, and fills the ledger. */
export async function openStore(
  db: KeyValue,
  state: DurableState,
  ledger: StoreLedger,
  snapshots: Snapshots,
  out: GrowingBytes,
  log: Log,
  migrations: ReadonlyMap<number, FormatMigration>,
): Promise<StoreOpening> {
  const report = new DamageReport(log)
  const { isNew, damage } = await checkFormat(db, out, migrations)
  if (damage !== undefined) report.say(damage, {})
  const isStartKnown = await readSelf(db, ledger, report, isNew)
  await restoreSessions(db, state, snapshots, ledger, report)
  await restoreNamed(db, report, 'g', decodeGroup, (group) => state.restoreGroup(group))
  await restoreNamed(db, report, 'r', decodeRetained, (retained) => state.restoreRetained(retained))
  await restoreNamed(db, report, 'w', decodeWill, (will) => state.restoreWill(will))
  const inline = await replayLog(db, state, ledger, report, isStartKnown)
  await report.flush(db, 0)
  state.visitOutstanding((sequence) => {
    if (sequence < 0) return
    ledger.owed.add(blockOf(sequence), 1, false)
    ledger.sequenceUsed(sequence)
  })
  for (const sequence of inline) ledger.owed.setInline(blockOf(sequence))
  if (!isNew) {
    ledger.nextSequence += SKIPPED_NUMBERS
    ledger.nextSession += SKIPPED_NUMBERS
  }
  ledger.damagedValues += report.values
  ledger.isSweepDue ||= !report.isEmpty
  return {
    nextSequence: ledger.nextSequence,
    nextSession: ledger.nextSession,
    lastKnownMs: ledger.lastKnownMs,
    counters: ledger.counters,
    damage: report.sentences,
  }
}

/** Whether the database says where its log begins. */
async function readSelf(db: KeyValue, ledger: StoreLedger, report: DamageReport, isNew: boolean): Promise<boolean> {
  ledger.take(newStoreSelf)
  if (isNew) return true
  const [value] = await db.getMany([stateKey])
  const isSound = value instanceof Uint8Array && frameFault(stateKey, value) === undefined
  const self = isSound ? decodeStoreSelf(value) : undefined
  if (self !== undefined) {
    ledger.take(self)
    return true
  }
  // a crash before the first batch leaves none
  if (value !== undefined) {
    report.value(stateKey, value instanceof Error ? undefined : value, new Error('it is not what was written'))
  }
  ledger.keptFrom = ledger.replayFrom = 0
  return false
}

async function restoreNamed<T>(
  db: KeyValue,
  report: DamageReport,
  prefix: NamedPrefix,
  decode: (value: Uint8Array) => T | DamagedBytes,
  restore: (entity: T) => void,
): Promise<void> {
  for await (const chunk of db.entries(rangeOf(prefix), (error) => report.unreadable(error))) {
    for (const [key, value] of chunk) {
      const entity = frameFault(key, value) ?? decode(value)
      if (entity instanceof DamagedBytes) report.value(key, value, entity)
      else restore(entity)
    }
    await report.flush(db, 1 << 20)
  }
}
