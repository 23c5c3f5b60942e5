import { decodeText } from '../protocol/text.ts'

/**
 * What SCRAM compares. An approximation of SASLprep (RFC 4013): normal form NFKC, and no control characters. The
 * characters that SASLprep drops (soft hyphen and the like) and its rules for right-to-left text are left out.
 * Undefined when the text is not allowed or nothing is left of it.
 */
export function saslPrep(text: string): string | undefined {
  const prepared = text.normalize('NFKC')
  return prepared === '' || /\p{Cc}/u.test(prepared) ? undefined : prepared
}

/** The same for bytes: undefined also when they are not UTF-8. */
export function saslPrepBytes(bytes: Uint8Array): Uint8Array | undefined {
  const text = strictText(bytes)
  const prepared = text === undefined ? undefined : saslPrep(text)
  return prepared === undefined ? undefined : Buffer.from(prepared)
}

/** UTF-8 without U+0000, or undefined. */
export function strictText(bytes: Uint8Array): string | undefined {
  try {
    return decodeText(bytes, 0, bytes.length)
  } catch {
    return undefined
  }
}
