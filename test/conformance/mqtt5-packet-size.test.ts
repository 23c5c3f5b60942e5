import { describe, expect, it } from 'vitest'
import type { WireClient } from '../support/wire-client.ts'
import { publishPacket, type AckKind } from '../support/wire-packets.ts'
import { expectClosed, unique, useBroker } from '../support/wire-steps.ts'

const longReason = 'because '.repeat(40)
const broker = useBroker(
  5,
  {},
  {
    authenticator: {
      authenticate(request, respond) {
        if (request.userName === 'refused') {
          respond({ result: 'refused', reasonCode: 0x87, reasonString: longReason })
        } else if (request.step === 'connect' && request.method !== undefined) {
          respond({ result: 'continue', data: new Uint8Array(3) })
        } else {
          respond({ result: 'accepted', user: request.userName })
        }
      },
    },
    authorizer: {
      epoch: 0,
      authorize: (_client, access) => access.action === 'receive' || !JSON.stringify(access).includes('denied'),
    },
  },
)
const lasting = { sessionExpiryInterval: 600 }

/** Payload that makes a QoS 0 or 1 PUBLISH to `topicName` exactly `size` bytes long. */
function payloadFor(topicName: string, size: number, qos: number): string {
  return 'x'.repeat(size - publishPacket(5, topicName, '', { qos }).length)
}

describe("a client's Maximum Packet Size", () => {
  it.each([0, 1])('[MQTT5-3.1.2-24] a PUBLISH just as large arrives, one byte more does not (QoS %d)', async (qos) => {
    const topicName = unique('limit')
    const client = await broker.client({ properties: { maximumPacketSize: 100 } })
    await client.subscribe({ topicFilter: topicName, qos: 1 })
    const publisher = await broker.client()
    for (const size of [101, 100, 102]) await publisher.publish(topicName, payloadFor(topicName, size, qos), { qos })
    await publisher.barrier()
    const arrived = (await client.rest()).map((one) => one.raw.length)
    expect(arrived).toEqual([100])
  })

  it('[MQTT5-3.1.2-25] what is too large counts as delivered: quota and queue go on, no resend', async () => {
    const [topicName, clientId] = [unique('drop'), unique('drop')]
    const properties = { ...lasting, maximumPacketSize: 100, receiveMaximum: 1 }
    const first = await broker.client({ clientId, properties })
    await first.subscribe({ topicFilter: topicName, qos: 2 })
    const publisher = await broker.client()
    for (const qos of [1, 2]) await publisher.publish(topicName, 'x'.repeat(200), { qos })
    await publisher.publish(topicName, 'small', { qos: 1 })
    const small = await first.next('publish')
    expect(small.text).toBe('small')
    first.acknowledge('puback', small.packetId)
    await first.barrier()
    await first.abort()
    const second = await broker.client({ clientId, cleanStart: false, properties: lasting })
    expect(await second.rest()).toEqual([])
  })

  it('[MQTT5-3.1.2-25] the same from the queue of an absent client', async () => {
    const [topicName, clientId] = [unique('absent'), unique('absent')]
    const first = await broker.client({ clientId, properties: lasting })
    await first.subscribe({ topicFilter: topicName, qos: 1 })
    await first.disconnect()
    const publisher = await broker.client()
    for (const text of ['a', 'x'.repeat(200), 'b']) await publisher.publish(topicName, text, { qos: 1 })
    const properties = { ...lasting, maximumPacketSize: 100, receiveMaximum: 1 }
    const second = await broker.client({ clientId, cleanStart: false, properties, autoAcknowledge: true })
    expect((await second.publishes(2)).map((one) => one.text)).toEqual(['a', 'b'])
    expect(await second.rest()).toEqual([])
  })
})

