import { pbkdf2, scrypt } from 'node:crypto'

/** A hash to compute, in plain numbers: N of scrypt is 2 to the power of `costExponent`. */
export type HashJob =
  | {
      readonly kind: 'scrypt'
      readonly password: Uint8Array
      readonly salt: Uint8Array
      readonly costExponent: number
      readonly blockSize: number
      readonly parallelism: number
      readonly hashBytes: number
    }
  | {
      readonly kind: 'pbkdf2-sha-256'
      readonly password: Uint8Array
      readonly salt: Uint8Array
      readonly iterations: number
      readonly hashBytes: number
    }

export type HashCall = readonly [name: 'scrypt' | 'pbkdf2', ...values: readonly unknown[]]

/** The function of node:crypto that computes it, and what it is called with. */
export function hashCall(job: HashJob): HashCall {
  const { password, salt, hashBytes } = job
  if (job.kind === 'pbkdf2-sha-256') return ['pbkdf2', password, salt, job.iterations, hashBytes, 'sha256']
  const { costExponent, blockSize, parallelism } = job
  const cost = 2 ** costExponent
  const maxmem = 128 * blockSize * (cost + parallelism + 2) // what OpenSSL needs; Node's default stops at 32 MiB
  return ['scrypt', password, salt, hashBytes, { cost, blockSize, parallelization: parallelism, maxmem }]
}

/** Computes the hash in Node's thread pool. Rejects when memory is short. */
export function deriveHash(job: HashJob): Promise<Uint8Array> {
  const [name, ...values] = hashCall(job)
  const compute = { scrypt, pbkdf2 }[name] as (...values: unknown[]) => void
  return new Promise((resolve, reject) => {
    compute(...values, (error: Error | null, hash: Uint8Array) => (error === null ? resolve(hash) : reject(error)))
  })
}
