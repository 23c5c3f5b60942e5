import { describe, expect, it } from 'vitest'
import {
  connectPacket,
  disconnectPacket,
  hex,
  joined,
  packet,
  pingreqPacket,
  prefixed,
  publishPacket,
  subscribePacket,
} from '../support/wire-packets.ts'
import { unique, useBroker } from '../support/wire-steps.ts'

const broker = useBroker(4)
const invalidText = hex('ff fe')
const will = { topicName: 'w', payload: 'gone' }

/** Sends `bytes` on a new connection and waits for its end; returns what the broker said, as hexadecimal. */
async function answerTo(bytes: Uint8Array): Promise<string[]> {
  const client = await broker.open()
  client.send(bytes)
  await client.closed()
  return client.received.map((one) => Buffer.from(one.raw).toString('hex'))
}

/** A CONNECT of any variable header and payload, up to its client identifier. */
function connectOf(flags: number, ...payload: readonly Uint8Array[]): Uint8Array {
  return packet(0x10, prefixed('MQTT'), [4, flags, 0, 0], ...payload)
}

describe('the first packet', () => {
  const others: [string, Uint8Array][] = [
    ['PUBLISH', publishPacket(4, 'first/packet', 'x', { retain: true })],
    ['SUBSCRIBE', subscribePacket(4, 1, [{ topicFilter: '#' }])],
    ['PINGREQ', pingreqPacket],
    ['DISCONNECT', disconnectPacket()],
    ['CONNACK', hex('20 02 00 00')],
    ['type 0', hex('00 00')],
    ['type 15', hex('f0 00')],
  ]
  it.each(others)('[MQTT311-3.1.0-1] is CONNECT: %s closes the connection unanswered', async (_name, bytes) => {
    expect(await answerTo(bytes)).toEqual([])
    const reader = await broker.client()
    await reader.subscribe('first/packet')
    expect(await reader.rest()).toEqual([])
  })

  it('[MQTT311-3.1.0-2] is the only CONNECT: a second one closes, and the Will goes out', async () => {
    const [clientId, topicName] = [unique('twice'), unique('twice')]
    const watcher = await broker.client()
    await watcher.subscribe(topicName)
    const client = await broker.client({ clientId, will: { topicName, payload: 'will' } })
    client.send(connectPacket(4, { clientId }))
    await client.closed()
    expect(client.received.map((one) => one.kind)).toEqual(['connack'])
    expect((await watcher.next('publish')).text).toBe('will')
  })
})

const unanswered: [title: string, connect: Uint8Array][] = [
  ['[MQTT311-3.1.2-1] protocol name MQTX', connectPacket(4, { protocolName: 'MQTX' })],
  ['[MQTT311-3.1.2-1] protocol name mqtt', connectPacket(4, { protocolName: 'mqtt' })],
  ['[MQTT311-3.1.2-1] protocol name MQTTT', connectPacket(4, { protocolName: 'MQTTT' })],
  ['[MQTT311-3.1.2-1] no protocol name', connectPacket(4, { protocolName: '' })],
  ['[MQTT311-3.1.2-3] reserved connect flag', connectPacket(4, { clientId: 'c', connectFlags: 0x03 })],
  ['[MQTT311-3.1.2-9] Will Flag without Will fields', connectOf(0x06, prefixed('c'))],
  ['[MQTT311-3.1.2-9] Will Flag without Will Message', connectOf(0x06, prefixed('c'), prefixed('w'))],
  ['[MQTT311-3.1.2-11] [MQTT311-3.1.2-13] Will QoS 1 without Will Flag', connectOf(0x0a, prefixed('c'))],
  ['[MQTT311-3.1.2-11] [MQTT311-3.1.2-13] Will QoS 2 without Will Flag', connectOf(0x12, prefixed('c'))],
  ['[MQTT311-3.1.2-11] [MQTT311-3.1.2-15] Will Retain without Will Flag', connectOf(0x22, prefixed('c'))],
  ['[MQTT311-3.1.2-11] Will fields without Will Flag', connectPacket(4, { clientId: 'c', will, connectFlags: 0x02 })],
  ['[MQTT311-3.1.2-14] Will QoS 3', connectPacket(4, { clientId: 'c', will: { ...will, qos: 3 } })],
  ['[MQTT311-3.1.2-18] user name without its flag', connectOf(0x02, prefixed('c'), prefixed('u'))],
  ['[MQTT311-3.1.2-19] flag without user name', connectOf(0x82, prefixed('c'))],
  ['[MQTT311-3.1.2-20] password without its flag', connectOf(0x82, prefixed('c'), prefixed('u'), prefixed('p'))],
  ['[MQTT311-3.1.2-21] flag without password', connectOf(0xc2, prefixed('c'), prefixed('u'))],
  ['[MQTT311-3.1.2-22] password without user name', connectPacket(4, { clientId: 'c', password: 'p' })],
  ['[MQTT311-3.1.3-3] no client identifier', connectOf(0x02)],
  ['[MQTT311-3.1.3-4] client identifier not UTF-8', connectPacket(4, { clientId: invalidText })],
  ['[MQTT311-3.1.3-10] Will Topic not UTF-8', connectPacket(4, { clientId: 'c', will: { topicName: invalidText } })],
  ['[MQTT311-3.1.3-11] user name not UTF-8', connectPacket(4, { clientId: 'c', userName: invalidText })],
  ['[MQTT311-4.7.1-1] Will Topic with a wildcard', connectPacket(4, { clientId: 'c', will: { topicName: 'a/+' } })],
  ['[MQTT311-4.7.3-1] empty Will Topic', connectPacket(4, { clientId: 'c', will: { topicName: '' } })],
  ['[MQTT311-3.1.4-1] no body', hex('10 00')],
  ['[MQTT311-3.1.4-1] protocol level cut off', packet(0x10, prefixed('MQTT'))],
  ['[MQTT311-3.1.4-1] connect flags cut off', packet(0x10, prefixed('MQTT'), [4])],
  ['[MQTT311-3.1.4-1] keep alive cut off', packet(0x10, prefixed('MQTT'), [4, 2, 0])],
  ['[MQTT311-3.1.4-1] client identifier cut off', connectOf(0x02, hex('00 05 61 62'))],
  ['[MQTT311-3.1.4-1] bytes after the last field', connectOf(0x02, prefixed('c'), hex('00 00'))],
  ['[MQTT311-3.1.4-1] reserved header flags', joined([0x11], connectPacket(4, { clientId: 'c' }).subarray(1))],
]

