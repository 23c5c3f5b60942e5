import { decodeText } from '../../../src/protocol/text.ts'

const userProperty = 0x26
/** Bytes of a property's value where they do not depend on it; texts and binary data have their length in front. */
const fixedSizes: Readonly<Record<number, number>> = { 0x01: 1, 0x02: 4, 0x23: 2 }

/**
 * The value of the user property `sim` among checked PUBLISH properties, or undefined. Runs for every message of a
 * 5.0 subscriber: no object is made for the other properties.
 */
export function findMark(bytes: Uint8Array, start: number, end: number): string | undefined {
  for (let at = start; at < end;) {
    const id = bytes[at++] as number
    const fixed = fixedSizes[id]
    if (fixed !== undefined) at += fixed
    else if (id === 0x0b) while ((bytes[at++] as number) > 0x7f);
    else if (id !== userProperty) at += 2 + lengthAt(bytes, at)
    else {
      const nameLength = lengthAt(bytes, at)
      const valueAt = at + 2 + nameLength + 2
      const valueEnd = valueAt + lengthAt(bytes, valueAt - 2)
      const isMark = nameLength === 3 && bytes[at + 2] === 0x73 && bytes[at + 3] === 0x69 && bytes[at + 4] === 0x6d
      if (isMark) return decodeText(bytes, valueAt, valueEnd)
      at = valueEnd
    }
  }
  return undefined
}

function lengthAt(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number)
}
