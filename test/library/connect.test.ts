import { describe, expect, it } from 'vitest'
import { MqttError, type ProgramClient } from '../../src/contracts/embedding.ts'
import { HeldStore } from '../support/delayed-store.ts'
import { answering, until } from '../broker/started-broker.ts'
import { inbox, listening, scene, settled } from './scene.ts'

describe('broker.connect', () => {
  it('gives a client with the identifier it asked for, or one assigned', async () => {
    const { broker } = await scene()
    expect(await broker.connect({ clientId: 'a' })).toMatchObject({ clientId: 'a', sessionPresent: false })
    expect((await broker.connect()).clientId).toMatch(/^auto-/)
  })

  it.each([
    ['a session identifier of another user', { clientId: 'taken' }, 0x85],
    ['a user that is refused', { userName: 'eve', password: 'x' }, 0x86],
    ['a will topic with a wildcard', { will: { topic: 'a/#' } }, 0x90],
  ] as const)('rejects %s with MqttError', async (_what, options, reasonCode) => {
    const { broker } = await scene()
    broker.use({
      authenticate: ({ userName }) =>
        userName === 'eve' ? { result: 'refused', reasonCode: 0x86 } : { result: 'accepted', user: userName },
    })
    await broker.connect({ clientId: 'taken', userName: 'ada', password: Buffer.from('x'), sessionExpiryInterval: 9 })
    const refused = await broker.connect(options).catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(MqttError)
    expect(refused).toMatchObject({ reasonCode })
  })

  it.each<[string, object, string]>([
    ['topic is too long', { topic: 'a'.repeat(65_536) }, 'it is longer than 65,535 bytes'],
    ['topic holds U+0000', { topic: 'a\0b' }, 'will topic "a\\u0000b": it holds U+0000'],
    ['topic holds half a surrogate pair', { topic: 'a\uD83C' }, 'it holds half a surrogate pair'],
    ['property is too long', { topic: 't', properties: { contentType: 'a'.repeat(65_536) } }, 'do not fit'],
  ])('rejects a will whose %s', async (_what, will, expected) => {
    const { broker } = await scene()
    const connecting = broker.connect({ will: will as { topic: string } })
    await expect(connecting).rejects.toThrow(expected)
    await expect(connecting).rejects.toBeInstanceOf(RangeError)
    expect(broker.statistics.counters.socketsOpened).toBe(0)
  })

  it('resumes a session: what it was owed comes to onMessage, then to handlers', async () => {
    const { broker } = await scene()
    const first = await broker.connect({ clientId: 'a', sessionExpiryInterval: 60 })
    await first.subscribe('t', () => {}, { qos: 1 })
    await first.close()
    await broker.publish({ topic: 't', payload: 'while away', qos: 1 })
    const [owed, handled] = [inbox(), inbox()]
    const options = { clientId: 'a', cleanStart: false, sessionExpiryInterval: 60 }
    const second = await broker.connect({ ...options, onMessage: owed.take })
    expect(second.sessionPresent).toBe(true)
    await settled()
    await second.subscribe('t', handled.take, { qos: 1 })
    await broker.publish({ topic: 't', payload: 'now', qos: 1 })
    await settled()
    expect([owed.texts(), handled.texts()]).toEqual([['while away'], ['now']])
  })

  it.each([
    ['drop', ['gone']],
    ['close', []],
  ] as const)('%s: the will goes out %j', async (how, expected) => {
    const { broker } = await scene()
    const got = await listening(broker, 'will')
    const client = await broker.connect({ will: { topic: 'will', payload: 'gone', qos: 1 } })
    await client[how]()
    await settled()
    expect(got.texts()).toEqual(expected)
    expect(await client.ended).toMatchObject({ reasonCode: undefined })
  })

  it('a will with a delay waits, unless the session ends before', async () => {
    const { broker, clock } = await scene()
    const got = await listening(broker, 'will')
    const will = { topic: 'will', payload: 'gone', delay: 10 }
    const client = await broker.connect({ will, sessionExpiryInterval: 60 })
    await client.drop()
    clock.advance(9_000)
    await settled()
    expect(got.texts()).toEqual([])
    clock.advance(2_000)
    await settled()
    expect(got.texts()).toEqual(['gone'])
  })

  it('ends when its keep alive is over without a ping, and not with one', async () => {
    const { broker, clock } = await scene()
    const [lively, silent] = [await broker.connect({ keepAlive: 10 }), await broker.connect({ keepAlive: 10 })]
    for (let round = 0; round < 4; round++) {
      lively.ping()
      await settled()
      clock.advance(5_000)
      await settled()
    }
    expect(await silent.ended).toEqual({
      reasonCode: 0x8d,
      reason: 'nothing came for one and a half times the keep alive',
    })
    await lively.publish({ topic: 't', qos: 1 })
  })

  it('ends when another takes its identifier', async () => {
    const { broker } = await scene()
    const first = await broker.connect({ clientId: 'a' })
    await broker.connect({ clientId: 'a' })
    expect(await first.ended).toMatchObject({ reasonCode: 0x8e })
  })

  it('ends when the broker closes', async () => {
    const { broker } = await scene()
    const client = await broker.connect()
    await broker.close()
    expect(await client.ended).toEqual({ reasonCode: 0x8b, reason: 'the server is shutting down' })
  })

  it.each([
    ['publish at QoS 0', (client: ProgramClient) => client.publish({ topic: 't' })],
    ['publish at QoS 1', (client: ProgramClient) => client.publish({ topic: 't', qos: 1 })],
    ['subscribe', (client: ProgramClient) => client.subscribe('t', () => {})],
  ])('%s rejects after the end', async (_what, step) => {
    const { broker } = await scene()
    const client = await broker.connect({ clientId: 'a' })
    await client.close()
    await expect(step(client)).rejects.toThrow('client a is not connected any more: the client disconnected')
    await client.close()
    await client.drop()
  })

  it('publish rejects after the end however often', async () => {
    const { broker } = await scene({ limits: { receiveMaximum: 2 } })
    const client = await broker.connect()
    await client.close()
    for (let count = 0; count < 5; count++) {
      const outcome = client.publish({ topic: 't', qos: 1 }).catch(() => 'rejected')
      expect(await Promise.race([outcome, settled().then(() => 'waits')])).toBe('rejected')
    }
  })

  it('what was under way at the end rejects', async () => {
    const store = new HeldStore()
    const { broker } = await scene({}, { store })
    const client = await broker.connect()
    const publish = client.publish({ topic: 't', payload: 'x', qos: 1, retain: true })
    const rejected = expect(publish).rejects.toMatchObject({ name: 'MqttError', reasonCode: 0x88 })
    await until(() => store.heldBatches > 0)
    await client.drop()
    await rejected
  })
})

