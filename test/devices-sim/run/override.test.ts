import { expect, it } from 'vitest'
import { overridden } from '../../../devices-sim/scenario/override.ts'
import { scenarioOf } from '../scenario/written-scenario.ts'

const scenario = scenarioOf(
  { protocol: '5', engine: 'mqttjs' },
  {
    warmUp: '1s',
    phases: [
      { phase: 'ramp', lasts: 1 },
      { phase: 'hold', lasts: 3 },
      { phase: 'drain', lasts: 7 },
    ],
    subscribers: { s: { filters: ['#'], protocol: '5', away: [{ from: '1s', lasts: '2s' }] } },
  },
)

it('nothing said changes nothing', () => {
  expect(overridden(scenario, {})).toEqual(scenario)
})

it('broker, seed and processes are those of the command line', () => {
  const changed = overridden(scenario, { url: 'mqtt://b:1', seed: 9, workers: 3 })
  expect(changed).toEqual({ ...scenario, broker: { ...scenario.broker, url: 'mqtt://b:1' }, seed: 9, workers: 3 })
})

it('engine and protocol become those of every client', () => {
  const changed = overridden(scenario, { engine: 'light', protocol: '3.1.1' })
  const own = { engine: 'light', protocol: '3.1.1' }
  expect(changed).toMatchObject({ ...own, fleets: { machines: own }, subscribers: { s: own } })
})

it('another duration stretches phases, warm-up and absences, and leaves the drain', () => {
  const changed = overridden(scenario, { duration: 8000 })
  expect(changed.phases.map(({ lasts }) => lasts)).toEqual([2000, 6000, 7000])
  expect(changed.warmUp).toBe(2000)
  expect(changed.subscribers['s']?.away).toMatchObject([{ from: 2000, lasts: 4000 }])
})

it('without phases the duration is a hold before the drain', () => {
  const drain = { phase: 'drain', lasts: 7 } as const
  const changed = overridden(scenarioOf({}, { phases: [drain] }), { duration: 5000 })
  expect(changed.phases).toEqual([
    { phase: 'hold', lasts: 5000 },
    { phase: 'drain', lasts: 7000 },
  ])
})
