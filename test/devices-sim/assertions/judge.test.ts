import { describe, expect, it } from 'vitest'
import { judge } from '../../../devices-sim/assertions/judge.ts'
import type { JudgedReport } from '../../../devices-sim/assertions/metrics.ts'
import { parseAssertion } from '../../../devices-sim/assertions/parse-assertion.ts'
import type { Delivery, Latency, Publishing } from '../../../devices-sim/report/run-report.ts'

const unmeasured: Latency = { count: 0, min: 0, mean: 0, p50: 0, p90: 0, p99: 0, p999: 0, max: 0 }

function latency(p99: number, more: Partial<Latency> = {}): Latency {
  return { ...unmeasured, count: 10, p99, ...more }
}

function delivery(flow: string, more: Partial<Delivery>): Delivery {
  const counts = { lost: 0, duplicates: 0, duplicatesWithDup: 0, reordered: 0, missedAway: 0 }
  const usual = {
    subscriber: 'all',
    qos: 1 as const,
    promised: 100,
    received: 100,
    latencyMs: unmeasured,
    examples: [],
  }
  return { flow, ...usual, ...counts, ...more }
}

function publishing(flow: string, more: Partial<Publishing>): Publishing {
  const counts = { devices: 1, due: 200, sent: 200, acknowledged: 0, unconfirmed: 0, refused: 0, discarded: 0 }
  return { flow, qos: 1, acknowledgementMs: unmeasured, ...counts, ...more }
}

/** Only what is judged here. */
const report = {
  generator: { saturated: false },
  connections: { wanted: 2, opened: 1234, reconnects: 5, failed: 6, lost: 7, missingAtEnd: 8 },
  publishing: [
    publishing('a.x', { discarded: 2, acknowledgementMs: latency(9) }),
    publishing('b.y', { qos: 0, sent: 190, acknowledgementMs: unmeasured }),
  ],
  deliveries: [
    delivery('a.x', { lost: 1, latencyMs: latency(30, { min: 2, mean: 10, max: 31 }) }),
    delivery('a.x', { subscriber: 'slow', lost: 4, latencyMs: latency(70, { count: 30, min: 3, mean: 30, max: 71 }) }),
    delivery('b.y', { qos: 0, promised: 0, received: 0 }),
  ],
  wills: { expected: 3, seen: 1, missing: 2, unexpected: 4, unconfirmed: 0 },
  births: { expected: 9, seen: 8, missing: 1 },
  retained: { topics: 6, right: 3, wrong: 2, missing: 1, examples: [] },
  offline: [
    { subscriber: 'all', number: 1, queued: 10, arrived: 9, missing: 1 },
    { subscriber: 'slow', number: 1, queued: 30, arrived: 27, missing: 3 },
  ],
  commands: [{ name: 'c', sent: 50, answered: 49, timedOut: 1, roundTripMs: latency(12) }],
  latencies: { connect: latency(5), suback: latency(6), puback: latency(7), pubcomp: unmeasured, endToEnd: latency(9) },
  gaps: [{ fromSecond: 1, toSecond: 2 }],
  stray: 3,
} as unknown as JudgedReport

function judged(text: string, of: JudgedReport = report) {
  const assertion = parseAssertion(text)
  if ('fault' in assertion) throw new Error(assertion.fault)
  return judge(assertion, of)
}

