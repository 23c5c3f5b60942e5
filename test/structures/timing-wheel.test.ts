import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Timer, TimingWheel } from '../../src/structures/timing-wheel.ts'

const TICK_MS = 100

/** A timer that notes when it fired. */
function noting(dueMs: number, fired: number[] = []): Timer & { readonly fired: number[] } {
  return { dueMs, fired, fire: (nowMs) => fired.push(nowMs) }
}

describe('TimingWheel', () => {
  it.each([
    { dueMs: 100, firesAt: 100 },
    { dueMs: 101, firesAt: 200 },
    { dueMs: 199, firesAt: 200 },
    { dueMs: 1500, firesAt: 1500 },
    { dueMs: 0, firesAt: 100 },
    { dueMs: -50, firesAt: 100 },
    { dueMs: 800, firesAt: 800 }, // a whole turn of the wheel
    { dueMs: 801, firesAt: 900 },
    { dueMs: 5030, firesAt: 5100 }, // several turns
  ])('fires a timer due at $dueMs at the first tick at or after it', ({ dueMs, firesAt }) => {
    const wheel = new TimingWheel(0, TICK_MS, 8)
    const timer = noting(dueMs)
    wheel.add(timer)
    for (let nowMs = 50; nowMs < firesAt; nowMs += 50) wheel.advance(nowMs)
    expect(timer.fired).toEqual([])
    expect(wheel.size).toBe(1)
    wheel.advance(firesAt)
    expect(timer.fired).toEqual([firesAt])
    expect(wheel.size).toBe(0)
    for (let nowMs = firesAt; nowMs < firesAt + 2000; nowMs += 50) wheel.advance(nowMs)
    expect(timer.fired).toHaveLength(1)
  })

  it('begins at any instant', () => {
    const wheel = new TimingWheel(1_700_000_000_123, TICK_MS, 8)
    const timer = noting(1_700_000_000_300)
    wheel.add(timer)
    wheel.advance(1_700_000_000_299)
    expect(timer.fired).toEqual([])
    wheel.advance(1_700_000_000_300)
    expect(timer.fired).toHaveLength(1)
  })

  it('fires a timer that was moved later at its new time, without being told', () => {
    const wheel = new TimingWheel(0, TICK_MS, 8)
    const timer = noting(200)
    wheel.add(timer)
    timer.dueMs = 500
    wheel.advance(400)
    expect(timer.fired).toEqual([])
    timer.dueMs = 3000
    wheel.advance(2900)
    expect(timer.fired).toEqual([])
    wheel.advance(3000)
    expect(timer.fired).toEqual([3000])
  })

  it('fires a timer that was moved forward and put on again at its new time, once', () => {
    const wheel = new TimingWheel(0, TICK_MS, 8)
    const timer = noting(500)
    wheel.add(timer)
    timer.dueMs = 200
    wheel.add(timer)
    expect(wheel.size).toBe(1)
    wheel.advance(200)
    wheel.advance(600)
    expect(timer.fired).toEqual([200])
  })

  it('does not fire what was removed; removing again or removing what is not there does nothing', () => {
    const wheel = new TimingWheel(0, TICK_MS, 8)
    const [stays, goes] = [noting(100), noting(100)]
    wheel.add(stays)
    wheel.add(goes)
    wheel.remove(goes)
    wheel.remove(goes)
    wheel.remove(noting(100))
    expect(wheel.size).toBe(1)
    wheel.advance(1000)
    expect([stays.fired, goes.fired]).toEqual([[1000], []])
  })

  it('a leap of many turns visits every slot once and fires all that is due', () => {
    const wheel = new TimingWheel(0, TICK_MS, 8)
    const timers = Array.from({ length: 40 }, (_, index) => noting(index * 77))
    for (const timer of timers) wheel.add(timer)
    wheel.advance(2000)
    for (const timer of timers) expect(timer.fired).toEqual(timer.dueMs <= 2000 ? [2000] : [])
    wheel.advance(100_000)
    for (const timer of timers) expect(timer.fired).toHaveLength(1)
  })

  it('time that stands still or runs backwards fires nothing', () => {
    const wheel = new TimingWheel(1000, TICK_MS, 8)
    const timer = noting(1100)
    wheel.add(timer)
    wheel.advance(1000)
    wheel.advance(200)
    expect(timer.fired).toEqual([])
    wheel.advance(1100)
    expect(timer.fired).toEqual([1100])
  })

  it('a timer may put itself on again, remove another and add one while it fires', () => {
    const wheel = new TimingWheel(0, TICK_MS, 8)
    const [removed, added] = [noting(100), noting(150)]
    const repeated: number[] = []
    const timer: Timer = {
      dueMs: 100,
      fire(nowMs) {
        repeated.push(nowMs)
        this.dueMs = nowMs + 100
        wheel.add(this)
        wheel.remove(removed)
        if (repeated.length === 1) wheel.add(added)
      },
    }
    wheel.add(timer)
    wheel.add(removed)
    for (let nowMs = 100; nowMs <= 500; nowMs += 100) wheel.advance(nowMs)
    expect(repeated).toEqual([100, 200, 300, 400, 500])
    expect(removed.fired).toEqual([])
    expect(added.fired).toEqual([200])
  })

  it('hands what is due to another, which may see to faults', () => {
    const wheel = new TimingWheel(0, TICK_MS, 8)
    const [timer, later] = [noting(100), noting(300)]
    wheel.add(timer)
    wheel.add(later)
    const due: Timer[] = []
    wheel.advance(200, (one) => due.push(one))
    expect(due).toEqual([timer])
    expect(timer.fired).toEqual([])
    expect(wheel.size).toBe(1)
  })

  it('has default slots for more than a minute and a half', () => {
    const wheel = new TimingWheel(0)
    const timer = noting(102_450)
    wheel.add(timer)
    wheel.advance(102_400)
    expect(timer.fired).toEqual([])
    wheel.advance(102_500)
    expect(timer.fired).toEqual([102_500])
  })

  it('does what a sorted list does', () => {
    const add = fc.record({ kind: fc.constant('add' as const), afterMs: fc.integer({ min: -200, max: 4000 }) })
    const advance = fc.record({ kind: fc.constant('advance' as const), byMs: fc.oneof(fc.nat(250), fc.nat(3000)) })
    const move = fc.record({
      kind: fc.constantFrom('postpone' as const, 'postpone' as const, 'hasten' as const, 'remove' as const),
      index: fc.nat(),
      byMs: fc.nat(3000),
    })
    const step = fc.oneof(add, advance, move)
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 0, max: 1_000_000 }), (steps, startMs) => {
        const wheel = new TimingWheel(startMs, TICK_MS, 8)
        const list: { timer: Timer; addedTick: number }[] = []
        let nowMs = startMs
        let fired: Timer[] = []
        const tickOf = (ms: number): number => Math.floor(ms / TICK_MS)
        for (const one of steps) {
          const entry = 'index' in one ? list[one.index % Math.max(1, list.length)] : undefined
          if (one.kind === 'add') {
            const timer: Timer = { dueMs: nowMs + one.afterMs, fire: () => fired.push(timer) }
            wheel.add(timer)
            list.push({ timer, addedTick: tickOf(nowMs) })
          } else if (one.kind === 'advance') {
            nowMs += one.byMs
            fired = []
            wheel.advance(nowMs)
            expect(new Set(fired).size).toBe(fired.length)
            for (const timer of fired) {
              expect(timer.dueMs).toBeLessThanOrEqual(nowMs)
              list.splice(
                list.findIndex((other) => other.timer === timer),
                1,
              )
            }
            // nothing stays that was due by the tick just passed and was on the wheel before it
            const late = list.filter(({ timer, addedTick }) => {
              return Math.ceil(timer.dueMs / TICK_MS) <= tickOf(nowMs) && addedTick < tickOf(nowMs)
            })
            expect(late).toEqual([])
          } else if (entry !== undefined) {
            if (one.kind === 'postpone') entry.timer.dueMs += one.byMs
            else if (one.kind === 'remove') {
              wheel.remove(entry.timer)
              list.splice(list.indexOf(entry), 1)
            } else {
              entry.timer.dueMs -= one.byMs
              entry.addedTick = tickOf(nowMs)
              wheel.add(entry.timer)
            }
          }
          expect(wheel.size).toBe(list.length)
        }
      }),
      { numRuns: 500 },
    )
  })
})
