import { randomBytes } from 'node:crypto'

/** Mosquitto 2.0 reads and writes 12 bytes of salt; 2.1 reads both and writes 64. */
const saltSizes: ReadonlySet<number> = new Set([12, 64])

/** The size that every version of Mosquitto reads. */
export function newMosquittoSalt(): Buffer {
  return randomBytes(12)
}

export function isMosquittoSalt(salt: Uint8Array | undefined): salt is Uint8Array {
  return salt !== undefined && saltSizes.has(salt.length)
}

export const saltSizeFault = 'the salt must be base64 of 12 or 64 bytes'
export const sha512Bytes = 64
export const hashSizeFault = `the hash must be base64 of ${sha512Bytes} bytes`
