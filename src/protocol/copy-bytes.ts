/**
 * Copies source[start..end) to target at `at`; short runs byte by byte, where a call costs more than the loop. A plain
 * view of the bytes is cheaper than `subarray`, which makes one of the source's own class.
 */
export function copyInto(target: Uint8Array, at: number, source: Uint8Array, start: number, end: number): number {
  if (end - start >= 40) {
    target.set(new Uint8Array(source.buffer, source.byteOffset + start, end - start), at)
    return at + end - start
  }
  let to = at
  for (let from = start; from < end; from++) target[to++] = source[from] as number
  return to
}

/** A copy that owns its memory. `slice` will not do: Node's Buffer has it give a view, which keeps the chunk alive. */
export function copyOf(source: Uint8Array, start: number, end: number): Uint8Array {
  const own = new Uint8Array(end - start)
  copyInto(own, 0, source, start, end)
  return own
}
