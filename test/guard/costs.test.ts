import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { buildGuard } from './build.ts'
import type { Allocation } from './child/measure-allocation.ts'
import { MeasuredBroker } from './measured-broker.ts'
import { Pair } from './pair.ts'

/** What a message costs in memory and in CPU time, in figures that hardly depend on how busy the machine is. */

let dist = ''

beforeAll(async () => {
  dist = await buildGuard()
}, 60_000)

/**
 * Bytes on the heap per message published, from the chunk it comes in to the outboxes and back through its whole flow:
 * what is measured today, within 2 %, and what must not be reached.
 */
const allocations = [
  { qos: 0, subscribers: 1, today: 103, bound: 200 },
  { qos: 1, subscribers: 1, today: 107, bound: 210 },
  { qos: 2, subscribers: 1, today: 171, bound: 340 },
  { qos: 0, subscribers: 20, today: 1910, bound: 3820 },
  { qos: 1, subscribers: 20, today: 1940, bound: 3880 },
  { qos: 2, subscribers: 20, today: 2030, bound: 4060 },
] as const

describe('what a message allocates', () => {
  let measured: readonly Allocation[] = []

  beforeAll(async () => {
    const script = join(dist, 'test/guard/child/measure-allocation.js')
    measured = JSON.parse((await promisify(execFile)(process.execPath, [script])).stdout) as Allocation[]
  }, 60_000)

  for (const { qos, subscribers, bound } of allocations) {
    it(`QoS ${qos} to ${subscribers}: fewer bytes than ${bound}`, () => {
      const found = measured.find((one) => one.qos === qos && one.subscribers === subscribers)
      expect(found?.bytesPerMessage, found?.allocators.join('\n')).toBeLessThan(bound)
    })
  }
})

const PAIRS = 10
/** Of our broker and the floor broker in turn: about 0.2 s each. */
const ROUNDS = 9
const CHUNKS_PER_ROUND = 20
const WARM_UP_CHUNKS = 80

/**
 * CPU time as a multiple of the floor broker's, the median over rounds. Today, on a machine that others use too, it is
 * 1.0 to 1.2 at QoS 0 and 1.3 to 1.6 at QoS 1; single rounds go from 0.7 to 2. `npm run bench` is for what is finer.
 */
const ratioBounds = [
  { qos: 0, bound: 2 },
  { qos: 1, bound: 2.5 },
] as const

describe('what a message costs beside the floor broker', () => {
  const flags = ['start', '--memory', '--no-ws', '--log-level', 'error', '--port']
  const floorBroker = join(import.meta.dirname, '../../bench/floor/floor-broker.mjs')
  const brokers: MeasuredBroker[] = []

  afterEach(async () => {
    for (const broker of brokers.splice(0)) await broker.stop()
  })

  for (const { qos, bound } of ratioBounds) {
    it(`pairs at QoS ${qos}: less than ${bound} times its CPU time`, async () => {
      const runOurs = await openRun(await started([join(dist, 'src/main.js'), ...flags]), qos)
      const runFloor = await openRun(await started([floorBroker]), qos)
      await runOurs(WARM_UP_CHUNKS)
      await runFloor(WARM_UP_CHUNKS)
      const ratios: number[] = []
      for (let round = 0; round < ROUNDS; round++) {
        ratios.push((await runOurs(CHUNKS_PER_ROUND)) / (await runFloor(CHUNKS_PER_ROUND)))
      }
      expect(median(ratios), `rounds: ${ratios.map((ratio) => ratio.toFixed(2)).join(' ')}`).toBeLessThan(bound)
    })
  }

  async function started(args: readonly string[]): Promise<MeasuredBroker> {
    const broker = await MeasuredBroker.start(args)
    brokers.push(broker)
    return broker
  }
})

/** A function that has every pair send so many chunks, and returns what that cost the broker in CPU microseconds. */
async function openRun(broker: MeasuredBroker, qos: 0 | 1): Promise<(chunks: number) => Promise<number>> {
  const pairs: Pair[] = []
  for (let index = 0; index < PAIRS; index++) pairs.push(await Pair.open(broker.port, index, qos))
  return async (chunks) => {
    const before = await broker.cpu()
    await Promise.all(pairs.map((pair) => pair.run(chunks)))
    return (await broker.cpu()) - before
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] as number
}
