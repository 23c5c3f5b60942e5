/** Standard base64 in its one canonical spelling, with padding or without; anything else is undefined. */
export function decodeBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64')
  return text === bytes.toString('base64') || text === unpaddedBase64(bytes) ? bytes : undefined
}

/** As the PHC string format has it. */
export function unpaddedBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64').replace(/=+$/, '')
}
