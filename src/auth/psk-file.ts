/** Keys that clients share with the broker, by identity, and sentences on lines that hold none. */
export interface PskFile {
  readonly keys: ReadonlyMap<string, Uint8Array>
  readonly warnings: readonly string[]
}

/**
 * Pre-shared keys: a line `identity:key` for each, the key in hexadecimal digits; empty lines and lines that begin with
 * `#` say nothing. A line that says nothing else that makes sense lets nobody in: it is skipped, with a warning
 * that begins with `FILE:LINE: ` and never quotes a key.
 */
export function parsePskFile(text: string, fileName: string): PskFile {
  const keys = new Map<string, Uint8Array>()
  const warnings: string[] = []
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim()
    if (line === '' || line.startsWith('#')) continue
    const colon = line.indexOf(':')
    const [identity, key] = colon === -1 ? ['', ''] : [line.slice(0, colon).trim(), line.slice(colon + 1).trim()]
    const fault = colon === -1 ? 'it has no colon: expected identity:key' : (identityFault(identity) ?? keyFault(key))
    const why = fault ?? (keys.has(identity) ? `the identity ${JSON.stringify(identity)} stands further up` : undefined)
    if (why === undefined) keys.set(identity, Buffer.from(key, 'hex'))
    else warnings.push(`${fileName}:${index + 1}: skipped, ${why}`)
  }
  return { keys, warnings }
}

/** What OpenSSL takes. */
const longestIdentityBytes = 256
const longestKeyBytes = 512

function identityFault(identity: string): string | undefined {
  if (identity === '') return 'the identity is empty'
  if (/[\p{Cc}\uFEFF]/u.test(identity)) return 'an identity has no control characters and no byte order mark'
  if (Buffer.byteLength(identity) <= longestIdentityBytes) return undefined
  return `an identity has at most ${longestIdentityBytes} bytes`
}

function keyFault(key: string): string | undefined {
  if (!/^(?:[\da-f]{2})+$/i.test(key)) return 'the key must be pairs of hexadecimal digits, without 0x'
  return key.length <= 2 * longestKeyBytes ? undefined : `a key has at most ${longestKeyBytes} bytes`
}
