import { describe, expect, it } from 'vitest'
import { preflight } from '../../../devices-sim/run/preflight.ts'
import { scenarioOf } from '../scenario/written-scenario.ts'

const plenty = { openFiles: Infinity, ports: Infinity }
const commands = { c: { fleet: 'machines', topic: 'c/{client}', responseTopic: 'a/{client}', perSecond: 1 } }
const more = { subscribers: { s: { count: 9, filters: ['#'] } }, commands }

describe('before a run', () => {
  it.each([
    // 100 devices, 9 subscribers, a controller, and 64 of the process itself
    [174, []],
    [
      173,
      ['a process would need 174 open files and may have 173; raise the limit (ulimit -n 174) or take --workers 2'],
    ],
  ])('%i open files are enough or not', (openFiles, faults) => {
    expect(preflight(scenarioOf({ count: 100 }, more), { ...plenty, openFiles })).toEqual(faults)
  })

  it.each([
    [110, [], []],
    [
      109,
      [],
      [
        '110 connections need more than the 109 ports of 1 source address; give 2 in sourceAddresses, ' +
          'such as 127.0.0.1, 127.0.0.2, or widen net.ipv4.ip_local_port_range',
      ],
    ],
    [55, ['127.0.0.1', '127.0.0.2'], []],
    [
      54,
      ['127.0.0.1', '127.0.0.2'],
      [
        '110 connections need more than the 54 ports of 2 source addresses; give 3 in sourceAddresses, ' +
          'such as 127.0.0.1, 127.0.0.2, 127.0.0.3, or widen net.ipv4.ip_local_port_range',
      ],
    ],
  ])('%i ports are enough or not', (ports, sourceAddresses, faults) => {
    expect(preflight(scenarioOf({ count: 100 }, { ...more, sourceAddresses }), { ...plenty, ports })).toEqual(faults)
  })

  it('as many processes as it says are enough', () => {
    const limits = { ...plenty, openFiles: 100 }
    const scenario = scenarioOf({ count: 300 })
    const [fault = ''] = preflight(scenario, limits)
    const workers = Number(/--workers (\d+)/.exec(fault)?.[1])
    expect(preflight({ ...scenario, workers }, limits)).toEqual([])
    expect(preflight({ ...scenario, workers: Math.floor(workers / 2) }, limits)).toHaveLength(1)
  })

  it('says all that is wrong', () => {
    expect(preflight(scenarioOf({ count: 100 }), { openFiles: 10, ports: 10 })).toHaveLength(2)
  })
})
