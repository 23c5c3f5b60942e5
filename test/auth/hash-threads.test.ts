import { readdirSync, readFileSync } from 'node:fs'
import { afterAll, describe, expect, it } from 'vitest'
import { deriveHash, type HashJob } from '../../src/auth/derive-hash.ts'
import { HashThreads } from '../../src/auth/hash-threads.ts'

const password = Buffer.from('secret')
const salt = Buffer.alloc(16, 7)
const jobs: readonly HashJob[] = [
  { kind: 'scrypt', password, salt, costExponent: 10, blockSize: 8, parallelism: 1, hashBytes: 32 },
  { kind: 'pbkdf2-sha-256', password, salt, iterations: 4096, hashBytes: 32 },
]

const threads = new HashThreads()
afterAll(() => threads.stop())

describe('hashing threads', () => {
  it.each(jobs)('compute what Node itself does: $kind', async (job) => {
    expect(Buffer.from(await threads.derive(job))).toEqual(Buffer.from(await deriveHash(job)))
  })

  it('compute several at once', async () => {
    const hashes = await Promise.all([...jobs, ...jobs].map((job) => threads.derive(job)))
    expect(hashes[0]).toEqual(hashes[2])
    expect(hashes[1]).toEqual(hashes[3])
  })

  it('reject what cannot be computed, and go on', async () => {
    const impossible = { ...jobs[0], blockSize: 2 ** 20, costExponent: 30 } as HashJob
    await expect(threads.derive(impossible)).rejects.toThrow()
    expect(await threads.derive(jobs[1] as HashJob)).toHaveLength(32)
  })

  it.runIf(process.platform === 'linux')('run at a lower priority than the loop', async () => {
    await threads.derive(jobs[0] as HashJob)
    // field 19 of stat, counted behind the name in brackets
    const nices = readdirSync('/proc/self/task').map((task) => {
      const stat = readFileSync(`/proc/self/task/${task}/stat`, 'utf8')
      return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16])
    })
    expect(Math.max(...nices)).toBeGreaterThanOrEqual(10)
  })

  it('are gone when stopped', async () => {
    const own = new HashThreads()
    await own.derive(jobs[0] as HashJob)
    await own.stop()
    expect(await own.derive(jobs[0] as HashJob)).toHaveLength(32) // and start anew when asked again
    await own.stop()
  })
})
