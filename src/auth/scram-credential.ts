import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { decodeBase64 } from './base64.ts'
import type { Credential } from './credential.ts'
import { deriveHash, type HashJob } from './derive-hash.ts'
import { saslPrepBytes } from './sasl-prep.ts'

interface ScramValues {
  readonly iterations: number
  readonly salt: Uint8Array
  readonly storedKey: Uint8Array
  readonly serverKey: Uint8Array
}

/**
 * RFC 7677 asks for 4096 at least. The client pays for them at each login and many clients are microcontrollers, so
 * the default stays near: 10,000 more than double what guessing costs somebody who stole the file.
 */
export const scramIterations = { min: 4096, max: 1_000_000, default: 10_000 } as const

export const scramKeyBytes = 32
const pattern = /^SCRAM-SHA-256\$(\d{1,9}):([^$:]+)\$([^$:]+):([^$:]+)$/

/** SCRAM-SHA-256 as in RFC 5803: `SCRAM-SHA-256$ITERATIONS:SALT$STOREDKEY:SERVERKEY`, base64. */
export class ScramCredential implements Credential {
  readonly #values: ScramValues

  constructor(values: ScramValues) {
    this.#values = values
  }

  /** The credential, or what is wrong with its text. */
  static parse(text: string): ScramCredential | string {
    const match = pattern.exec(text)
    if (match === null) return 'expected SCRAM-SHA-256$ITERATIONS:SALT$STOREDKEY:SERVERKEY'
    const iterations = Number(match[1])
    const { min, max } = scramIterations
    if (iterations < min || iterations > max) return `the iterations must be from ${min} to ${max}`
    const [salt, storedKey, serverKey] = match.slice(2).map(decodeBase64)
    if (salt === undefined || salt.length < 8 || salt.length > 64) return 'the salt must be base64 of 8 to 64 bytes'
    if (storedKey?.length !== scramKeyBytes) return `StoredKey must be base64 of ${scramKeyBytes} bytes`
    if (serverKey?.length !== scramKeyBytes) return `ServerKey must be base64 of ${scramKeyBytes} bytes`
    return new ScramCredential({ iterations, salt, storedKey, serverKey })
  }

  /** Salts and hashes a password, which is UTF-8 text without control characters; undefined when it is not. */
  static async create(
    password: Uint8Array,
    iterations: number = scramIterations.default,
    salt: Uint8Array = randomBytes(16),
  ): Promise<ScramCredential | undefined> {
    if (saslPrepBytes(password) === undefined) return undefined
    const unset = new Uint8Array(scramKeyBytes)
    const blank = new ScramCredential({ iterations, salt, storedKey: unset, serverKey: unset })
    const saltedPassword = await deriveHash(blank.hashJob(password))
    const serverKey = createHmac('sha256', saltedPassword).update('Server Key').digest()
    return new ScramCredential({ iterations, salt, storedKey: storedKeyOf(saltedPassword), serverKey })
  }

  get cost(): string {
    return `SCRAM-SHA-256 i=${this.iterations}`
  }

  get iterations(): number {
    return this.#values.iterations
  }

  get salt(): Uint8Array {
    return this.#values.salt
  }

  get storedKey(): Uint8Array {
    return this.#values.storedKey
  }

  get serverKey(): Uint8Array {
    return this.#values.serverKey
  }

  format(): string {
    const [salt, storedKey, serverKey] = [this.salt, this.storedKey, this.serverKey].map((bytes) =>
      Buffer.from(bytes).toString('base64'),
    )
    return `SCRAM-SHA-256$${this.iterations}:${salt}$${storedKey}:${serverKey}`
  }

  /** A password that SASLprep does not allow is hashed as it is: same work, and no right one looks like it. */
  hashJob(password: Uint8Array): HashJob {
    const { iterations, salt } = this.#values
    const prepared = saslPrepBytes(password) ?? password
    return { kind: 'pbkdf2-sha-256', password: prepared, salt, iterations, hashBytes: scramKeyBytes }
  }

  matches(saltedPassword: Uint8Array): boolean {
    return timingSafeEqual(storedKeyOf(saltedPassword), this.#values.storedKey)
  }

  standIn(random: (purpose: string, length: number) => Uint8Array): ScramCredential {
    const salt = random('salt', this.#values.salt.length)
    const [storedKey, serverKey] = [random('StoredKey', scramKeyBytes), random('ServerKey', scramKeyBytes)]
    return new ScramCredential({ iterations: this.iterations, salt, storedKey, serverKey })
  }
}

function storedKeyOf(saltedPassword: Uint8Array): Buffer {
  const clientKey = createHmac('sha256', saltedPassword).update('Client Key').digest()
  return createHash('sha256').update(clientKey).digest()
}
