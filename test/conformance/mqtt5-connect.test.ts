import { once } from 'node:events'
import { connect as connectSocket } from 'node:net'
import { describe, expect, it } from 'vitest'
import {
  connectPacket,
  hex,
  packet,
  pingreqPacket,
  prefixed,
  publishPacket,
  subscribePacket,
  disconnectPacket,
  authPacket,
  joined,
} from '../support/wire-packets.ts'
import { property, type WireProperties } from '../support/wire-properties.ts'
import { expectClosed, unique, useBroker } from '../support/wire-steps.ts'

const broker = useBroker(5)
const invalidText = hex('ff fe')

/** A short packet with bytes after its last field, its length counting them. */
function withTail(bytes: Uint8Array, tail: string): Uint8Array {
  return packet(bytes[0] ?? 0, bytes.subarray(2), hex(tail))
}

const first: [string, Uint8Array][] = [
  ['PUBLISH', publishPacket(5, 'first/packet', 'x', { retain: true })],
  ['PINGREQ', pingreqPacket],
  ['SUBSCRIBE', subscribePacket(5, 1, [{ topicFilter: '#' }])],
  ['DISCONNECT', disconnectPacket()],
  ['AUTH', authPacket(0x18)],
]

describe('the first packet', () => {
  it.each(first)('[MQTT5-3.1.0-1] is CONNECT: %s closes the connection unanswered', async (_name, bytes) => {
    const client = await broker.open()
    client.send(bytes)
    await client.closed()
    expect(client.received).toEqual([])
    const reader = await broker.client()
    await reader.subscribe('first/packet')
    expect(await reader.restOfPayloads()).toEqual([])
  })

  it('[MQTT5-3.1.0-2] [MQTT5-3.2.0-2] is the only CONNECT: a second one closes, without CONNACK', async () => {
    const clientId = unique('twice')
    const client = await broker.client({ clientId })
    client.send(connectPacket(5, { clientId }))
    await expectClosed(client, 0x82)
    expect(client.received.filter((one) => one.kind === 'connack')).toHaveLength(1)
  })
})

