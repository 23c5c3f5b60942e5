import { describe, expect, it } from 'vitest'
import type { Authenticator } from '../../src/contracts/authenticator.ts'
import { connectPacket, hex, packet, prefixed, publishPacket } from '../support/wire-packets.ts'
import { unique, useBroker } from '../support/wire-steps.ts'

/** Refuses `bad` with the reason code in the password; takes everybody else. */
const authenticator: Authenticator = {
  authenticate({ userName, password }, respond) {
    if (userName !== 'bad') return respond({ result: 'accepted', user: userName })
    return respond({ result: 'refused', reasonCode: Number.parseInt(Buffer.from(password ?? []).toString(), 16) })
  },
}
const broker = useBroker(3, {}, { authenticator })

/** A CONNECT with these connect flags and this payload. */
function connectOf(flags: number, ...payload: readonly Uint8Array[]): Uint8Array {
  return packet(0x10, prefixed('MQIsdp'), [3, flags, 0, 0], ...payload)
}

/** Sends `bytes` on a new connection and returns the first answer, or nothing when it is closed without one. */
async function answerTo(bytes: Uint8Array): Promise<string> {
  const client = await broker.open()
  client.send(bytes)
  const answer = await client.nextAny().catch(() => undefined)
  return answer === undefined ? '' : Buffer.from(answer.raw).toString('hex')
}

describe('CONNECT', () => {
  const accepted: [title: string, bytes: Uint8Array][] = [
    ['the plain form', connectOf(0x02, prefixed('plain'))],
    ['user name and password', connectOf(0xc2, prefixed('both'), prefixed('u'), prefixed('p'))],
    ['user name alone', connectOf(0x82, prefixed('user'), prefixed('u'))],
    ['the user name flag without the field', connectOf(0x82, prefixed('no-user'))],
    ['both flags without the fields', connectOf(0xc2, prefixed('no-both'))],
    ['both flags, the password missing', connectOf(0xc2, prefixed('no-password'), prefixed('u'))],
    ['a Will, and a flagged user name that is missing', connectOf(0x86, prefixed('w'), prefixed('t'), prefixed('x'))],
    ['an empty user name', connectOf(0x82, prefixed('empty-user'), prefixed(''))],
    ['the bit of the connect flags that is not used', connectOf(0x03, prefixed('bit-0'))],
    ['the bridge bit', connectPacket(3, { clientId: 'bridge-3', protocolLevel: 0x83 })],
    ['the bridge bit in 3.1.1', connectPacket(4, { clientId: 'bridge-4', protocolLevel: 0x84 })],
    ['a client identifier of 1 character', connectOf(0x02, prefixed('a'))],
    ['a client identifier of 23 characters', connectOf(0x02, prefixed('abcdefghijklmnopqrstuvw'))],
    ['a client identifier of 24 characters', connectOf(0x02, prefixed('abcdefghijklmnopqrstuvwx'))],
    ['a client identifier of 1000 characters', connectOf(0x02, prefixed('x'.repeat(1000)))],
  ]
  it.each(accepted)('is accepted: %s', async (_title, bytes) => {
    expect(await answerTo(bytes)).toBe('20020000')
  })

  const refused: [title: string, bytes: Uint8Array, answer: string][] = [
    ['no client identifier, Clean Session 1', connectOf(0x02, prefixed('')), '20020002'],
    ['no client identifier, Clean Session 0', connectOf(0x00, prefixed('')), '20020002'],
    ['level 2 of MQIsdp', connectPacket(3, { clientId: 'c', protocolLevel: 2 }), '20020001'],
    ['level 4 of MQIsdp', connectPacket(3, { clientId: 'c', protocolLevel: 4 }), '20020001'],
    ['level 0x82 of MQIsdp', connectPacket(3, { clientId: 'c', protocolLevel: 0x82 }), '20020001'],
    ['level 3 of MQTT', connectPacket(4, { clientId: 'c', protocolLevel: 3 }), '20020001'],
    ['level 0x83 of MQTT', connectPacket(4, { clientId: 'c', protocolLevel: 0x83 }), '20020001'],
    ['level 0x85 of MQTT', connectPacket(4, { clientId: 'c', protocolLevel: 0x85 }), '20020001'],
    ['bad user name or password', connectPacket(3, { clientId: 'c', userName: 'bad', password: '86' }), '20020004'],
    ['not authorized', connectPacket(3, { clientId: 'c', userName: 'bad', password: '87' }), '20020005'],
    ['server unavailable', connectPacket(3, { clientId: 'c', userName: 'bad', password: '88' }), '20020003'],
    ['a protocol name of its own', connectPacket(3, { clientId: 'c', protocolName: 'MQIsdx' }), ''],
    ['no client identifier field', connectOf(0x02), ''],
    ['a Will without its fields', connectOf(0x06, prefixed('c')), ''],
    ['a Will without its message', connectOf(0x06, prefixed('c'), prefixed('t')), ''],
    ['Will QoS 3', connectPacket(3, { clientId: 'c', will: { topicName: 't', qos: 3 } }), ''],
    ['Will Topic with a wildcard', connectPacket(3, { clientId: 'c', will: { topicName: '#' } }), ''],
    ['a user name without its flag', connectOf(0x02, prefixed('c'), prefixed('u')), ''],
    ['a user name cut off', connectOf(0x82, prefixed('c'), hex('00 05 61')), ''],
    ['a client identifier that is not UTF-8', connectOf(0x02, prefixed(hex('ff'))), ''],
  ]
  it.each(refused)('is refused: %s', async (_title, bytes, answer) => {
    const topicName = unique('behind')
    const watcher = await broker.client()
    await watcher.subscribe(topicName)
    expect(await answerTo(Buffer.concat([bytes, publishPacket(3, topicName, 'x')]))).toBe(answer)
    expect(await watcher.rest()).toEqual([])
  })

  it('gives a user name and a password to the authenticator', async () => {
    const client = await broker.client({ userName: 'ann', password: 'secret' })
    await client.barrier()
    expect(await answerTo(connectPacket(3, { clientId: 'c', userName: 'bad', password: '8a' }))).toBe('20020005')
  })

  it('comes once: a second one closes', async () => {
    const client = await broker.client()
    client.send(connectPacket(3, { clientId: 'twice' }))
    await client.closed()
    expect(client.received.map((one) => one.kind)).toEqual(['connack'])
  })

  it('takes the client identifier over', async () => {
    const clientId = unique('taken')
    const old = await broker.client({ clientId })
    const young = await broker.client({ clientId })
    await old.closed()
    await young.barrier()
  })
})

describe('with strictMqtt31ClientIds', () => {
  const strict = useBroker(3, { features: { strictMqtt31ClientIds: true } })

  it.each([
    [1, 0],
    [23, 0],
    [24, 2],
    [1000, 2],
  ])('a client identifier of %d characters gets %d', async (length, returnCode) => {
    const client = await strict.open()
    expect([...(await client.connect({ clientId: 'x'.repeat(length) })).raw]).toEqual([0x20, 2, 0, returnCode])
    if (returnCode > 0) await client.closed()
  })

  it('characters are counted, not bytes', async () => {
    const client = await strict.client({ clientId: '\u20ac'.repeat(23) })
    await client.barrier()
  })

  it.each([4, 5] as const)('version %d may have longer ones', async (version) => {
    const client = await strict.client({ version, clientId: 'x'.repeat(100) })
    await client.barrier()
  })
})
