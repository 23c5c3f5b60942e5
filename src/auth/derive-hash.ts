import * as crypto from 'node:crypto'
import { argon2Numbers, type Argon2Options, argon2Package } from './argon2-engine.ts'

interface AnyHashJob {
  readonly password: Uint8Array
  readonly salt: Uint8Array
  readonly hashBytes: number
}

/** A hash to compute, in plain numbers: N of scrypt is 2 to the power of `costExponent`. */
export type HashJob = AnyHashJob &
  (
    | {
        readonly kind: 'scrypt'
        readonly costExponent: number
        readonly blockSize: number
        readonly parallelism: number
      }
    | { readonly kind: 'pbkdf2-sha-256' | 'pbkdf2-sha-512'; readonly iterations: number }
    /** Over the password and then the salt. */
    | { readonly kind: 'sha-512' }
    | {
        readonly kind: 'argon2id'
        readonly memoryKib: number
        readonly passes: number
        readonly parallelism: number
        /** The package that computes it; undefined: node:crypto. */
        readonly packagePath: string | undefined
      }
  )

/** What computes it: a function of node:crypto, `sha-512`, or `package` with its path, and what it is called with. */
export type HashCall =
  | readonly [name: 'scrypt' | 'pbkdf2' | 'argon2', ...values: readonly unknown[]]
  | readonly [name: 'sha-512', password: Uint8Array, salt: Uint8Array]
  | readonly [name: 'package', path: string, password: Uint8Array, options: Argon2Options]

export function hashCall(job: HashJob): HashCall {
  const { password, salt, hashBytes } = job
  switch (job.kind) {
    case 'sha-512':
      return ['sha-512', password, salt]
    case 'pbkdf2-sha-256':
    case 'pbkdf2-sha-512':
      return ['pbkdf2', password, salt, job.iterations, hashBytes, job.kind === 'pbkdf2-sha-256' ? 'sha256' : 'sha512']
    case 'scrypt': {
      const { costExponent, blockSize, parallelism } = job
      const cost = 2 ** costExponent
      const maxmem = 128 * blockSize * (cost + parallelism + 2) // what OpenSSL needs; Node's default stops at 32 MiB
      return ['scrypt', password, salt, hashBytes, { cost, blockSize, parallelization: parallelism, maxmem }]
    }
    case 'argon2id': {
      const { memoryKib: memory, passes, parallelism, packagePath } = job
      if (packagePath === undefined) {
        const terms = { message: password, nonce: salt, parallelism, tagLength: hashBytes, memory, passes }
        return ['argon2', 'argon2id', terms]
      }
      const options = { memoryCost: memory, timeCost: passes, parallelism, outputLen: hashBytes, salt }
      return ['package', packagePath, password, { ...argon2Numbers, ...options }]
    }
  }
}

/** Computes the hash in Node's thread pool. Rejects when memory is short. */
export function deriveHash(job: HashJob): Promise<Uint8Array> {
  const call = hashCall(job)
  if (call[0] === 'sha-512') {
    const [, password, salt] = call
    return Promise.resolve(crypto.createHash('sha512').update(password).update(salt).digest())
  }
  if (call[0] === 'package') return argon2Package(call[1]).hashRaw(call[2], call[3])
  const [name, ...values] = call
  const compute = (crypto as unknown as Record<string, (...values: unknown[]) => void>)[name]
  return new Promise((resolve, reject) => {
    compute?.(...values, (error: Error | null, hash: Uint8Array) => (error === null ? resolve(hash) : reject(error)))
  })
}
