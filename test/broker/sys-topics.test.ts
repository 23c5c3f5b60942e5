import { describe, expect, it } from 'vitest'
import { dropReasons } from '../../src/contracts/statistics.ts'
import { ManualClock } from '../../src/observe/manual-clock.ts'
import { createBroker } from '../../src/server/create-broker.ts'
import type { WireClient } from '../support/wire-client.ts'
import { startBroker, type StartedBroker } from './started-broker.ts'

const periods = ['1min', '5min', '15min']
const loads = [
  'messages/received',
  'messages/sent',
  'publish/received',
  'publish/sent',
  'publish/dropped',
  'bytes/received',
  'bytes/sent',
  'sockets',
  'connections',
]
const mosquittoNames = [
  'version',
  'uptime',
  'clients/total',
  'clients/maximum',
  'clients/connected',
  'clients/active',
  'clients/disconnected',
  'clients/inactive',
  'clients/expired',
  'messages/received',
  'messages/sent',
  'messages/stored',
  'store/messages/count',
  'store/messages/bytes',
  'subscriptions/count',
  'shared_subscriptions/count',
  'retained messages/count',
  'heap/current',
  'heap/maximum',
  'bytes/received',
  'bytes/sent',
  'publish/bytes/received',
  'publish/bytes/sent',
  'publish/messages/received',
  'publish/messages/sent',
  'publish/messages/dropped',
  'packet/out/count',
  'packet/out/bytes',
  'connections/socket/count',
  ...loads.flatMap((load) => periods.map((period) => `load/${load}/${period}`)),
]
const ownNames = [
  ...dropReasons.map((reason) => `publish/messages/dropped/${reason}`),
  ...['degraded', 'missing_commits', 'damaged_values', 'files_set_aside', 'log_bytes', 'failed_batches'].map(
    (name) => `store/${name}`,
  ),
]

const prefix = '$SYS/broker/'

/** Values by name without prefix, as they arrive up to a round trip. */
async function values(client: WireClient): Promise<Map<string, string>> {
  const publishes = (await client.rest()).filter((one) => one.kind === 'publish')
  return new Map(publishes.map((one) => [one.topicName.slice(prefix.length), one.text]))
}

/** All values a client finds that subscribes now. */
async function retainedValues(broker: StartedBroker): Promise<Map<string, string>> {
  const reader = await broker.client()
  await reader.subscribe(`${prefix}#`)
  return values(reader)
}

/** The average over `seconds`, `steps` intervals after one of 10 seconds with 100 messages. */
function average(seconds: number, steps: number): number {
  const decay = Math.exp(-10 / seconds)
  return 600 * (1 - decay) * decay ** steps
}

