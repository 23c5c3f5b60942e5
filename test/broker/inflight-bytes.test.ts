import { describe, expect, it } from 'vitest'
import { RestartScene } from './restart-scene.ts'
import { startBroker } from './started-broker.ts'

// Topic and payload of each message here weigh ten bytes.
const texts = ['1_payload', '2_payload', '3_payload', '4_payload']
const limits = { maximumInflightBytes: 15 }

describe('maximumInflightBytes', () => {
  it.each([1, 2] as const)(
    'QoS %d: what is unacknowledged holds back the rest until it is acknowledged',
    async (qos) => {
      const broker = await startBroker({ limits, sysIntervalSeconds: 0 })
      const [reader, publisher] = [await broker.client(), await broker.client()]
      await reader.subscribe({ topicFilter: 't', qos })
      for (const text of texts) await publisher.publish('t', text, { qos })
      const [first, second, ...none] = await reader.publishes(2)
      expect(await reader.restOfPayloads()).toEqual([])
      const id = (first as { packetId: number }).packetId
      if (qos === 2) {
        reader.acknowledge('pubrec', id)
        await reader.next('pubrel')
        expect(await reader.rest()).toEqual([])
      }
      reader.acknowledge(qos === 1 ? 'puback' : 'pubcomp', id)
      expect([first?.text, second?.text, ...none]).toEqual(texts.slice(0, 2))
      expect(await reader.restOfPayloads()).toEqual(['3_payload'])
    },
  )

  it.each([
    [1, 10],
    [9, 10],
    [10, 1],
  ])('a limit of %d: a message that alone is larger than %d goes', async (maximumInflightBytes, count) => {
    const broker = await startBroker({ limits: { maximumInflightBytes }, sysIntervalSeconds: 0 })
    const [reader, publisher] = [await broker.client({ autoAcknowledge: true }), await broker.client()]
    await reader.subscribe({ topicFilter: 't', qos: 1 })
    for (let index = 0; index < count; index++) await publisher.publish('t', 'x'.repeat(100), { qos: 1 })
    expect(await reader.publishes(count)).toHaveLength(count)
  })

  it('QoS 0 is not held back', async () => {
    const broker = await startBroker({ limits, sysIntervalSeconds: 0 })
    const [reader, publisher] = [await broker.client(), await broker.client()]
    await reader.subscribe([{ topicFilter: 't', qos: 1 }, { topicFilter: 'free' }])
    for (const text of texts) await publisher.publish('t', text, { qos: 1 })
    await publisher.publish('free', 'x')
    await publisher.barrier()
    expect(await reader.restOfPayloads()).toEqual([...texts.slice(0, 2), 'x'])
  })

  it.each([
    ['a reconnect', false],
    ['a restart', true],
  ])('holds over %s, resends included', async (_title, isRestarted) => {
    const scene = new RestartScene({ limits }, false)
    await scene.start()
    try {
      const reader = await scene.durable('reader')
      await reader.subscribe({ topicFilter: 't', qos: 1 })
      await scene.publish('t', texts)
      expect(await reader.restOfPayloads()).toEqual(texts.slice(0, 2))
      if (isRestarted) await scene.crash()
      else await reader.abort()
      const back = await scene.durable('reader')
      const sent = await back.publishes(2)
      expect(sent.map(({ text, dup }) => [text, dup])).toEqual(texts.slice(0, 2).map((text) => [text, true]))
      expect(await back.rest()).toEqual([])
      for (const { packetId } of sent) back.acknowledge('puback', packetId)
      const others = await back.publishes(2)
      expect(others.map(({ text }) => text)).toEqual(texts.slice(2))
    } finally {
      await scene.stop()
    }
  })

  it('a member of a shared subscription that is full lets another have the next', async () => {
    const broker = await startBroker({ limits: { maximumInflightBytes: 1 }, sysIntervalSeconds: 0 })
    const members = [await broker.client(), await broker.client()]
    for (const member of members) await member.subscribe({ topicFilter: '$share/g/t', qos: 1 })
    const publisher = await broker.client()
    for (const text of texts) await publisher.publish('t', text, { qos: 1 })
    const counts = await Promise.all(members.map(async (member) => (await member.restOfPayloads()).length))
    expect(counts).toEqual([1, 1])
  })

  it('a reload that lifts it, or sets it, leaves the books in order', async () => {
    const broker = await startBroker({ limits, sysIntervalSeconds: 0 })
    const [reader, publisher] = [await broker.client(), await broker.client()]
    await reader.subscribe({ topicFilter: 't', qos: 1 })
    const take = async (count: number) => {
      for (const { packetId } of await reader.publishes(count)) reader.acknowledge('puback', packetId)
      await reader.barrier()
    }
    for (const text of texts) await publisher.publish('t', text, { qos: 1 })
    const reload = (changed: object) =>
      broker.broker.reload({ listeners: [{ kind: 'tcp', port: 0 }], sysIntervalSeconds: 0, limits: changed })
    await reload({})
    for (const count of [2, 2]) await take(count)
    for (const text of texts) await publisher.publish('t', text, { qos: 1 })
    await reload(limits)
    await take(4)
    for (const text of texts) await publisher.publish('t', text, { qos: 1 })
    expect(await reader.restOfPayloads()).toEqual(texts.slice(0, 2))
  })
})
