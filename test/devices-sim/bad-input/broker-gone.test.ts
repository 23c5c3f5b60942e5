import { type AddressInfo, createServer } from 'node:net'
import { describe, expect, it } from 'vitest'
import { RunError } from '../../../devices-sim/run/run-error.ts'
import { runScenario, type RunOptions } from '../../../devices-sim/run/run-scenario.ts'
import { defineScenario } from '../../../devices-sim/scenario/define-scenario.ts'
import type { ScenarioInput } from '../../../devices-sim/scenario/schema.ts'
import type { PartialSettings } from '../../../src/index.ts'
import type { RunReport } from '../../../devices-sim/report/run-report.ts'
import { freePort } from '../../support/free-port.ts'
import { deliveryOf, publishingOf, startBroker } from '../run/play.ts'

function scenarioOf(url: string, more: Partial<ScenarioInput> = {}): ScenarioInput {
  const payload = { format: 'fixed', bytes: 90 } as const
  return {
    name: 'gone',
    broker: { url },
    fleets: {
      d: {
        count: 3,
        messages: { m: { topic: 'm/{client}', qos: 1, every: '50ms', payload } },
        reconnect: { first: '20ms', most: '100ms' },
      },
    },
    subscribers: { all: { filters: ['#'], reconnect: { first: '20ms', most: '100ms' } } },
    phases: [
      { phase: 'hold', lasts: '2s' },
      { phase: 'drain', lasts: '1s' },
    ],
    ...more,
  }
}

/** Takes steps when so many seconds of a run have passed; resolves with its report when all are done. */
async function runWith(
  scenario: ScenarioInput,
  steps: readonly (readonly [second: number, step: () => Promise<unknown> | void])[],
  options: RunOptions = {},
): Promise<RunReport> {
  const left = [...steps]
  const done: unknown[] = []
  const onProgress: RunOptions['onProgress'] = ({ elapsedSeconds }) => {
    if (left[0] === undefined || elapsedSeconds < left[0][0]) return
    done.push(left.shift()?.[1]())
  }
  const report = await runScenario(defineScenario(scenario), { ...options, onProgress })
  await Promise.all(done)
  return report
}

describe.concurrent('a broker', () => {
  it('that goes and comes back: devices keep their schedule, buffer and reconnect', async () => {
    const first = await startBroker()
    let second: typeof first | undefined
    const phases: ScenarioInput['phases'] = [
      { phase: 'hold', lasts: '4s' },
      { phase: 'drain', lasts: '2s' },
    ]
    const report = await runWith(scenarioOf(first.url, { phases }), [
      [1.1, () => first.close()],
      [2.1, async () => (second = await startBroker({}, first.port))],
    ])
    await second?.close()
    const { due, sent, acknowledged, unconfirmed, discarded } = publishingOf(report, 'd.m')
    expect(due).toBe(240)
    expect(sent).toBe(due)
    expect(discarded).toBe(0)
    expect(acknowledged + unconfirmed).toBe(sent)
    expect(report.connections).toMatchObject({ lost: 4, missingAtEnd: 0, reconnects: 4 })
    expect(report.connections.failed).toBeGreaterThan(0)
    expect(report.gaps).toEqual([{ fromSecond: 1, toSecond: 2 }])
    expect(report.run.ended).toBe('finished')
    expect(deliveryOf(report, 'd.m', 'all')).toMatchObject({ lost: 0, duplicates: 0 })
  })

  it('that forgets the session of a subscriber is found out', async () => {
    const first = await startBroker()
    let second: typeof first | undefined
    const reconnect = { first: '600ms', jitter: 0 }
    const subscribers = { kept: { filters: ['#'], session: 'persistent' as const, reconnect } }
    const report = await runWith(scenarioOf(first.url, { subscribers, assertions: ['lost == 0'] }), [
      [0.4, () => first.close().then(async () => (second = await startBroker({}, first.port)))],
    ])
    await second?.close()
    // a session was promised: what devices sent before the subscriber came back is lost
    expect(deliveryOf(report, 'd.m', 'kept').lost).toBeGreaterThan(15)
    expect(report.passed).toBe(false)
  })

  it('that is gone for good: the run ends, and did not pass', async () => {
    const broker = await startBroker()
    const report = await runWith(scenarioOf(broker.url), [[0.4, () => broker.close()]])
    expect(report).toMatchObject({ passed: false, run: { ended: 'broker lost' } })
    expect(report.connections.missingAtEnd).toBe(4)
    expect(publishingOf(report, 'd.m').due).toBe(120)
    expect(report.gaps[0]?.fromSecond).toBe(1)
  })

  it.each<[string, Partial<ScenarioInput>]>([
    ['with subscribers', {}],
    ['without subscribers', { subscribers: {} }],
  ])('that is not there: the run does not begin, %s', async (_, more) => {
    const url = `mqtt://127.0.0.1:${await freePort()}`
    const run = runScenario(defineScenario(scenarioOf(url, more)))
    await expect(run).rejects.toThrow(RunError)
    await expect(run).rejects.toThrow(/ECONNREFUSED/)
  })
})

