import { expect, it } from 'vitest'
import type { ScenarioInput } from '../../../devices-sim/scenario/schema.ts'
import type { PassingPublish } from '../../support/mqtt-leg.ts'
import { deliveryOf, play } from '../run/play.ts'

const payload = { format: 'fixed', bytes: 90 } as const
const status = { topic: 's/{client}', text: 'here' } as const

/** One device says something every 20 ms at QoS 1, and a reader without a session is away for a tenth of a second. */
function scenarioOf(more: Partial<ScenarioInput> = {}): ScenarioInput {
  return {
    name: 'absences',
    fleets: { d: { count: 1, messages: { m: { topic: 'm', qos: 1, every: '20ms', payload } } } },
    subscribers: { r: { filters: ['#'], away: [{ from: '1.5s', lasts: '100ms' }] } },
    phases: [
      { phase: 'hold', lasts: '2.5s' },
      { phase: 'drain', lasts: '1s' },
    ],
    ...more,
  }
}

function isDueBetween({ direction, mark }: PassingPublish, fromUs: number, toUs: number): boolean {
  return direction === 'to client' && mark !== undefined && mark.dueUs >= fromUs && mark.dueUs < toUs
}

it.concurrent('what is lost before an absence is lost, though the next to arrive comes after it', async () => {
  const { report } = await play(scenarioOf(), {
    judge: (publish) => (isDueBetween(publish, 500_000, 1_700_000) ? 'drop' : undefined),
  })
  const { lost, missedAway } = deliveryOf(report, 'd.m', 'r')
  expect(lost).toBeGreaterThanOrEqual(30)
  expect(missedAway).toBeLessThanOrEqual(30)
})

it.concurrent('what was sent in an absence is not lost', async () => {
  const { report } = await play(scenarioOf())
  expect(deliveryOf(report, 'd.m', 'r')).toMatchObject({ lost: 0 })
})

it.concurrent('births that nobody saw are lost, for those who share a subscription as well', async () => {
  const fleets = { d: { count: 4, birth: status } }
  const subscribers = { plain: { filters: ['s/#'] }, shared: { count: 3, share: 'g', filters: ['s/#'] } }
  const { report } = await play(scenarioOf({ fleets, subscribers }), {
    judge: ({ direction, topic }) => (direction === 'to client' && topic.startsWith('s/') ? 'drop' : undefined),
  })
  for (const group of ['plain', 'shared']) {
    expect(deliveryOf(report, 'd.birth', group)).toMatchObject({ lost: 4, missedAway: 0 })
  }
})

it.concurrent('a will called for in an absence is not owed to who has no session', async () => {
  const fleets = { d: { count: 4, will: { ...status, retain: false }, reconnect: { first: '20ms', most: '50ms' } } }
  const subscribers = {
    away: { filters: ['#'], away: [{ from: '400ms', lasts: '900ms' }] },
    there: { filters: ['#'] },
  }
  const phases: ScenarioInput['phases'] = [
    { phase: 'hold', lasts: '800ms' },
    { phase: 'storm', lasts: '1200ms', away: '50ms' },
    { phase: 'drain', lasts: '1s' },
  ]
  const { report } = await play(scenarioOf({ fleets, subscribers, phases }))
  expect(report.wills).toMatchObject({ expected: 4, seen: 4, missing: 0, unexpected: 0 })
})

it.concurrent('a delayed will is owed once the delay is over, and not before', async () => {
  const will = { ...status, delay: '1s', retain: false }
  const fleetOf = (session: 'clean' | 'persistent', first: string) => {
    return { count: 2, session, will, reconnect: { first, jitter: 0 } }
  }
  const fleets = {
    long: fleetOf('persistent', '1700ms'),
    short: fleetOf('persistent', '100ms'),
    clean: fleetOf('clean', '100ms'),
  }
  const subscribers = { there: { filters: ['#'] } }
  const phases: ScenarioInput['phases'] = [
    { phase: 'hold', lasts: '300ms' },
    { phase: 'storm', lasts: '2500ms', away: '50ms' },
    { phase: 'drain', lasts: '1s' },
  ]
  const { report } = await play(scenarioOf({ fleets, subscribers, phases }))
  expect(report.wills).toMatchObject({ expected: 4, seen: 4, missing: 0, unexpected: 0, unconfirmed: 0 })
})

it.concurrent('what a slow way still has is waited for', async () => {
  const fleets = { d: { count: 1, messages: { m: { topic: 'm', qos: 1, every: '500ms', payload } } } } as const
  const phases: ScenarioInput['phases'] = [
    { phase: 'hold', lasts: '1s' },
    { phase: 'drain', lasts: '10s' },
  ]
  const { report } = await play(scenarioOf({ fleets, subscribers: { r: { filters: ['#'] } }, phases }), {
    slowMs: 1200,
  })
  expect(report.run.ended).toBe('finished')
  expect(deliveryOf(report, 'd.m', 'r')).toMatchObject({ promised: 2, received: 2, lost: 0 })
})
