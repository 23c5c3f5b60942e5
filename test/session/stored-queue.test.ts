import fc from 'fast-check'
import { it } from 'vitest'
import type { OutboundLimits } from '../../src/session/queue-bounds.ts'
import { MAXIMUM_QUOTA, StoredQueuePair } from './stored-queue-model.ts'

type Step = readonly [title: string, run: (pair: StoredQueuePair) => void]

const shape = fc.record({
  qos: fc.constantFrom(0 as const, 1 as const, 1 as const, 2 as const),
  byteSize: fc.oneof(
    { weight: 6, arbitrary: fc.nat(30) },
    { weight: 1, arbitrary: fc.integer({ min: 100, max: 400 }) },
  ),
  lifeMs: fc.oneof({ weight: 4, arbitrary: fc.constant(Infinity) }, { weight: 1, arbitrary: fc.nat(5000) }),
  topic: fc.constantFrom('a', 'b', 'c', 'd'),
  isStored: fc.oneof({ weight: 9, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
})
/** The window takes in 256 at once. */
const many = fc.oneof({ weight: 9, arbitrary: fc.integer({ min: 1, max: 5 }) }, { weight: 1, arbitrary: fc.nat(400) })

function steps<T>(
  weight: number,
  arbitrary: fc.Arbitrary<T>,
  name: string,
  run: (pair: StoredQueuePair, value: T) => void,
) {
  const step = arbitrary.map((value): Step => [`${name} ${fc.stringify(value)}`, (pair) => run(pair, value)])
  return { weight, arbitrary: step }
}

const nothing = fc.constant(undefined)
const answers = ['acknowledge', 'received', 'refused', 'completed'] as const
const step = fc.oneof(
  steps(6, fc.tuple(shape, many), 'enqueue', (pair, [one, times]) => {
    for (let time = 0; time < times; time++) pair.enqueue(one)
  }),
  steps(6, many, 'take', (pair, count) => void pair.take(count)),
  steps(6, fc.tuple(fc.constantFrom(...answers), fc.nat(30)), 'answer', (pair, [kind, place]) =>
    pair.answer(kind, place),
  ),
  steps(5, nothing, 'read', (pair) => pair.read()),
  steps(5, fc.array(fc.nat(300), { maxLength: 40 }), 'arrive', (pair, places) => pair.arrive(places, false)),
  steps(1, fc.array(fc.nat(300), { maxLength: 3 }), 'are lost', (pair, places) => pair.arrive(places, true)),
  steps(3, fc.integer({ min: 1, max: MAXIMUM_QUOTA }), 'connected', (pair, quota) => pair.connected(quota)),
  steps(2, nothing, 'disconnected', (pair) => pair.disconnected()),
  steps(1, fc.nat(3000), 'pass', (pair, byMs) => pair.pass(byMs)),
  steps(1, nothing, 'dropOld', (pair) => pair.dropOld()),
  steps(1, fc.nat(500), 'withdrawFrom', (pair, place) => pair.withdrawFrom(place)),
  steps(1, fc.constantFrom(65_530, 65_534, 65_535), 'skip', (pair, count) => pair.skip(count)),
  steps(1, nothing, 'reopen', (pair) => pair.reopen()),
)

const limits = fc.record({
  maximumQueuedMessages: fc.constantFrom(1, 3, 8, 300, 100_000),
  queueCountsInflight: fc.boolean(),
  maximumQueuedBytes: fc.constantFrom(100, 200, 10_000_000),
  maximumInflightBytes: fc.constant(0),
  maximumQueuedAgeSeconds: fc.constantFrom(0, 0, 4),
  maximumQueuedMessagesTotal: fc.constant(0),
  maximumQueuedBytesTotal: fc.constant(0),
  queueFullPolicy: fc.constantFrom<OutboundLimits['queueFullPolicy'][]>(
    'drop-oldest',
    'drop-newest',
    'latest-per-topic',
  ),
})
const start = fc.constantFrom(0, 65_532, 2 ** 31 - 3, 2 ** 32 - 3)

it('a queue in a store is a list: nothing is lost or doubled, and its order holds', () => {
  const runs = fc.array(step, { maxLength: 80, size: 'max' })
  const property = fc.property(limits, start, runs, (chosen, position, list) => {
    const pair = new StoredQueuePair(chosen, position)
    for (const [title, run] of list) {
      try {
        run(pair)
        pair.expectSame()
      } catch (error) {
        throw new Error(`${title}, of ${list.map(([name]) => name).join('; ')}`, { cause: error })
      }
    }
    pair.drain()
  })
  fc.assert(property, { numRuns: 300 })
})
