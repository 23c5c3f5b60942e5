import { afterEach, describe, expect, it } from 'vitest'
import { GuardScene, MESSAGES_PER_TURN, type Qos } from './guard-scene.ts'

/**
 * What a turn's messages cost in writes: one to each client that is owed bytes, however many messages those are. A write
 * is a system call, and the dearest thing the broker does.
 */

let scene: GuardScene | undefined

afterEach(async () => {
  await scene?.close()
  scene = undefined
})

/** Turn by turn, the writes to the publisher and to each of its subscribers. */
async function writesOf(qos: Qos, subscribers: number): Promise<(readonly [number, readonly number[]])[]> {
  const { publisher, subscribers: readers } = (scene = await GuardScene.open(qos, subscribers))
  const turns: [number, number[]][] = []
  scene.publish()
  do {
    await scene.turn()
    turns.push([publisher.stream.writes, readers.map(({ stream }) => stream.writes)])
    for (const { stream } of [publisher, ...readers]) stream.writes = 0
  } while (scene.speak())
  expect(readers.map(({ received }) => received)).toEqual(readers.map(() => MESSAGES_PER_TURN))
  expect(publisher.acknowledged).toBe(qos === 0 ? 0 : MESSAGES_PER_TURN)
  return turns
}

/** Each turn of the flow: writes to the publisher, writes to each subscriber. */
const flows: Readonly<Record<Qos, readonly (readonly [number, number])[]>> = {
  0: [[0, 1]],
  1: [
    [1, 1], // PUBACK, PUBLISH
    [0, 0],
  ],
  2: [
    [1, 1], // PUBREC, PUBLISH
    [1, 1], // PUBCOMP, PUBREL
    [0, 0],
  ],
}

describe.each([0, 1, 2] as const)(`${MESSAGES_PER_TURN} messages in one chunk at QoS %d`, (qos) => {
  it.each([1, 20])('are one write to each of %d subscribers and one of acknowledgements', async (subscribers) => {
    const expected = flows[qos].map(([toPublisher, toEach]) => [
      toPublisher,
      Array.from({ length: subscribers }, () => toEach),
    ])
    expect(await writesOf(qos, subscribers)).toEqual(expected)
  })

  it('leave in the turn they came in, with those of any other chunk of it', async () => {
    scene = await GuardScene.open(qos)
    const { publisher, subscribers } = scene
    scene.publish()
    if (qos < 2) scene.publish() // at QoS 2 the same again would be no new messages
    await new Promise(setImmediate)
    expect(subscribers[0]?.received).toBe(qos < 2 ? 2 * MESSAGES_PER_TURN : MESSAGES_PER_TURN)
    expect([publisher.stream.writes, subscribers[0]?.stream.writes]).toEqual([qos === 0 ? 0 : 1, 1])
  })
})
