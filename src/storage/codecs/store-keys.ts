import type { KeyRange } from '../key-value.ts'

/**
 * Where things lie. Numbers are 8 bytes, highest first, so that keys stand in their order.
 *
 *   c|number             a commit: records of one batch, or of a part of a large one
 *   m|block              messages that wait for long, up to 32
 *   s|session            a session
 *   q|session|segment    a part of its long queue (the second | is not written: 2 + 8 + 8 bytes)
 *   g|filter             what waits for members of a shared subscription
 *   r|topic              a retained message
 *   w|clientId           a will
 *   meta|format          version of the layout
 *   meta|state           what the store knows of itself
 *   damaged|KEY          a value whose checksum was wrong, as it was found under KEY
 */
export type NumberedPrefix = 'c' | 'm' | 's'
export type NamedPrefix = 'g' | 'r' | 'w'

export const formatKey = Buffer.from('meta|format')
export const stateKey = Buffer.from('meta|state')

export function numberedKey(prefix: NumberedPrefix, number: number): Buffer {
  const key = Buffer.allocUnsafe(10)
  key[0] = prefix.charCodeAt(0)
  key[1] = BAR
  writeNumber(key, 2, number)
  return key
}

export function segmentKey(session: number, segment: number): Buffer {
  const key = Buffer.allocUnsafe(18)
  key[0] = 0x71
  key[1] = BAR
  writeNumber(key, 2, session)
  writeNumber(key, 10, segment)
  return key
}

export function namedKey(prefix: NamedPrefix, name: string): Buffer {
  return Buffer.from(`${prefix}|${name}`)
}

export function damagedKey(key: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from('damaged|'), key])
}

/** All keys with a prefix. */
export function rangeOf(prefix: NumberedPrefix | NamedPrefix | 'q' | 'meta' | 'damaged'): KeyRange {
  return { from: Buffer.from(`${prefix}|`), to: Buffer.from(`${prefix}}`) }
}

/** All numbered keys from `number` on. */
export function rangeFrom(prefix: NumberedPrefix, number: number): KeyRange {
  return { from: numberedKey(prefix, number), to: rangeOf(prefix).to }
}

/** The number in a `c`, `m` or `s` key, the session in a `q` key; -1 when the key has another length. */
export function numberIn(key: Uint8Array): number {
  return key.length === 10 || key.length === 18 ? readNumber(key, 2) : -1
}

/** The segment in a `q` key; -1 when the key has another length. */
export function segmentIn(key: Uint8Array): number {
  return key.length === 18 ? readNumber(key, 10) : -1
}

/** A key as a person reads it. */
export function keyText(key: Uint8Array): string {
  const prefix = String.fromCharCode(key[0] ?? 0x3f)
  if (key.length === 18 && prefix === 'q') return `q|${numberIn(key)}|${segmentIn(key)}`
  if (key.length === 10 && 'cms'.includes(prefix)) return `${prefix}|${numberIn(key)}`
  return Buffer.from(key).toString()
}

const BAR = 0x7c

function writeNumber(key: Buffer, at: number, number: number): void {
  key.writeUInt32BE(Math.floor(number / 0x1_0000_0000), at)
  key.writeUInt32BE(number % 0x1_0000_0000, at + 4)
}

function readNumber(key: Uint8Array, at: number): number {
  const view = new DataView(key.buffer, key.byteOffset, key.length)
  return view.getUint32(at) * 0x1_0000_0000 + view.getUint32(at + 4)
}
