import { randomBytes, timingSafeEqual } from 'node:crypto'
import { decodeBase64, unpaddedBase64 } from './base64.ts'
import type { Credential } from './credential.ts'
import { deriveHash, type HashJob } from './derive-hash.ts'

interface ScryptValues {
  readonly costExponent: number
  readonly blockSize: number
  readonly parallelism: number
  readonly salt: Uint8Array
  readonly hash: Uint8Array
}

export const scryptCost = { min: 10, max: 17, default: 14 } as const

/** N * r * p, which bounds time, and memory too: 128 bytes for each, so 128 MiB. */
const maximumWork = 2 ** 20
const pattern = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([^$]+)\$([^$]+)$/

/** scrypt (RFC 7914) in the PHC string format: `$scrypt$ln=14,r=8,p=1$SALT$HASH`, base64 without padding. */
export class ScryptCredential implements Credential {
  readonly #values: ScryptValues

  constructor(values: ScryptValues) {
    this.#values = values
  }

  /** The credential, or what is wrong with its text. */
  static parse(text: string): ScryptCredential | string {
    const match = pattern.exec(text)
    if (match === null) return 'expected $scrypt$ln=14,r=8,p=1$SALT$HASH'
    const [costExponent, blockSize, parallelism] = match.slice(1, 4).map(Number) as [number, number, number]
    const { min, max } = scryptCost
    if (costExponent < min || costExponent > max) return `ln must be from ${min} to ${max}`
    if (blockSize < 1 || blockSize > 32) return 'r must be from 1 to 32'
    if (parallelism < 1 || parallelism > 16) return 'p must be from 1 to 16'
    if (2 ** costExponent * blockSize * parallelism > maximumWork) return 'ln, r and p together ask for too much work'
    const [salt, hash] = match.slice(4).map(decodeBase64)
    if (salt === undefined || salt.length < 8 || salt.length > 64) return 'the salt must be base64 of 8 to 64 bytes'
    if (hash === undefined || hash.length < 16 || hash.length > 64) return 'the hash must be base64 of 16 to 64 bytes'
    return new ScryptCredential({ costExponent, blockSize, parallelism, salt, hash })
  }

  /** Salts and hashes a password, byte for byte as given. */
  static async create(password: Uint8Array, costExponent: number = scryptCost.default): Promise<ScryptCredential> {
    const values = { costExponent, blockSize: 8, parallelism: 1, salt: randomBytes(16), hash: new Uint8Array(32) }
    const hash = await deriveHash(new ScryptCredential(values).hashJob(password))
    return new ScryptCredential({ ...values, hash })
  }

  get cost(): string {
    const { costExponent, blockSize, parallelism } = this.#values
    return `scrypt ln=${costExponent},r=${blockSize},p=${parallelism}`
  }

  format(): string {
    const { costExponent, blockSize, parallelism, salt, hash } = this.#values
    const parameters = `ln=${costExponent},r=${blockSize},p=${parallelism}`
    return `$scrypt$${parameters}$${unpaddedBase64(salt)}$${unpaddedBase64(hash)}`
  }

  hashJob(password: Uint8Array): HashJob {
    const { hash, ...parameters } = this.#values
    return { kind: 'scrypt', password, ...parameters, hashBytes: hash.length }
  }

  matches(hash: Uint8Array): boolean {
    return timingSafeEqual(hash, this.#values.hash)
  }

  standIn(random: (purpose: string, length: number) => Uint8Array): Credential {
    const salt = random('salt', this.#values.salt.length)
    const hash = random('hash', this.#values.hash.length)
    return new ScryptCredential({ ...this.#values, salt, hash })
  }
}