const closed = { listeners: [{ kind: 'tcp', host: '127.0.0.1', port: 0, allowAnonymous: false }] } as const
const mute: PartialSettings = { rights: { rules: [{ allow: ['write'], topics: ['#'] }] } }

describe.concurrent('what a broker refuses', () => {
  it.each(['3.1.1', '5'] as const)('logins of subscribers: the run does not begin, %s', async (protocol) => {
    const broker = await startBroker(closed)
    const run = runScenario(defineScenario(scenarioOf(broker.url, { protocol })))
    await expect(run).rejects.toThrow(/^all-1: refused: not authori[sz]ed/i)
    await broker.close()
  })

  it('logins of devices: the run does not begin where they are the only ones', async () => {
    const broker = await startBroker(closed)
    const run = runScenario(defineScenario(scenarioOf(broker.url, { subscribers: {} })))
    await expect(run).rejects.toThrow(/refused: not authori[sz]ed/i)
    await broker.close()
  })

  it.each(['3.1.1', '5'] as const)('subscriptions: the run does not begin, %s', async (protocol) => {
    const broker = await startBroker(mute)
    const run = runScenario(defineScenario(scenarioOf(broker.url, { protocol })))
    await expect(run).rejects.toThrow('the broker refused all-1 the subscription #')
    await broker.close()
  })

  it('many subscribers: a few are named', async () => {
    const broker = await startBroker(mute)
    const subscribers = { all: { count: 9, filters: ['#'] } }
    const run = runScenario(defineScenario(scenarioOf(broker.url, { subscribers })))
    await expect(run).rejects.toThrow(/all-5 the subscription #\nand 4 more like these$/)
    await broker.close()
  })
})

it.concurrent('a stop signal: what is on its way arrives, then there is a report', async () => {
  const broker = await startBroker()
  const stop = new AbortController()
  const scenario = scenarioOf(broker.url, { phases: [{ phase: 'hold', lasts: '60s' }], assertions: ['lost == 0'] })
  const report = await runWith(scenario, [[0.4, () => stop.abort()]], { stop: stop.signal })
  await broker.close()
  expect(report.run.ended).toBe('interrupted')
  expect(report.run.seconds).toBeLessThan(10)
  const row = publishingOf(report, 'd.m')
  expect(row.sent).toBeGreaterThan(0)
  expect(row.acknowledged).toBe(row.sent)
  expect(deliveryOf(report, 'd.m', 'all')).toMatchObject({ lost: 0, received: row.sent })
  expect(report.assertions).toMatchObject([{ passed: true }])
  // it did not come to its end
  expect(report.passed).toBe(false)
})

it.concurrent('a broker that accepts and subscribes nobody does not hold up who stops', async () => {
  const silent = createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', () => socket.write(Buffer.of(0x20, 3, 0, 0, 0)))
  })
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', () => resolve()))
  const { port } = silent.address() as AddressInfo
  const stop = new AbortController()
  silent.once('connection', () => stop.abort())
  const run = runScenario(defineScenario(scenarioOf(`mqtt://127.0.0.1:${port}`, {})), { stop: stop.signal })
  await expect(run).rejects.toThrow(new RunError(['stopped before the run began']))
  silent.close()
})

it.concurrent('a sensor function that throws ends the run with its name', async () => {
  const broker = await startBroker()
  const messages = { m: { topic: 'm', every: '100ms', payload: { format: 'json' as const } } }
  const sensors = {
    level: () => () => {
      throw new Error('no such pin')
    },
  }
  const scenario = scenarioOf(broker.url, { fleets: { d: { count: 1, sensors, messages } } })
  const fault = 'the sensor function d.level threw for device 1: no such pin'
  await expect(runScenario(defineScenario(scenario))).rejects.toThrow(new RunError([fault]))
  await broker.close()
})

it.concurrent('a file that is not there is told before anything connects', async () => {
  const broker = { url: 'mqtts://127.0.0.1:1', ca: 'nowhere.pem' }
  const run = runScenario(defineScenario({ ...scenarioOf('mqtt://127.0.0.1:1'), broker }))
  await expect(run).rejects.toThrow(/^broker\.ca cannot be used: .*nowhere\.pem cannot be read/)
})

it.concurrent('a stop signal that comes before the beginning ends the run at once', async () => {
  const broker = await startBroker()
  const scenario = scenarioOf(broker.url, { phases: [{ phase: 'hold', lasts: '60s' }] })
  const run = runScenario(defineScenario(scenario), { stop: AbortSignal.abort() })
  await expect(run).rejects.toThrow(new RunError(['stopped before the run began']))
  await broker.close()
})
