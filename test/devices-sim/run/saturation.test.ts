import { expect, it } from 'vitest'
import { LatencyHistogram } from '../../../devices-sim/measures/latency-histogram.ts'
import { saturationOf } from '../../../devices-sim/run/saturation.ts'

const none = new LatencyHistogram().summary()
const idle = {
  pid: 7,
  busySeconds: 2,
  seconds: 11,
  lateMs: { ...none, count: 200, p99: 20 },
  loopDelayMs: { ...none, p99: 50 },
}
const busy = (seconds: number, of: number): string[] => [
  `process 7 used more than 0.9 of a core in ${seconds} of ${of} seconds`,
]

it.each([
  ['nothing at the bounds', {}, []],
  ['three busy seconds of a long run', { busySeconds: 3, seconds: 600 }, busy(3, 600)],
  ['two busy seconds, a fifth of a short run', { busySeconds: 2, seconds: 10 }, busy(2, 10)],
  ['not one busy second, however short the run', { busySeconds: 1, seconds: 1 }, []],
  [
    'its lateness',
    { lateMs: { ...none, count: 200, p99: 21 } },
    ['process 7 made 1 % of its messages more than 21 ms after they were due'],
  ],
  ['not the lateness of a few messages', { lateMs: { ...none, count: 199, p99: 21 } }, []],
  ['its loop', { loopDelayMs: { ...none, p99: 80 } }, ['the event loop of process 7 was held up for 80 ms (p99)']],
])('a generator is given away by %s', (_, load, reasons) => {
  expect(saturationOf([idle, { ...idle, ...load }])).toEqual(reasons)
})
