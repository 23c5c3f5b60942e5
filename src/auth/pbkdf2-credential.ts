import { timingSafeEqual } from 'node:crypto'
import { decodeBase64 } from './base64.ts'
import type { Credential } from './credential.ts'
import { deriveHash, type HashJob } from './derive-hash.ts'
import { hashSizeFault, isMosquittoSalt, newMosquittoSalt, saltSizeFault, sha512Bytes } from './mosquitto-salt.ts'

interface Pbkdf2Values {
  readonly iterations: number
  readonly salt: Uint8Array
  readonly hash: Uint8Array
}

/** The default is that of mosquitto_passwd 2.1: Mosquitto hashes on the thread that serves its clients. */
export const pbkdf2Iterations = { min: 1, max: 10_000_000, default: 1000 } as const

const pattern = /^\$7\$(\d{1,8})\$([^$]+)\$([^$]+)$/

/** The usual form of Mosquitto, `$7$ITERATIONS$SALT$HASH`, base64: PBKDF2 with HMAC-SHA-512. */
export class Pbkdf2Credential implements Credential {
  readonly #values: Pbkdf2Values

  constructor(values: Pbkdf2Values) {
    this.#values = values
  }

  /** The credential, or what is wrong with its text. */
  static parse(text: string): Pbkdf2Credential | string {
    const match = pattern.exec(text)
    if (match === null) return 'expected $7$ITERATIONS$SALT$HASH'
    const iterations = Number(match[1])
    const { min, max } = pbkdf2Iterations
    if (iterations < min || iterations > max) return `the iterations must be from ${min} to ${max}`
    const [salt, hash] = match.slice(2).map(decodeBase64)
    if (!isMosquittoSalt(salt)) return saltSizeFault
    return hash?.length === sha512Bytes ? new Pbkdf2Credential({ iterations, salt, hash }) : hashSizeFault
  }

  static async create(password: Uint8Array, iterations: number = pbkdf2Iterations.default): Promise<Pbkdf2Credential> {
    const values = { iterations, salt: newMosquittoSalt(), hash: new Uint8Array(sha512Bytes) }
    const hash = await deriveHash(new Pbkdf2Credential(values).hashJob(password))
    return new Pbkdf2Credential({ ...values, hash })
  }

  get cost(): string {
    return `pbkdf2-sha512 i=${this.#values.iterations} salt=${this.#values.salt.length}`
  }

  format(): string {
    const { iterations, salt, hash } = this.#values
    return `$7$${iterations}$${Buffer.from(salt).toString('base64')}$${Buffer.from(hash).toString('base64')}`
  }

  hashJob(password: Uint8Array): HashJob {
    const { iterations, salt } = this.#values
    return { kind: 'pbkdf2-sha-512', password, salt, iterations, hashBytes: sha512Bytes }
  }

  matches(hash: Uint8Array): boolean {
    return timingSafeEqual(hash, this.#values.hash)
  }

  standIn(random: (purpose: string, length: number) => Uint8Array): Credential {
    const { iterations, salt } = this.#values
    return new Pbkdf2Credential({
      iterations,
      salt: random('salt', salt.length),
      hash: random('hash', sha512Bytes),
    })
  }
}
