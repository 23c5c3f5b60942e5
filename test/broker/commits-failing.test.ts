import { describe, expect, it } from 'vitest'
import { unique } from '../support/wire-steps.ts'
import { lasting, scene } from './held-scene.ts'
import { answering, until } from './started-broker.ts'

describe('a store that fails', () => {
  it.each([
    [5, 1],
    [5, 2],
    [4, 1],
    [4, 2],
  ] as const)('disconnects the publisher, and acknowledges nothing (version %d, QoS %d)', async (version, qos) => {
    const { store, broker, topicName } = await scene()
    const publisher = await broker.client({ version })
    publisher.sendPublish(topicName, 'lost', { qos })
    publisher.sendPublish(unique('nobody'), 'behind it', { qos })
    await until(() => store.heldBatches > 0)
    store.answer(new Error('disk full'))
    const { reasonCode } = await publisher.closed()
    expect(reasonCode !== undefined).toBe(version === 5) // the test client holds it against the standard's table
    expect(publisher.received.filter((one) => one.kind === 'puback' || one.kind === 'pubrec')).toEqual([])
    expect(broker.broker.statistics.counters.assertions).toBe(0)
  })

  it('goes on with the next batch', async () => {
    const { store, broker, publisher, topicName } = await scene()
    publisher.sendPublish(topicName, 'lost', { qos: 1 })
    await until(() => store.heldBatches > 0)
    store.answer(new Error('disk full'))
    await publisher.closed()
    const next = await broker.client()
    expect(await answering(store, next.publish(topicName, 'kept', { qos: 1 }))).toMatchObject({ reasonCode: 0 })
  })

  it.each([
    [5, 0x88],
    [4, 3],
  ] as const)('refuses a CONNECT that needed it (version %d)', async (version, code) => {
    const { store, broker } = await scene()
    const client = await broker.open({ version })
    client.sendConnect({ clientId: unique('c'), cleanStart: false, ...(version === 5 && { properties: lasting }) })
    await until(() => store.heldBatches > 0)
    store.answer(new Error('disk full'))
    expect((await client.closed()).reasonCode).toBe(code)
    expect(client.received.map((one) => one.kind)).toEqual(['connack'])
  })

  it('takes no other client along', async () => {
    const { store, broker, publisher, topicName } = await scene()
    const bystander = await broker.client()
    await bystander.subscribe({ topicFilter: 'other', qos: 1 })
    publisher.sendPublish(topicName, 'lost', { qos: 1 })
    await until(() => store.heldBatches > 0)
    store.answer(new Error('disk full'))
    await publisher.closed()
    expect(await bystander.publish('other', 'fine', { qos: 1 })).toMatchObject({ reasonCode: 0 })
    expect(await bystander.restOfPayloads()).toEqual(['fine'])
  })
})