// The test client fails on every packet above the maximum it announced.
describe('Reason Strings and User Properties that do not fit are left out', () => {
  const tiny = { maximumPacketSize: 20 }

  it('[MQTT5-3.2.2-19] [MQTT5-3.2.2-20] CONNACK', async () => {
    const client = await broker.open()
    client.sendConnect({ clientId: 'c', userName: 'refused', properties: tiny })
    expect((await expectClosed(client, 0x87)).last?.properties.reasonString).toBeUndefined()
    const roomy = await broker.open()
    const connack = await roomy.connect({ clientId: 'c', userName: 'refused' })
    expect(connack.properties.reasonString).toBe(longReason) // or the test above would prove nothing
  })

  const answers: [title: string, kind: AckKind, reasonCode: number, provoke: (client: WireClient) => unknown][] = [
    ['[MQTT5-3.4.2-2] [MQTT5-3.4.2-3]', 'puback', 0x87, (client) => client.sendPublish('denied', 'x', { qos: 1 })],
    ['[MQTT5-3.5.2-2] [MQTT5-3.5.2-3]', 'pubrec', 0x87, (client) => client.sendPublish('denied', 'x', { qos: 2 })],
    ['[MQTT5-3.6.2-2] [MQTT5-3.6.2-3]', 'pubrel', 0x92, (client) => client.acknowledge('pubrec', 9)],
    ['[MQTT5-3.7.2-2] [MQTT5-3.7.2-3]', 'pubcomp', 0x92, (client) => client.acknowledge('pubrel', 9)],
  ]
  it.each(answers)('%s %s 0x%x', async (_ids, kind, reasonCode, provoke) => {
    const client = await broker.client({ properties: { maximumPacketSize: 30 } })
    provoke(client)
    expect(await client.next(kind)).toMatchObject({ reasonCode })
  })

  it('[MQTT5-3.9.2-1] [MQTT5-3.9.2-2] SUBACK', async () => {
    const client = await broker.client({ properties: { maximumPacketSize: 30 } })
    expect((await client.subscribe('denied')).reasonCodes).toEqual([0x87])
  })

  it('[MQTT5-3.11.2-1] [MQTT5-3.11.2-2] UNSUBACK', async () => {
    const client = await broker.client({ properties: { maximumPacketSize: 30 } })
    expect((await client.unsubscribe('unknown')).reasonCodes).toEqual([0x11])
  })

  it('[MQTT5-3.14.2-3] [MQTT5-3.14.2-4] DISCONNECT', async () => {
    const reasons = [30, 1000].map(async (maximumPacketSize) => {
      const client = await broker.client({ properties: { maximumPacketSize } })
      client.sendPublish('', 'x')
      return (await expectClosed(client, 0x82)).last?.properties.reasonString
    })
    expect(await Promise.all(reasons)).toEqual([undefined, expect.any(String)]) // the second, or it proves nothing
  })

  it('[MQTT5-3.15.2-2] [MQTT5-3.15.2-3] AUTH', async () => {
    const client = await broker.open()
    client.sendConnect({ properties: { authenticationMethod: 'M', maximumPacketSize: 30 } })
    expect(await client.next('auth')).toMatchObject({ reasonCode: 0x18 })
  })
})

describe('Request Problem Information 0', () => {
  it('[MQTT5-3.1.2-29] no explanations but on PUBLISH, CONNACK and DISCONNECT', async () => {
    const properties = { requestProblemInformation: 0 }
    const client = await broker.client({ properties }) // the test client fails on an explanation
    await client.subscribe('denied')
    await client.unsubscribe('unknown')
    await client.publish('denied', 'x', { qos: 1 })
    await client.publish('denied', 'x', { qos: 2 })
    client.acknowledge('pubrel', 9)
    await client.next('pubcomp')
    client.acknowledge('pubrec', 9)
    await client.next('pubrel')
    const own = unique('own')
    await client.subscribe(own)
    await client.publish(own, 'x', { properties: { userProperties: [['a', 'b']] } })
    expect((await client.next('publish')).properties).toEqual({ userProperties: [['a', 'b']] })
    const login = await broker.open()
    login.sendConnect({ properties: { ...properties, authenticationMethod: 'M' } })
    await login.next('auth')
  })
})

describe("the broker's Maximum Packet Size", () => {
  const small = useBroker(5, { limits: { maximumPacketBytes: 1000 } })

  it('[MQTT5-3.2.2-15] is announced; a packet just as large is taken, one byte more closes with 0x95', async () => {
    const topicName = unique('size')
    const watcher = await small.client()
    await watcher.subscribe(topicName)
    const client = await small.client()
    expect(client.connack.properties.maximumPacketSize).toBe(1000)
    const atLimit = publishPacket(5, topicName, payloadFor(topicName, 1000, 0))
    const fits = atLimit.length === 1000 ? atLimit : publishPacket(5, topicName, payloadFor(topicName, 999, 0))
    expect(fits.length).toBe(1000) // a two-byte length comes in on the way
    client.send(fits)
    expect((await watcher.next('publish')).raw.length).toBe(1000)
    client.send(publishPacket(5, topicName, payloadFor(topicName, 1000, 0)))
    await expectClosed(client, 0x95)
    expect(await watcher.rest()).toEqual([])
  })

  it('[MQTT5-3.2.2-15] the header alone is enough to close: nothing of the rest is waited for', async () => {
    const client = await small.client()
    client.send(publishPacket(5, 'size', 'x'.repeat(5000)).subarray(0, 20))
    await expectClosed(client, 0x95)
  })

  it('[MQTT5-3.2.2-15] without the setting 16 MiB is announced', async () => {
    expect((await broker.client()).connack.properties.maximumPacketSize).toBe(16 * 1024 * 1024)
  })
})
