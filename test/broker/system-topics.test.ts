import { describe, expect, it } from 'vitest'
import { startTestBroker } from '../support/test-broker.ts'
import { WireClient } from '../support/wire-client.ts'
import { useBroker } from '../support/wire-steps.ts'

describe('what the broker says of itself', () => {
  const steps = useBroker(5)

  it.each(['$SYS/broker/uptime', '$SYS/mine', '$SYS/broker/connection/up/state/more', '$SYS/broker/connection/state'])(
    'is said by nobody else: a publish to %s is refused',
    async (topicName) => {
      const client = await steps.client()
      expect(await client.publish(topicName, 'x', { qos: 1 })).toMatchObject({ reasonCode: 0x87 })
    },
  )

  it.each(['$SYS/broker/uptime', '$SYS/mine'])(
    'is not said by a will either: %s is dropped, and counted',
    async (topicName) => {
      const { broker, port, close } = await startTestBroker({ sysIntervalSeconds: 0 })
      const watcher = await WireClient.connected({ port, version: 5, clientId: 'watcher' })
      await watcher.subscribe('$SYS/#')
      const client = await WireClient.connected({
        port,
        version: 5,
        clientId: 'one',
        will: { topicName, payload: 'x', retain: true },
      })
      const left = new Promise((resolve) => broker.once('disconnected', resolve))
      await client.abort()
      await left
      expect(await watcher.rest()).toEqual([])
      expect(broker.statistics.counters.publishesDenied).toBe(1)
      await close()
    },
  )

  it('leaves to bridges of other brokers the topic of their state, retained and as a will', async () => {
    const topicName = '$SYS/broker/connection/up/state'
    const bridge = await steps.client({ will: { topicName, payload: '0', qos: 1, retain: true } })
    expect((await bridge.publish(topicName, '1', { qos: 1, retain: true }))?.reasonCode).toBeLessThan(0x80)
    const watcher = await steps.client()
    await watcher.subscribe('$SYS/broker/connection/+/state')
    expect(new TextDecoder().decode((await watcher.next('publish')).payload)).toBe('1')
    await bridge.abort()
    expect(new TextDecoder().decode((await watcher.next('publish')).payload)).toBe('0')
  })

  it('does not include other topics that begin with $', async () => {
    const client = await steps.client()
    await client.subscribe('$mine/#')
    await client.publish('$mine/x', 'y', { qos: 1 })
    expect((await client.next('publish')).topicName).toBe('$mine/x')
  })
})
