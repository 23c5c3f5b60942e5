/**
 * Undoes Snappy, for the index of a table: a length, then literals and copies of what came before. Its checksum has
 * been looked at; where it is no Snappy all the same, undefined.
 */
export function unsnapped(input: Uint8Array): Buffer | undefined {
  let at = 0
  const little = (count: number): number => {
    let value = 0
    for (let index = 0; index < count; index++) value += (input[at++] ?? 0) * 2 ** (8 * index)
    return value
  }
  let length = 0
  for (let scale = 1; ; scale *= 128) {
    const byte = little(1)
    length += (byte & 0x7f) * scale
    if (byte < 0x80) break
    if (at > 5) return undefined
  }
  if (length > maximumLength) return undefined
  const output = Buffer.alloc(length)
  let end = 0
  while (at < input.length) {
    const tag = little(1)
    let count = (tag >> 2) + 1
    if ((tag & 3) === 0) {
      if (count > 60) count = little(count - 60) + 1
      if (at + count > input.length || end + count > length) return undefined
      output.set(input.subarray(at, at + count), end)
      at += count
      end += count
      continue
    }
    let back: number
    if ((tag & 3) === 1) {
      count = ((tag >> 2) & 7) + 4
      back = ((tag >> 5) << 8) + little(1)
    } else back = little((tag & 3) === 2 ? 2 : 4)
    if (back === 0 || back > end || end + count > length) return undefined
    // byte by byte: a copy may run into what it writes
    for (; count > 0; count--, end++) output[end] = output[end - back] as number
  }
  return end === length ? output : undefined
}

/** Far more than the index of a table of 2 MiB takes. */
const maximumLength = 64 << 20
