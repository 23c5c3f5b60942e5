import { describe, expect, it } from 'vitest'
import { Stream } from '../../../devices-sim/devices/stream.ts'
import { timetableOf } from '../../../devices-sim/timing/timetable.ts'
import { scenarioOf } from '../scenario/written-scenario.ts'

interface Terms {
  readonly jitter?: number
  readonly isPoisson?: boolean
  readonly limit?: number
  readonly seed?: number
  readonly device?: number
  readonly message?: string
  readonly spikes?: typeof spikes
}

const INTERVAL_US = 100_000
const FROM_US = 1_000_000
const spikes = timetableOf(
  scenarioOf(
    {},
    {
      phases: [
        { phase: 'ramp', lasts: 2 },
        { phase: 'spike', lasts: 1, times: 4 },
      ],
    },
  ),
).phases

/** As much of a device and its flow as a stream looks at. */
function streamOf(terms: Terms = {}): Stream {
  const {
    jitter = 0,
    isPoisson = false,
    limit = Infinity,
    seed = 1,
    device = 1,
    message = 'm',
    spikes: own = [],
  } = terms
  const awayWindows = { count() {} }
  const fleet = { name: 'd', spikes: own, stage: { seed, awayWindows } }
  const flow = { name: 'd.m', message, kind: 'message' }
  const flowOnStage = {
    fleet,
    flow,
    intervalUs: INTERVAL_US,
    isPoisson,
    limit,
    jitter,
    discarded: 0,
    readersOf: () => 0,
  }
  type Parts = ConstructorParameters<typeof Stream>
  const stream = new Stream({ numberInFleet: device } as Parts[0], flowOnStage as unknown as Parts[1], 't')
  stream.begin(FROM_US)
  return stream
}

/** As a device does it: the number is given out after the next due time is set. */
function dueTimes(stream: Stream, count: number): number[] {
  const times: number[] = []
  while (times.length < count && stream.nextDueUs !== Infinity) {
    times.push(stream.nextDueUs)
    stream.advance()
    stream.made()
  }
  return times
}

function gaps(times: readonly number[]): number[] {
  return times.slice(1).map((one, index) => one - (times[index] as number))
}

const devices = Array.from({ length: 200 }, (_, index) => index + 1)

describe('a stream', () => {
  it('begins within one interval, each device at a time of its own', () => {
    const firsts = devices.map((device) => streamOf({ device }).nextDueUs)
    expect(Math.min(...firsts)).toBeGreaterThanOrEqual(FROM_US)
    expect(Math.max(...firsts)).toBeLessThanOrEqual(FROM_US + INTERVAL_US)
    expect(new Set(firsts).size).toBeGreaterThan(190)
    // over the whole interval, not at its beginning
    expect(firsts.filter((one) => one > FROM_US + INTERVAL_US / 2).length).toBeGreaterThan(70)
  })

  it('is due once per interval, without drift', () => {
    const times = dueTimes(streamOf(), 1000)
    for (const gap of gaps(times)) expect(Math.abs(gap - INTERVAL_US)).toBeLessThanOrEqual(1)
    expect(Math.abs((times.at(-1) as number) - (times[0] as number) - 999 * INTERVAL_US)).toBeLessThanOrEqual(1)
  })

  it('comes later by its jitter and never earlier, without drift', () => {
    const plain = dueTimes(streamOf(), 500)
    const jittered = dueTimes(streamOf({ jitter: 0.3 }), 500)
    const late = jittered.map((one, index) => one - (plain[index] as number))
    expect(Math.min(...late)).toBeGreaterThanOrEqual(-1)
    expect(Math.max(...late)).toBeLessThanOrEqual(0.3 * INTERVAL_US + 1)
    expect(Math.max(...late)).toBeGreaterThan(0.25 * INTERVAL_US)
  })

  it('by chance it is due as often, with gaps of an exponential distribution', () => {
    const all = gaps(dueTimes(streamOf({ isPoisson: true }), 4001))
    const mean = all.reduce((sum, one) => sum + one, 0) / all.length
    const variance = all.reduce((sum, one) => sum + (one - mean) ** 2, 0) / all.length
    expect(mean / INTERVAL_US).toBeCloseTo(1, 1)
    expect(Math.sqrt(variance) / mean).toBeCloseTo(1, 1)
    expect(all.filter((one) => one > INTERVAL_US).length / all.length).toBeCloseTo(Math.exp(-1), 1)
  })

  it.each([false, true])('a spike multiplies how often it is due, by chance: %s', (isPoisson) => {
    const counts = devices.map((device) => {
      const times = dueTimes(streamOf({ device, isPoisson, spikes }), 80)
      return times.filter((one) => one >= 2_000_000 && one < 3_000_000).length
    })
    const mean = counts.reduce((sum, one) => sum + one, 0) / counts.length
    expect(mean / 40).toBeGreaterThan(0.95)
    expect(mean / 40).toBeLessThan(1.05)
  })

  it('a spike is noticed by devices that report less often than it lasts', () => {
    const short = timetableOf(
      scenarioOf(
        {},
        {
          phases: [
            { phase: 'ramp', lasts: 1.5 },
            { phase: 'spike', lasts: 0.02, times: 10 },
          ],
        },
      ),
    ).phases
    // a fifth of the interval, ten times as fast: two messages
    for (const device of devices) {
      const stream = streamOf({ device, spikes: short })
      const inSpike = dueTimes(stream, 30).filter((one) => one >= 1_500_000 && one < 1_520_000)
      expect(inSpike.length).toBeGreaterThanOrEqual(1)
      expect(inSpike.length).toBeLessThanOrEqual(3)
    }
  })

  it('stops at its limit', () => {
    expect(dueTimes(streamOf({ limit: 7 }), 100)).toHaveLength(7)
  })

  it('repeats itself for one seed, and not for another seed, device or message', () => {
    const terms = { jitter: 0.5, isPoisson: true }
    const times = dueTimes(streamOf(terms), 20)
    expect(dueTimes(streamOf(terms), 20)).toEqual(times)
    for (const other of [{ seed: 2 }, { device: 2 }, { message: 'n' }]) {
      expect(dueTimes(streamOf({ ...terms, ...other }), 20)).not.toEqual(times)
    }
  })
})
