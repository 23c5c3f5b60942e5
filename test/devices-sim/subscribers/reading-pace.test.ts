import { expect, it } from 'vitest'
import type { Stage } from '../../../devices-sim/devices/stage.ts'
import type { SimulatedClient } from '../../../devices-sim/engines/engine.ts'
import { ReadingPace } from '../../../devices-sim/subscribers/reading-pace.ts'

/** Reads `batch` messages whenever it may, for so long; returns how many that were. */
function readFor(perSecond: number, batch: number, seconds: number): number {
  const timers: { readonly atMs: number; readonly action: () => void }[] = []
  let nowMs = 0
  let isPaused = false
  let read = 0
  const client = { pauseReading: () => (isPaused = true), resumeReading: () => (isPaused = false) }
  const stage = { after: (ms: number, action: () => void) => timers.push({ atMs: nowMs + ms, action }) }
  const pace = new ReadingPace(perSecond, client as unknown as SimulatedClient, stage as unknown as Stage)
  while (nowMs < seconds * 1000) {
    if (!isPaused) {
      // a chunk that was read holds so many, whether it is paused in the middle or not
      for (let index = 0; index < batch; index++) {
        pace.read()
        read++
      }
      continue
    }
    const next = timers.shift()
    if (next === undefined) throw new Error('it never reads again')
    nowMs = next.atMs
    next.action()
  }
  return read
}

it.each([
  [10, 1],
  [100, 1],
  [1000, 1],
  [10, 50],
  [100, 333],
  [3, 1],
])('%i in a second, in chunks of %i, is its pace over time', (perSecond, batch) => {
  const seconds = 60
  const read = readFor(perSecond, batch, seconds)
  expect(read).toBeGreaterThanOrEqual(perSecond * seconds * 0.95 - batch)
  // one chunk to begin with, and one before it knows how large they are
  expect(read).toBeLessThanOrEqual(perSecond * seconds * 1.05 + 2 * batch)
})
