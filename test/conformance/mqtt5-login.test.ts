import { describe, expect, it } from 'vitest'
import type { Authenticator } from '../../src/contracts/authenticator.ts'
import { publishPacket, connectPacket } from '../support/wire-packets.ts'
import { expectClosed, unique, useBroker } from '../support/wire-steps.ts'

/** `ann` with `secret`, and a password alone when it is `token`; no identifier that begins with `bad`. */
const authenticator: Authenticator = {
  authenticate(request, respond) {
    const password = Buffer.from(request.password ?? []).toString()
    if (request.clientId.startsWith('bad')) return respond({ result: 'refused', reasonCode: 0x85 })
    if (request.userName === undefined && password === 'token') return respond({ result: 'accepted', user: 'token' })
    if (request.userName === 'ann' && password === 'secret') return respond({ result: 'accepted', user: 'ann' })
    return respond({ result: 'refused', reasonCode: 0x86 })
  },
}
const ann = { userName: 'ann', password: 'secret' }
const broker = useBroker(
  5,
  {},
  {
    authenticator,
    authorizer: { epoch: 0, authorize: (_client, access) => !('topicName' in access) || access.topicName !== 'denied' },
  },
)

describe('a login', () => {
  const refused: [title: string, fields: object, codes: number[]][] = [
    ['[MQTT5-3.1.4-2] wrong password', { userName: 'ann', password: 'guess' }, [0x86, 0x87]],
    ['[MQTT5-3.1.4-2] no password', { userName: 'ann' }, [0x86, 0x87]],
    ['[MQTT5-3.1.4-2] nothing at all', {}, [0x86, 0x87]],
    ['[MQTT5-3.1.3-8] client identifier refused', { ...ann, clientId: 'bad-one' }, [0x85]],
  ]
  it.each(refused)('[MQTT5-3.2.2-7] [MQTT5-3.2.2-8] is refused: %s', async (_title, fields, codes) => {
    const client = await broker.open()
    client.sendConnect({ clientId: unique('c'), ...fields })
    await expectClosed(client, ...codes)
    expect(client.received.map((one) => one.kind)).toEqual(['connack'])
  })

  it('[MQTT5-U-3.1.2-a] may be a password without a user name', async () => {
    const client = await broker.client({ password: 'token' })
    expect(client.connack.reasonCode).toBe(0)
  })

  it('[MQTT5-3.2.2-6] that fails on a stored session reports Session Present 0, and touches nothing', async () => {
    const [clientId, topicName] = [unique('stored'), unique('stored')]
    const lasting = { ...ann, clientId, properties: { sessionExpiryInterval: 60 } }
    const owner = await broker.client(lasting)
    await owner.subscribe({ topicFilter: topicName, qos: 1 })
    await owner.disconnect()
    for (const cleanStart of [false, true]) {
      const thief = await broker.open()
      const connack = await thief.connect({ clientId, cleanStart, userName: 'ann', password: 'guess' })
      expect([connack.reasonCode, connack.sessionPresent]).toEqual([0x86, false])
      await thief.closed()
    }
    const publisher = await broker.client(ann)
    await publisher.publish(topicName, 'kept', { qos: 1 })
    const back = await broker.client({ ...lasting, cleanStart: false })
    expect(back.connack.sessionPresent).toBe(true)
    expect(await back.restOfPayloads()).toEqual(['kept'])
  })

  it('[MQTT5-3.1.4-2] [MQTT5-3.1.4-6] that fails takes what follows along, and no connection over', async () => {
    const [clientId, topicName] = [unique('victim'), unique('after')]
    const owner = await broker.client({ ...ann, clientId })
    await owner.subscribe(topicName)
    const thief = await broker.open()
    thief.send(
      connectPacket(5, { clientId, userName: 'ann', password: 'guess', will: { topicName, payload: 'will' } }),
      publishPacket(5, topicName, 'x', { retain: true }),
    )
    await expectClosed(thief, 0x86)
    expect(await owner.rest()).toEqual([])
  })
})

describe('a right that is missing', () => {
  it('[MQTT5-U-4.13-a] [MQTT5-3.4.2-1] [MQTT5-3.5.2-1] refuses the publish, and leaves the connection', async () => {
    const client = await broker.client(ann)
    const watcher = await broker.client(ann)
    await watcher.subscribe({ topicFilter: '#', retainHandling: 2 })
    await client.publish('denied', 'x')
    expect(await client.rest()).toEqual([])
    expect(await client.publish('denied', 'x', { qos: 1 })).toMatchObject({ kind: 'puback', reasonCode: 0x87 })
    expect(await client.publish('denied', 'x', { qos: 2 })).toMatchObject({ kind: 'pubrec', reasonCode: 0x87 })
    await client.barrier()
    expect(await watcher.rest()).toEqual([])
  })

  it('[MQTT5-4.3.3-9] after a refusing PUBREC the identifier is free for a new message', async () => {
    const topicName = unique('allowed')
    const client = await broker.client(ann)
    const watcher = await broker.client(ann)
    await watcher.subscribe(topicName)
    expect((await client.publish('denied', 'x', { qos: 2, packetId: 7 }))?.kind).toBe('pubrec')
    expect(await client.publish(topicName, 'x', { qos: 2, packetId: 7 })).toMatchObject({ kind: 'pubcomp' })
    expect(await watcher.restOfPayloads()).toEqual(['x'])
  })
})
