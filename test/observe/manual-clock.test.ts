import { describe, expect, it } from 'vitest'
import { ManualClock } from '../../src/observe/manual-clock.ts'

/** When a task of every 100 ms and one of every 250 ms ran. */
function scene() {
  const clock = new ManualClock(1000)
  const ran: string[] = []
  for (const intervalMs of [100, 250])
    clock.every(intervalMs, () => ran.push(`${intervalMs} at ${clock.monotonicMs()}`))
  return { clock, ran }
}

describe('ManualClock', () => {
  it('stands still by itself', () => {
    const { clock, ran } = scene()
    expect([clock.monotonicMs(), clock.wallMs(), ran]).toEqual([0, 1000, []])
  })

  it('advances with each task at its own instant', () => {
    const { clock, ran } = scene()
    clock.advance(320)
    expect(ran).toEqual(['100 at 100', '100 at 200', '250 at 250', '100 at 300'])
    expect([clock.monotonicMs(), clock.wallMs()]).toEqual([320, 1320])
  })

  it('leaps with each task that fell due once, and goes on from there', () => {
    const { clock, ran } = scene()
    clock.leap(240)
    expect(ran.splice(0)).toEqual(['100 at 240'])
    clock.leap(1000)
    expect(ran.splice(0)).toEqual(['100 at 1240', '250 at 1240'])
    clock.advance(100)
    expect(ran).toEqual(['100 at 1340'])
    expect(clock.wallMs()).toBe(2340)
  })

  it('runs no task that was taken back', () => {
    const clock = new ManualClock()
    const stop = clock.every(10, () => expect.unreachable())
    stop()
    clock.advance(50)
    clock.leap(50)
  })
})
