import { describe, expect, it } from 'vitest'
import type { ScenarioInput } from '../../../devices-sim/scenario/schema.ts'
import { deliveryOf, play, publishingOf } from '../run/play.ts'

const DEVICES = 4
const protocols = ['3.1.1', '5'] as const
type Session = 'clean' | 'persistent'
type How = 'drop' | 'disconnect' | 'half-open' | 'takeover' | 'silent' | 'pause-reading'

function scenarioOf(how: How, protocol: '3.1.1' | '5', session: Session): ScenarioInput {
  const payload = { format: 'fixed', bytes: 90 } as const
  return {
    name: 'life',
    protocol,
    fleets: {
      d: {
        count: DEVICES,
        session,
        // a silent device is ended by the broker after one and a half of this
        keepAlive: '1s',
        will: { topic: 'w/{client}', text: 'gone', retain: true },
        messages: {
          q1: { topic: 'q1/{client}', qos: 1, every: '20ms', payload },
          q2: { topic: 'q2/{client}', qos: 2, every: '20ms', payload },
        },
        reconnect: { first: '50ms', jitter: 0.2 },
      },
    },
    subscribers: { all: { filters: ['#'] } },
    phases: [
      // long enough for all to be online when it comes, also on a busy machine: it passes by those that are not
      { phase: 'ramp', lasts: '100ms' },
      { phase: 'hold', lasts: '700ms' },
      { phase: 'storm', lasts: how === 'silent' ? '2200ms' : '600ms', away: '100ms', how },
    ],
    assertions: [
      'lost == 0',
      'duplicates == 0 where qos = 2',
      'wills.missing == 0',
      'wills.unexpected == 0',
      'retained.wrong == 0',
    ],
  }
}

/** What becomes of the connections of all devices. */
const cases = [
  ['drop', { wills: DEVICES, reconnects: DEVICES }],
  ['disconnect', { wills: 0, reconnects: DEVICES }],
  ['half-open', { wills: DEVICES, reconnects: DEVICES }],
  ['takeover', { wills: DEVICES, reconnects: DEVICES }],
  ['silent', { wills: DEVICES, reconnects: DEVICES }],
  ['pause-reading', { wills: 0, reconnects: 0 }],
] as const satisfies [How, object][]

describe.concurrent.each(protocols)('with MQTT %s', (protocol) => {
  for (const [how, { wills, reconnects }] of cases) {
    for (const session of ['clean', 'persistent'] as const) {
      it(`${how}, ${session} session: wills come as expected, nothing that was promised is lost`, async () => {
        const { report } = await play(scenarioOf(how, protocol, session))
        const failed = report.assertions.filter(({ passed }) => !passed)
        expect(failed).toEqual([])
        expect(report.wills).toEqual({ expected: wills, seen: wills, missing: 0, unexpected: 0, unconfirmed: 0 })
        expect(report.connections).toMatchObject({ reconnects, lost: 0, failed: 0, missingAtEnd: 0 })
        expect(report.run.ended).toBe('finished')
        for (const flow of ['d.q1', 'd.q2']) {
          const { sent, acknowledged, unconfirmed, discarded } = publishingOf(report, flow)
          expect(sent).toBeGreaterThan(DEVICES * 25)
          expect(acknowledged + unconfirmed).toBe(sent)
          expect(discarded).toBe(0)
          // a session goes on with what it had on its way
          if (session === 'persistent' && how !== 'half-open' && how !== 'takeover') expect(unconfirmed).toBe(0)
          const { received, promised } = deliveryOf(report, flow, 'all')
          expect(received).toBe(promised)
          expect(promised).toBeGreaterThanOrEqual(acknowledged)
        }
      })
    }
  }
})

it.concurrent('what was on its way without a session is unconfirmed, and not lost', async () => {
  // acknowledgements take longer than a message, so that some are on their way when devices drop
  const { report } = await play(scenarioOf('drop', '5', 'clean'), { slowMs: 60 })
  for (const flow of ['d.q1', 'd.q2']) {
    expect(publishingOf(report, flow).unconfirmed).toBeGreaterThanOrEqual(DEVICES)
    expect(deliveryOf(report, flow, 'all')).toMatchObject({ lost: 0, duplicates: 0 })
  }
})

it.concurrent.each(protocols)(
  'a session sends again what was on its way, and nothing is unconfirmed, %s',
  async (protocol) => {
    const { report } = await play(scenarioOf('drop', protocol, 'persistent'), { slowMs: 60 })
    for (const flow of ['d.q1', 'd.q2']) {
      expect(publishingOf(report, flow).unconfirmed).toBe(0)
      expect(deliveryOf(report, flow, 'all').lost).toBe(0)
    }
    // at QoS 1 the broker has some of them already
    expect(deliveryOf(report, 'd.q1', 'all').duplicates).toBeGreaterThan(0)
    expect(deliveryOf(report, 'd.q2', 'all').duplicates).toBe(0)
  },
)
