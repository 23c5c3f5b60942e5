import { describe, expect, it } from 'vitest'
import type { Authenticator } from '../../src/contracts/authenticator.ts'
import { authPacket, hex, packet, publishPacket, type ConnectFields } from '../support/wire-packets.ts'
import type { WireClient } from '../support/wire-client.ts'
import { expectClosed, unique, useBroker } from '../support/wire-steps.ts'

const right = Buffer.from('right')
const wrong = Buffer.from('wrong')
const method = { authenticationMethod: 'TEST' }

/** Asks once for data, and takes only `right`. Knows no other method, and lets plain logins in. */
const authenticator: Authenticator = {
  authenticate(request, respond) {
    if (request.method === undefined) return respond({ result: 'accepted', user: undefined })
    if (request.method !== 'TEST') return respond({ result: 'refused', reasonCode: 0x8c })
    if (request.step !== 'continue') return respond({ result: 'continue', data: Buffer.from('challenge') })
    if (request.data !== undefined && right.equals(request.data)) {
      return respond({ result: 'accepted', user: 'somebody', data: Buffer.from('welcome') })
    }
    return respond({ result: 'refused', reasonCode: 0x87 })
  },
}
const broker = useBroker(5, {}, { authenticator })

/** Up to the challenge. */
async function challenged(fields: ConnectFields = {}): Promise<WireClient> {
  const client = await broker.open()
  client.sendConnect({ clientId: unique('c'), properties: method, ...fields })
  const auth = await client.next('auth')
  expect(auth).toMatchObject({ reasonCode: 0x18 })
  expect(auth.properties).toMatchObject({ ...method, authenticationData: Buffer.from('challenge') })
  return client
}

async function loggedIn(fields: ConnectFields = {}): Promise<WireClient> {
  const client = await challenged(fields)
  client.auth(0x18, { ...method, authenticationData: right })
  expect((await client.next('connack')).reasonCode).toBe(0)
  return client
}

describe('enhanced authentication at CONNECT', () => {
  it('[MQTT5-4.12.0-2] [MQTT5-4.12.0-5] [MQTT5-3.15.2-1] challenge, answer, CONNACK: all with the method', async () => {
    const client = await loggedIn()
    expect(client.connack.properties).toMatchObject({ ...method, authenticationData: Buffer.from('welcome') })
    await client.barrier()
  })

  it('[MQTT5-4.12.0-1] an unknown method is refused', async () => {
    const client = await broker.open()
    client.sendConnect({ clientId: unique('c'), properties: { authenticationMethod: 'X-NONE' } })
    await expectClosed(client, 0x8c, 0x87)
  })

  it('[MQTT5-4.12.0-4] [MQTT5-3.1.4-2] a wrong answer is refused', async () => {
    const client = await challenged()
    client.auth(0x18, { ...method, authenticationData: wrong })
    await expectClosed(client, 0x87)
    expect(client.received.at(-1)?.kind).toBe('connack')
  })

  const outOfTurn: [title: string, bytes: Uint8Array][] = [
    ['[MQTT5-4.12.0-3] AUTH 0x00', authPacket(0x00, { ...method, authenticationData: right })],
    ['[MQTT5-4.12.0-3] AUTH 0x19', authPacket(0x19, { ...method, authenticationData: right })],
    ['[MQTT5-3.15.2-1] AUTH 0x01', authPacket(0x01, { ...method, authenticationData: right })],
    ['[MQTT5-3.15.1-1] AUTH with flags', packet(0xf1, authPacket(0x18, method).subarray(2))],
    ['[MQTT5-4.12.0-5] another method', authPacket(0x18, { authenticationMethod: 'OTHER', authenticationData: right })],
    ['[MQTT5-4.12.0-5] no method', authPacket(0x18, { authenticationData: right })],
    ['[MQTT5-3.1.2-30] PUBLISH', publishPacket(5, 'too/early', 'x', { retain: true })],
    ['[MQTT5-3.1.2-30] SUBSCRIBE', hex('82 07 00 01 00 00 01 61 00')],
    ['[MQTT5-3.1.2-30] PINGREQ', hex('c0 00')],
  ]
  it.each(outOfTurn)('%s in the middle closes, and has no effect', async (_title, bytes) => {
    const client = await challenged()
    client.send(bytes)
    await expectClosed(client, 0x81, 0x82, 0x87, 0x8c)
    expect(client.received.filter((one) => one.kind === 'disconnect')).toEqual([]) // none before CONNACK
    const reader = await broker.client()
    await reader.subscribe('too/early')
    expect(await reader.rest()).toEqual([])
  })

  it('[MQTT5-3.1.2-30] DISCONNECT in the middle just closes', async () => {
    const client = await challenged()
    client.send(hex('e0 00'))
    expect((await client.closed()).reasonCode).toBeUndefined()
  })

  it('[MQTT5-4.12.0-4] an unfinished exchange leaves the session of that client identifier alone', async () => {
    const clientId = unique('kept')
    const owner = await loggedIn({ clientId, properties: { ...method, sessionExpiryInterval: 60 } })
    const stranger = await challenged({ clientId })
    await owner.barrier()
    stranger.auth(0x18, { ...method, authenticationData: wrong })
    await expectClosed(stranger, 0x87)
    await owner.barrier()
  })
})

