import { describe, expect, it } from 'vitest'
import type { ScenarioInput } from '../../../devices-sim/scenario/schema.ts'
import type { PassingPublish } from '../../support/mqtt-leg.ts'
import { play } from '../run/play.ts'
import { formats, payloads, sensors } from './fault-table.ts'

/** Devices of every format; QoS 1 with so few in flight that a slow broker makes messages wait. */
function scenarioOf(protocol: '3.1.1' | '5', seed: number): ScenarioInput {
  const regular = { every: '50ms', jitter: 0.8 } as const
  const poisson = { perSecond: 15, arrivals: 'poisson' } as const
  const plain = formats.map((format) => {
    const payload = payloads[format]
    const messages = {
      regular: { topic: 'r/{client}', qos: 1 as const, ...regular, payload },
      poisson: { topic: 'p/{client}', qos: 0 as const, ...poisson, payload },
    }
    const birth = { topic: 'b/{client}', text: '{client} is here', retain: false }
    return [format, { count: 2, inFlight: 3, sensors, messages, birth }] as const
  })
  const sparkplug = {
    count: 2,
    sensors,
    sparkplug: { group: 'g', devices: ['left'] },
    messages: {
      node: { ...regular, payload: { format: 'sparkplug' as const } },
      device: { ...poisson, payload: { format: 'sparkplug' as const, device: 'left' } },
    },
  }
  return {
    name: 'repeated',
    protocol,
    seed,
    fleets: { ...Object.fromEntries(plain), sparkplug },
    phases: [{ phase: 'hold', lasts: '700ms' }],
  }
}

/** What each device said, packet by packet. */
function saidBy(passed: readonly PassingPublish[], of: (publish: PassingPublish) => string): Map<string, string[]> {
  const said = new Map<string, string[]>()
  for (const one of passed) {
    if (one.direction !== 'to broker' || one.mark === undefined) continue
    said.set(one.clientId, [...(said.get(one.clientId) ?? []), of(one)])
  }
  return said
}

const packets = (publish: PassingPublish): string => publish.packet.toString('latin1')
const dueTimes = ({ mark }: PassingPublish): string => String(mark?.dueUs)
const payloadsOf = (publish: PassingPublish): string => publish.payload.toString('latin1')

describe.concurrent.each(['3.1.1', '5'] as const)('with MQTT %s', (protocol) => {
  it('two runs with one seed send the same bytes in the same order, however slow the broker', async () => {
    const [first, second] = await Promise.all([
      play(scenarioOf(protocol, 7)),
      play(scenarioOf(protocol, 7), { slowMs: 90 }),
    ])
    const [one, other] = [saidBy(first.passed, packets), saidBy(second.passed, packets)]
    expect([...one.keys()].toSorted()).toHaveLength(10)
    for (const [client, said] of one) {
      expect(said.length, client).toBeGreaterThan(12)
      expect(other.get(client), client).toEqual(said)
    }
    expect(second.report.publishing.map(({ discarded }) => discarded)).toEqual(first.report.publishing.map(() => 0))
    // it was slow indeed
    expect(second.report.latencies.puback.p50).toBeGreaterThan(80)
  })

  it('another seed gives other values at other times', async () => {
    const [first, second] = await Promise.all([play(scenarioOf(protocol, 7)), play(scenarioOf(protocol, 8))])
    const [one, other] = [saidBy(first.passed, payloadsOf), saidBy(second.passed, payloadsOf)]
    expect([...one.keys()]).toHaveLength(10)
    for (const [client, said] of one) expect(other.get(client), client).not.toEqual(said)
    expect(saidBy(second.passed, dueTimes).get('json-1')).not.toEqual(saidBy(first.passed, dueTimes).get('json-1'))
  })
})
