import { randomBytes, timingSafeEqual } from 'node:crypto'
import { type Argon2Engine, findArgon2 } from './argon2-engine.ts'
import { decodeBase64, unpaddedBase64 } from './base64.ts'
import type { Credential } from './credential.ts'
import { deriveHash, type HashJob } from './derive-hash.ts'

interface Argon2Values {
  readonly memoryKib: number
  readonly passes: number
  readonly parallelism: number
  readonly salt: Uint8Array
  readonly hash: Uint8Array
}

/** What mosquitto_passwd 2.1 writes. */
const usual = { memoryKib: 47_104, passes: 1, parallelism: 1, saltBytes: 64, hashBytes: 64 } as const

/** A gibibyte in one pass, or less in more: the file may not ask for minutes of a thread. */
const maximumMemoryKib = 2 ** 20
const maximumWork = 2 ** 22

const pattern = /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,4}),p=(\d{1,3})\$([^$]+)\$([^$]+)$/

/** argon2id (RFC 9106) in the PHC string format, as Mosquitto 2.1 has it: base64 without padding. */
export class Argon2Credential implements Credential {
  readonly #values: Argon2Values
  readonly #engine: Argon2Engine

  constructor(values: Argon2Values, engine: Argon2Engine) {
    this.#values = values
    this.#engine = engine
  }

  /** The credential, or what is wrong with its text or missing to use it. */
  static parse(text: string, find: () => Argon2Engine | undefined = findArgon2): Argon2Credential | string {
    const match = pattern.exec(text)
    if (match === null) return 'expected $argon2id$v=19$m=47104,t=1,p=1$SALT$HASH'
    const [memoryKib, passes, parallelism] = match.slice(1, 4).map(Number) as [number, number, number]
    if (parallelism < 1 || parallelism > 255) return 'p must be from 1 to 255'
    if (memoryKib < 8 * parallelism || memoryKib > maximumMemoryKib) {
      return `m must be from 8 for each of p to ${maximumMemoryKib}`
    }
    if (passes < 1 || passes * memoryKib > maximumWork)
      return 't must be at least 1, and t times m no more than 4194304'
    const [salt, hash] = match.slice(4).map(decodeBase64)
    if (salt === undefined || salt.length < 8 || salt.length > 64) return 'the salt must be base64 of 8 to 64 bytes'
    if (hash === undefined || hash.length < 16 || hash.length > 64) return 'the hash must be base64 of 16 to 64 bytes'
    const engine = find()
    if (engine === undefined) return argon2Missing
    return new Argon2Credential({ memoryKib, passes, parallelism, salt, hash }, engine)
  }

  /** Salts and hashes a password as mosquitto_passwd does; or says what is missing for it. */
  static async create(
    password: Uint8Array,
    find: () => Argon2Engine | undefined = findArgon2,
  ): Promise<Argon2Credential | string> {
    const engine = find()
    if (engine === undefined) return argon2Missing
    const { saltBytes, hashBytes, ...costs } = usual
    const values = { ...costs, salt: randomBytes(saltBytes), hash: new Uint8Array(hashBytes) }
    const hash = await deriveHash(new Argon2Credential(values, engine).hashJob(password))
    return new Argon2Credential({ ...values, hash }, engine)
  }

  get cost(): string {
    const { salt, hash } = this.#values
    return `argon2id ${this.#parameters} salt=${salt.length} hash=${hash.length}`
  }

  format(): string {
    const { salt, hash } = this.#values
    return `$argon2id$v=19$${this.#parameters}$${unpaddedBase64(salt)}$${unpaddedBase64(hash)}`
  }

  hashJob(password: Uint8Array): HashJob {
    const { hash, ...parameters } = this.#values
    const { packagePath } = this.#engine
    return { kind: 'argon2id', password, ...parameters, packagePath, hashBytes: hash.length }
  }

  matches(hash: Uint8Array): boolean {
    return timingSafeEqual(hash, this.#values.hash)
  }

  standIn(random: (purpose: string, length: number) => Uint8Array): Credential {
    const salt = random('salt', this.#values.salt.length)
    const hash = random('hash', this.#values.hash.length)
    return new Argon2Credential({ ...this.#values, salt, hash }, this.#engine)
  }

  get #parameters(): string {
    const { memoryKib, passes, parallelism } = this.#values
    return `m=${memoryKib},t=${passes},p=${parallelism}`
  }
}

const argon2Missing =
  'argon2id needs Node.js 24.7 or newer, or the package @node-rs/argon2 beside Topiary: npm install @node-rs/argon2'
