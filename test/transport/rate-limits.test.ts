import { afterEach, describe, expect, it } from 'vitest'
import { believing } from '../support/believing-authenticator.ts'
import type { Rates } from '../../src/contracts/rates.ts'
import type { PartialSettings } from '../../src/settings/settings.ts'
import { startTestBroker, type TestBroker } from '../support/test-broker.ts'
import { publishPacket } from '../support/wire-packets.ts'
import { releaseClients, WireClient } from '../support/wire-client.ts'
import { unique } from '../support/wire-steps.ts'

let stage: TestBroker

afterEach(async () => {
  releaseClients()
  await stage.close()
})

type Whom = keyof Rates
const whoms: readonly Whom[] = ['client', 'user', 'address', 'listener']

async function start(rates: PartialSettings['rates']): Promise<void> {
  stage = await startTestBroker(settings(rates), { authenticator: believing })
}

function settings(rates: PartialSettings['rates']): PartialSettings {
  const listeners = [0, 0].map((port) => ({ kind: 'tcp', host: '127.0.0.1', port }) as const)
  return { rates, listeners, sysIntervalSeconds: 0 }
}

async function enter(clientId: string, userName?: string, listener = 0): Promise<WireClient> {
  const { port = 0 } = stage.broker.addresses[listener] ?? {}
  const client = await WireClient.open({ port, version: 5, autoAcknowledge: false })
  await client.connect({ clientId, ...(userName !== undefined && { userName }) })
  return client
}

/** Turns of the loop go by until it is so. */
async function until(isSo: () => boolean): Promise<void> {
  const giveUpMs = performance.now() + 20_000
  while (!isSo()) {
    if (performance.now() > giveUpMs) throw new Error('it never became so')
    await new Promise(setImmediate)
  }
}

/** Whatever can still happen happens. */
async function calm(): Promise<void> {
  for (let turn = 0; turn < 30; turn++) await new Promise(setImmediate)
}

/** That `count` comes to be, and no more. */
async function comesTo(count: number, now: () => number): Promise<void> {
  await until(() => now() >= count)
  await calm()
  expect(now()).toBe(count)
}

const taken = (): number => stage.broker.statistics.counters.publishReceived

function publishMany(client: WireClient, count: number, payloadBytes = 10): void {
  const payload = new Uint8Array(payloadBytes)
  for (let index = 0; index < count; index++) client.sendPublish('topic', payload, { qos: 1 })
}

const publishesOf = (client: WireClient): number => client.received.filter(({ kind }) => kind === 'publish').length

describe('messages that come in', () => {
  it.each(whoms)('are taken at the rate of the %s, and none is lost', async (whom) => {
    await start({ [whom]: { inboundMessages: 10 } })
    const client = await enter('one', 'ada')
    publishMany(client, 25)
    await comesTo(10, taken)
    await stage.advance(500)
    await comesTo(15, taken)
    await stage.advance(5000)
    await comesTo(25, taken)
    expect(client.received.filter(({ kind }) => kind === 'puback')).toHaveLength(25)
  })

  const strangers: Record<Whom, () => Promise<[WireClient, WireClient]>> = {
    client: async () => [await enter('one', 'ada'), await enter('two', 'ada')],
    user: async () => [await enter('one', 'ada'), await enter('two', 'bob')],
    address: async () => [await enter('one'), await enter('two')],
    listener: async () => [await enter('one', 'ada', 0), await enter('two', 'ada', 1)],
  }
  it.each(whoms)('draw on one share for each %s', async (whom) => {
    await start({ [whom]: { inboundMessages: 10 } })
    for (const client of await strangers[whom]()) publishMany(client, 25)
    await comesTo(whom === 'address' ? 10 : 20, taken) // there is only one address here
  })

  const together: Record<Whom, () => Promise<WireClient[]>> = {
    client: async () => [await enter('one'), await enter('one')],
    user: async () => [await enter('one', 'ada'), await enter('two', 'ada', 1)],
    address: async () => [await enter('one'), await enter('two', undefined, 1)],
    listener: async () => [await enter('one', 'ada'), await enter('two', 'bob')],
  }
  it.each(whoms)('of all connections of one %s come to its rate together', async (whom) => {
    await start({ [whom]: { inboundMessages: 10 } })
    const clients = await together[whom]()
    for (const client of whom === 'client' ? clients.slice(1) : clients) publishMany(client, 25)
    await comesTo(10, taken)
    await stage.advance(1000)
    await comesTo(20, taken)
  })

  it('are taken from everybody who waits for one share, in turn', async () => {
    await start({ listener: { inboundMessages: 10 } })
    const [busy, quiet] = [await enter('busy'), await enter('quiet')]
    // in one piece, as a client writes that has much to say
    busy.send(...Array.from({ length: 100 }, () => publishPacket(5, 'topic', 'x', { qos: 0 })))
    await comesTo(10, taken)
    publishMany(quiet, 2)
    await calm()
    for (let tick = 0; tick < 6; tick++) await stage.advance(100)
    await until(() => taken() >= 15)
    expect(quiet.received.filter(({ kind }) => kind === 'puback')).toHaveLength(2)
  })

  it('of a client that comes again go on where it left', async () => {
    await start({ client: { inboundMessages: 10 } })
    publishMany(await enter('one'), 10)
    await comesTo(10, taken)
    publishMany(await enter('one'), 10)
    await calm()
    expect(taken()).toBe(10)
  })

  it('keep a client alive whose packets wait here', async () => {
    await start({ client: { inboundMessages: 1 } })
    const port = stage.port
    const client = await WireClient.open({ port, version: 5, autoAcknowledge: false })
    await client.connect({ clientId: 'one', keepAlive: 2 })
    publishMany(client, 8)
    for (let second = 1; second <= 7; second++) {
      await comesTo(second, taken)
      await stage.advance(1000)
    }
    await comesTo(8, taken)
    expect(stage.broker.statistics.gauges().connections).toBe(1)
  })
})

