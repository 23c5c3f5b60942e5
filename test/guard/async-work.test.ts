import { createHook } from 'node:async_hooks'
import { afterEach, expect, it } from 'vitest'
import { GuardScene, MESSAGES_PER_TURN, type Qos } from './guard-scene.ts'

/**
 * A message starts nothing that ends later: no promise, no timer, no microtask, no callback of its own. A turn may start
 * a few. Counted over 10,000 messages.
 */

const TURNS = 10_000 / MESSAGES_PER_TURN
/** Today it is 6.2: an immediate is the broker's, that of the outboxes; the rest is what the scene waits with. */
const MOST_PER_TURN = 12

let scene: GuardScene | undefined

afterEach(async () => {
  await scene?.close()
  scene = undefined
})

it.each<[Qos, number]>([
  [0, 1],
  [1, 1],
  [2, 1],
  [0, 20],
  [1, 20],
])('starts nothing that ends later for a message: QoS %d to %d subscribers', async (qos, subscribers) => {
  scene = await GuardScene.open(qos, subscribers)
  await scene.play(2)
  const started = new Map<string, number>()
  const hook = createHook({ init: (_id, type) => void started.set(type, (started.get(type) ?? 0) + 1) })
  hook.enable()
  const turns = await scene.play(TURNS)
  hook.disable()
  const perTurn = Object.fromEntries([...started].map(([type, count]) => [type, count / turns]))
  expect(scene.subscribers[0]?.received).toBe((TURNS + 2) * MESSAGES_PER_TURN)
  const total = [...started.values()].reduce((sum, count) => sum + count, 0)
  expect(total / turns, JSON.stringify(perTurn)).toBeLessThan(MOST_PER_TURN)
})
