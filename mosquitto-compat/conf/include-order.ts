/** The order of the files of an include_dir: 1.conf, A.conf, a.conf, B.conf; byte for byte, an upper letter first. */
export function inIncludeOrder(one: string, other: string): number {
  const [first, second] = [Buffer.from(one), Buffer.from(other)]
  const shorter = Math.min(first.length, second.length)
  for (let index = 0; index < shorter; index++) {
    const [a, b] = [first[index] as number, second[index] as number]
    if (a !== b) return upper(a) - upper(b) || a - b
  }
  return first.length - second.length
}

function upper(byte: number): number {
  return byte >= 0x61 && byte <= 0x7a ? byte - 0x20 : byte
}
