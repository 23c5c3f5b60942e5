import type { QueueEntry } from '../../contracts/store.ts'
import { type BoundedBytes, DamagedBytes } from './bounded-bytes.ts'
import type { GrowingBytes } from './growing-bytes.ts'
import { readNumbers, writeNumbers } from './recipients-codec.ts'

/**
 * Entries of a queue; numbers count from the entry before.
 *
 *   [count] then for each  [flags][position][sequence][queued at][bytes][expires after queued][identifiers]
 *   flags  QoS 0-2 | retain 4 | expires 8 | has identifiers 16
 */
export function writeQueueEntries(out: GrowingBytes, entries: readonly QueueEntry[]): void {
  out.varint(entries.length)
  let [position, sequence, queuedAtMs] = [0, 0, 0]
  for (const entry of entries) {
    const expires = entry.expiresAtMs !== Infinity
    const identifiers = entry.subscriptionIdentifiers
    out.byte(
      entry.qos |
        (entry.retain ? Flag.retain : 0) |
        (expires ? Flag.expires : 0) |
        (identifiers.length > 0 ? Flag.identifiers : 0),
    )
    const queued = Math.round(entry.queuedAtMs)
    out.signed(entry.position - position)
    out.signed(entry.sequence - sequence)
    out.signed(queued - queuedAtMs)
    out.varint(entry.byteSize)
    if (expires) out.signed(Math.round(entry.expiresAtMs) - queued)
    if (identifiers.length > 0) writeNumbers(out, identifiers)
    position = entry.position
    sequence = entry.sequence
    queuedAtMs = queued
  }
}

export function readQueueEntries(from: BoundedBytes): readonly QueueEntry[] {
  const entries: QueueEntry[] = []
  let [position, sequence, queuedAtMs] = [0, 0, 0]
  for (let count = from.count(5); count > 0; count--) {
    const flags = from.oneOf(Flag.end, 'a set of entry flags')
    const qos = flags & 3
    position += from.signed()
    sequence += from.signed()
    queuedAtMs += from.signed()
    if (qos === 3 || position < 0 || sequence < -1) throw new DamagedBytes('an entry of a queue makes no sense')
    entries.push({
      position,
      sequence,
      qos: qos as 0 | 1 | 2,
      retain: (flags & Flag.retain) !== 0,
      byteSize: from.varint(),
      queuedAtMs,
      expiresAtMs: (flags & Flag.expires) === 0 ? Infinity : queuedAtMs + from.signed(),
      subscriptionIdentifiers: (flags & Flag.identifiers) === 0 ? [] : readNumbers(from),
    })
  }
  return entries
}

const Flag = { retain: 4, expires: 8, identifiers: 16, end: 32 } as const
