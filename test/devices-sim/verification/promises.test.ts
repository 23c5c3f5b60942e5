import { expect, it } from 'vitest'
import type { ScenarioInput } from '../../../devices-sim/scenario/schema.ts'
import type { Judge } from '../../support/mqtt-leg.ts'
import { deliveryOf, play } from '../run/play.ts'

const status = { topic: 'status/{client}', text: 'gone' }
const hold = (lasts: string) => ({ phase: 'hold', lasts }) as const
const toClients =
  (judge: Judge): Judge =>
  (publish) =>
    publish.direction === 'to client' ? judge(publish) : undefined

const protocols = ['3.1.1', '5'] as const

it.concurrent.each(protocols)('a will that was dropped, doubled or spoiled is found, %s', async (protocol) => {
  const faults = ['drop', 'duplicate as new', 'corrupt', undefined] as const
  const scenario: ScenarioInput = {
    name: 'wills',
    protocol,
    fleets: { machines: { count: 4, will: { ...status, retain: false }, reconnect: { first: '20ms' } } },
    subscribers: { watch: { filters: ['status/+'] } },
    phases: [hold('600ms'), { phase: 'storm', lasts: '300ms', away: '50ms' }, { phase: 'drain', lasts: '1s' }],
    assertions: ['wills.missing == 0', 'wills.unexpected == 0'],
  }
  const { report } = await play(scenario, { judge: toClients(({ mark }) => mark && faults[mark.device]) })
  expect(report.wills).toEqual({ expected: 4, seen: 2, missing: 2, unexpected: 1, unconfirmed: 0 })
  expect(report.stray).toBe(1)
  expect(report.assertions.map(({ passed }) => passed)).toEqual([false, false])
})

it.concurrent.each(protocols)('a birth that was dropped is found, %s', async (protocol) => {
  const scenario: ScenarioInput = {
    name: 'births',
    protocol,
    fleets: { machines: { count: 3, birth: { topic: 'status/{client}', text: 'here', retain: false } } },
    subscribers: { watch: { filters: ['status/+'] } },
    phases: [hold('200ms')],
  }
  const { report } = await play(scenario, { judge: ({ mark }) => (mark?.device === 1 ? 'drop' : undefined) })
  expect(report.births).toEqual({ expected: 3, seen: 2, missing: 1 })
  expect(deliveryOf(report, 'machines.birth', 'watch').examples).toEqual(['lost: machines-2, 1'])
})

it.concurrent.each(protocols)('births of Sparkplug nodes that were dropped are found, %s', async (protocol) => {
  const sparkplug = { group: 'g', devices: ['left', 'right'] }
  const sensors = { level: { model: 'uniform', min: 0, max: 9 } } as const
  const scenario: ScenarioInput = {
    name: 'sparkplug-births',
    protocol,
    fleets: { nodes: { count: 3, sensors, sparkplug } },
    subscribers: { host: { filters: ['spBv1.0/#'] } },
    phases: [hold('200ms')],
  }
  const { report } = await play(scenario, {
    judge: ({ topic, direction }) =>
      direction === 'to broker' && /NBIRTH.nodes-1|DBIRTH.nodes-2.left/.test(topic) ? 'drop' : undefined,
  })
  expect(report.births).toEqual({ expected: 9, seen: 7, missing: 2 })
  expect(deliveryOf(report, 'nodes.nbirth', 'host').lost).toBe(1)
  expect(deliveryOf(report, 'nodes.dbirth', 'host').lost).toBe(1)
})

it.concurrent.each(protocols)(
  'a retained message that is gone, spoiled or out of date is found, %s',
  async (protocol) => {
    const scenario: ScenarioInput = {
      name: 'retained',
      protocol,
      fleets: {
        machines: {
          count: 4,
          messages: {
            last: {
              topic: 'last/{client}',
              qos: 1,
              retain: true,
              every: '50ms',
              limit: 4,
              payload: { format: 'fixed', bytes: 80 },
            },
          },
        },
      },
      phases: [hold('400ms')],
      assertions: ['retained.wrong == 0', 'retained.missing == 0'],
    }
    const { report } = await play(scenario, {
      judge({ clientId, mark, direction }) {
        if (direction === 'to broker') return mark?.device === 0 && mark.sequence === 4 ? 'drop' : undefined
        if (!clientId.includes('retained-check')) return undefined
        return mark && ([undefined, 'drop', 'corrupt'] as const)[mark.device]
      },
    })
    expect(report.retained).toMatchObject({ topics: 4, right: 1, wrong: 2, missing: 1 })
    expect(report.retained.examples.toSorted()).toEqual([
      'last/machines-1: number 3 of stream 0 is retained, number 4 of stream 0 was sent last',
      'last/machines-2: nothing is retained, number 4 of stream 0 was sent last',
      'last/machines-3: another message is retained, number 4 of stream 0 was sent last',
    ])
    expect(report.assertions.map(({ passed }) => passed)).toEqual([false, false])
  },
)

it.concurrent.each(protocols)('answers to commands that were dropped time out, %s', async (protocol) => {
  const scenario: ScenarioInput = {
    name: 'commands',
    protocol,
    fleets: { machines: { count: 2 } },
    commands: {
      reset: {
        fleet: 'machines',
        topic: 'cmd/{client}',
        responseTopic: 'ans/{client}',
        perSecond: 20,
        timeout: '300ms',
      },
    },
    phases: [{ phase: 'ramp', lasts: '900ms' }, hold('700ms')],
  }
  let answers = 0
  const { report } = await play(scenario, {
    judge: toClients(({ topic }) => (topic.startsWith('ans/') && answers++ % 3 === 0 ? 'drop' : undefined)),
  })
  const [reset] = report.commands
  expect(reset?.sent).toBeGreaterThan(10)
  expect(answers).toBe(reset?.sent)
  expect(reset?.timedOut).toBe(Math.ceil(answers / 3))
  expect(reset?.answered).toBe(answers - Math.ceil(answers / 3))
  expect(reset?.roundTripMs.count).toBe(reset?.answered)
})

it.concurrent.each(protocols)('a queue of which a part was dropped is found, %s', async (protocol) => {
  const scenario: ScenarioInput = {
    name: 'queue',
    protocol,
    fleets: {
      machines: {
        count: 2,
        messages: { m: { topic: 'm/{client}', qos: 1, every: '50ms', payload: { format: 'fixed', bytes: 80 } } },
      },
    },
    subscribers: {
      kept: { filters: ['m/+'], session: 'persistent', away: [{ from: '300ms', lasts: '400ms' }] },
    },
    phases: [hold('1s')],
    assertions: ['offline.missing == 0'],
  }
  const dropped = new Set<number>()
  const { report } = await play(scenario, {
    judge: toClients(({ mark }) => {
      // in the middle of the absence; the ramp is 4 ms
      const isQueued = mark?.device === 1 && mark.dueUs > 400_000 && mark.dueUs < 600_000
      if (!isQueued) return undefined
      dropped.add(mark.sequence)
      return 'drop'
    }),
  })
  const [first = 0, last = 0] = [Math.min(...dropped), Math.max(...dropped)]
  expect(dropped.size).toBe(4)
  const [absence] = report.offline
  expect(absence).toMatchObject({ subscriber: 'kept', missing: 4 })
  expect(absence?.queued).toBe((absence?.arrived ?? 0) + 4)
  expect(deliveryOf(report, 'machines.m', 'kept')).toMatchObject({
    lost: 4,
    examples: [`lost: machines-2, ${first}-${last}`],
  })
  expect(report.assertions.map(({ passed }) => passed)).toEqual([false])
})