describe('a client of the program', () => {
  it.each([0, 1, 2] as const)('QoS %d both ways, between two of them, in order', async (qos) => {
    const { broker } = await scene()
    const [from, to] = [await broker.connect(), await broker.connect()]
    const got = await listening(to, 't', qos)
    const texts = Array.from({ length: 50 }, (_, index) => String(index))
    await Promise.all(texts.map((payload) => from.publish({ topic: 't', payload, qos })))
    await settled(20)
    expect(got.texts()).toEqual(texts)
    expect(new Set(got.messages.map((message) => message.qos))).toEqual(new Set([qos]))
    expect(broker.statistics.gauges().storedMessages).toBe(0) // all acknowledged
  })

  it('keeps to the Receive Maximum, first come first served', async () => {
    const store = new HeldStore()
    const { broker } = await scene({ limits: { receiveMaximum: 2 } }, { store })
    const [from, to] = [await broker.connect(), await broker.connect()]
    const got = await listening(to, 't')
    const texts = ['1', '2', '3', '4', '5', '6']
    const done: string[] = []
    const published = texts.map(async (payload) => {
      await from.publish({ topic: 't', payload, qos: 1, retain: true })
      done.push(payload)
    })
    await until(() => store.heldBatches > 0)
    await settled()
    expect(got.texts()).toEqual(['1', '2'])
    await answering(store, Promise.all(published))
    expect(done).toEqual(texts)
    await settled()
    expect(got.texts()).toEqual(texts)
    const again = texts.map((payload) => from.publish({ topic: 't', payload, qos: 1, retain: true }))
    await answering(store, Promise.all(again)) // one more under way than allowed would have cost the connection
  })

  it('a message that cannot be one costs no quota', async () => {
    const { broker } = await scene({ limits: { receiveMaximum: 1 } })
    const client = await broker.connect()
    for (let count = 0; count < 3; count++) await client.publish({ topic: '+', qos: 1 }).catch(() => {})
    await client.publish({ topic: 't', qos: 1 })
  })

  it('hears of a refused publish by its reason code', async () => {
    const { broker } = await scene({ rights: { rules: [] } })
    const client = await broker.connect()
    for (const qos of [1, 2] as const) {
      await expect(client.publish({ topic: 't', qos })).rejects.toMatchObject({ reasonCode: 0x87 })
    }
    await client.publish({ topic: 't' }) // at QoS 0 nobody can be told
  })
})