describe('an assertion is judged', () => {
  it.each([
    // each operator, on both sides of its edge
    ['stray == 3', true, '3'],
    ['stray == 4', false, '3'],
    ['stray != 3', false, '3'],
    ['stray != 4', true, '3'],
    ['stray < 3', false, '3'],
    ['stray < 4', true, '3'],
    ['stray <= 2', false, '3'],
    ['stray <= 3', true, '3'],
    ['stray > 3', false, '3'],
    ['stray > 2', true, '3'],
    ['stray >= 4', false, '3'],
    ['stray >= 3', true, '3'],
    // counts are added
    ['lost == 5', true, '5'],
    ['lost == 1 where subscriber = all', true, '1'],
    ['lost == 5 where flow = a.*', true, '5'],
    ['lost == 4 where flow = a.x and subscriber = slow and qos = 1', true, '4'],
    ['sent == 390', true, '390'],
    ['sent == 190 where flow = b.y', true, '190'],
    ['offline.missing == 4', true, '4'],
    ['offline.queued == 30 where subscriber = slow', true, '30'],
    // percents
    ['lost <= 2.5%', true, '2.5% (5 of 200 promised)'],
    ['lost < 2.5%', false, '2.5% (5 of 200 promised)'],
    ['discarded <= 0.5%', true, '0.5% (2 of 400 due)'],
    ['offline.missing == 10%', true, '10% (4 of 40 queued)'],
    ['commands.timedOut <= 1%', false, '2% (1 of 50 sent)'],
    // times: the slowest counts
    ['p99 < 70ms', false, '70ms'],
    ['p99 <= 70ms', true, '70ms'],
    ['p99 <= 30ms where subscriber = all', true, '30ms'],
    ['max == 71ms', true, '71ms'],
    ['min == 2ms', true, '2ms'],
    ['mean == 25ms', true, '25ms'],
    ['connect.p99 < 5ms', false, '5ms'],
    ['suback.p99 <= 6ms', true, '6ms'],
    ['puback.p99 <= 7ms', true, '7ms'],
    ['acknowledgement.p99 <= 9ms', true, '9ms'],
    ['roundTrip.p99 <= 12ms', true, '12ms'],
    // figures of the run
    ['saturated == false', true, 'false'],
    ['saturated == true', false, 'false'],
    ['wills.expected == 3', true, '3'],
    ['wills.seen == 1', true, '1'],
    ['wills.missing == 2', true, '2'],
    ['wills.unexpected == 4', true, '4'],
    ['births.expected == 9', true, '9'],
    ['births.seen == 8', true, '8'],
    ['births.missing == 1', true, '1'],
    ['retained.topics == 6', true, '6'],
    ['retained.right == 3', true, '3'],
    ['retained.wrong == 2', true, '2'],
    ['retained.missing == 1', true, '1'],
    ['connections.opened == 1234', true, '1,234'],
    ['connections.reconnects == 5', true, '5'],
    ['connections.failed == 6', true, '6'],
    ['connections.lost == 7', true, '7'],
    ['connections.missingAtEnd == 8', true, '8'],
    ['gaps == 1', true, '1'],
    ['commands.answered == 49', true, '49'],
    // what cannot be judged fails, whichever way it is asked
    ['lost == 0 where flow = c.z', false, 'nothing has flow = c.z'],
    ['lost >= 0 where flow = a.x and qos = 2', false, 'nothing has flow = a.x and qos = 2'],
    ['lost == 0 where qos = 0', false, 'nothing was promised'],
    ['lost <= 100% where flow = b.y', false, 'nothing was promised'],
    ['p99 >= 0ms where flow = b.y', false, 'nothing was measured'],
    ['p99 < 1h where flow = c.*', false, 'nothing has flow = c.*'],
    ['pubcomp.p99 < 1h', false, 'nothing was measured'],
    ['acknowledgement.p99 < 1h where qos = 0', false, 'nothing was measured'],
  ])('%s', (text, passed, actual) => {
    expect(judged(text)).toEqual({ assertion: text, passed, actual })
  })

  it.each([
    'lost == 0',
    'offline.missing == 0',
    'commands.timedOut == 0',
    'roundTrip.p99 < 1h',
    'p99 < 1h',
    'sent >= 0',
  ])('%s fails where the run had nothing of the kind', (text) => {
    const empty = { ...report, deliveries: [], publishing: [], offline: [], commands: [] }
    expect(judged(text, empty)).toMatchObject({
      passed: false,
      actual: expect.stringContaining('the run had nothing that') as unknown,
    })
  })
})