describe('$SYS', () => {
  it("has Mosquitto's names, one for each drop reason, and how the store is", async () => {
    const broker = await startBroker()
    await broker.advance(10_000)
    expect([...(await retainedValues(broker)).keys()].toSorted()).toEqual([...mosquittoNames, ...ownNames].toSorted())
  })

  it('is there from the start, but for averages', async () => {
    const broker = await startBroker()
    const expected = [...mosquittoNames.filter((name) => !name.startsWith('load/')), ...ownNames]
    expect([...(await retainedValues(broker)).keys()].toSorted()).toEqual(expected.toSorted())
  })

  it('is retained text, at QoS 2 for those who ask for it', async () => {
    const broker = await startBroker()
    const reader = await broker.client({ autoAcknowledge: true })
    await reader.subscribe({ topicFilter: `${prefix}version`, qos: 2 })
    const version = await reader.next('publish')
    expect(version).toMatchObject({ retain: true, qos: 2 })
    expect(version.text).toMatch(/^topiary version \d+\.\d+\.\d+/)
    await reader.subscribe({ topicFilter: `${prefix}uptime`, qos: 2 })
    expect(await reader.next('publish')).toMatchObject({ retain: true, text: '0 seconds' })
    await broker.advance(10_000)
    expect(await reader.next('publish')).toMatchObject({ retain: false, qos: 2, text: '10 seconds' })
  })

  it('says how things stand', async () => {
    const broker = await startBroker()
    const properties = { sessionExpiryInterval: 600 }
    const away = await broker.client({ properties })
    await away.subscribe([
      { topicFilter: 'a', qos: 1 },
      { topicFilter: '$share/g/b', qos: 1 },
    ])
    const brief = await broker.client({ properties: { sessionExpiryInterval: 1 } })
    for (const client of [away, brief]) await client.disconnect(0)
    const publisher = await broker.client()
    await publisher.publish('a', 'four', { qos: 1 })
    await publisher.publish('r', 'x', { qos: 1, retain: true })
    await publisher.publish('nobody', 'x', { qos: 1 })
    await publisher.publish('a', 'x', { qos: 0 })
    await publisher.barrier()
    await broker.advance(10_000)
    const system = (await retainedValues(broker)).size
    const found = await retainedValues(broker)
    expect(Object.fromEntries(found)).toMatchObject({
      uptime: '10 seconds',
      'clients/total': '2',
      'clients/maximum': '3',
      'clients/connected': '1',
      'clients/active': '1',
      'clients/disconnected': '1',
      'clients/inactive': '1',
      'clients/expired': '1',
      'subscriptions/count': '1',
      'shared_subscriptions/count': '1',
      'retained messages/count': String(system - loads.length * periods.length + 1),
      'publish/messages/received': '4',
      'publish/bytes/received': '7',
      'publish/messages/dropped': '0', // what nobody asked for, or QoS 0 for those away, is not among them
      'publish/messages/dropped/offline-qos0': '1',
      'connections/socket/count': '1',
    })
  })

  it('is not counted as dropped when nobody subscribes to it', async () => {
    const broker = await startBroker()
    await (await broker.client()).publish('nobody', 'x', { qos: 1 })
    await broker.advance(20_000)
    expect(broker.drops('no-subscribers')).toBe(1)
  })

  it('changes at whole multiples of its interval by the clock on the wall', async () => {
    const clock = new ManualClock(13_000)
    const broker = createBroker({ listeners: [], sysIntervalSeconds: 20 }, { clock })
    const told: string[] = []
    await broker.subscribe(`${prefix}uptime`, ({ payload }) => told.push(new TextDecoder().decode(payload)))
    for (let second = 1; second <= 50; second++) {
      clock.advance(1000)
      await new Promise(setImmediate)
    }
    await broker.close()
    expect(told).toEqual(['0 seconds', '7 seconds', '27 seconds', '47 seconds'])
  })

  it('changes at its interval and not between, and only what has changed goes out', async () => {
    const broker = await startBroker({ sysIntervalSeconds: 20 })
    const reader = await broker.client({ autoAcknowledge: true })
    await reader.subscribe(`${prefix}#`)
    await values(reader)
    const publisher = await broker.client()
    await publisher.publish('t', 'x', { qos: 1 })
    await broker.advance(19_000)
    expect(await values(reader)).toEqual(new Map())
    await broker.advance(1_000)
    const first = await values(reader)
    expect(Object.fromEntries(first)).toMatchObject({ uptime: '20 seconds', 'publish/messages/received': '1' })
    const unchanged = ['version', 'clients/expired', 'shared_subscriptions/count']
    expect(unchanged.filter((name) => first.has(name))).toEqual([])
    await broker.advance(20_000)
    const second = await values(reader)
    expect(second.get('uptime')).toBe('40 seconds')
    expect(second.has('publish/messages/received')).toBe(false)
  })

  it('averages the way Mosquitto does', async () => {
    const broker = await startBroker()
    const publisher = await broker.client()
    for (let count = 0; count < 100; count++) publisher.sendPublish('t', 'x')
    await publisher.barrier()
    await broker.advance(10_000)
    for (const steps of [0, 1, 2]) {
      const found = await retainedValues(broker)
      for (const [index, seconds] of [60, 300, 900].entries()) {
        expect(found.get(`load/publish/received/${periods[index]}`)).toBe(average(seconds, steps).toFixed(2))
      }
      await broker.advance(10_000)
    }
  })

  it('is switched off by sysIntervalSeconds 0', async () => {
    const broker = await startBroker({ sysIntervalSeconds: 0 })
    await broker.advance(60_000)
    expect(await retainedValues(broker)).toEqual(new Map())
    expect(broker.broker.statistics.gauges().retainedMessages).toBe(0)
  })
})
