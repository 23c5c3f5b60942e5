import { afterEach, describe, expect, it } from 'vitest'
import type { BrokerCore } from '../../src/broker/core.ts'
import type { PartialSettings } from '../../src/settings/settings.ts'
import { WireClient } from '../support/wire-client.ts'
import { unique } from '../support/wire-steps.ts'
import { RestartScene } from './restart-scene.ts'

const QUOTA_EXCEEDED = 0x97

let scene: RestartScene
afterEach(() => scene.stop())

async function started(settings: PartialSettings = {}): Promise<void> {
  scene = new RestartScene(settings, true)
  await scene.start()
}

/** A session that is not there, subscribed to `t` at QoS 2. */
async function away(clientId = 'reader'): Promise<void> {
  const client = await scene.durable(clientId)
  await client.subscribe({ topicFilter: 't', qos: 2 })
  await client.disconnect(0)
}

/** No room from now on: somebody learns of it by losing the connection. */
async function full(): Promise<void> {
  const first = await scene.client()
  scene.disk.setFull(true)
  first.sendPublish('t', 'not kept', { qos: 1 })
  first.sendPublish('full', 'x', { qos: 1, retain: true })
  await first.closed()
}

/** There is room again, and a second goes by. */
async function room(): Promise<void> {
  scene.disk.setFull(false)
  await scene.advance(1000)
  await scene.kept()
}

async function textsOf(clientId: string): Promise<string[]> {
  const reader = await scene.durable(clientId, { autoAcknowledge: true })
  const texts: string[] = []
  for (let more = await reader.restOfPayloads(); more.length > 0; more = await reader.restOfPayloads())
    texts.push(...more)
  await reader.disconnect(0)
  return texts
}

