import { expect, it } from 'vitest'
import { SeededSource } from '../../../devices-sim/random.ts'
import type { ScenarioInput } from '../../../devices-sim/scenario/schema.ts'
import { deliveryOf, play, publishingOf } from '../run/play.ts'
import { type Effect, effectOf, type FaultCase, faultCases, formats, payloads, sensors, sumOf } from './fault-table.ts'

const DEVICES = 6
const SUBSCRIBERS = 2

interface Plan {
  readonly scenario: ScenarioInput
  readonly qos: 0 | 1 | 2
  /** By client of the leg, device and sequence number. */
  readonly faults: ReadonlyMap<string, FaultCase>
}

/** Faults at random; between two of one stream one message has none, so that each has an effect of its own. */
function planOf(seed: number): Plan {
  const random = new SeededSource(seed)
  const oneOf = <T>(items: readonly T[]): T => items[Math.floor(random.next() * items.length)] as T
  const qos = oneOf([0, 1, 2] as const)
  const published = Math.max(qos, oneOf([0, 1, 2] as const)) as 0 | 1 | 2
  const faults = new Map<string, FaultCase>()
  for (let device = 0; device < DEVICES; device++) {
    for (const sequence of [3, 9]) {
      if (random.next() < 0.4) continue
      const one = oneOf(faultCases)
      const client =
        one.direction === 'to broker' ? `d-${device + 1}` : `s-${1 + Math.floor(random.next() * SUBSCRIBERS)}`
      faults.set(`${client} ${device} ${sequence}`, one)
    }
  }
  const message = { topic: 't/{client}', qos: published, every: '50ms', jitter: 0.5, payload: payloads[oneOf(formats)] }
  return {
    qos,
    faults,
    scenario: {
      name: 'random',
      seed,
      protocol: oneOf(['3.1.1', '5'] as const),
      fleets: { d: { count: DEVICES, sensors, messages: { m: message } } },
      subscribers: { s: { count: SUBSCRIBERS, filters: ['t/+'], qos } },
      phases: [{ phase: 'hold', lasts: '900ms' }],
    },
  }
}

/** The effect on all subscribers together. */
function expectedOf({ faults, scenario, qos }: Plan): Effect {
  const published = (scenario.fleets?.['d']?.messages?.['m']?.qos ?? 0) as 0 | 1 | 2
  return sumOf(
    [...faults.values()].flatMap((one) =>
      // what befalls a message before the broker befalls it for every subscriber
      one.direction === 'to client' ? [effectOf(one, qos)] : Array(SUBSCRIBERS).fill(effectOf(one, published)),
    ),
  )
}

it.concurrent.each(Array.from({ length: 14 }, (_, index) => index + 1))(
  'faults at random are counted exactly, seed %i',
  async (seed) => {
    const plan = planOf(seed)
    const { report } = await play(plan.scenario, {
      judge({ clientId, direction, mark }) {
        const one = mark && plan.faults.get(`${clientId} ${mark.device} ${mark.sequence}`)
        return one?.direction === direction ? one.fault : undefined
      },
    })
    const { stray, ...expected } = expectedOf(plan)
    const { sent } = publishingOf(report, 'd.m')
    const row = deliveryOf(report, 'd.m', 's')
    expect(row).toMatchObject({ ...expected, qos: plan.qos, promised: sent * SUBSCRIBERS, missedAway: 0 })
    expect(report.stray).toBe(stray)
    expect(row.received).toBe(row.promised - row.lost)
    expect(sent).toBeGreaterThan(DEVICES * 13)
  },
)
