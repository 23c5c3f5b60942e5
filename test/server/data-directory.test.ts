import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { DurabilityLevel } from '../../src/contracts/durability.ts'
import type { Broker } from '../../src/server/broker.ts'
import { type BrokerParts, createBroker } from '../../src/server/create-broker.ts'
import type { PartialSettings } from '../../src/settings/settings.ts'
import { MemoryStore } from '../../src/storage/memory-store.ts'
import { releaseClients, WireClient } from '../support/wire-client.ts'

let folder: string
let brokers: Broker[] = []
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'topiary-data-'))
})
afterEach(async () => {
  await releaseClients()
  for (const broker of brokers) await broker.close({ graceMs: 0 })
  brokers = []
  await rm(folder, { recursive: true })
})

const listeners = [{ kind: 'tcp', host: '127.0.0.1', port: 0 }] as const

function newBroker(settings: PartialSettings = {}, parts: BrokerParts = {}): Broker {
  const broker = createBroker({ listeners, storage: { directory: join(folder, 'data') }, ...settings }, parts)
  brokers.push(broker)
  return broker
}

async function portOf(broker: Broker): Promise<number> {
  const [address] = await broker.listen()
  return address?.port ?? 0
}

describe('a broker with a data directory', () => {
  it('brings sessions and retained messages back', async () => {
    const first = newBroker()
    const port = await portOf(first)
    const properties = { sessionExpiryInterval: 600 }
    const away = await WireClient.connected({ port, clientId: 'away', properties })
    await away.subscribe({ topicFilter: 'a', qos: 1 })
    await away.disconnect(0)
    const publisher = await WireClient.connected({ port })
    await publisher.publish('a', 'kept', { qos: 1 })
    await publisher.publish('r', 'retained', { qos: 1, retain: true })
    await first.close({ graceMs: 0 })

    const again = await portOf(newBroker())
    const back = await WireClient.open({ port: again, autoAcknowledge: true })
    expect(await back.connect({ clientId: 'away', cleanStart: false, properties })).toMatchObject({
      sessionPresent: true,
    })
    expect(await back.next('publish')).toMatchObject({ topicName: 'a', text: 'kept' })
    await back.subscribe('r')
    expect(await back.next('publish')).toMatchObject({ topicName: 'r', text: 'retained', retain: true })
  })

  it('keeps topics as a rule says, from the reload that brings it', async () => {
    // one whose answers the reload leaves as they are, and with them the routes
    const authorizer = { epoch: 0, authorize: () => true }
    const first = newBroker({}, { authorizer })
    const port = await portOf(first)
    const properties = { sessionExpiryInterval: 600 }
    const away = await WireClient.connected({ port, clientId: 'away', properties })
    await away.subscribe({ topicFilter: '#', qos: 1 })
    await away.disconnect(0)
    const publisher = await WireClient.connected({ port })
    await publisher.publish('m/a', 'before', { qos: 1 })
    const topics = [{ topics: ['m/#'], durability: 'memory' }] as const
    await first.reload({ listeners, storage: { directory: join(folder, 'data'), topics } })
    await publisher.publish('m/a', 'after', { qos: 1 })
    await publisher.publish('n', 'other', { qos: 1 })
    await first.close({ graceMs: 0 })

    const again = await portOf(newBroker())
    const back = await WireClient.open({ port: again, autoAcknowledge: true })
    await back.connect({ clientId: 'away', cleanStart: false, properties })
    expect((await back.publishes(2)).map(({ text }) => text)).toEqual(['before', 'other'])
  })

  it('makes nothing before it is opened', async () => {
    newBroker()
    expect(await readdir(folder)).toEqual([])
  })

  it('takes no client before its state is back, and says so', async () => {
    const broker = newBroker()
    const sentence = 'this broker has not brought its state back yet; await open() or listen() first'
    expect(() => broker.handle(new PassThrough())).toThrow(sentence)
    expect(() => broker.attach({ on() {}, off() {} })).toThrow(sentence)
    await expect(broker.connect()).rejects.toThrow(sentence)
    await expect(broker.subscribe('a', () => {})).rejects.toThrow(sentence)
    await expect(broker.publish({ topic: 'a' })).rejects.toThrow(sentence)
    await Promise.all([broker.open(), broker.open()])
    await (await broker.connect()).close()
    await broker.publish({ topic: 'a', payload: 'x', qos: 1, retain: true })
  })

  it('that cannot open it opens no listener either', async () => {
    await writeFile(join(folder, 'data'), '')
    const broker = newBroker({ http: { port: 0 } })
    await expect(broker.listen()).rejects.toThrow(`${join(folder, 'data')} is a file and not a directory`)
    expect([broker.isReady, broker.addresses, broker.httpUrl]).toEqual([false, [], undefined])
  })

  it('may be closed without ever having been opened', async () => {
    await newBroker().close()
    expect(await readdir(folder)).toEqual([])
  })

  it('refuses a reload that would move its state, and goes on', async () => {
    const broker = newBroker()
    await broker.listen()
    const moved = { listeners, storage: { directory: join(folder, 'other') } }
    await expect(broker.reload(moved)).rejects.toThrow('cannot move to')
    expect(broker.isReady).toBe(true)
    expect(await readdir(folder)).toEqual(['data'])
  })
})

describe('a listener', () => {
  it('tells how publishes that come in there are kept, another way after a reload', async () => {
    const seen: (DurabilityLevel | undefined)[] = []
    const broker = newBroker({ listeners: [{ ...listeners[0], durability: 'interval' }] })
    broker.use({ onConnect: ({ peer }) => void seen.push(peer.durability) })
    const port = await portOf(broker)
    await WireClient.connected({ port })
    await broker.reload({ listeners, storage: { directory: join(folder, 'data') } })
    await WireClient.connected({ port })
    expect(seen).toEqual(['interval', undefined])
  })
})

describe('a store that takes nothing', () => {
  const figures = { missingCommits: 1, damagedValues: 2, filesSetAside: 3, logBytes: 4, failedBatches: 5 }
  class DegradedStore extends MemoryStore {
    override readonly statistics = { isDegraded: false, ...figures }
  }

  it('is told by readyz, metrics and $SYS, and livez stays', async () => {
    const store = new DegradedStore()
    const broker = newBroker({ http: { port: 0 } }, { store })
    await broker.listen()
    const ask = async (path: string) => {
      const response = await fetch(`${broker.httpUrl}${path}`)
      return [response.status, await response.text()] as const
    }
    expect(await ask('/readyz')).toEqual([200, 'ok'])
    store.statistics.isDegraded = true
    expect(await ask('/readyz')).toEqual([503, expect.stringMatching(/^store-degraded: /)])
    expect(await ask('/livez')).toEqual([200, 'ok'])
    expect((await ask('/metrics'))[1]).toContain('\ntopiary_store_degraded 1\n')
    const values = new Map<string, string>()
    const onValue = ({ topic, payload }: { readonly topic: string; readonly payload: Uint8Array }): void => {
      values.set(topic, Buffer.from(payload).toString())
    }
    await broker.subscribe('$SYS/broker/store/+', onValue)
    await expect.poll(() => values.size).toBe(6)
    expect(values.get('$SYS/broker/store/damaged_values')).toBe('2')
  })
})
