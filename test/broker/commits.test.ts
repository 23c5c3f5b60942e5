import { describe, expect, it } from 'vitest'
import type { HeldStore } from '../support/delayed-store.ts'
import type { WireClient } from '../support/wire-client.ts'
import { connectPacket, publishPacket, subscribePacket, unsubscribePacket } from '../support/wire-packets.ts'
import { unique } from '../support/wire-steps.ts'
import { lasting, scene, type Scene } from './held-scene.ts'
import { answering, until } from './started-broker.ts'

/** Answers all that is held until `client` is sent something. */
const nextAfterCommit = (store: HeldStore, client: WireClient) => answering(store, client.nextAny())

interface Case {
  readonly kind: string
  readonly title: string
  /** Asks for the answer, and returns the client that is to get it. */
  readonly ask: (scene: Scene) => Promise<WireClient>
}

const waiting: readonly Case[] = [
  {
    kind: 'puback',
    title: 'of a message for a durable session',
    async ask({ publisher, topicName }) {
      publisher.sendPublish(topicName, 'x', { qos: 1 })
      return publisher
    },
  },
  {
    kind: 'puback',
    title: 'of a retained message',
    async ask({ publisher }) {
      publisher.sendPublish(unique('nobody'), 'x', { qos: 1, retain: true })
      return publisher
    },
  },
  {
    kind: 'puback',
    title: 'of a message that waits for a group',
    async ask({ broker, publisher, store }) {
      const member = await answering(store, broker.client({ properties: lasting }))
      await answering(store, member.subscribe({ topicFilter: '$share/g/group', qos: 1 }))
      await answering(store, member.disconnect(0))
      publisher.sendPublish('group', 'x', { qos: 1 })
      return publisher
    },
  },
  {
    kind: 'pubrec',
    title: 'of a message for a durable session',
    async ask({ publisher, topicName }) {
      publisher.sendPublish(topicName, 'x', { qos: 2 })
      return publisher
    },
  },
  {
    kind: 'pubrec',
    title: 'for a publisher whose session is durable',
    async ask({ subscriber }) {
      subscriber.sendPublish(unique('nobody'), 'x', { qos: 2 })
      return subscriber
    },
  },
  {
    kind: 'pubcomp',
    title: 'for a publisher whose session is durable',
    async ask({ subscriber, store }) {
      const packetId = subscriber.sendPublish(unique('nobody'), 'x', { qos: 2 })
      await answering(store, subscriber.next('pubrec'))
      subscriber.acknowledge('pubrel', packetId)
      return subscriber
    },
  },
  {
    kind: 'pubrel',
    title: 'to a durable session, once its PUBREC is durable',
    async ask({ subscriber, publisher, store, topicName }) {
      publisher.sendPublish(topicName, 'x', { qos: 2 })
      const { packetId } = await answering(store, subscriber.next('publish'))
      subscriber.acknowledge('pubrec', packetId)
      return subscriber
    },
  },
  {
    kind: 'suback',
    title: 'to a durable session',
    async ask({ subscriber }) {
      subscriber.send(subscribePacket(5, 9, [{ topicFilter: 'more' }]))
      return subscriber
    },
  },
  {
    kind: 'unsuback',
    title: 'to a durable session',
    async ask({ subscriber, topicName }) {
      subscriber.send(unsubscribePacket(5, 9, [topicName]))
      return subscriber
    },
  },
  {
    kind: 'connack',
    title: 'of a new durable session',
    async ask({ broker }) {
      const client = await broker.open()
      client.sendConnect({ clientId: unique('new'), properties: lasting })
      return client
    },
  },
  {
    kind: 'connack',
    title: 'of a durable session that is resumed',
    async ask({ broker, store }) {
      const clientId = unique('resumed')
      await answering(store, (await answering(store, broker.client({ clientId, properties: lasting }))).disconnect(0))
      const client = await broker.open()
      client.sendConnect({ clientId, cleanStart: false, properties: lasting })
      return client
    },
  },
  {
    kind: 'connack',
    title: 'of a Clean Start that ends a durable session',
    async ask({ broker, store }) {
      const clientId = unique('ended')
      await answering(store, (await answering(store, broker.client({ clientId, properties: lasting }))).disconnect(0))
      const client = await broker.open()
      client.sendConnect({ clientId })
      return client
    },
  },
]

