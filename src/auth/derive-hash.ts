import { pbkdf2, scrypt } from 'node:crypto'
import { promisify } from 'node:util'

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

const pbkdf2Async = promisify(pbkdf2)

/** Computes the hash in the thread pool. Rejects when memory is short. */
export function deriveHash(job: HashJob): Promise<Uint8Array> {
  if (job.kind === 'pbkdf2-sha-256') {
    return pbkdf2Async(job.password, job.salt, job.iterations, job.hashBytes, 'sha256')
  }
  const { password, salt, costExponent, blockSize, parallelism, hashBytes } = job
  const cost = 2 ** costExponent
  const maxmem = 128 * blockSize * (cost + parallelism + 2) // what OpenSSL needs; Node's default stops at 32 MiB
  return new Promise((resolve, reject) => {
    const options = { cost, blockSize, parallelization: parallelism, maxmem }
    scrypt(password, salt, hashBytes, options, (error, hash) => (error === null ? resolve(hash) : reject(error)))
  })
}