describe('a CONNECT that breaks a rule', () => {
  it.each(unanswered)('[MQTT311-3.1.4-1] [MQTT311-3.2.2-6] [MQTT311-4.8.0-1] no answer: %s', async (...[, bytes]) => {
    expect(await answerTo(bytes)).toEqual([])
  })

  it.each([0, 1, 2, 3, 6, 127, 255])(
    '[MQTT311-3.1.2-2] [MQTT311-3.2.2-4] [MQTT311-3.2.2-5] of protocol level %d gets 0x01, then the end',
    async (protocolLevel) => {
      expect(await answerTo(connectPacket(4, { clientId: 'level', protocolLevel }))).toEqual(['20020001'])
    },
  )

  it('[MQTT311-3.1.3-8] [MQTT311-3.1.3-7] [MQTT311-3.2.2-5] without identifier gets 0x02', async () => {
    expect(await answerTo(connectPacket(4, { clientId: '', cleanStart: false }))).toEqual(['20020002'])
  })

  const refused: [string, Uint8Array][] = [
    ['malformed', connectPacket(4, { clientId: 'c', connectFlags: 0x03 })],
    ['of an unknown level', connectPacket(4, { clientId: 'c', protocolLevel: 6 })],
    ['without identifier', connectPacket(4, { clientId: '', cleanStart: false })],
  ]
  it.each(refused)('[MQTT311-3.1.4-5] %s: what follows it has no effect', async (_title, bytes) => {
    const topicName = unique('after/refusal')
    const watcher = await broker.client()
    await watcher.subscribe(topicName)
    await answerTo(joined(bytes, publishPacket(4, topicName, 'x', { retain: true })))
    expect(await watcher.rest()).toEqual([])
    await watcher.subscribe(topicName)
    expect(await watcher.rest()).toEqual([])
  })
})