describe('an answer that says "I have it" waits for the commit', () => {
  it.each(waiting)('$kind $title', async ({ kind, ask }) => {
    const running = await scene()
    const client = await ask(running)
    const before = client.received.length
    await until(() => running.store.heldBatches > 0)
    await running.broker.settle()
    expect(client.received.slice(before)).toEqual([])
    running.store.answer()
    expect((await nextAfterCommit(running.store, client)).kind).toBe(kind)
  })

  const immediate: readonly Case[] = [
    {
      kind: 'puback',
      title: 'of a message for sessions that end with their connection',
      async ask({ broker, publisher }) {
        const topicName = unique('plain')
        await (await broker.client()).subscribe({ topicFilter: topicName, qos: 2 })
        publisher.sendPublish(topicName, 'x', { qos: 1 })
        return publisher
      },
    },
    {
      kind: 'puback',
      title: 'of a message at QoS 1 whose durable subscriber asked for QoS 0',
      async ask({ broker, store, publisher }) {
        const topicName = unique('plain')
        const client = await answering(store, broker.client({ properties: lasting }))
        await answering(store, client.subscribe({ topicFilter: topicName, qos: 0 }))
        publisher.sendPublish(topicName, 'x', { qos: 1 })
        return publisher
      },
    },
    {
      kind: 'pubrec',
      title: 'of a message nobody waits for',
      async ask({ publisher }) {
        publisher.sendPublish(unique('nobody'), 'x', { qos: 2 })
        return publisher
      },
    },
    {
      kind: 'suback',
      title: 'to a session that ends with its connection',
      async ask({ publisher }) {
        publisher.send(subscribePacket(5, 9, [{ topicFilter: 'more' }]))
        return publisher
      },
    },
    {
      kind: 'connack',
      title: 'to a session that ends with its connection',
      async ask({ broker }) {
        const client = await broker.open()
        client.sendConnect({ clientId: unique('new') })
        return client
      },
    },
  ]
  it.each(immediate)('$kind $title needs none', async ({ kind, ask }) => {
    const running = await scene()
    // something else is being stored all the while
    running.publisher.sendPublish(running.topicName, 'x', { qos: 0, retain: true })
    await until(() => running.store.heldBatches > 0)
    const client = await ask({ ...running, publisher: await running.broker.client() })
    expect((await client.nextAny()).kind).toMatch(kind)
  })
})

describe('order', () => {
  it('answers come as they were asked for: one that needs no commit waits behind one that does', async () => {
    const { store, publisher, topicName, broker } = await scene()
    publisher.sendPublish(topicName, 'kept', { qos: 1, packetId: 9 })
    publisher.sendPublish(unique('nobody'), 'x', { qos: 1, packetId: 3 })
    publisher.sendPublish(unique('nobody'), 'x', { qos: 2, packetId: 5 })
    publisher.send(subscribePacket(5, 7, [{ topicFilter: unique('t') }]))
    publisher.sendPublish(topicName, 'kept', { qos: 1, packetId: 1 })
    await broker.settle()
    expect(await publisher.rest()).toEqual([])
    await answering(
      store,
      until(() => publisher.received.length >= 7),
    )
    const answers = (await publisher.rest()).map((one) => ('packetId' in one ? [one.kind, one.packetId] : [one.kind]))
    expect(answers).toEqual([
      ['puback', 9],
      ['puback', 3],
      ['pubrec', 5],
      ['suback', 7],
      ['puback', 1],
    ])
  })

  it('each batch releases what it holds, and nothing of the next', async () => {
    const { store, publisher, topicName } = await scene()
    publisher.sendPublish(topicName, 'first', { qos: 1, packetId: 1 })
    await until(() => store.heldBatches === 1)
    publisher.sendPublish(topicName, 'second', { qos: 1, packetId: 2 })
    await publisher.barrier()
    expect(store.heldBatches).toBe(1) // gathered while the first is on its way
    store.answer()
    expect((await publisher.next('puback')).packetId).toBe(1)
    expect(await publisher.rest()).toEqual([])
    await until(() => store.heldBatches === 1)
    store.answer()
    expect((await publisher.next('puback')).packetId).toBe(2)
  })

  it('packets right after CONNECT wait for CONNACK', async () => {
    const { store, broker, topicName } = await scene()
    const watcher = await broker.client()
    await watcher.subscribe('eager')
    const client = await broker.open()
    client.send(
      connectPacket(5, { clientId: unique('eager'), properties: lasting }),
      publishPacket(5, 'eager', 'x'),
      subscribePacket(5, 1, [{ topicFilter: 'eager', qos: 1 }]),
      publishPacket(5, topicName, 'x', { qos: 1, packetId: 2 }),
    )
    await until(() => store.heldBatches > 0)
    await broker.settle()
    expect(client.received).toEqual([])
    expect(await watcher.rest()).toEqual([])
    store.answer()
    expect((await client.nextAny()).kind).toBe('connack')
    expect((await watcher.next('publish')).text).toBe('x')
    for (const kind of ['suback', 'puback']) expect((await nextAfterCommit(store, client)).kind).toBe(kind)
  })
})

