/** Where a message stands in its run. */
export interface Mark {
  /** 1 to 64 characters of ASCII, without blanks, `~`, `"` and `\`. */
  readonly run: string
  /** Number of the device in the whole run, 0 for the first. */
  readonly device: number
  /** Number of the stream of its messages, see `streamsOf`. */
  readonly stream: number
  /** 1 for the first message of this stream of this device. */
  readonly sequence: number
  /** Microseconds since the run began. */
  readonly dueUs: number
}

export const MARK_BEGINS = '~sim '
export const MAXIMUM_RUN_LENGTH = 64
/** Longer than any mark: the beginning, a run, four numbers of at most 16 digits, four blanks and the end. */
export const MAXIMUM_MARK_LENGTH = MARK_BEGINS.length + MAXIMUM_RUN_LENGTH + 4 * 16 + 4 + 1

/**
 * The mark as a text, the same in a user property and in a payload: `~sim RUN DEVICE STREAM SEQUENCE DUE~`. All
 * ASCII, without a character that JSON escapes. A reader finds it by its beginning, wherever the format put it.
 */
export function markText({ run, device, stream, sequence, dueUs }: Mark): string {
  return `~sim ${run} ${device} ${stream} ${sequence} ${dueUs}~`
}

/**
 * Writes what `markText` gives, without making a text, and returns the place after it. `target` must have room:
 * `MAXIMUM_MARK_LENGTH` always is.
 */
export function writeMark(target: Uint8Array, start: number, { run, device, stream, sequence, dueUs }: Mark): number {
  if (run !== headOf) takeHead(run)
  let at = start
  for (let index = 0; index < headLength; index++) target[at++] = head[index] as number
  at = writeNumber(target, at, device)
  target[at++] = blank
  at = writeNumber(target, at, stream)
  target[at++] = blank
  at = writeNumber(target, at, sequence)
  target[at++] = blank
  at = writeNumber(target, at, dueUs)
  target[at++] = tilde
  return at
}

const blank = 0x20
const tilde = 0x7e
const zero = 0x30
const runName = /^[!#-[\]-}]+$/
const billion = 1_000_000_000

/** `~sim RUN `, kept because a process has one run. */
const head = new Uint8Array(MAXIMUM_MARK_LENGTH)
let headOf: string | undefined
let headLength = 0

function takeHead(run: string): void {
  if (run.length > MAXIMUM_RUN_LENGTH || !runName.test(run)) {
    throw new RangeError(
      `a run is named by 1 to ${MAXIMUM_RUN_LENGTH} visible ASCII characters other than ~ " and \\, not by "${run}"`,
    )
  }
  const text = `${MARK_BEGINS}${run} `
  for (let index = 0; index < text.length; index++) head[index] = text.charCodeAt(index)
  headOf = run
  headLength = text.length
}

/** A whole number of at most 16 digits, in halves that fit 32 bits. */
function writeNumber(target: Uint8Array, at: number, value: number): number {
  if (value < billion) return writeDigits(target, at, value, digitsOf(value))
  const high = Math.floor(value / billion)
  return writeDigits(target, writeDigits(target, at, high, digitsOf(high)), value - high * billion, 9)
}

function writeDigits(target: Uint8Array, at: number, value: number, digits: number): number {
  let rest = value | 0
  for (let place = at + digits - 1; place >= at; place--) {
    const tenth = (rest / 10) | 0
    target[place] = zero + rest - tenth * 10
    rest = tenth
  }
  return at + digits
}

/** Of a whole number below a billion. */
function digitsOf(value: number): number {
  if (value < 10) return 1
  if (value < 100) return 2
  if (value < 1000) return 3
  if (value < 10_000) return 4
  if (value < 100_000) return 5
  if (value < 1_000_000) return 6
  if (value < 10_000_000) return 7
  return value < 100_000_000 ? 8 : 9
}
