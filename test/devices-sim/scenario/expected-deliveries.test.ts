import { describe, expect, it } from 'vitest'
import { expectedDeliveries, matchFlows } from '../../../devices-sim/scenario/expected-deliveries.ts'
import { flowsOf } from '../../../devices-sim/scenario/flows.ts'
import type { Scenario, ScenarioInput } from '../../../devices-sim/scenario/schema.ts'
import { parseScenario } from '../../../devices-sim/scenario/load-scenario.ts'
import { scenarioOf } from './written-scenario.ts'

const fixed = { format: 'fixed', bytes: 64 } as const
const message = (topic: string, qos: 0 | 1 | 2 = 1) => ({ topic, qos, every: 1, payload: fixed })
const subscribers = (filters: string[], more = {}): ScenarioInput['subscribers'] => ({ all: { filters, ...more } })

/** `flow@qos: devices that are heard`, a line each. */
function heard(fleet: object, filters: string[], more = {}): string[] {
  const scenario = scenarioOf({ count: 12, ...fleet }, { subscribers: subscribers(filters, more) })
  return expectedDeliveries(scenario).map(({ flow, qos, number, devices, receives }) => {
    const those = Array.from({ length: flow.devices }, (_, device) => device).filter((device) => receives(device))
    expect(those).toHaveLength(devices)
    return `${number === undefined ? '' : `${number}: `}${flow.name}@${qos}: ${those.map((one) => one + 1).join(' ')}`
  })
}

function willsFor(groups: string): Scenario {
  const fleets = 'fleets: {m: {count: 3, will: {topic: "w/{number}", text: x}}}'
  return parseScenario(`name: t\n${fleets}\nsubscribers: ${groups}`, 's')
}

const everybody = '1 2 3 4 5 6 7 8 9 10 11 12'

describe('who gets what', () => {
  const own = { messages: { a: message('{fleet}/{number}/a'), b: message('b', 2) } }
  it.each([
    ['everything', ['#'], [`machines.a@1: ${everybody}`, `machines.b@2: ${everybody}`]],
    ['one of two flows', ['+/+/a'], [`machines.a@1: ${everybody}`]],
    ['one device', ['machines/11/#'], ['machines.a@1: 11']],
    ['two devices', ['machines/3/a', 'machines/12/a'], ['machines.a@1: 3 12']],
    ['one topic for all', ['b'], [`machines.b@2: ${everybody}`]],
    ['nothing', ['c', 'machines/13/a', 'machines/01/a', 'machines'], []],
  ])('%s', (_, filters, expected) => {
    expect(heard(own, filters)).toEqual(expected)
  })

  it('is of the lower QoS', () => {
    expect(heard(own, ['#'], { qos: 1 }).map((line) => line.split(':', 1)[0])).toEqual(['machines.a@1', 'machines.b@1'])
    expect(heard(own, ['#'], { qos: 0 }).map((line) => line.split(':', 1)[0])).toEqual(['machines.a@0', 'machines.b@0'])
  })

  it('differs from subscriber to subscriber where filters name them', () => {
    const filters = ['machines/{number}/a']
    expect(heard(own, filters, { count: 2 })).toEqual(['1: machines.a@1: 1', '2: machines.a@1: 2'])
    expect(heard(own, ['{client}/7/a'], { count: 2, clientId: 'machines{number}' })).toEqual([])
  })

  it('goes by client identifiers and zeros in front too', () => {
    const fleet = { clientId: 'x{number:3}', messages: { a: message('t/{client}') } }
    expect(heard(fleet, ['t/x002', 't/x12'])).toEqual(['machines.a@1: 2'])
  })

  it('goes by the run', () => {
    const scenario = scenarioOf({ messages: { a: message('{run}/a') } }, { subscribers: subscribers(['{run}/#']) })
    expect(expectedDeliveries(scenario, 'r7')).toMatchObject([{ devices: 2, isShared: false }])
    const other = scenarioOf({ messages: { a: message('{run}/a') } }, { subscribers: subscribers(['r8/#']) })
    expect(expectedDeliveries(other, 'r7')).toEqual([])
    expect(expectedDeliveries(other, 'r8')).toHaveLength(1)
  })

  it('is told of shared subscriptions', () => {
    const scenario = scenarioOf({}, { subscribers: subscribers(['sim/#'], { share: 'g', count: 3 }) })
    expect(expectedDeliveries(scenario)).toMatchObject([{ subscriber: 'all', number: undefined, isShared: true }])
  })

  it('is told of each topic of a Sparkplug birth', () => {
    const sparkplug = { group: 'g', devices: ['pump', 'fan'] }
    const scenario = scenarioOf({ sparkplug, messages: {} }, { subscribers: subscribers(['+/+/+/+/fan']) })
    const [delivery] = expectedDeliveries(scenario)
    expect(delivery).toMatchObject({ flow: { name: 'machines.dbirth' }, devices: 2 })
    expect([0, 1].map((topic) => delivery?.receives(1, topic))).toEqual([false, true])
  })

  it('names filters of one subscriber that match one topic, but not those of two', () => {
    const two = willsFor('{a: {filters: ["w/#"]}, b: {filters: ["w/2"]}}')
    expect(matchFlows(two).overlaps).toEqual([])
    const one = {
      ...two,
      subscribers: { a: { ...two.subscribers['a'], filters: ['x', 'w/#', 'w/2', 'w/3'] } },
    } as typeof two
    expect(matchFlows(one).overlaps).toEqual([{ subscriber: 'a', filters: [1, 2], topic: 'w/2' }])
    expect(matchFlows(one).deliveries).toMatchObject([{ devices: 3 }])
  })

  it('is found for 15,000 devices and 100 filters by matching each topic once', () => {
    const filters = Array.from({ length: 100 }, (_, index) => `sim/+/${index * 150 + 1}/#`)
    const scenario = scenarioOf(
      { count: 15_000, messages: { a: message('sim/a/{number}/x'), b: message('sim/b/{number}/x') } },
      { subscribers: subscribers(filters) },
    )
    expect(expectedDeliveries(scenario).map(({ devices }) => devices)).toEqual([100, 100])
  })
})

