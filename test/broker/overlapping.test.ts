import { describe, expect, it } from 'vitest'
import type { BrokerCore } from '../../src/broker/core.ts'
import type { WireClient } from '../support/wire-client.ts'
import { RestartScene } from './restart-scene.ts'
import { startBroker } from './started-broker.ts'

const settings = { features: { overlappingSubscriptions: 'each' as const }, sysIntervalSeconds: 0 }

/** QoS, identifiers and retain flag of what arrived, lowest identifier first. */
async function copies(client: WireClient): Promise<unknown[]> {
  const list = (await client.rest()).flatMap((one) => (one.kind === 'publish' ? [one] : []))
  const rows = list.map(({ qos, retain, properties }) => [qos, properties.subscriptionIdentifiers ?? [], retain])
  return rows.toSorted((one, other) => String(one[1]).localeCompare(String(other[1])))
}

/** Three that match `a/b`, the third without an identifier. */
async function subscribeAll(client: WireClient, fields: object = {}): Promise<void> {
  await client.subscribe({ topicFilter: 'a/b', qos: 0, ...fields }, { subscriptionIdentifiers: [1] })
  await client.subscribe({ topicFilter: 'a/+', qos: 2 }, { subscriptionIdentifiers: [2] })
  await client.subscribe({ topicFilter: '#', qos: 1 })
}

/** What `subscribeAll` brings of a message at QoS 2, but for the copy at QoS 0. */
function bothCopies(text: string): unknown[] {
  return [
    [text, 1, undefined],
    [text, 2, [2]],
  ]
}

describe('overlappingSubscriptions: each', () => {
  it('a copy for each subscription, with its QoS and identifier', async () => {
    const broker = await startBroker(settings)
    const [reader, publisher] = [await broker.client(), await broker.client()]
    await subscribeAll(reader)
    await publisher.publish('a/b', 'x', { qos: 2 })
    expect(await copies(reader)).toEqual([
      [1, [], false],
      [0, [1], false],
      [2, [2], false],
    ])
    await publisher.publish('a/c', 'x', { qos: 0 })
    expect(await copies(reader)).toEqual([
      [0, [], false],
      [0, [2], false],
    ])
  })

  it('a 3.1.1 client gets as many', async () => {
    const broker = await startBroker(settings)
    const [reader, publisher] = [await broker.client({ version: 4 }), await broker.client()]
    await reader.subscribe([{ topicFilter: 'a' }, { topicFilter: '+' }])
    await publisher.publish('a', 'x', { qos: 1 })
    expect(await reader.restOfPayloads()).toEqual(['x', 'x'])
  })

  it('No Local and Retain As Published are those of each', async () => {
    const broker = await startBroker(settings)
    const reader = await broker.client()
    await subscribeAll(reader, { noLocal: true, retainAsPublished: true })
    await reader.publish('a/b', 'x', { retain: true })
    expect(await copies(reader)).toEqual([
      [0, [], false],
      [0, [2], false],
    ])
    const publisher = await broker.client()
    await publisher.publish('a/b', 'x', { retain: true })
    await publisher.barrier()
    expect(await copies(reader)).toEqual([
      [0, [], false],
      [0, [1], true],
      [0, [2], false],
    ])
  })

  it('a shared subscription is one of them', async () => {
    const broker = await startBroker(settings)
    const [reader, publisher] = [await broker.client(), await broker.client()]
    for (const topicFilter of ['$share/g/a', 'a', '+']) await reader.subscribe({ topicFilter })
    await publisher.publish('a', 'x', { qos: 1 })
    expect(await reader.restOfPayloads()).toEqual(['x', 'x', 'x'])
  })

  it.each([
    ['that is away', false],
    ['that is away while the broker restarts', true],
  ])('for a client %s the copies wait', async (_title, isRestarted) => {
    const scene = new RestartScene(settings, true)
    await scene.start()
    try {
      const reader = await scene.durable('reader')
      await subscribeAll(reader)
      await reader.disconnect(0)
      await scene.publish('a/b', ['1', '2', '3'], 2)
      if (isRestarted) await scene.crash()
      const back = await scene.durable('reader', { autoAcknowledge: true })
      const sent = await back.publishes(6)
      const rows = sent.map(({ qos, text, properties }) => [text, qos, properties.subscriptionIdentifiers])
      expect(rows.toSorted()).toEqual(['1', '2', '3'].flatMap(bothCopies))
      expect(await back.rest()).toEqual([])
      await scene.advance(200)
      await scene.kept()
      expect(scene.disk.keys('m|')).toEqual([])
    } finally {
      await scene.stop()
    }
  })

  it.each(['a', '$a/b'])('is taken up and given up while a topic is in use: %s', async (topicName) => {
    const broker = await startBroker({ sysIntervalSeconds: 0 })
    const core = broker.broker.statistics as BrokerCore
    const [reader, publisher] = [await broker.client(), await broker.client()]
    await reader.subscribe([{ topicFilter: topicName }, { topicFilter: `${topicName}/#` }])
    for (const [overlappingSubscriptions, count] of [
      ['once', 1],
      ['each', 2],
      ['once', 1],
    ] as const) {
      core.change(core.terms.limits, { ...core.terms.features, overlappingSubscriptions })
      for (let time = 0; time < 3; time++) await publisher.publish(topicName, 'x', { qos: 1 })
      expect(await reader.restOfPayloads()).toHaveLength(3 * count)
    }
  })

  it('is taken up by a reload', async () => {
    const broker = await startBroker({ sysIntervalSeconds: 0 })
    const [reader, publisher] = [await broker.client(), await broker.client()]
    await reader.subscribe([{ topicFilter: 'a' }, { topicFilter: '+' }])
    await publisher.publish('a', 'x', { qos: 1 })
    await broker.broker.reload({ listeners: [{ kind: 'tcp', port: 0 }], ...settings })
    await publisher.publish('a', 'y', { qos: 1 })
    expect(await reader.restOfPayloads()).toEqual(['x', 'y', 'y'])
  })
})
