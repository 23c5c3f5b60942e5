import { describe, expect, it } from 'vitest'
import type { Store } from '../../src/contracts/store.ts'
import { ForgetfulStore } from '../support/delayed-store.ts'
import { unique, useBroker } from '../support/wire-steps.ts'

/** Keeps nothing, and says "durable" only while it is not holding; what waited is told later. */
class HoldingStore extends ForgetfulStore implements Store {
  isHolding = false
  #waiting: (() => void)[] = []

  append(_batch: unknown, onDurable: (error?: Error) => void): void {
    if (!this.isHolding) setImmediate(() => onDurable())
    else this.#waiting.push(() => onDurable())
  }

  tell(): void {
    this.isHolding = false
    for (const tell of this.#waiting.splice(0)) setImmediate(tell)
  }

  override async close(): Promise<void> {
    this.tell()
  }
}

const store = new HoldingStore()
const broker = useBroker(5, {}, { store })
const lasting = { sessionExpiryInterval: 600 }

describe('a message for a session that outlives its connection', () => {
  it.each([
    [1, 'puback', '[MQTT5-4.3.2-4]'],
    [2, 'pubrec', '[MQTT5-4.3.3-8]'],
  ] as const)('QoS %d: %s comes when the broker has it in keeping %s', async (qos, kind, _id) => {
    const topicName = unique('keep')
    const subscriber = await broker.client({ properties: lasting })
    await subscriber.subscribe({ topicFilter: topicName, qos: 2 })
    const publisher = await broker.client()
    store.isHolding = true
    const packetId = publisher.sendPublish(topicName, 'x', { qos })
    await broker.settle()
    expect(publisher.received.map((one) => one.kind)).toEqual(['connack'])
    store.tell()
    expect(await publisher.next(kind)).toMatchObject({ packetId, reasonCode: 0 })
  })

  it('[MQTT5-4.6.0-5] answers keep their order, whichever of them had to wait', async () => {
    const topicName = unique('order')
    const subscriber = await broker.client({ properties: lasting })
    await subscriber.subscribe({ topicFilter: topicName, qos: 2 })
    const publisher = await broker.client()
    store.isHolding = true
    publisher.sendPublish(topicName, 'kept', { qos: 1, packetId: 9 })
    publisher.sendPublish(unique('nobody'), 'x', { qos: 1, packetId: 3 })
    await broker.settle()
    expect(publisher.received).toHaveLength(1)
    store.tell()
    expect([await publisher.next('puback'), await publisher.next('puback')].map((one) => one.packetId)).toEqual([9, 3])
  })
})