describe('flows', () => {
  const status = { topic: 's', text: 'x' }

  it('are the messages in their order, then births, wills and goodbyes', () => {
    const messages = { z: message('z', 2), a: message('a', 0) }
    const scenario = scenarioOf({
      messages,
      goodbye: status,
      will: { ...status, qos: 0 },
      birth: { ...status, retain: false },
    })
    const flows = flowsOf(scenario).map(({ name, stream, qos, retain, kind }) => [name, stream, qos, retain, kind])
    expect(flows).toEqual([
      ['machines.z', 0, 2, false, 'message'],
      ['machines.a', 1, 0, false, 'message'],
      ['machines.birth', 2, 1, false, 'birth'],
      ['machines.will', 3, 0, true, 'will'],
      ['machines.goodbye', 4, 1, true, 'goodbye'],
    ])
  })

  it('of Sparkplug have their births and deaths, and topics by the specification', () => {
    const payload = { format: 'sparkplug' } as const
    const scenario = scenarioOf({
      sensors: { t: { model: 'constant', value: 1 } },
      sparkplug: { group: 'g', devices: ['pump', 'fan'] },
      messages: { node: { every: 1, payload }, pump: { every: 1, payload: { ...payload, device: 'pump' } } },
    })
    const node = '{fleet}-{number}'
    expect(flowsOf(scenario).map(({ name, qos, topics }) => [name, qos, ...topics])).toEqual([
      ['machines.node', 0, `spBv1.0/g/NDATA/${node}`],
      ['machines.pump', 0, `spBv1.0/g/DDATA/${node}/pump`],
      ['machines.nbirth', 0, `spBv1.0/g/NBIRTH/${node}`],
      ['machines.dbirth', 0, `spBv1.0/g/DBIRTH/${node}/pump`, `spBv1.0/g/DBIRTH/${node}/fan`],
      ['machines.ndeath', 1, `spBv1.0/g/NDEATH/${node}`],
    ])
  })

  it('count devices on from fleet to fleet, and streams anew', () => {
    const machines = { count: 2, messages: { t: message('t') } }
    const scenario = scenarioOf({}, { fleets: { a: machines, b: { ...machines, count: 3 }, c: machines } })
    const flows = flowsOf(scenario).map(({ name, firstDevice, devices, stream }) => [
      name,
      firstDevice,
      devices,
      stream,
    ])
    expect(flows).toEqual([
      ['a.t', 0, 2, 0],
      ['b.t', 2, 3, 0],
      ['c.t', 5, 2, 0],
    ])
  })
})
