import type { QueueEntry } from './queue-entry.ts'

/**
 * Entries of a queue one after another, each told apart from the one before:
 *
 *   flags | position | [sequence] | byteSize | queuedAt | [expiry] | [count, identifiers...]
 *
 *   flags     QoS in bits 0-1, RETAIN 4, has a sequence 8, expires 16, has subscription identifiers 32, is older 64
 *   position  more than that of the entry before; queuedAt in whole seconds more
 *   sequence  more than the one before; less when it is older: it waited in a shared subscription
 *   expiry    milliseconds after queuedAt
 *
 * All numbers are variable byte integers of up to eight bytes. A usual entry takes six bytes.
 */
export interface EntryBase {
  position: number
  sequence: number
  queuedAtSeconds: number
}

export function newEntryBase(): EntryBase {
  return { position: 0, sequence: 0, queuedAtSeconds: 0 }
}

/** More than any entry takes that has no subscription identifiers; each of those takes up to four more. */
export const MAXIMUM_ENTRY_BYTES = 1 + 6 * 8

/** Writes an entry at `at`, where there is room, moves `base` on, and returns where it ends. */
export function writeQueueEntry(target: Uint8Array, at: number, entry: QueueEntry, base: EntryBase): number {
  const { position, sequence, qos, retain, subscriptionIdentifiers, byteSize, queuedAtMs, expiresAtMs } = entry
  const isStored = sequence >= 0
  const expires = expiresAtMs !== Infinity
  const isIdentified = subscriptionIdentifiers.length > 0
  const isOlder = isStored && sequence < base.sequence
  const queuedAtSeconds = Math.max(base.queuedAtSeconds, Math.floor(queuedAtMs / 1000))
  let end = at
  target[end++] =
    qos | (retain ? 4 : 0) | (isStored ? 8 : 0) | (expires ? 16 : 0) | (isIdentified ? 32 : 0) | (isOlder ? 64 : 0)
  end = writeNumber(target, end, position - base.position)
  if (isStored) {
    end = writeNumber(target, end, Math.abs(sequence - base.sequence))
    base.sequence = sequence
  }
  end = writeNumber(target, end, byteSize)
  end = writeNumber(target, end, queuedAtSeconds - base.queuedAtSeconds)
  if (expires) end = writeNumber(target, end, Math.max(0, Math.round(expiresAtMs - queuedAtSeconds * 1000)))
  if (isIdentified) {
    end = writeNumber(target, end, subscriptionIdentifiers.length)
    for (const identifier of subscriptionIdentifiers) end = writeNumber(target, end, identifier)
  }
  base.position = position
  base.queuedAtSeconds = queuedAtSeconds
  return end
}

const noIdentifiers: readonly number[] = []

/** Reads entries in order. Throws RangeError where the bytes are none. */
export class QueueEntryReader {
  #bytes: Uint8Array
  readonly #end: number
  readonly #base = newEntryBase()
  #at = 0

  constructor(bytes: Uint8Array, end: number) {
    this.#bytes = bytes
    this.#end = end
  }

  /** Undefined at the end of `bytes` as they are now: more may be written behind. */
  next(end = this.#end): QueueEntry | undefined {
    if (this.#at >= end) return undefined
    const base = this.#base
    const flags = this.#bytes[this.#at++] as number
    base.position += this.#number(end)
    let sequence = -1
    if (flags & 8) sequence = base.sequence += (flags & 64 ? -1 : 1) * this.#number(end)
    if (sequence < -1) throw new RangeError('a queue entry has a sequence below 0')
    const byteSize = this.#number(end)
    base.queuedAtSeconds += this.#number(end)
    const queuedAtMs = base.queuedAtSeconds * 1000
    const expiresAtMs = flags & 16 ? queuedAtMs + this.#number(end) : Infinity
    const subscriptionIdentifiers = flags & 32 ? this.#identifiers(end) : noIdentifiers
    return {
      position: base.position,
      sequence,
      qos: Math.min(flags & 3, 2) as 0 | 1 | 2,
      retain: (flags & 4) !== 0,
      subscriptionIdentifiers,
      byteSize,
      queuedAtMs,
      expiresAtMs,
    }
  }

  /** The same bytes, and more, stand there now. */
  movedTo(bytes: Uint8Array): void {
    this.#bytes = bytes
  }

  #identifiers(end: number): readonly number[] {
    const count = this.#number(end)
    if (count > end - this.#at) throw new RangeError('a queue entry names more identifiers than there are bytes')
    const identifiers: number[] = []
    for (let index = 0; index < count; index++) identifiers.push(this.#number(end))
    return identifiers
  }

  #number(end: number): number {
    let value = 0
    let scale = 1
    for (let count = 0; count < 8; count++) {
      if (this.#at >= end) break
      const byte = this.#bytes[this.#at++] as number
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return value
      scale *= 128
    }
    throw new RangeError('a number in a queue entry does not end')
  }
}

function writeNumber(target: Uint8Array, at: number, value: number): number {
  let rest = value
  while (rest > 0x7f) {
    target[at++] = (rest % 128) | 0x80
    rest = Math.floor(rest / 128)
  }
  target[at++] = rest
  return at
}