describe('without a method in CONNECT', () => {
  it('[MQTT5-4.12.0-6] the broker sends neither AUTH nor a method', async () => {
    const client = await broker.client()
    expect(client.connack.properties.authenticationMethod).toBeUndefined()
    expect(client.connack.properties.authenticationData).toBeUndefined()
    expect(client.received.map((one) => one.kind)).toEqual(['connack'])
  })

  it.each([0x18, 0x19])('[MQTT5-4.12.0-7] [MQTT5-U-3.15-a] AUTH 0x%x closes the connection', async (reasonCode) => {
    const client = await broker.client()
    client.auth(reasonCode, method)
    await expectClosed(client, 0x82)
  })
})

describe('re-authentication', () => {
  it('[MQTT5-4.12.1-1] [MQTT5-4.12.0-5] [MQTT5-3.15.2-1] the connection goes on', async () => {
    const client = await loggedIn()
    const topicName = unique('meanwhile')
    await client.subscribe(topicName)
    client.auth(0x19, method)
    expect(await client.next('auth')).toMatchObject({ reasonCode: 0x18, properties: method })
    await client.publish(topicName, 'x', { qos: 1 }) // other packets flow all the while
    await client.next('publish')
    client.auth(0x18, { ...method, authenticationData: right })
    expect(await client.next('auth')).toMatchObject({ reasonCode: 0x00, properties: method })
    expect(await client.rest()).toEqual([])
  })

  it('[MQTT5-4.12.1-2] a wrong answer closes the connection', async () => {
    const client = await loggedIn()
    client.auth(0x19, method)
    await client.next('auth')
    client.auth(0x18, { ...method, authenticationData: wrong })
    await expectClosed(client, 0x87)
  })

  const refused: [title: string, bytes: Uint8Array][] = [
    ['[MQTT5-4.12.1-1] another method', authPacket(0x19, { authenticationMethod: 'OTHER' })],
    ['[MQTT5-4.12.1-1] no method', authPacket(0x19)],
    ['[MQTT5-U-3.15-a] AUTH 0x18 out of place', authPacket(0x18, { ...method, authenticationData: right })],
    ['[MQTT5-U-3.15-a] AUTH 0x00', authPacket(0x00, method)],
    ['[MQTT5-3.15.2-1] AUTH 0x87', authPacket(0x87, method)],
    ['[MQTT5-3.15.1-1] AUTH with flags', packet(0xf1, authPacket(0x19, method).subarray(2))],
  ]
  it.each(refused)('%s closes the connection', async (_title, bytes) => {
    const client = await loggedIn()
    client.send(bytes)
    await expectClosed(client, 0x81, 0x82, 0x8c)
  })
})
