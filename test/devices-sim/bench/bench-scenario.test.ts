import { expect, it } from 'vitest'
import { type BenchOptions, benchKinds, benchScenario } from '../../../devices-sim/bench/bench-scenario.ts'
import { deviceIdentities, subscriberIdentities } from '../../../devices-sim/scenario/identities.ts'
import { compileTemplate } from '../../../devices-sim/scenario/template.ts'

const options: BenchOptions = {
  url: 'mqtt://127.0.0.1:1883',
  protocol: '5',
  engine: 'light',
  workers: 1,
  count: 2,
  connectRate: 100,
  rate: 10,
  durationMs: 1000,
  limit: undefined,
  topic: 'bench/%i',
  bytes: 64,
  qos: 0,
  retain: false,
  prefix: 'b-',
  keepAliveSeconds: 60,
  inFlight: 20,
  filters: 2,
  userName: undefined,
  password: undefined,
  seed: 1,
}

it.each(benchKinds)('%s takes braces in user name, password and prefix as they are', (kind) => {
  const login = { userName: 'a{b', password: '{number}}' }
  const scenario = benchScenario(kind, { ...options, ...login, prefix: '{c}' })
  const fleets = Object.entries(scenario.fleets)
  const groups = Object.entries(scenario.subscribers)
  for (const [name, one] of [...fleets, ...groups]) {
    expect(compileTemplate(one.userName ?? '')({ number: 1 })).toBe(login.userName)
    expect(compileTemplate(one.password ?? '')({ number: 1 })).toBe(login.password)
    const identities = name in scenario.fleets ? deviceIdentities : subscriberIdentities
    expect(identities(scenario, name)(1).client).toMatch(/^\{c\}(reader-)?1$/)
  }
  expect(fleets.length + groups.length).toBeGreaterThan(0)
})