describe('delivery', () => {
  it.each([
    [0, 'before'],
    [1, 'before'],
    [2, 'after'],
  ])('QoS %d to a durable session goes out %s the commit', async (qos, when) => {
    const { store, publisher, subscriber, topicName, broker } = await scene()
    publisher.sendPublish(topicName, 'x', { qos })
    if (qos > 0) await until(() => store.heldBatches > 0)
    await broker.settle()
    expect(await subscriber.restOfPayloads()).toEqual(when === 'before' ? ['x'] : [])
    if (qos < 2) return
    store.answer()
    expect(await subscriber.next('publish')).toMatchObject({ qos: 2, dup: false, text: 'x' })
  })

  it('QoS 2 to a session that ends with its connection goes out before the commit', async () => {
    const { store, broker, publisher, topicName } = await scene()
    const watcher = await broker.client()
    await watcher.subscribe({ topicFilter: topicName, qos: 2 })
    publisher.sendPublish(topicName, 'x', { qos: 2 })
    expect(await watcher.next('publish')).toMatchObject({ qos: 2, text: 'x' })
    expect(store.heldBatches).toBe(1)
  })

  it('QoS 1 behind a QoS 2 message keeps its place', async () => {
    const { store, publisher, subscriber, topicName, broker } = await scene()
    publisher.sendPublish(topicName, 'two', { qos: 2 })
    publisher.sendPublish(topicName, 'one', { qos: 1 })
    await broker.settle()
    expect(await subscriber.rest()).toEqual([])
    const list = await answering(store, subscriber.publishes(2))
    expect(list.map((one) => one.text)).toEqual(['two', 'one'])
  })

  it('what was stored is what was sent: one record, its recipients, the final PUBACK', async () => {
    const { broker, store, publisher, subscriber, topicName } = await scene()
    const before = store.batches.length
    publisher.sendPublish(topicName, 'text', { qos: 1 })
    const { packetId } = await subscriber.next('publish')
    await answering(store, publisher.next('puback'))
    subscriber.acknowledge('puback', packetId)
    await broker.advance(100) // it waits a little for a batch to ride with
    await until(() => store.batches.length === before + 2)
    const [message, delivered] = store.batches.slice(before).flat()
    const topicBytes = new TextEncoder().encode(topicName)
    const recipients = [{ position: packetId - 1, qos: 1 }]
    expect(message).toMatchObject({
      kind: 'message',
      sequence: 32,
      message: { topicBytes },
      recipients,
      isForLater: false,
    })
    expect(delivered).toMatchObject({ kind: 'delivered', position: packetId - 1, sequence: 32 })
  })
})

describe('bytes that are not durable yet', () => {
  const limited = { maximumUncommittedBytes: 1000 }
  const text = 'x'.repeat(400)

  it('are bounded: beyond the limit this publisher is not read, and others are', async () => {
    const { store, broker, publisher, topicName } = await scene(limited)
    const { counters } = broker.broker.statistics
    const before = counters.publishReceived
    for (let packetId = 1; packetId <= 10; packetId++) publisher.sendPublish(topicName, text, { qos: 1, packetId })
    await until(() => counters.publishReceived > before)
    await broker.settle()
    expect(counters.publishReceived - before).toBe(3)
    const other = await broker.client()
    await other.subscribe('other')
    await other.publish('other', text, { qos: 1 })
    expect(await other.restOfPayloads()).toEqual([text])
    expect(counters.publishReceived - before).toBe(4)
    for (let packetId = 1; packetId <= 10; packetId++) {
      expect(await answering(store, publisher.next('puback'))).toMatchObject({ packetId })
    }
  })

  it('its keep alive stands still meanwhile, and runs again after', async () => {
    const { store, broker, topicName } = await scene(limited)
    const { counters } = broker.broker.statistics
    const publisher = await broker.client({ keepAlive: 10 })
    for (let packetId = 1; packetId <= 5; packetId++) publisher.sendPublish(topicName, text, { qos: 1, packetId })
    await until(() => counters.publishReceived >= 3)
    await broker.settle()
    await broker.advance(60_000)
    await broker.settle()
    expect(publisher.isClosed).toBe(false)
    await answering(
      store,
      (async () => {
        for (let packetId = 1; packetId <= 5; packetId++) await publisher.next('puback')
      })(),
    )
    await broker.advance(14_000)
    await publisher.barrier()
    await broker.advance(16_000)
    expect((await publisher.closed()).reasonCode).toBe(0x8d)
  })

  it('are bounded over all clients', async () => {
    const { store, broker, topicName } = await scene({ maximumUncommittedBytesTotal: 1000 })
    const { counters } = broker.broker.statistics
    const publishers = await Promise.all([1, 2, 3, 4].map(() => broker.client()))
    const before = counters.publishReceived
    for (const publisher of publishers) publisher.sendPublish(topicName, text, { qos: 1, packetId: 1 })
    await until(() => counters.publishReceived === before + 4) // each may find out with a message of its own
    for (const publisher of publishers) publisher.sendPublish(topicName, text, { qos: 1, packetId: 2 })
    await broker.settle()
    expect(counters.publishReceived - before).toBeLessThanOrEqual(6) // two were below the limit when they sent theirs
    for (const publisher of publishers) {
      for (const packetId of [1, 2]) {
        expect(await answering(store, publisher.next('puback'))).toMatchObject({ packetId })
      }
    }
  })
})
