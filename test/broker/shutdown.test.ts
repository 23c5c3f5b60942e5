import { connect as connectSocket } from 'node:net'
import { describe, expect, it } from 'vitest'
import { HeldStore } from '../support/delayed-store.ts'
import { lasting, scene } from './held-scene.ts'
import { startBroker, until } from './started-broker.ts'

/** Node's error code of an attempt to connect. */
function refusalOf(port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connectSocket(port, '127.0.0.1')
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code))
    socket.on('connect', () => {
      socket.destroy()
      resolve(undefined)
    })
  })
}

describe('close()', () => {
  it.each([
    [5, 'tcp', 0x8b],
    [5, 'websocket', 0x8b],
    [4, 'tcp', undefined],
    [3, 'websocket', undefined],
  ] as const)('ends a version %d client over %s with %s, and resolves', async (version, transport, reasonCode) => {
    const broker = await startBroker()
    const client = await broker.client({ version, transport })
    const closed = broker.broker.close({ graceMs: 60_000 })
    expect((await client.closed()).reasonCode).toBe(reasonCode)
    await closed
    expect(broker.broker.statistics.gauges().connections).toBe(0)
  })

  it('resolves when nobody is connected, and every time it is called', async () => {
    const broker = await startBroker()
    const first = broker.broker.close()
    expect(broker.broker.close()).toBe(first)
    await first
  })

  it('ends connections that have not sent CONNECT, unanswered', async () => {
    const broker = await startBroker()
    const [silent, client] = [await broker.open(), await broker.client()]
    const closed = broker.broker.close({ graceMs: 60_000 })
    for (const one of [silent, client]) await one.closed()
    await closed
    expect(silent.received).toEqual([])
  })

  it('takes no new clients, on any listener', async () => {
    const broker = await startBroker()
    await broker.broker.close()
    for (const port of [broker.port, broker.webSocketPort]) expect(await refusalOf(port)).toBe('ECONNREFUSED')
  })

  it('publishes Wills while others are still there to see them', async () => {
    const broker = await startBroker()
    const watcher = await broker.client()
    await watcher.subscribe({ topicFilter: 'will/#', qos: 1 })
    for (const version of [3, 4, 5] as const) {
      await broker.client({ version, will: { topicName: `will/${version}`, payload: 'gone', qos: 1 } })
    }
    const closed = broker.broker.close({ graceMs: 60_000 })
    const wills = await watcher.publishes(3)
    expect(wills.map((one) => one.topicName).toSorted()).toEqual(['will/3', 'will/4', 'will/5'])
    expect((await watcher.closed()).reasonCode).toBe(0x8b)
    await closed
    expect(watcher.received.filter((one) => one.kind === 'publish')).toHaveLength(3) // each of them once
  })

  it('keeps back a Will with a delay, whose session lives on', async () => {
    const broker = await startBroker()
    const watcher = await broker.client()
    await watcher.subscribe('will')
    const will = { topicName: 'will', payload: 'gone', properties: { willDelayInterval: 30 } }
    await broker.client({ properties: lasting, will })
    await broker.broker.close({ graceMs: 60_000 })
    await watcher.closed()
    expect(watcher.received.map((one) => one.kind)).toEqual(['connack', 'suback', 'disconnect'])
  })

  it('lets what is queued leave first', async () => {
    const broker = await startBroker()
    const [reader, publisher] = [await broker.client(), await broker.client()]
    await reader.subscribe('t')
    const payload = Buffer.alloc(64 * 1024)
    for (let count = 0; count < 100; count++) publisher.sendPublish('t', payload)
    await publisher.barrier()
    const closed = broker.broker.close({ graceMs: 60_000 })
    await reader.closed()
    expect(reader.received.filter((one) => one.kind === 'publish')).toHaveLength(100)
    await closed
  })

  it('cuts a client that does not read, after graceMs and not before', async () => {
    const broker = await startBroker()
    const [deaf, publisher] = [await broker.client(), await broker.client()]
    await deaf.subscribe('t')
    deaf.transport.pause()
    const { statistics } = broker.broker
    const payload = Buffer.alloc(256 * 1024)
    while (statistics.gauges().outboxBytes < 4 * 1024 * 1024) await publisher.publish('t', payload, { qos: 1 })
    const beforeMs = performance.now()
    await broker.broker.close({ graceMs: 200 })
    expect(performance.now() - beforeMs).toBeGreaterThan(190)
    expect(statistics.gauges().outboxBytes).toBe(0)
  })

  it('lets the store finish, so that what it keeps is acknowledged, and closes it last', async () => {
    const { broker, store, publisher, topicName } = await scene()
    const steps: string[] = []
    store.close = async () => void steps.push('store closed')
    const packetId = publisher.sendPublish(topicName, 'x', { qos: 1 })
    await until(() => store.heldBatches > 0)
    const closed = broker.broker.close({ graceMs: 60_000 }).then(() => steps.push('closed'))
    await publisher.barrier()
    expect(publisher.isClosed).toBe(false)
    store.answer()
    expect(await publisher.next('puback')).toMatchObject({ packetId })
    expect((await publisher.closed()).reasonCode).toBe(0x8b)
    while (steps.length < 2) {
      store.answer()
      await new Promise((resolve) => setImmediate(resolve))
    }
    await closed
    expect(steps).toEqual(['store closed', 'closed'])
  })

  it('records that sessions are closed before it closes the store', async () => {
    const store = new HeldStore()
    store.append = (batch, onDurable) => {
      store.batches.push(batch)
      setImmediate(onDurable)
    }
    const broker = await startBroker({}, { store })
    await broker.client({ clientId: 'kept', properties: lasting })
    await broker.client({ clientId: 'gone' })
    await broker.broker.close({ graceMs: 60_000 })
    expect(store.batches.flat()).toMatchObject([
      { kind: 'session-opened', session: 1, clientId: 'kept' },
      { kind: 'session-closed', session: 1 },
    ])
  })
})