const refusedConnects: [title: string, connect: Uint8Array, codes: number[]][] = [
  ['[MQTT5-3.1.2-1] protocol name MQTX', connectPacket(5, { protocolName: 'MQTX' }), [0x84]],
  ['[MQTT5-3.1.2-1] protocol name mqtt', connectPacket(5, { protocolName: 'mqtt' }), [0x84]],
  ['[MQTT5-3.1.2-3] reserved connect flag', connectPacket(5, { connectFlags: 0x03 }), [0x81]],
  ['[MQTT5-3.1.2-9] Will Flag without Will fields', connectPacket(5, { connectFlags: 0x06 }), [0x81]],
  ['[MQTT5-3.1.2-11] Will QoS 1 without Will Flag', connectPacket(5, { connectFlags: 0x0a }), [0x81]],
  ['[MQTT5-3.1.2-12] Will QoS 3', connectPacket(5, { will: { topicName: 'w', qos: 3 } }), [0x81]],
  ['[MQTT5-3.1.2-13] Will Retain without Will Flag', connectPacket(5, { connectFlags: 0x22 }), [0x81]],
  ['[MQTT5-3.1.2-16] user name without its flag', connectPacket(5, { userName: 'u', connectFlags: 2 }), [0x81]],
  ['[MQTT5-3.1.2-17] flag without user name', connectPacket(5, { clientId: 'c', connectFlags: 0x82 }), [0x81]],
  ['[MQTT5-3.1.2-18] password without its flag', connectPacket(5, { password: 'p', connectFlags: 2 }), [0x81]],
  ['[MQTT5-3.1.2-19] flag without password', connectPacket(5, { clientId: 'c', connectFlags: 0x42 }), [0x81]],
  ['[MQTT5-3.1.3-1] bytes after the last field', withTail(connectPacket(5), '00 00'), [0x81]],
  ['[MQTT5-3.1.3-3] no client identifier', packet(0x10, prefixed('MQTT'), hex('05 02 00 00 00')), [0x81]],
  ['[MQTT5-3.1.3-4] client identifier not UTF-8', connectPacket(5, { clientId: invalidText }), [0x81, 0x85]],
  ['[MQTT5-3.1.3-11] Will Topic not UTF-8', connectPacket(5, { will: { topicName: invalidText } }), [0x81, 0x90]],
  ['[MQTT5-3.1.3-12] user name not UTF-8', connectPacket(5, { userName: invalidText }), [0x81, 0x86]],
  ['[MQTT5-3.1.4-1] connect flags cut off', packet(0x10, prefixed('MQTT'), hex('05')), [0x81]],
  ['[MQTT5-3.1.4-1] keep alive cut off', packet(0x10, prefixed('MQTT'), hex('05 02 00')), [0x81]],
  ['[MQTT5-3.1.4-1] properties cut off', packet(0x10, prefixed('MQTT'), hex('05 02 00 00 05 11')), [0x81]],
  ['[MQTT5-4.7.0-1] Will Topic with a wildcard', connectPacket(5, { will: { topicName: 'a/+' } }), [0x81, 0x82, 0x90]],
  ['[MQTT5-U-3.1.2-b] Receive Maximum 0', connectPacket(5, { properties: { receiveMaximum: 0 } }), [0x82]],
  ['[MQTT5-U-3.1.2-c] Maximum Packet Size 0', connectPacket(5, { properties: { maximumPacketSize: 0 } }), [0x82]],
  [
    '[MQTT5-U-3.1.2-d] Request Problem Information 2',
    connectPacket(5, { properties: { requestProblemInformation: 2 } }),
    [0x82],
  ],
  [
    '[MQTT5-U-3.1.2-d] Request Response Information 2',
    connectPacket(5, { properties: { requestResponseInformation: 2 } }),
    [0x82],
  ],
  [
    '[MQTT5-U-3.1.2-e] Authentication Data without Method',
    connectPacket(5, { properties: { authenticationData: hex('01') } }),
    [0x82],
  ],
]

describe('a CONNECT that breaks a rule', () => {
  it.each(refusedConnects)(
    '[MQTT5-3.1.4-1] [MQTT5-3.2.2-7] [MQTT5-3.2.2-8] [MQTT5-3.14.0-1] is refused: %s',
    async (_title, bytes, codes) => {
      const client = await broker.open()
      client.send(bytes)
      await expectClosed(client, ...codes)
      // The test client itself fails on a DISCONNECT before CONNACK, and on a code outside the table.
      expect(client.received.filter((one) => one.kind !== 'connack')).toEqual([])
      expect(client.received.some((one) => one.kind === 'connack' && one.reasonCode === 0)).toBe(false)
    },
  )

  it.each([0, 1, 2, 6, 127, 134, 255])('[MQTT5-3.1.2-2] has protocol version %d', async (protocolLevel) => {
    const answered: Buffer[] = []
    const socket = connectSocket(broker.port, '127.0.0.1')
    socket.on('data', (chunk) => answered.push(chunk)).on('error', () => undefined)
    socket.write(connectPacket(5, { protocolLevel }))
    await once(socket, 'close')
    // MQTT 5.0 may answer 0x84; MQTT 3.1.1 must answer 0x01 in its own form, and the packet does not say whose it is.
    expect(['', '2003008400', '20020001']).toContain(Buffer.concat(answered).toString('hex'))
  })

  const onceOnly: [keyof WireProperties, Uint8Array][] = [
    ['sessionExpiryInterval', property('sessionExpiryInterval', 0)],
    ['receiveMaximum', property('receiveMaximum', 1)],
    ['maximumPacketSize', property('maximumPacketSize', 1000)],
    ['topicAliasMaximum', property('topicAliasMaximum', 0)],
    ['requestProblemInformation', property('requestProblemInformation', 0)],
    ['requestResponseInformation', property('requestResponseInformation', 0)],
    ['authenticationMethod', property('authenticationMethod', '')],
  ]
  it.each(onceOnly)('[MQTT5-U-2.2.2-b] [MQTT5-3.1.4-1] has %s twice', async (_name, bytes) => {
    const client = await broker.open()
    client.send(connectPacket(5, { properties: joined(bytes, bytes) }))
    await expectClosed(client, 0x82)
  })

  const onceOnlyOfWill: [keyof WireProperties, Uint8Array][] = [
    ['willDelayInterval', property('willDelayInterval', 0)],
    ['payloadFormatIndicator', property('payloadFormatIndicator', 0)],
    ['messageExpiryInterval', property('messageExpiryInterval', 0)],
    ['contentType', property('contentType', '')],
    ['responseTopic', property('responseTopic', 'r')],
    ['correlationData', property('correlationData', new Uint8Array())],
  ]
  it.each(onceOnlyOfWill)('[MQTT5-U-2.2.2-b] has %s twice among Will Properties', async (_name, bytes) => {
    const client = await broker.open()
    client.send(connectPacket(5, { will: { topicName: 'w', properties: joined(bytes, bytes) } }))
    await expectClosed(client, 0x82)
  })

  it('[MQTT5-3.1.4-6] takes everything after it along', async () => {
    const topicName = unique('after/refusal')
    const client = await broker.open()
    const watcher = await broker.client()
    await watcher.subscribe(topicName)
    client.send(connectPacket(5, { connectFlags: 0x03 }), publishPacket(5, topicName, 'x', { retain: true }))
    await client.closed()
    expect(await watcher.rest()).toEqual([])
    await watcher.subscribe(topicName)
    expect(await watcher.rest()).toEqual([])
  })
})

