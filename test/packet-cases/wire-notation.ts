/**
 * Bytes as a person reads them, a comment behind `|` on each line:
 *
 *   10 ff       bytes in hexadecimal; `61*300` is one repeated
 *   'MQTT'      a UTF-8 string with its two-byte length in front
 *   "payload"   the bytes of a text alone
 *   ( ... )     what stands between, with its length as a variable byte integer in front
 */
export function wire(notation: string): Uint8Array {
  const groups: number[][] = [[]]
  for (const line of notation.split('\n')) {
    for (const [token] of (line.split('|')[0] as string).matchAll(/'[^']*'|"[^"]*"|\S+/g)) {
      if (token === '(') groups.push([])
      else if (token === ')') {
        const group = groups.pop() as number[]
        groups.at(-1)?.push(...variableByteInteger(group.length), ...group)
      } else for (const byte of tokenBytes(token)) groups.at(-1)?.push(byte)
    }
  }
  if (groups.length !== 1) throw new Error('a group is not closed')
  return Uint8Array.from(groups[0] as number[])
}

function tokenBytes(token: string): number[] {
  const repeated = /^([\da-f]{2})\*(\d+)$/.exec(token)
  if (repeated !== null) return Array.from({ length: Number(repeated[2]) }, () => parseInt(repeated[1] as string, 16))
  if (/^[\da-f]{2}$/.test(token)) return [parseInt(token, 16)]
  if (!/^(['"]).*\1$/.test(token)) throw new Error(`${token} is neither a byte nor a text`)
  const text = [...new TextEncoder().encode(token.slice(1, -1))]
  return token.startsWith("'") ? [text.length >> 8, text.length & 0xff, ...text] : text
}

function variableByteInteger(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) + 128, ...variableByteInteger(Math.floor(value / 128))]
}
