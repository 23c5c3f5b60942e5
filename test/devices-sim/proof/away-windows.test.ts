import { expect, it } from 'vitest'
import { AwayWindows } from '../../../devices-sim/proof/away-windows.ts'
import { expectedDeliveries } from '../../../devices-sim/scenario/expected-deliveries.ts'
import { scenarioOf } from '../scenario/written-scenario.ts'

const telemetry = { topic: 'm/{client}', qos: 1, every: 1, payload: { format: 'fixed', bytes: 90 } } as const

function windowsOf(subscriber: object): AwayWindows {
  const away = [{ from: '1s', lasts: '2s' }]
  const subscribers = { s: { filters: ['#'], session: 'persistent' as const, away, ...subscriber } }
  const phases = [{ phase: 'hold' as const, lasts: '9s' }]
  const scenario = scenarioOf({ messages: { telemetry } }, { subscribers, phases })
  return new AwayWindows(scenario, expectedDeliveries(scenario), 500_000)
}

it.each([
  [1_499_999, 0],
  [1_500_000, 1],
  [3_499_999, 1],
  [3_500_000, 0],
])('a message due at %i us is queued: %i', (dueUs, queued) => {
  const windows = windowsOf({})
  windows.count('machines.telemetry', 0, dueUs, 1)
  expect(countsOf(windows)).toEqual(queued === 0 ? [] : [queued])
})

it('a message that is not sent after all is not queued', () => {
  const windows = windowsOf({})
  for (const by of [1, 1, -1] as const) windows.count('machines.telemetry', 0, 2_000_000, by)
  expect(countsOf(windows)).toEqual([1])
})

it.each([
  ['without a session', { session: 'clean' }],
  ['that share a subscription', { share: 'g' }],
  ['at QoS 0', { qos: 0 }],
  ['that did not ask for it', { filters: ['other'] }],
])('nothing is queued for subscribers %s', (_, subscriber) => {
  const windows = windowsOf(subscriber)
  windows.count('machines.telemetry', 0, 2_000_000, 1)
  expect(countsOf(windows)).toEqual([])
})

it('each of a group is queued what its own filters ask for', () => {
  const windows = windowsOf({ count: 2, filters: ['m/machines-{number}'] })
  windows.count('machines.telemetry', 0, 2_000_000, 1)
  expect(windows.queued).toEqual([{ window: 0, number: 1, count: 1 }])
})

function countsOf({ queued }: AwayWindows): number[] {
  return queued.map(({ count }) => count)
}
