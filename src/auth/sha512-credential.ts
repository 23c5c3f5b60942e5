import { timingSafeEqual } from 'node:crypto'
import { decodeBase64 } from './base64.ts'
import type { Credential } from './credential.ts'
import { deriveHash, type HashJob } from './derive-hash.ts'
import { hashSizeFault, isMosquittoSalt, newMosquittoSalt, saltSizeFault, sha512Bytes } from './mosquitto-salt.ts'

const pattern = /^\$6\$([^$]+)\$([^$]+)$/

/** Mosquitto's oldest form, `$6$SALT$HASH`, base64: SHA-512 once, which is weak against somebody who has the file. */
export class Sha512Credential implements Credential {
  readonly #salt: Uint8Array
  readonly #hash: Uint8Array

  constructor(salt: Uint8Array, hash: Uint8Array) {
    this.#salt = salt
    this.#hash = hash
  }

  /** The credential, or what is wrong with its text. */
  static parse(text: string): Sha512Credential | string {
    const match = pattern.exec(text)
    if (match === null) return 'expected $6$SALT$HASH'
    const [salt, hash] = match.slice(1).map(decodeBase64)
    if (!isMosquittoSalt(salt)) return saltSizeFault
    return hash?.length === sha512Bytes ? new Sha512Credential(salt, hash) : hashSizeFault
  }

  static async create(password: Uint8Array): Promise<Sha512Credential> {
    const salt = newMosquittoSalt()
    const hash = await deriveHash(new Sha512Credential(salt, new Uint8Array(sha512Bytes)).hashJob(password))
    return new Sha512Credential(salt, hash)
  }

  get cost(): string {
    return `sha512 salt=${this.#salt.length}`
  }

  format(): string {
    return `$6$${Buffer.from(this.#salt).toString('base64')}$${Buffer.from(this.#hash).toString('base64')}`
  }

  hashJob(password: Uint8Array): HashJob {
    return { kind: 'sha-512', password, salt: this.#salt, hashBytes: sha512Bytes }
  }

  matches(hash: Uint8Array): boolean {
    return timingSafeEqual(hash, this.#hash)
  }

  standIn(random: (purpose: string, length: number) => Uint8Array): Credential {
    return new Sha512Credential(random('salt', this.#salt.length), random('hash', sha512Bytes))
  }
}
