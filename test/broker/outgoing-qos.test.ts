import { describe, expect, it } from 'vitest'
import type { WireClient } from '../support/wire-client.ts'
import { lasting, RestartScene } from './restart-scene.ts'
import { startBroker } from './started-broker.ts'

const settings = { features: { upgradeOutgoingQos: true }, sysIntervalSeconds: 0 }
const started = () => startBroker(settings)
type Qos = 0 | 1 | 2
const all: Qos[] = [0, 1, 2]
const pairs = all.flatMap((published) => all.map((granted) => [published, granted] as const))

/** QoS and text of what arrived. */
async function arrived(client: WireClient): Promise<unknown[]> {
  return (await client.rest()).flatMap((one) => (one.kind === 'publish' ? [[one.qos, one.text]] : []))
}

describe('upgradeOutgoingQos', () => {
  it.each(pairs)('published at %d, subscribed at %d: live, and retained', async (published, granted) => {
    const broker = await started()
    const [early, late] = [await broker.client(), await broker.client()]
    const publisher = await broker.client()
    await early.subscribe({ topicFilter: 't', qos: granted })
    await publisher.publish('t', 'x', { qos: published, retain: true })
    await publisher.barrier()
    await late.subscribe({ topicFilter: 't', qos: granted })
    for (const client of [early, late]) expect(await arrived(client)).toEqual([[granted, 'x']])
  })

  it('a will', async () => {
    const broker = await started()
    const watcher = await broker.client()
    await watcher.subscribe({ topicFilter: 'w', qos: 2 })
    await (await broker.client({ will: { topicName: 'w', payload: 'gone' } })).abort()
    expect(await watcher.next('publish')).toMatchObject({ qos: 2, text: 'gone' })
  })

  it('a shared subscription, also while it waits for a member', async () => {
    const broker = await started()
    const publisher = await broker.client()
    const member = await broker.client({ clientId: 'member', properties: lasting })
    await member.subscribe({ topicFilter: '$share/g/t', qos: 1 })
    await publisher.publish('t', 'live')
    expect(await member.next('publish')).toMatchObject({ qos: 1, text: 'live' })
    await member.abort()
    await broker.settle()
    await publisher.publish('t', 'waiting')
    await publisher.barrier()
    const back = await broker.client({ clientId: 'member', cleanStart: false, properties: lasting })
    const texts = (await back.publishes(2)).map(({ qos, text }) => [qos, text])
    expect(texts).toEqual([
      [1, 'live'],
      [1, 'waiting'],
    ])
  })

  it.each([1, 2] as const)('QoS 0 for a client that is away waits at QoS %d, over a restart', async (granted) => {
    const scene = new RestartScene(settings, true)
    await scene.start()
    try {
      const reader = await scene.durable('reader')
      await reader.subscribe({ topicFilter: 't', qos: granted })
      await reader.disconnect(0)
      await scene.publish('t', ['1', '2', '3'], 0)
      await scene.kept()
      await scene.crash()
      const back = await scene.durable('reader', { autoAcknowledge: true })
      const sent = await back.publishes(3)
      expect(sent.map(({ qos, text }) => [qos, text])).toEqual(['1', '2', '3'].map((text) => [granted, text]))
    } finally {
      await scene.stop()
    }
  })

  it('what may be raised to QoS 2 is kept as publishes at QoS 2 are, before it is acknowledged', async () => {
    const topics = [{ topics: ['other'], durability: 'always' as const }]
    const scene = new RestartScene({ ...settings, storage: { durability: 'interval', topics } }, false)
    await scene.start()
    try {
      const reader = await scene.durable('reader')
      await reader.subscribe({ topicFilter: '#', qos: 2 })
      await reader.disconnect(0)
      await scene.kept()
      const publisher = await scene.client()
      await publisher.publish('t', 'x', { qos: 1 })
      await scene.crash()
      const back = await scene.durable('reader', { autoAcknowledge: true })
      expect(await arrived(back)).toEqual([[2, 'x']])
    } finally {
      await scene.stop()
    }
  })

  it('is taken up and given up by a reload', async () => {
    const broker = await startBroker({ sysIntervalSeconds: 0 })
    const [reader, publisher] = [await broker.client(), await broker.client()]
    await reader.subscribe({ topicFilter: 't', qos: 1 })
    for (const upgradeOutgoingQos of [false, true, false]) {
      await broker.broker.reload({ listeners: [{ kind: 'tcp', port: 0 }], features: { upgradeOutgoingQos } })
      await publisher.publish('t', 'x')
      await publisher.barrier()
      expect(await arrived(reader)).toEqual([[upgradeOutgoingQos ? 1 : 0, 'x']])
    }
  })
})