describe('while the store takes nothing', () => {
  it.each([
    [1, 'puback'],
    [2, 'pubrec'],
  ] as const)(
    'a publish at QoS %d for a durable session is refused with 0x97, and never delivered',
    async (qos, kind) => {
      await started()
      await away()
      await scene.publish('t', ['before'], qos)
      await full()
      const publisher = await scene.client()
      for (let packetId = 1; packetId < 5; packetId++) {
        publisher.sendPublish('t', `refused ${packetId}`, { qos, packetId })
        expect(await publisher.next(kind)).toMatchObject({ packetId, reasonCode: QUOTA_EXCEEDED })
      }
      await room()
      await publisher.publish('t', 'after', { qos })
      await scene.crash()
      expect(await textsOf('reader')).toEqual(['before', 'after'])
    },
  )

  it.each([1, 2] as const)(
    'a 3.1.1 client that publishes at QoS %d is disconnected, there being no word for it',
    async (qos) => {
      await started()
      await away()
      await full()
      const publisher = await scene.client({ version: 4 })
      publisher.sendPublish('t', 'refused', { qos })
      await publisher.closed()
      await room()
      expect(await textsOf('reader')).toEqual([])
    },
  )

  it.each([1, 2] as const)('a retained message at QoS %d is refused and changes nothing', async (qos) => {
    await started()
    await scene.publish('r', ['old'], 1, { retain: true })
    await full()
    const publisher = await scene.client()
    publisher.sendPublish('r', 'new', { qos, retain: true })
    expect((await publisher.next(qos === 1 ? 'puback' : 'pubrec')).reasonCode).toBe(QUOTA_EXCEEDED)
    await room()
    await scene.crash()
    const reader = await scene.client()
    await reader.subscribe({ topicFilter: 'r', qos: 1 })
    expect(await reader.restOfPayloads()).toEqual(['old'])
  })

  it('QoS 0, and sessions that end with their connection, go on at every QoS', async () => {
    await started()
    await away()
    await full()
    const reader = await scene.client({ autoAcknowledge: true })
    await reader.subscribe({ topicFilter: 'clean', qos: 2 })
    const publisher = await scene.client()
    for (const qos of [0, 1, 2] as const) {
      const answer = await publisher.publish('clean', `${qos}`, { qos })
      expect(answer?.reasonCode).toBe(qos === 0 ? undefined : 0)
    }
    await publisher.publish('t', 'nobody is there', { qos: 0 })
    await publisher.barrier()
    expect(await reader.restOfPayloads()).toEqual(['0', '1', '2'])
    expect(publisher.isClosed).toBe(false)
  })

  it('nothing is held of what is refused', async () => {
    await started()
    await away()
    await scene.publish('t', ['before'])
    await full()
    const before = scene.broker.statistics.gauges()
    const publisher = await scene.client()
    for (let count = 0; count < 200; count++) {
      expect((await publisher.publish('t', 'x'.repeat(1000), { qos: 1 }))?.reasonCode).toBe(QUOTA_EXCEEDED)
    }
    const after = scene.broker.statistics.gauges()
    expect(after.storedMessages).toBe(before.storedMessages)
    expect(after.storedBytes).toBe(before.storedBytes)
    expect(scene.broker.statistics.counters.drops['store-failed']).toBeGreaterThanOrEqual(200)
  })

  it('the packet identifiers of refused QoS 2 messages are free, and do not use up Receive Maximum', async () => {
    await started({ limits: { receiveMaximum: 3 } })
    await away()
    const publisher = await scene.durable('publisher')
    await full()
    for (let packetId = 1; packetId <= 10; packetId++) {
      publisher.sendPublish('t', 'refused', { qos: 2, packetId })
      expect((await publisher.next('pubrec')).reasonCode).toBe(QUOTA_EXCEEDED)
    }
    await room()
    for (let packetId = 1; packetId <= 3; packetId++) {
      publisher.sendPublish('t', `new ${packetId}`, { qos: 2, packetId })
      expect((await publisher.next('pubrec')).reasonCode).toBe(0)
    }
    await scene.crash()
    expect(await textsOf('reader')).toEqual(['new 1', 'new 2', 'new 3'])
  })

  it('a session that would have to be kept is refused, and welcome once there is room', async () => {
    await started()
    await full()
    const client = await WireClient.open({ port: scene.port })
    const clientId = unique('late')
    const fields = { clientId, cleanStart: false, properties: { sessionExpiryInterval: 600 } }
    expect((await client.connect(fields)).reasonCode).toBe(0x88)
    await client.closed()
    await room()
    const again = await scene.durable(clientId)
    await again.subscribe({ topicFilter: 't', qos: 1 })
    await again.disconnect(0)
    await scene.publish('t', ['x'])
    await scene.crash()
    expect(await textsOf(clientId)).toEqual(['x'])
  })

  it('a SUBSCRIBE of a durable session is not acknowledged, and works once there is room', async () => {
    await started()
    const client = await scene.durable('s')
    await full()
    await expect(client.subscribe({ topicFilter: 't', qos: 1 })).rejects.toThrow('connection closed')
    await room()
    const again = await scene.durable('s')
    expect((await again.subscribe({ topicFilter: 't', qos: 1 })).reasonCodes).toEqual([1])
    await again.disconnect(0)
    await scene.publish('t', ['x'])
    await scene.crash()
    expect(await textsOf('s')).toEqual(['x'])
  })

  it('what was kept is delivered, and what is acknowledged meanwhile does not come back', async () => {
    await started()
    await away()
    const texts = Array.from({ length: 300 }, (_, index) => `${index}`)
    await scene.publish('t', texts)
    const reader = await scene.durable('reader', { properties: { receiveMaximum: 5 } })
    await full()
    const seen: string[] = []
    for (const _text of texts) {
      const { text, packetId } = await reader.next('publish')
      seen.push(text)
      reader.acknowledge('puback', packetId)
    }
    expect(seen).toEqual(texts)
    await reader.barrier()
    expect(scene.isDegraded).toBe(true)
    await scene.advance(200)
    await room()
    await scene.crash()
    expect(await textsOf('reader')).toEqual([])
    expect(scene.disk.keys('m|')).toEqual([])
  })

  it('a start after a crash has all that was acknowledged before', async () => {
    await started()
    await away()
    await scene.publish('t', ['a', 'b'], 2)
    await full()
    await scene.crash()
    expect(await textsOf('reader')).toEqual(['a', 'b'])
  })

  it('it is tried again every second, until there is room', async () => {
    await started()
    await away()
    await full()
    expect(scene.isDegraded).toBe(true)
    await scene.advance(3000)
    expect(scene.isDegraded).toBe(true)
    scene.disk.setFull(false)
    await scene.advance(1000)
    expect(scene.isDegraded).toBe(false)
    await full()
    expect(scene.isDegraded).toBe(true)
    await room()
    expect(scene.isDegraded).toBe(false)
    await scene.publish('t', ['kept'])
    await scene.crash()
    expect(await textsOf('reader')).toEqual(['kept'])
  })
})

