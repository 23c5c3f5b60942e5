import { ProtocolError } from './protocol-error.ts'
import { ReasonCode } from './reason-codes.ts'

// ignoreBOM keeps U+FEFF in the string [MQTT5-1.5.4-3]; fatal refuses surrogates, overlong forms and cut sequences
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const encoder = new TextEncoder()

/** Longest string built by fromCharCode: beyond it the decoder is faster. */
const SHORT = 64

/** Strict UTF-8 without U+0000; anything else is a malformed packet. [MQTT5-1.5.4-1] [MQTT5-1.5.4-2] */
export function decodeText(bytes: Uint8Array, start: number, end: number): string {
  let isAscii = true
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number
    if (byte === 0) throw new ProtocolError(ReasonCode.malformedPacket, 'a string holds U+0000')
    if (byte >= 0x80) isAscii = false
  }
  const part = bytes.subarray(start, end)
  if (isAscii && part.length <= SHORT) return String.fromCharCode.apply(null, part as unknown as number[])
  try {
    return decoder.decode(part)
  } catch {
    throw new ProtocolError(ReasonCode.malformedPacket, 'a string is not valid UTF-8')
  }
}

/** Throws where `decodeText` would, without making the string. */
export function checkText(bytes: Uint8Array, start: number, end: number): void {
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number
    if (byte > 0 && byte < 0x80) continue
    decodeText(bytes, start, end)
    return
  }
}

export function encodeText(text: string): Uint8Array {
  return encoder.encode(text)
}
