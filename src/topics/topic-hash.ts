/**
 * Hashes of topic names and their levels. Each byte goes through a table that differs from process to process: whoever
 * does not know it cannot prepare topics that collide, as could be done for a hash with a secret start alone.
 */
const table = crypto.getRandomValues(new Int32Array(256))

export function hashBytes(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0
  for (let at = start; at < end; at++) hash = hashStep(hash, bytes[at] as number)
  return hash
}

/** The hash of what was hashed so far and one byte more. */
export function hashStep(hash: number, byte: number): number {
  return Math.imul(hash ^ (table[byte] as number), 0x01000193)
}

/** Spreads a hash over its lower bits, which tables take. */
export function spread(hash: number): number {
  const mixed = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b)
  return mixed ^ (mixed >>> 13)
}