describe('one batch that fails and is written on the second attempt', () => {
  it.each([
    ['nothing-written', 1],
    ['nothing-written', 2],
    ['written', 1],
    ['written', 2],
  ] as const)('(%s) is noticed by nobody at QoS %d', async (fault, qos) => {
    await started()
    await away()
    const publisher = await scene.durable('publisher')
    for (let count = 0; count < 10; count++) {
      if (count % 2 === 1) scene.disk.failNext(fault)
      expect((await publisher.publish('t', `${count}`, { qos }))?.reasonCode).toBe(0)
    }
    expect(scene.isDegraded).toBe(false)
    await scene.crash()
    expect(await textsOf('reader')).toEqual(Array.from({ length: 10 }, (_, index) => `${index}`))
    expect(await textsOf('reader')).toEqual([])
  })
})

it('a QoS 2 message that was lost with its batch is a new message when it comes again', async () => {
  await started()
  await away()
  const publisher = await scene.durable('publisher')
  scene.disk.setFull(true)
  publisher.sendPublish('t', 'once', { qos: 2, packetId: 5 })
  await publisher.closed()
  await room()
  const again = await scene.durable('publisher')
  again.sendPublish('t', 'once', { qos: 2, packetId: 5, dup: true })
  await again.next('pubrec')
  await scene.crash()
  expect(await textsOf('reader')).toEqual(['once'])
})

it('a queue that could not be read for a moment is read again', async () => {
  await started()
  await away()
  const texts = Array.from({ length: 300 }, (_, index) => `${index}`)
  await scene.publish('t', texts)
  const { store } = scene.broker.statistics as BrokerCore
  const read = store.read.bind(store)
  store.read = (_sequences, onRead) => setImmediate(onRead, new Error('the database is being opened anew'), [])
  const reader = await scene.durable('reader', { autoAcknowledge: true })
  expect(await reader.restOfPayloads()).toEqual([])
  await scene.advance(10) // nothing is on its way any more that could make it look again
  await scene.advance(10)
  store.read = read
  await scene.advance(1000)
  expect((await reader.publishes(300)).map(({ text }) => text)).toEqual(texts)
})

it('a QoS 2 message answered before stays known when an answer in front of its repeat is lost [MQTT5-4.3.3-10]', async () => {
  scene = new RestartScene({}, true)
  await scene.start()
  const reader = await scene.durable('reader', { autoAcknowledge: true })
  await reader.subscribe({ topicFilter: 't', qos: 2 })
  const publisher = await scene.durable('publisher')
  publisher.sendPublish('t', 'once', { qos: 2, packetId: 5 })
  await publisher.next('pubrec')
  await publisher.abort()
  const again = await scene.durable('publisher')
  scene.disk.setFull(true)
  again.sendPublish('t', 'lost', { qos: 1, packetId: 9 })
  again.sendPublish('t', 'once', { qos: 2, packetId: 5, dup: true })
  await again.closed()
  scene.disk.setFull(false)
  await scene.advance(1000)
  await scene.kept()
  const third = await scene.durable('publisher')
  third.sendPublish('t', 'once', { qos: 2, packetId: 5, dup: true })
  await third.next('pubrec')
  await third.barrier()
  expect((await reader.restOfPayloads()).filter((text) => text === 'once')).toEqual(['once'])
})

it('a slow disk holds up whoever waits for it, and nobody else', async () => {
  await started()
  await away('away')
  const listener = await scene.client()
  await listener.subscribe('live')
  const publisher = await scene.client()
  const other = await scene.client()
  scene.disk.hold()
  for (const packetId of [1, 2, 3]) publisher.sendPublish('t', `${packetId}`, { qos: 1, packetId })
  await other.publish('live', 'QoS 0', { qos: 0 })
  await other.publish('live', 'QoS 1 to nobody who is kept', { qos: 1 })
  expect(await listener.restOfPayloads()).toEqual(['QoS 0', 'QoS 1 to nobody who is kept'])
  expect(await publisher.rest()).toEqual([])
  const writes = scene.disk.writes
  scene.disk.release()
  for (const packetId of [1, 2, 3]) expect(await publisher.next('puback')).toMatchObject({ packetId, reasonCode: 0 })
  // the first went alone, what came meanwhile together
  expect(scene.disk.writes - writes).toBeLessThanOrEqual(2)
})
