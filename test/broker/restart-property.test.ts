import fc from 'fast-check'
import { expect, it } from 'vitest'
import { FILTERS, READERS, RestartModel, TOPICS, type Ways } from './restart-model.ts'

type Step = readonly [title: string, run: (model: RestartModel) => Promise<void>]

function steps<T>(
  weight: number,
  name: string,
  arbitrary: fc.Arbitrary<T>,
  run: (model: RestartModel, value: T) => Promise<void>,
) {
  const step = arbitrary.map((value): Step => [`${name} ${fc.stringify(value)}`, (model) => run(model, value)])
  return { weight, arbitrary: step }
}

const reader = fc.constantFrom(...READERS)
const topicName = fc.constantFrom(...TOPICS)
const filter = fc.constantFrom(...FILTERS)
const qos = fc.constantFrom(0 as const, 1 as const, 2 as const)

const step = fc.oneof(
  steps(
    6,
    'publish',
    fc.tuple(topicName, qos, fc.boolean(), fc.integer({ min: 1, max: 6 })),
    (model, [topic, level, retain, times]) => {
      return model.publish(topic, level, retain, times)
    },
  ),
  steps(4, 'subscribe', fc.tuple(reader, filter, qos), (model, [name, topicFilter, level]) => {
    return model.subscribe(name, topicFilter, level)
  }),
  steps(1, 'unsubscribe', fc.tuple(reader, filter), (model, [name, topicFilter]) =>
    model.unsubscribe(name, topicFilter),
  ),
  steps(1, 'connect', reader, (model, name) => model.connect(name)),
  steps(4, 'take', fc.tuple(reader, fc.nat(8)), (model, [name, count]) => model.take(name, count)),
  steps(4, 'leave', reader, (model, name) => model.leave(name)),
  steps(2, 'crash', fc.constant(undefined), (model) => model.crash()),
  steps(1, 'publish across a crash', topicName, (model, topic) => model.publishAcrossCrash(topic)),
  steps(1, 'advance', fc.nat(1000), (model, byMs) => model.advance(byMs)),
)

async function play(isTiny: boolean, ways: Ways, list: readonly Step[]): Promise<void> {
  const model = new RestartModel(isTiny, ways)
  await model.scene.start()
  try {
    for (const [, act] of list) await act(model)
    await model.settle()
  } catch (error) {
    throw new Error(list.map(([title]) => title).join('; '), { cause: error })
  } finally {
    await model.scene.stop()
  }
}

const usual: Ways = { upgradeOutgoingQos: false, overlappingSubscriptions: 'once' }
const each: Ways = { upgradeOutgoingQos: false, overlappingSubscriptions: 'each' }

it.each([
  [true, 20, usual],
  [false, 10, usual],
  [true, 10, each],
  [true, 10, { ...each, upgradeOutgoingQos: true }],
  [false, 5, { ...usual, upgradeOutgoingQos: true }],
] as const)(
  'what was acknowledged is there after any crashes (log kept short: %s; %d runs; %j)',
  async (isTiny, numRuns, ways) => {
    const runs = fc.array(step, { minLength: 30, maxLength: 45, size: 'max' })
    await fc.assert(
      fc.asyncProperty(runs, (list) => play(isTiny, ways, list)),
      { numRuns, seed: 5, endOnFailure: true },
    )
    expect.hasAssertions()
  },
)
