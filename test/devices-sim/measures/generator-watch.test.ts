import { afterEach, expect, it, vi } from 'vitest'
import { GeneratorWatch } from '../../../devices-sim/measures/generator-watch.ts'
import { LatencyHistogram } from '../../../devices-sim/measures/latency-histogram.ts'

const watches: GeneratorWatch[] = []
afterEach(() => {
  for (const watch of watches.splice(0)) watch.end()
  vi.restoreAllMocks()
})

function newWatch(): GeneratorWatch {
  const watch = new GeneratorWatch()
  watches.push(watch)
  return watch
}

/** Keeps the loop busy until its processor time is used up. */
function work(ms: number): void {
  const before = process.cpuUsage()
  for (;;) {
    const { user, system } = process.cpuUsage(before)
    if (user + system >= ms * 1000) return
  }
}

it('sees processor time, memory and who it watches', () => {
  const watch = newWatch()
  watch.begin()
  const startMs = performance.now()
  work(30)
  const load = watch.load()
  const mostElapsedMs = performance.now() - startMs
  expect(load.cpuCores).toBeGreaterThanOrEqual(30 / (mostElapsedMs + 5))
  expect(load.pid).toBe(process.pid)
  expect(load.rssBytes).toBeGreaterThan(1e7)
})

it('sees that the loop was held up, in the second and in all', async () => {
  const watch = newWatch()
  watch.begin()
  // the monitor has to have begun its round, and to end it
  for (let turn = 0; turn < 3; turn++) {
    await new Promise((resolve) => setTimeout(resolve, 12))
    work(60)
  }
  await new Promise((resolve) => setTimeout(resolve, 12))
  expect(watch.second().loopDelayP99Ms).toBeGreaterThan(30)
  expect(LatencyHistogram.decode(watch.load().loopDelay).maxMs).toBeGreaterThan(30)
})

it('forgets what was before it began', async () => {
  const watch = newWatch()
  await new Promise((resolve) => setTimeout(resolve, 12))
  work(60)
  await new Promise((resolve) => setTimeout(resolve, 12))
  watch.second()
  watch.begin()
  expect(LatencyHistogram.decode(watch.load().loopDelay).count).toBe(0)
})

it('counts the seconds in which it had next to no processor left, since it began', () => {
  let nowMs = 0
  let usedUs = 0
  vi.spyOn(performance, 'now').mockImplementation(() => nowMs)
  vi.spyOn(process, 'cpuUsage').mockImplementation((before) => ({ user: usedUs - (before?.user ?? 0), system: 0 }))
  const watch = newWatch()
  const second = (cores: number): void => {
    nowMs += 1000
    usedUs += cores * 1e6
    watch.second()
  }
  second(1)
  watch.begin()
  for (const cores of [0.2, 0.9, 0.91, 1.3, 0]) second(cores)
  expect(watch.load()).toMatchObject({ busySeconds: 2, seconds: 5 })
})
