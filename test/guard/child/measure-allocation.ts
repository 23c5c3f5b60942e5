import { type HeapProfiler, Session } from 'node:inspector'
import { GuardScene, type Qos } from '../guard-scene.ts'

/**
 * Measures what the broker allocates for a message and writes it to stdout as JSON. In a process of its own: what other
 * tests made of the code before, and how a test runner changes it, would be measured too.
 */

export interface Allocation {
  readonly qos: Qos
  readonly subscribers: number
  /** On the heap, garbage included; those of the turn's own are spread over its messages. */
  readonly bytesPerMessage: number
  /** The functions that allocated most. */
  readonly allocators: readonly string[]
}

const cases: readonly (readonly [Qos, subscribers: number])[] = [
  [0, 1],
  [1, 1],
  [2, 1],
  [0, 20],
  [1, 20],
  [2, 20],
]
/** Many, so that what a turn itself costs weighs little. */
const MESSAGES_PER_TURN = 500
const WARM_UP_DELIVERIES = 100_000
const DELIVERIES = 40_000
const ROUNDS = 3
/** Garbage counts: it is what the collector is run for. */
const sampling = {
  samplingInterval: 512,
  includeObjectsCollectedByMajorGC: true,
  includeObjectsCollectedByMinorGC: true,
}

const measured: Allocation[] = []
for (const [qos, subscribers] of cases) measured.push(await measure(qos, subscribers))
process.stdout.write(JSON.stringify(measured))

async function measure(qos: Qos, subscribers: number): Promise<Allocation> {
  const scene = await GuardScene.open(qos, subscribers, MESSAGES_PER_TURN)
  const turns = Math.ceil(DELIVERIES / MESSAGES_PER_TURN / subscribers)
  await scene.play(Math.ceil(WARM_UP_DELIVERIES / MESSAGES_PER_TURN / subscribers))
  const rounds: ReadonlyMap<string, number>[] = []
  for (let round = 0; round < ROUNDS; round++) rounds.push(await sampled(() => scene.play(turns)))
  await scene.close()
  const middle = rounds.toSorted((one, other) => sum(one) - sum(other))[1] as ReadonlyMap<string, number>
  const messages = turns * MESSAGES_PER_TURN
  const allocators = [...middle].toSorted((one, other) => other[1] - one[1]).slice(0, 6)
  return {
    qos,
    subscribers,
    bytesPerMessage: sum(middle) / messages,
    allocators: allocators.map(([place, bytes]) => `${(bytes / messages).toFixed(1)} ${place}`),
  }
}

/** Bytes that each function allocates during a task, as sampled. */
async function sampled(task: () => Promise<unknown>): Promise<ReadonlyMap<string, number>> {
  const session = new Session()
  session.connect()
  await new Promise((resolve) => session.post('HeapProfiler.startSampling', sampling, resolve))
  await task()
  const profile = await new Promise<HeapProfiler.SamplingHeapProfile>((resolve, reject) => {
    session.post('HeapProfiler.stopSampling', (error, result) => (error ? reject(error) : resolve(result.profile)))
  })
  session.disconnect()
  const bytes = new Map<string, number>()
  const visit = ({ callFrame, selfSize, children }: HeapProfiler.SamplingHeapProfileNode): void => {
    const place = `${callFrame.functionName} ${callFrame.url.split('/').at(-1)}:${callFrame.lineNumber + 1}`
    bytes.set(place, (bytes.get(place) ?? 0) + selfSize)
    for (const child of children) visit(child)
  }
  visit(profile.head)
  return bytes
}

function sum(bytes: ReadonlyMap<string, number>): number {
  let total = 0
  for (const part of bytes.values()) total += part
  return total
}
