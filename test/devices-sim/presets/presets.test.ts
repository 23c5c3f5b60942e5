import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { presets } from '../../../devices-sim/presets/presets.ts'
import type { RunReport } from '../../../devices-sim/report/run-report.ts'
import { runScenario } from '../../../devices-sim/run/run-scenario.ts'
import { contradictionsOf } from '../../../devices-sim/scenario/check-scenario.ts'
import { loadScenario } from '../../../devices-sim/scenario/load-scenario.ts'
import { overridden, type Overrides } from '../../../devices-sim/scenario/override.ts'
import type { Scenario } from '../../../devices-sim/scenario/schema.ts'
import { scenarioWords } from '../docs/scenario-words.ts'
import { hasMosquitto, type RunningBroker, startAedes, startMosquitto, startOwnBroker } from './running-brokers.ts'

const names = [
  'chat',
  'factory',
  'fleet-tracking',
  'meters',
  'offline-subscriber',
  'reconnect-storm',
  'slow-dashboard',
  'smart-home',
] as const

/** Long enough for every phase to do what it is there for. */
const SHORT_MS = 3000

if (!hasMosquitto) console.warn('not tried against mosquitto, which is not installed')

function preset(name: string): Promise<Scenario> {
  return loadScenario(name, { presets: presets() })
}

/** What went wrong in a run on a broker of its own, with what is known about it; nothing if nothing did. */
async function failuresOf(name: string, start: () => Promise<RunningBroker>, overrides: Overrides): Promise<string[]> {
  const broker = await start()
  try {
    const scenario = overridden(await preset(name), { ...overrides, url: broker.url, duration: SHORT_MS })
    return faultsIn(await runScenario(scenario))
  } finally {
    await broker.stop()
  }
}

/** A bound on time says something of the machine as well, which is not alone here: it must be measured, no more. */
const isOfTime = (assertion: string): boolean => /^([a-zA-Z]+\.)?p\d+ < /.test(assertion)

function faultsIn({ run, assertions, deliveries, connections }: RunReport): string[] {
  const failed = assertions
    .filter(({ assertion, passed, actual }) => !passed && !(isOfTime(assertion) && /\d/.test(String(actual))))
    .map(({ assertion, actual }) => `${assertion}: ${actual}`)
  const ended = run.ended === 'finished' ? [] : [`the run ended: ${run.ended}`]
  if (failed.length + ended.length === 0) return []
  const examples = deliveries.flatMap((one) => one.examples.map((text) => `${one.flow} ${one.subscriber} ${text}`))
  const reasons = connections.reasons.map(({ reason, count }) => `connections: ${count} x ${reason}`)
  return [...ended, ...failed, ...reasons, ...examples.slice(0, 10)]
}

describe('the presets', () => {
  it('are those that people were told of', () => {
    expect(Object.keys(presets()).toSorted()).toEqual(names)
  })

  it.each(names)('%s says what it is, and proves something of QoS 1 and QoS 2', async (name) => {
    const { name: own, description, fleets, assertions, phases } = await preset(name)
    expect(own).toBe(name)
    expect(description).not.toBe('')
    expect(Object.values(fleets).reduce((sum, { count }) => sum + count, 0)).toBeLessThanOrEqual(300)
    const plannedMs = phases.filter(({ phase }) => phase !== 'drain').reduce((sum, { lasts }) => sum + lasts, 0)
    expect(plannedMs).toBeGreaterThanOrEqual(10_000)
    expect(plannedMs).toBeLessThanOrEqual(15_000)
    const qos = new Set(Object.values(fleets).flatMap(({ messages }) => Object.values(messages).map((one) => one.qos)))
    expect(qos).toContain(1)
    expect(qos).toContain(2)
    for (const proof of [/^lost == 0/, /^duplicates == 0 where qos = 2/, /^reordered == 0/, /^p\d+ < /]) {
      expect(assertions, String(proof)).toContainEqual(expect.stringMatching(proof))
    }
  })

  it.each(names)('%s is a file that can be read on one screen or two', (name) => {
    const lines = readFileSync(presets()[name] ?? '', 'utf8')
      .trimEnd()
      .split('\n')
    expect(lines.length).toBeGreaterThanOrEqual(30)
    expect(lines.length).toBeLessThanOrEqual(75)
    expect(lines[0]).toMatch(/^# /)
  })

  it('together show every sensor model, payload format, phase, engine and version', async () => {
    const scenarios = await Promise.all(names.map(preset))
    const text = JSON.stringify(scenarios)
    const words = scenarioWords()
    const told = [
      ...words.models.map((word) => `"model":"${word}"`),
      ...words.anomalies.map((word) => `"kind":"${word}"`),
      ...words.formats.map((word) => `"format":"${word}"`),
      ...words.phases.map((word) => `"phase":"${word}"`),
      ...words.engines.map((word) => `"engine":"${word}"`),
      ...['3.1.1', '5'].map((word) => `"protocol":"${word}"`),
      ...['drop', 'disconnect', 'half-open', 'takeover'].map((word) => `"how":"${word}"`),
      ...['"arrivals":"poisson"', '"share":"', '"readsPerSecond":', '"expiry":', '"properties":', '"perSecond":'],
      ...['"goodbye":{', '"birth":{', '"will":{', '"sparkplug":{', '"away":[{', '"commands":{"'],
    ]
    expect(told.filter((word) => !text.includes(word))).toEqual([])
    expect(scenarios.some(({ warmUp }) => warmUp > 0)).toBe(true)
  })
})

/** Four presets at a time: each mostly waits for its own schedule. */
const lanes: Promise<unknown>[] = Array.from({ length: 4 }, () => Promise.resolve())
function inTurn<Result>(name: (typeof names)[number], task: () => Promise<Result>): Promise<Result> {
  const lane = names.indexOf(name) % lanes.length
  const done = (lanes[lane] as Promise<unknown>).then(task)
  lanes[lane] = done.catch(() => {})
  return done
}

describe('on a broker', () => {
  it.concurrent.each(names)(
    '%s holds what it asserts, against ours and against Mosquitto',
    async (name) => {
      const [own, mosquitto] = await inTurn(name, () =>
        Promise.all([failuresOf(name, startOwnBroker, {}), hasMosquitto ? failuresOf(name, startMosquitto, {}) : []]),
      )
      expect({ own, mosquitto }).toEqual({ own: [], mosquitto: [] })
    },
    180_000,
  )

  it.concurrent.each(['factory', 'meters', 'smart-home'] as const)(
    '%s holds what it asserts against Aedes, which speaks 3.1.1',
    async (name) => {
      expect(await inTurn(name, () => failuresOf(name, startAedes, { protocol: '3.1.1' }))).toEqual([])
    },
    180_000,
  )

  it('a preset that needs MQTT 5 says so', async () => {
    const faults = contradictionsOf(overridden(await preset('chat'), { protocol: '3.1.1' }))
    expect(faults.length).toBeGreaterThan(0)
  })
})
