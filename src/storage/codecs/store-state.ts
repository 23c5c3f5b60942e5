import { BODY_START } from './framed-value.ts'
import type { GrowingBytes } from './growing-bytes.ts'

/** What the store knows of itself: the value of `meta|state`, JSON in a frame, so that a person can read it. */
export interface StoreSelf {
  /** Commits before this one are gone. */
  readonly keptFrom: number
  /** Commits before this one are kept for the messages in them, and not replayed. */
  readonly replayFrom: number
  /** The log had reached this when it was written. */
  readonly lastCommit: number
  readonly nextSequence: number
  readonly nextSession: number
  readonly lastKnownMs: number
  /** Messages may lie there that nobody is owed: an interrupted release, or a failed batch. */
  readonly needsSweep: boolean
  /** Since the data directory was made. */
  readonly damagedValues: number
  readonly counters: Readonly<Record<string, number>>
}

export const newStoreSelf: StoreSelf = {
  keptFrom: 1,
  replayFrom: 1,
  lastCommit: 0,
  nextSequence: 1,
  nextSession: 1,
  lastKnownMs: 0,
  needsSweep: false,
  damagedValues: 0,
  counters: {},
}

export function writeStoreSelf(out: GrowingBytes, self: StoreSelf): void {
  const text = Buffer.from(JSON.stringify(self))
  out.raw(text, 0, text.length)
}

/** Undefined for anything else than what `writeStoreSelf` writes. */
export function decodeStoreSelf(value: Uint8Array): StoreSelf | undefined {
  let found: Record<string, unknown>
  try {
    found = JSON.parse(Buffer.from(value.subarray(BODY_START)).toString()) as Record<string, unknown>
  } catch {
    return undefined
  }
  if (typeof found !== 'object' || found === null) return undefined
  const numbers = [
    'keptFrom',
    'replayFrom',
    'lastCommit',
    'nextSequence',
    'nextSession',
    'lastKnownMs',
    'damagedValues',
  ] as const
  if (!numbers.every((name) => isCount(found[name]))) return undefined
  const counters = Object.entries(found['counters'] ?? {}).filter((entry): entry is [string, number] =>
    Number.isFinite(entry[1]),
  )
  return { ...(found as unknown as StoreSelf), counters: Object.fromEntries(counters) }
}

function isCount(value: unknown): boolean {
  return typeof value === 'number' && value >= 0 && value <= Number.MAX_SAFE_INTEGER
}
