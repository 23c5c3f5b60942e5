import { scryptSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { HashJob } from '../../src/auth/derive-hash.ts'
import { HashQueue } from '../../src/auth/hash-queue.ts'

function job(salt: number): HashJob {
  const parameters = { costExponent: 10, blockSize: 8, parallelism: 1, hashBytes: 32 }
  return { kind: 'scrypt', password: Buffer.from('secret'), salt: Buffer.alloc(8, salt), ...parameters }
}

/** A derive function whose jobs end when the test says so. */
function heldWork() {
  const running: { job: HashJob; end(): void; fail(): void }[] = []
  const started: HashJob[] = []
  let most = 0
  const derive = (given: HashJob): Promise<Uint8Array> =>
    new Promise((resolve, reject) => {
      const leave = (): void => void running.splice(running.indexOf(entry), 1)
      const entry = {
        job: given,
        end: () => (leave(), resolve(given.salt)),
        fail: () => (leave(), reject(new Error('no memory'))),
      }
      running.push(entry)
      started.push(given)
      most = Math.max(most, running.length)
    })
  return { derive, running, started, most: () => most }
}

/** Somebody who waits for a hash, and may go. */
function asker(address = '') {
  const state = { address, hasLeft: false, isGone: () => state.hasLeft }
  return state
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('the hash queue', () => {
  it.each([
    [1, 1],
    [2, 2],
    [8, 2],
  ])('asked for %i at once runs at most %i, and all in order', async (concurrency, limit) => {
    const { derive, running, started, most } = heldWork()
    const queue = new HashQueue({ concurrency, derive })
    const jobs = Array.from({ length: 10 }, (_, index) => job(index))
    const hashes = jobs.map((each) => queue.hash(each))
    while (running.length > 0) {
      expect(running.length).toBeLessThanOrEqual(limit)
      running[0]?.end()
      await turn()
    }
    expect(most()).toBe(limit)
    expect(started).toEqual(jobs)
    expect(await Promise.all(hashes)).toEqual(jobs.map(({ salt }) => salt))
  })

  it('runs as many at once as it is resized to', async () => {
    const { derive, running } = heldWork()
    const queue = new HashQueue({ concurrency: 2, derive })
    const hashes = [0, 1, 2, 3].map((index) => queue.hash(job(index)))
    expect(running).toHaveLength(2)
    queue.resize({ concurrency: 1, maximumWaiting: 2 })
    expect(await queue.hash(job(4))).toBe('busy')
    running[0]?.end()
    await turn()
    expect(running).toHaveLength(1)
    while (running.length > 0) {
      running[0]?.end()
      await turn()
      expect(running.length).toBeLessThanOrEqual(1)
    }
    expect(await Promise.all(hashes)).toHaveLength(4)
  })

  it('is busy at once when all places to wait are taken, and no longer when one is free', async () => {
    const { derive, running, started } = heldWork()
    const queue = new HashQueue({ concurrency: 1, maximumWaiting: 2, derive })
    const taken = [0, 1, 2].map((index) => queue.hash(job(index)))
    expect(await queue.hash(job(3))).toBe('busy')
    running[0]?.end()
    await taken[0]
    const late = queue.hash(job(4))
    expect(await queue.hash(job(5))).toBe('busy')
    for (let left = 3; left > 0; left--) {
      running[0]?.end()
      await turn()
    }
    expect(await late).toEqual(job(4).salt)
    expect(started.map(({ salt }) => salt[0])).toEqual([0, 1, 2, 4])
  })

  it('lets nobody slip in between two that wait', async () => {
    const { derive, running, most } = heldWork()
    const queue = new HashQueue({ concurrency: 1, derive })
    const first = queue.hash(job(0))
    void queue.hash(job(1))
    const third = first.then(() => queue.hash(job(2)))
    running[0]?.end()
    await turn()
    expect(running.map(({ job: { salt } }) => salt[0])).toEqual([1])
    running[0]?.end()
    await turn()
    running[0]?.end()
    await third
    expect(most()).toBe(1)
  })

  it('computes nothing for those who are gone when their turn comes', async () => {
    const { derive, running, started } = heldWork()
    const queue = new HashQueue({ concurrency: 1, derive })
    const first = queue.hash(job(0))
    const leaving = Array.from({ length: 500 }, () => asker('192.0.2.1'))
    const unwanted = leaving.map((each) => queue.hash(job(1), each))
    const last = queue.hash(job(2), asker('192.0.2.2'))
    for (const each of leaving) each.hasLeft = true
    running[0]?.end()
    await first
    expect(new Set(await Promise.all(unwanted))).toEqual(new Set(['unwanted']))
    running[0]?.end()
    expect(await last).toEqual(job(2).salt)
    expect(started).toEqual([job(0), job(2)])
  })

  it('is free again when all who waited are gone', async () => {
    const { derive, running } = heldWork()
    const queue = new HashQueue({ concurrency: 1, derive })
    const first = queue.hash(job(0))
    const leaving = asker()
    const unwanted = queue.hash(job(1), leaving)
    leaving.hasLeft = true
    running[0]?.end()
    await first
    expect(await unwanted).toBe('unwanted')
    void queue.hash(job(2))
    expect(running).toHaveLength(1)
  })

  it('gives one address half of the places to wait, and takes them back', async () => {
    const { derive, running } = heldWork()
    const queue = new HashQueue({ concurrency: 1, maximumWaiting: 6, derive })
    const greedy = asker('192.0.2.1')
    const first = queue.hash(job(0), greedy)
    const waiting = [1, 2, 3].map((salt) => queue.hash(job(salt), greedy))
    expect(await queue.hash(job(4), greedy)).toBe('busy')
    const other = queue.hash(job(5), asker('192.0.2.2'))
    running[0]?.end()
    await first
    waiting.push(queue.hash(job(6), greedy))
    expect(await queue.hash(job(7), greedy)).toBe('busy')
    while (running.length > 0) {
      running[0]?.end()
      await turn()
    }
    expect(await Promise.all([...waiting, other])).toEqual([1, 2, 3, 6, 5].map((salt) => job(salt).salt))
  })

  it('does not bound those without an address but by all places', async () => {
    const { derive } = heldWork()
    const queue = new HashQueue({ concurrency: 1, maximumWaiting: 4, derive })
    void queue.hash(job(0))
    const nameless = asker()
    const answers: unknown[] = []
    for (const salt of [1, 2, 3, 4, 5]) void queue.hash(job(salt), nameless).then((answer) => answers.push(answer))
    await turn()
    expect(answers).toEqual(['busy'])
  })

  it('goes on after a hash that failed', async () => {
    const { derive, running } = heldWork()
    const queue = new HashQueue({ concurrency: 1, derive })
    const failing = queue.hash(job(0))
    const next = queue.hash(job(1))
    running[0]?.fail()
    await expect(failing).rejects.toThrow('no memory')
    running[0]?.end()
    expect(await next).toEqual(job(1).salt)
    const last = queue.hash(job(2))
    running[0]?.end()
    expect(await last).toEqual(job(2).salt)
  })

  it('computes what scrypt computes, also beyond the 32 MiB that Node allows by default', async () => {
    const large: HashJob = { ...job(1), kind: 'scrypt', costExponent: 16, blockSize: 8, parallelism: 1 }
    const expected = scryptSync('secret', job(1).salt, 32, { N: 2 ** 16, r: 8, p: 1, maxmem: 2 ** 27 })
    expect(Buffer.from((await new HashQueue().hash(large)) as Uint8Array)).toEqual(expected)
  })
})