describe('an accepted CONNECT', () => {
  it('[MQTT5-3.1.4-5] [MQTT5-3.2.2-1] is answered by CONNACK 0x00 with clean flags', async () => {
    const client = await broker.client()
    expect([...client.connack.raw.subarray(0, 1), ...client.connack.raw.subarray(2, 4)]).toEqual([0x20, 0, 0])
  })

  it('[MQTT5-3.1.3-1] may carry every field', async () => {
    const topicName = unique('every/field')
    const watcher = await broker.client()
    await watcher.subscribe(topicName)
    const client = await broker.client({
      userName: 'user',
      password: hex('00 ff'),
      keepAlive: 60,
      will: { topicName, payload: 'gone', qos: 1, retain: true, properties: { contentType: 'text' } },
      properties: {
        sessionExpiryInterval: 10,
        receiveMaximum: 10,
        maximumPacketSize: 1000,
        topicAliasMaximum: 10,
        requestResponseInformation: 1,
        requestProblemInformation: 1,
        userProperties: [['a', 'b']],
      },
    })
    await client.disconnect(0x04)
    await broker.advance(11_000)
    expect((await watcher.next('publish')).properties.contentType).toBe('text')
  })

  it.each(['a', '0', 'Z', 'abcdefghijklmnopqrstuvw', 'ABCDEFGHIJKLMNOPQRSTUVW', '01234567890123456789012'])(
    '[MQTT5-3.1.3-5] may have client identifier %s',
    async (clientId) => {
      const client = await broker.client({ clientId })
      expect(client.connack.reasonCode).toBe(0)
    },
  )

  it.each([true, false])(
    '[MQTT5-3.1.3-6] [MQTT5-3.1.3-7] may have no client identifier, Clean Start %s: one is assigned',
    async (cleanStart) => {
      const properties = { sessionExpiryInterval: 60 }
      const one = await broker.client({ clientId: '', cleanStart, properties })
      const two = await broker.client({ clientId: '', cleanStart, properties })
      const clientId = one.connack.properties.assignedClientIdentifier ?? ''
      expect(clientId).not.toBe('')
      expect(two.connack.properties.assignedClientIdentifier).not.toBe(clientId)
      await one.barrier() // the second one did not take it over
      await one.disconnect()
      const resumed = await broker.client({ clientId, cleanStart: false })
      expect(resumed.connack.sessionPresent).toBe(true)
      expect(resumed.connack.properties.assignedClientIdentifier).toBeUndefined()
    },
  )

  it('[MQTT5-3.2.2-16] gets an assigned identifier that no session has, connected or stored', async () => {
    const assigned = new Set<string>()
    for (let round = 0; round < 200; round++) {
      const client = await broker.client({ clientId: '', properties: { sessionExpiryInterval: round % 2 } })
      assigned.add(client.connack.properties.assignedClientIdentifier ?? '')
      if (round % 4 < 2) await client.disconnect()
    }
    expect(assigned.size).toBe(200)
    expect(assigned.has('')).toBe(false)
  })

  it.each([{}, { requestResponseInformation: 0 }])(
    '[MQTT5-3.1.2-28] gets no Response Information with %j',
    async (properties) => {
      const client = await broker.client({ properties })
      expect(client.connack.properties.responseInformation).toBeUndefined()
    },
  )

  it('[MQTT5-U-3.1.4-a] [MQTT5-3.2.0-1] may be followed by packets before CONNACK: handled after it', async () => {
    const topicName = unique('eager')
    const client = await broker.open()
    client.send(
      connectPacket(5, { clientId: unique('eager') }),
      subscribePacket(5, 7, [{ topicFilter: topicName }]),
      publishPacket(5, topicName, 'hello'),
    )
    expect((await client.nextAny()).kind).toBe('connack')
    expect((await client.nextAny()).kind).toBe('suback')
    expect((await client.next('publish')).text).toBe('hello')
  })

  it('[MQTT5-3.1.4-3] takes the client identifier over: the old connection gets 0x8E and ends', async () => {
    const clientId = unique('taken')
    const old = await broker.client({ clientId })
    const young = await broker.client({ clientId })
    await expectClosed(old, 0x8e)
    await young.barrier()
  })
})

