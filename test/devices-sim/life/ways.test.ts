import { expect, it } from 'vitest'
import type { ScenarioInput } from '../../../devices-sim/scenario/schema.ts'
import { encodeSparkplugCommand } from './rebirth-command.ts'
import { deliveryOf, play, publishingOf } from '../run/play.ts'

const payload = { format: 'fixed', bytes: 90 } as const
/** Long enough for all to have subscribed by its end, also on a busy machine. */
const ramp = { phase: 'ramp', lasts: '900ms' } as const
const hold = (lasts: string) => ({ phase: 'hold', lasts }) as const

function scenarioOf(more: Partial<ScenarioInput>): ScenarioInput {
  const messages = { m: { topic: 'm/{client}', every: '20ms', payload } } as const
  return { name: 'ways', fleets: { d: { count: 3, messages } }, subscribers: { all: { filters: ['#'] } }, ...more }
}

it.concurrent.each(['3.1.1', '5'] as const)(
  'commands are answered by who they are said to, with round trips, %s',
  async (protocol) => {
    const commands = { c: { fleet: 'd', topic: 'cmd/{client}', responseTopic: 'ans/{client}', perSecond: 30 } }
    const { report, passed } = await play({
      name: 'commands',
      protocol,
      fleets: { d: { count: 3 } },
      commands,
      phases: [ramp, hold('600ms')],
    })
    const [command] = report.commands
    expect(command).toMatchObject({ name: 'c', timedOut: 0, answered: command?.sent })
    expect(command?.sent).toBeGreaterThanOrEqual(16)
    expect(command?.roundTripMs).toMatchObject({ count: command?.sent })
    expect(command?.roundTripMs.min).toBeGreaterThan(0)
    for (const { clientId, topic, direction } of passed) {
      if (topic.startsWith('ans/') && direction === 'to broker') expect(topic).toBe(`ans/${clientId}`)
    }
  },
)

it.concurrent.each(['3.1.1', '5'] as const)(
  'a Sparkplug node is born again when it is told to, %s',
  async (protocol) => {
    const sensors = { level: { model: 'uniform', min: 0, max: 9 } } as const
    const scenario: ScenarioInput = {
      name: 'rebirth',
      protocol,
      fleets: { nodes: { count: 2, sensors, sparkplug: { group: 'g', devices: ['left'] } } },
      subscribers: { host: { filters: ['spBv1.0/#'] } },
      phases: [hold('400ms')],
    }
    const { report } = await play(scenario, {
      async before({ broker }) {
        // said as soon as the first node is born: its own subscription stands by then
        await broker.subscribe('spBv1.0/g/DBIRTH/nodes-1/left', (_message) => {
          if (!said)
            void broker.publish({
              topic: 'spBv1.0/g/NCMD/nodes-1',
              payload: encodeSparkplugCommand('Node Control/Rebirth'),
              qos: 1,
            })
          said = true
        })
        let said = false
      },
    })
    expect(report.births).toEqual({ expected: 6, seen: 6, missing: 0 })
    expect(publishingOf(report, 'nodes.nbirth').sent).toBe(3)
  },
)

it.concurrent('a slow reader holds its pace and gets all in the end', async () => {
  const subscribers = { slow: { filters: ['#'], qos: 1 as const, readsPerSecond: 60 } }
  const fleets = {
    d: { count: 4, messages: { m: { topic: 'm/{client}', qos: 1, perSecond: 40, limit: 20, payload } } },
  } as const
  const { report } = await play({
    name: 'slow',
    fleets,
    subscribers,
    phases: [hold('700ms'), { phase: 'drain', lasts: '8s' }],
  })
  // 80 messages at 60 a second
  expect(deliveryOf(report, 'd.m', 'slow')).toMatchObject({ promised: 80, received: 80, lost: 0 })
  expect(report.latencies.endToEnd.max).toBeGreaterThan(150)
  expect(report.run.ended).toBe('finished')
})

it.concurrent('what devices say of themselves is in the rates as well', async () => {
  const { report } = await play({
    name: 'births',
    fleets: { d: { count: 5, birth: { topic: 'b/{client}', text: 'here', retain: false } } },
    subscribers: { all: { filters: ['#'] } },
    phases: [
      { phase: 'hold', lasts: '1500ms' },
      { phase: 'drain', lasts: '1s' },
    ],
  })
  const [first] = report.series
  expect(first).toMatchObject({ due: 5, sent: 5, received: 5 })
})

it.concurrent('a spike multiplies, and a limit stops', async () => {
  const messages = {
    spiked: { topic: 's/{client}', every: '50ms', payload },
    limited: { topic: 'l/{client}', every: '50ms', limit: 3, payload },
  } as const
  const phases = [hold('400ms'), { phase: 'spike', lasts: '400ms', times: 5 }, hold('200ms')] as const
  const { report } = await play(scenarioOf({ fleets: { d: { count: 10, messages } }, phases: [...phases] }))
  // 8 + 8 * 5 + 4 of each of ten devices
  const { due } = publishingOf(report, 'd.spiked')
  expect(due).toBeGreaterThanOrEqual(510)
  expect(due).toBeLessThanOrEqual(530)
  expect(publishingOf(report, 'd.limited')).toMatchObject({ due: 30, sent: 30 })
})

it.concurrent('clients connect from each source address in turn', async () => {
  const sourceAddresses = ['127.0.0.2', '127.0.0.3']
  const { addresses, report } = await play(scenarioOf({ sourceAddresses, phases: [hold('100ms')] }))
  // a controller or somebody who only looks may come from anywhere
  expect([...addresses].toSorted()).toEqual(sourceAddresses)
  expect(report.connections.failed).toBe(0)
})

it.concurrent('what is due in the warm-up has no latency, and counts all the same', async () => {
  const { report } = await play(scenarioOf({ warmUp: '300ms', phases: [hold('600ms')] }))
  const { received, latencyMs } = deliveryOf(report, 'd.m', 'all')
  expect(received).toBe(90)
  expect(latencyMs.count).toBe(45)
})
