import assert from 'node:assert/strict'
import { EventEmitter, on } from 'node:events'
import { afterEach, beforeEach, test } from 'node:test'
import { createBroker, ManualClock } from 'topiary-mqtt'
import { startHeating } from './heating.mjs'

const second = 1000
const minute = 60 * second

// the broker's time jumps, and no ping could keep up with that
const options = { keepalive: 0 }

let clock, broker, url, valves, heating

beforeEach(async () => {
  clock = new ManualClock()
  broker = createBroker({ listeners: [{ kind: 'tcp', port: 0 }] }, { clock })
  ;[{ url }] = await broker.listen()
  const seen = new EventEmitter()
  valves = on(seen, 'valve')
  await broker.subscribe('rooms/+/valve', ({ payload }) => seen.emit('valve', new TextDecoder().decode(payload)))
  heating = await startHeating(url, options)
})

afterEach(async () => {
  await heating.endAsync(true)
  await broker.close()
})

async function nextValve() {
  const { value } = await valves.next()
  return value[0]
}

/** A thermometer that tells of its own death a minute late, in case it comes back. */
function startSensor() {
  return broker.connect({
    clientId: 'attic',
    cleanStart: false, // a new session would end the old one, and so publish its will
    keepAlive: 30,
    sessionExpiryInterval: 300,
    will: { topic: 'rooms/attic/sensor', payload: 'lost', qos: 1, delay: 60 },
  })
}

test('a room whose thermometer falls silent is not heated for ever', async () => {
  const sensor = await startSensor()
  await sensor.publish({ topic: 'rooms/attic/temperature', payload: '17', qos: 1 })
  assert.equal(await nextValve(), 'open')

  clock.advance(46 * second) // one and a half times its keep alive
  assert.equal((await sensor.ended).reasonCode, 0x8d)
  clock.advance(61 * second) // its will delay
  assert.equal(await nextValve(), 'closed')
})

test('a thermometer that comes back in time is not given up', async () => {
  const sensor = await startSensor()
  await sensor.drop()
  clock.advance(50 * second)
  const back = await startSensor()
  clock.advance(20 * second)
  await back.publish({ topic: 'rooms/attic/temperature', payload: '17', qos: 1 })
  assert.equal(await nextValve(), 'open') // and no `closed` before
})

for (const { awayMs, expected } of [
  { awayMs: 59 * minute, expected: 'open' },
  { awayMs: 61 * minute, expected: 'closed' },
]) {
  test(`a heating that was away for ${awayMs / minute} minutes: the valve is ${expected}`, async () => {
    await heating.endAsync(true)
    const sensor = await broker.connect()
    await sensor.publish({ topic: 'rooms/attic/temperature', payload: '17', qos: 1 })
    clock.advance(awayMs) // its session lasts an hour, and what waits in it no longer than that
    heating = await startHeating(url, options)
    await sensor.publish({ topic: 'rooms/attic/temperature', payload: '22', qos: 1 })
    assert.equal(await nextValve(), expected)
  })
}
