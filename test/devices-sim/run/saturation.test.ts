import { expect, it } from 'vitest'
import { LatencyHistogram } from '../../../devices-sim/measures/latency-histogram.ts'
import { saturationOf } from '../../../devices-sim/run/saturation.ts'

const none = new LatencyHistogram().summary()
const idle = {
  pid: 7,
  clients: 1,
  cpuCores: 0.9,
  rssBytes: 1,
  lateMs: { ...none, p99: 20 },
  loopDelayMs: { ...none, p99: 50 },
}

it.each([
  ['nothing at the bounds', {}, []],
  ['its processor', { cpuCores: 0.94 }, ['process 7 used 0.94 of its one core']],
  [
    'its lateness',
    { lateMs: { ...none, p99: 21 } },
    ['process 7 made 1 % of its messages more than 21 ms after they were due'],
  ],
  ['its loop', { loopDelayMs: { ...none, p99: 80 } }, ['the event loop of process 7 was held up for 80 ms (p99)']],
])('a generator is given away by %s', (_, load, reasons) => {
  expect(saturationOf([idle, { ...idle, ...load }])).toEqual(reasons)
})
