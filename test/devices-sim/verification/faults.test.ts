import { describe, expect, it } from 'vitest'
import type { RunReport } from '../../../devices-sim/report/run-report.ts'
import type { ScenarioInput } from '../../../devices-sim/scenario/schema.ts'
import { deliveryOf, play, type Played } from '../run/play.ts'
import { type Effect, effectOf, faultCases, formats, payloads, qosLevels, sensors, sumOf } from './fault-table.ts'

/** The message of each device that its fault befalls; device n has fault n, one device more has none. */
const FAULTY = 5

function scenarioOf(protocol: '3.1.1' | '5'): ScenarioInput {
  const fleets = formats.map((format) => {
    const messages = qosLevels.map((qos) => {
      return [`q${qos}`, { topic: `{fleet}/{client}/${qos}`, qos, every: '60ms', payload: payloads[format] }] as const
    })
    return [format, { count: faultCases.length + 1, sensors, messages: Object.fromEntries(messages) }] as const
  })
  return {
    name: 'faults',
    protocol,
    fleets: Object.fromEntries(fleets),
    subscribers: { all: { filters: ['+/+/+'] } },
    phases: [
      { phase: 'ramp', lasts: '100ms' },
      { phase: 'hold', lasts: '800ms' },
    ],
    assertions: [
      'lost == 0',
      'duplicates == 0',
      'reordered == 0',
      ...formats.map((format) => `lost == 0 where flow = ${format}.q1`),
      'unconfirmed == 0',
      'connections.lost == 0',
    ],
  }
}

/** Every fault of the table at once, each on a device of its own. */
function playFaults(protocol: '3.1.1' | '5'): Promise<Played> {
  const perFleet = faultCases.length + 1
  return play(scenarioOf(protocol), {
    judge({ direction, mark }) {
      const one = mark && faultCases[mark.device % perFleet]
      return one !== undefined && mark?.sequence === FAULTY && one.direction === direction ? one.fault : undefined
    },
  })
}

const runs = { '3.1.1': playFaults('3.1.1'), '5': playFaults('5') } as const

describe.each(['3.1.1', '5'] as const)('with MQTT %s', (protocol) => {
  describe.each(formats)('and payloads in %s', (format) => {
    it.each(qosLevels)('each fault at QoS %i is counted', async (qos) => {
      const { report } = await runs[protocol]
      const row = deliveryOf(report, `${format}.q${qos}`, 'all')
      const { stray: _, ...expected } = sumOf(faultCases.map((one) => effectOf(one, qos)))
      expect(row).toMatchObject({ ...expected, promised: sent(report, `${format}.q${qos}`), missedAway: 0 })
      expect(row.received).toBe(row.promised - row.lost)
    })

    it.each(qosLevels)('each fault at QoS %i is named by device and message', async (qos) => {
      const { report } = await runs[protocol]
      const { examples } = deliveryOf(report, `${format}.q${qos}`, 'all')
      expect([...examples].toSorted()).toEqual(examplesOf(format, qos).toSorted())
    })
  })

  it('messages without a mark are strays', async () => {
    const { report } = await runs[protocol]
    const strays = qosLevels.flatMap((qos) => faultCases.map((one) => effectOf(one, qos)))
    expect(report.stray).toBe(sumOf(strays).stray * formats.length)
  })

  it('what was held back shows in the latency', async () => {
    const { report } = await runs[protocol]
    // four later ones passed first: they are due 240 ms later
    for (const { latencyMs } of report.deliveries) expect(latencyMs.max).toBeGreaterThanOrEqual(237)
  })

  it('assertions fail, those that nothing befell hold', async () => {
    const { report } = await runs[protocol]
    const failed = report.assertions.filter(({ passed }) => !passed).map(({ assertion }) => assertion)
    const { assertions = [] } = scenarioOf(protocol)
    expect(failed).toEqual(assertions.slice(0, 3 + formats.length))
    expect(report).toMatchObject({ passed: false, run: { ended: 'finished' }, connections: { lost: 0 } })
  })
})

function sent(report: RunReport, flow: string): number | undefined {
  return report.publishing.find((one) => one.flow === flow)?.sent
}

const words = [
  ['lost', 'lost'],
  ['duplicates', 'duplicate'],
  ['reordered', 'late'],
] as const satisfies (readonly [keyof Effect, string])[]

function examplesOf(format: string, qos: 0 | 1 | 2): string[] {
  return faultCases.flatMap((one, index) => {
    const effect = effectOf(one, qos)
    return words.filter(([count]) => effect[count] > 0).map(([, word]) => `${word}: ${format}-${index + 1}, ${FAULTY}`)
  })
}
