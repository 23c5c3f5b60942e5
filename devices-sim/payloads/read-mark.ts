import { type Mark, MARK_BEGINS, MAXIMUM_MARK_LENGTH, MAXIMUM_RUN_LENGTH } from '../proof/mark.ts'

/** A mark that begins further back is not looked for. */
const searchedBytes = 256
const mostDigits = 16
const blank = 0x20
const tilde = 0x7e
const zero = 0x30
const begins = Uint8Array.from(MARK_BEGINS, (character) => character.charCodeAt(0))
const scratch = new Uint8Array(MAXIMUM_MARK_LENGTH)

/** The mark within a payload, wherever its format put it, or undefined. Runs for every message that arrives. */
export function readMark(payload: Uint8Array): Mark | undefined {
  const end = Math.min(payload.length, searchedBytes)
  for (let at = 0; at < end; at++) {
    if (payload[at] !== tilde || !beginsAt(payload, at)) continue
    const mark = markAt(payload, at + begins.length, payload.length)
    if (mark !== undefined) return mark
  }
  return undefined
}

/** The mark that a text is, such as the user property `sim`, or undefined. */
export function readMarkText(text: string): Mark | undefined {
  const { length } = text
  if (length > scratch.length) return undefined
  for (let index = 0; index < length; index++) {
    const code = text.charCodeAt(index)
    if (code > 0x7f) return undefined
    scratch[index] = code
  }
  if (length < begins.length || !beginsAt(scratch, 0)) return undefined
  const mark = markAt(scratch, begins.length, length)
  return cursor === length ? mark : undefined
}

/** Where reading stands: a number for the module spares an object for each field. */
let cursor = 0
let limit = 0

function markAt(bytes: Uint8Array, at: number, end: number): Mark | undefined {
  cursor = at
  limit = end
  const run = readRun(bytes)
  if (run === undefined) return undefined
  const device = readNumber(bytes, blank)
  const stream = device < 0 ? -1 : readNumber(bytes, blank)
  const sequence = stream < 0 ? -1 : readNumber(bytes, blank)
  const dueUs = sequence < 1 ? -1 : readNumber(bytes, tilde)
  return dueUs < 0 ? undefined : { run, device, stream, sequence, dueUs }
}

function beginsAt(bytes: Uint8Array, at: number): boolean {
  for (let index = 1; index < begins.length; index++) if (bytes[at + index] !== begins[index]) return false
  return true
}

/** The run read last: nearly all messages of a process are of one, and then no text is made. */
let lastRun = ''

function readRun(bytes: Uint8Array): string | undefined {
  const start = cursor
  const end = Math.min(limit, start + MAXIMUM_RUN_LENGTH + 1)
  let same = true
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number
    if (byte === blank) {
      if (at === start) return undefined
      if (!same || at - start !== lastRun.length) lastRun = String.fromCharCode(...bytes.subarray(start, at))
      cursor = at + 1
      return lastRun
    }
    if (!isRunCharacter(byte)) return undefined
    same &&= byte === lastRun.charCodeAt(at - start)
  }
  return undefined
}

/** Printable ASCII but `"`, `\` and `~`. */
function isRunCharacter(byte: number): boolean {
  return byte > blank && byte < tilde && byte !== 0x22 && byte !== 0x5c
}

/** A whole number as a mark writes it, up to the byte that must follow, or -1. */
function readNumber(bytes: Uint8Array, after: number): number {
  const start = cursor
  const end = Math.min(limit, start + mostDigits + 1)
  let value = 0
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number
    if (byte === after) {
      const hasLeadingZero = at - start > 1 && bytes[start] === zero
      if (at === start || hasLeadingZero || value > Number.MAX_SAFE_INTEGER) return -1
      cursor = at + 1
      return value
    }
    if (byte < zero || byte > zero + 9) return -1
    value = value * 10 + (byte - zero)
  }
  return -1
}