describe('an accepted CONNECT', () => {
  it('[MQTT311-3.1.4-4] [MQTT311-3.2.2-1] is answered by CONNACK 0x00', async () => {
    const client = await broker.client()
    expect([...client.connack.raw]).toEqual([0x20, 2, 0, 0])
  })

  it('[MQTT311-3.1.3-1] [MQTT311-3.1.2-9] may carry every field', async () => {
    const topicName = unique('every/field')
    const watcher = await broker.client()
    await watcher.subscribe({ topicFilter: topicName, qos: 2 })
    const client = await broker.client({
      cleanStart: false,
      keepAlive: 60,
      userName: 'user',
      password: hex('00 ff'),
      will: { topicName, payload: hex('00 ff fe'), qos: 2, retain: true },
    })
    await client.abort()
    const delivery = await watcher.next('publish')
    expect(delivery).toMatchObject({ qos: 2, retain: false })
    expect([...delivery.payload]).toEqual([0, 0xff, 0xfe])
  })

  const empty: [string, object][] = [
    ['user name', { userName: '' }],
    ['password', { userName: 'u', password: '' }],
    ['Will Message', { will: { topicName: 'w', payload: '' } }],
  ]
  it.each(empty)('[MQTT311-3.1.2-19] [MQTT311-3.1.2-21] may have an empty %s', async (_title, fields) => {
    expect((await broker.client(fields)).connack.reasonCode).toBe(0)
  })

  it.each(['a', '0', 'Z', 'abcdefghijklmnopqrstuvw', 'ABCDEFGHIJKLMNOPQRSTUVW', '01234567890123456789012'])(
    '[MQTT311-3.1.3-5] may have client identifier %s',
    async (clientId) => {
      expect((await broker.client({ clientId })).connack.reasonCode).toBe(0)
    },
  )

  it('[MQTT311-3.1.3-6] [MQTT311-3.1.3-7] may have no identifier with Clean Session: each is unique', async () => {
    const topicName = unique('nameless')
    const clients = await Promise.all([1, 2, 3].map(() => broker.client({ clientId: '' })))
    for (const client of clients) await client.subscribe(topicName)
    await clients[0]?.publish(topicName, 'x', { qos: 1 })
    for (const client of clients) expect(await client.restOfPayloads()).toEqual(['x'])
  })

  it('[MQTT311-3.2.0-1] [MQTT311-7.1.1-1] may be followed by packets before CONNACK: answered after it', async () => {
    const topicName = unique('eager')
    const client = await broker.open()
    client.send(
      connectPacket(4, { clientId: unique('eager') }),
      subscribePacket(4, 7, [{ topicFilter: topicName }]),
      publishPacket(4, topicName, 'hello'),
    )
    for (const kind of ['connack', 'suback', 'publish']) expect((await client.nextAny()).kind).toBe(kind)
  })

  it('[MQTT311-3.1.4-2] takes the client identifier over: the old connection ends, and its Will goes out', async () => {
    const [clientId, topicName] = [unique('taken'), unique('taken')]
    const watcher = await broker.client()
    await watcher.subscribe(topicName)
    const old = await broker.client({ clientId, will: { topicName, payload: 'will of the old one' } })
    const young = await broker.client({ clientId, will: { topicName, payload: 'will of the young one' } })
    await old.closed()
    expect(old.received.map((one) => one.kind)).toEqual(['connack'])
    expect(await watcher.restOfPayloads()).toEqual(['will of the old one'])
    await young.barrier()
  })
})

describe('time', () => {
  it('[MQTT311-3.1.4-1] a connection without CONNECT is closed unanswered', async () => {
    const silent = await broker.open()
    const slow = await broker.open()
    slow.send(connectPacket(4, { clientId: 'slow' }).subarray(0, 6))
    await broker.advance(8_000)
    await broker.settle()
    expect([silent.isClosed, slow.isClosed]).toEqual([false, false])
    await broker.advance(4_000)
    await silent.closed()
    await slow.closed()
    expect([...silent.received, ...slow.received]).toEqual([])
  })

  it('[MQTT311-3.1.2-24] [MQTT311-3.1.2-8] silence for 1.5 x Keep Alive closes, and the Will goes out', async () => {
    const topicName = unique('silent')
    const watcher = await broker.client()
    await watcher.subscribe(topicName)
    const client = await broker.client({ keepAlive: 20, will: { topicName, payload: 'lost' } })
    await broker.advance(28_000)
    await client.barrier() // any packet starts the time anew
    await broker.advance(28_000)
    await broker.settle()
    expect(client.isClosed).toBe(false)
    await broker.advance(5_000)
    await client.closed()
    expect((await watcher.next('publish')).text).toBe('lost')
  })

  it('[MQTT311-3.1.2-24] bytes the broker sends do not keep a silent client alive', async () => {
    const topicName = unique('talked-to')
    const client = await broker.client({ keepAlive: 20 })
    await client.subscribe(topicName)
    const publisher = await broker.client()
    for (let step = 0; step < 4; step++) {
      await broker.advance(9_000)
      await publisher.publish(topicName, 'x', { qos: 1 })
    }
    await client.closed()
  })

  it('[MQTT311-3.1.2-24] Keep Alive 0 never closes', async () => {
    const client = await broker.client({ keepAlive: 0 })
    await broker.advance(24 * 3_600_000)
    await client.barrier()
  })

  it('[MQTT311-3.1.2-24] a cap on Keep Alive does not touch clients that cannot be told', async () => {
    const client = await capped.client({ keepAlive: 60 })
    const endless = await capped.client({ keepAlive: 0 })
    await capped.advance(80_000)
    await client.barrier()
    await endless.barrier()
  })
})

const capped = useBroker(4, { limits: { maximumKeepAliveSeconds: 10 } })