describe('bytes that come in', () => {
  it.each(whoms)('are taken at the rate of the %s, also within a packet', async (whom) => {
    await start({ [whom]: { inboundBytes: 1000 } })
    const client = await enter('one', 'ada')
    await stage.advance(1000)
    publishMany(client, 1, 2500)
    const received = (): number => stage.broker.statistics.counters.bytesReceived
    const before = received()
    await comesTo(1000, () => received() - before)
    await stage.advance(1000)
    await comesTo(2000, () => received() - before)
    expect(taken()).toBe(0)
    await stage.advance(1000)
    await until(() => taken() === 1)
  })
})

describe('messages that go out', () => {
  it.each(whoms)('leave at the rate of the %s, and none is lost', async (whom) => {
    await start({ [whom]: { outboundMessages: 10 } })
    const client = await enter('one', 'ada')
    await client.subscribe({ topicFilter: 'topic', qos: 1 })
    for (let index = 0; index < 25; index++) {
      await stage.broker.publish({ topic: 'topic', payload: String(index), qos: index % 2 === 0 ? 1 : 0 })
    }
    await comesTo(10, () => publishesOf(client))
    await stage.advance(500)
    await comesTo(15, () => publishesOf(client))
    await stage.advance(5000)
    await comesTo(25, () => publishesOf(client))
  })

  it('leave room for what answers the client', async () => {
    await start({ client: { outboundMessages: 1 } })
    const client = await enter('one')
    await client.subscribe({ topicFilter: 'topic', qos: 0 })
    await stage.broker.publish({ topic: 'topic', payload: 'one' })
    await comesTo(1, () => publishesOf(client))
    await client.barrier()
  })
})

describe('bytes that go out', () => {
  it('leave at their rate, also within a packet', async () => {
    await start({ listener: { outboundBytes: 1000 } })
    const client = await enter('one')
    await client.subscribe({ topicFilter: 'topic', qos: 0 })
    await stage.advance(1000)
    await stage.broker.publish({ topic: 'topic', payload: new Uint8Array(2500) })
    await calm()
    await stage.advance(1000)
    await calm()
    expect(publishesOf(client)).toBe(0)
    await stage.advance(1000)
    await comesTo(1, () => publishesOf(client))
  })
})

describe('rates that are set anew', () => {
  it('hold at once for connections under way', async () => {
    await start({ client: { inboundMessages: 10 } })
    publishMany(await enter('one'), 50)
    await comesTo(10, taken)
    await stage.broker.reload(settings({ client: { inboundMessages: 20 } }))
    await stage.advance(1000)
    await comesTo(30, taken)
    await stage.broker.reload(settings({}))
    await stage.advance(20)
    await comesTo(50, taken)
  })

  it('hold from the next connection on where there were none', async () => {
    await start({})
    publishMany(await enter('one'), 50)
    await comesTo(50, taken)
    await stage.broker.reload(settings({ client: { inboundMessages: 10 } }))
    publishMany(await enter(unique('one')), 50)
    await comesTo(60, taken)
  })
})

describe('a broker that stops', () => {
  it('lets go what waits for a rate', async () => {
    await start({ client: { outboundMessages: 1 } })
    const client = await enter('one')
    await client.subscribe({ topicFilter: 'topic', qos: 0 })
    for (let index = 0; index < 5; index++) await stage.broker.publish({ topic: 'topic', payload: 'x' })
    await stage.broker.close({ graceMs: 5000 })
    await until(() => publishesOf(client) === 5)
  })
})