describe('time', () => {
  it('[MQTT5-U-3.1.4-b] a connection without CONNECT is closed', async () => {
    const silent = await broker.open()
    const slow = await broker.open()
    slow.send(connectPacket(5).subarray(0, 6))
    await broker.advance(8_000)
    await broker.settle()
    expect([silent.isClosed, slow.isClosed]).toEqual([false, false])
    await broker.advance(4_000)
    await silent.closed()
    await slow.closed()
    expect([...silent.received, ...slow.received]).toEqual([])
  })

  it('[MQTT5-3.1.2-22] [MQTT5-3.2.2-22] silence for 1.5 x Keep Alive closes, and the Will goes out', async () => {
    const topicName = unique('silent')
    const watcher = await broker.client()
    await watcher.subscribe(topicName)
    const client = await broker.client({ keepAlive: 20, will: { topicName, payload: 'lost' } })
    expect(client.connack.properties.serverKeepAlive).toBeUndefined()
    await broker.advance(28_000)
    await client.barrier() // any packet starts the time anew
    await broker.advance(28_000)
    await broker.settle()
    expect(client.isClosed).toBe(false)
    await broker.advance(5_000)
    await expectClosed(client, 0x8d)
    expect((await watcher.next('publish')).text).toBe('lost')
  })

  it('[MQTT5-3.1.2-22] bytes the broker sends do not keep a silent client alive', async () => {
    const topicName = unique('talked-to')
    const client = await broker.client({ keepAlive: 20 })
    await client.subscribe(topicName)
    const publisher = await broker.client()
    for (let step = 0; step < 4; step++) {
      await broker.advance(9_000)
      await publisher.publish(topicName, 'x', { qos: 1 })
    }
    await expectClosed(client, 0x8d)
  })

  it('[MQTT5-3.1.2-22] Keep Alive 0 never closes', async () => {
    const client = await broker.client({ keepAlive: 0 })
    await broker.advance(24 * 3_600_000)
    await client.barrier()
  })
})
