import { describe, expect, it } from 'vitest'
import { hex } from '../support/wire-packets.ts'
import type { WireClient } from '../support/wire-client.ts'
import type { WireProperties } from '../support/wire-properties.ts'
import { expectClosed, unique, useBroker } from '../support/wire-steps.ts'

const broker = useBroker(
  5,
  {},
  {
    authorizer: {
      epoch: 0,
      authorize: (_client, access) => access.action !== 'publish' || !access.topicName.startsWith('denied/'),
    },
  },
)

interface Scene {
  readonly watcher: WireClient
  readonly dying: WireClient
  readonly clientId: string
  readonly topicName: string
}

/** A watcher, and a client whose Will goes to the topic it watches. */
async function scene(connect: WireProperties = {}, will: WireProperties = {}, retain = false): Promise<Scene> {
  const [clientId, topicName] = [unique('dying'), unique('will')]
  const watcher = await broker.client()
  await watcher.subscribe(topicName)
  const dying = await broker.client({
    clientId,
    keepAlive: 10,
    properties: connect,
    will: { topicName, payload: 'will', retain, properties: will },
  })
  return { watcher, dying, clientId, topicName }
}

const endings: [title: string, sent: boolean, end: (dying: WireClient, clientId: string) => Promise<unknown>][] = [
  ['[MQTT5-3.1.2-7] a reset', true, (dying) => dying.abort()],
  ['[MQTT5-3.1.2-7] a close without DISCONNECT', true, async (dying) => dying.transport.end()],
  ['[MQTT5-3.14.4-3] [MQTT5-3.1.2-10] DISCONNECT in its two-byte form', false, (dying) => dying.disconnect()],
  ['[MQTT5-3.14.4-3] [MQTT5-3.1.2-10] DISCONNECT 0x00', false, (dying) => dying.disconnect(0)],
  ['[MQTT5-U-3.14.2-c] DISCONNECT 0x04', true, (dying) => dying.disconnect(0x04)],
  ['[MQTT5-U-3.14.4-a] DISCONNECT 0x80', true, (dying) => dying.disconnect(0x80)],
  ['[MQTT5-U-3.14.4-a] DISCONNECT 0x81', true, (dying) => dying.disconnect(0x81)],
  ['[MQTT5-U-3.14.4-a] DISCONNECT 0x82', true, (dying) => dying.disconnect(0x82)],
  ['[MQTT5-U-3.14.4-a] DISCONNECT 0x93', true, (dying) => dying.disconnect(0x93)],
  ['[MQTT5-U-3.14.4-a] DISCONNECT 0x98', true, (dying) => dying.disconnect(0x98)],
  [
    '[MQTT5-3.14.2-1] DISCONNECT with a code outside its table',
    true,
    async (dying) => {
      dying.send(hex('e0 01 ff'))
      await expectClosed(dying, 0x81, 0x82)
    },
  ],
  [
    '[MQTT5-3.14.1-1] DISCONNECT with reserved flags',
    true,
    async (dying) => {
      dying.send(hex('e1 00'))
      await expectClosed(dying, 0x81)
    },
  ],
  [
    '[MQTT5-U-3.14.2-b] DISCONNECT that raises Session Expiry from 0',
    true,
    async (dying) => {
      await expectDisconnect(dying, 0x82, { sessionExpiryInterval: 10 })
    },
  ],
  [
    '[MQTT5-3.1.2-8] a Protocol Error',
    true,
    async (dying) => {
      dying.send(hex('c1 00'))
      await expectClosed(dying, 0x81)
    },
  ],
  [
    '[MQTT5-3.1.2-8] [MQTT5-3.1.2-22] silence',
    true,
    async (dying) => {
      await broker.advance(20_000)
      await expectClosed(dying, 0x8d)
    },
  ],
  [
    '[MQTT5-3.1.2-8] [MQTT5-3.1.4-3] takeover of a session that ends with it',
    true,
    async (dying, clientId) => {
      await broker.client({ clientId, cleanStart: false })
      await expectClosed(dying, 0x8e)
    },
  ],
]

async function expectDisconnect(dying: WireClient, code: number, properties: WireProperties) {
  const closing = await dying.disconnect(0, properties)
  if (closing.reasonCode !== undefined) expect(closing.reasonCode).toBe(code)
}

describe('when the connection ends', () => {
  it.each(endings)('[MQTT5-3.1.2-8] [MQTT5-U-3.1.3-a] %s: Will published: %s', async (_title, sent, end) => {
    const { watcher, dying, clientId } = await scene()
    await end(dying, clientId)
    await broker.settle()
    expect(await watcher.restOfPayloads()).toEqual(sent ? ['will'] : [])
    await broker.advance(100_000)
    expect(await watcher.rest()).toEqual([]) // never twice
  })

  it.each([0, 4])('[MQTT5-3.14.4-3] [MQTT5-U-3.14.2-c] DISCONNECT %d, delayed Will', async (code) => {
    const { watcher, dying } = await scene({ sessionExpiryInterval: 60 }, { willDelayInterval: 5 })
    await dying.disconnect(code)
    expect(await watcher.rest()).toEqual([])
    await broker.advance(6_000)
    expect(await watcher.restOfPayloads()).toEqual(code === 0 ? [] : ['will'])
  })

  it('[MQTT5-3.1.2-10] a deleted or published Will does not come back with the session', async () => {
    const clientId = unique('cleared')
    const { watcher, topicName } = await scene()
    const properties = { sessionExpiryInterval: 60 }
    const first = await broker.client({ clientId, properties, will: { topicName, payload: 'first' } })
    await first.disconnect()
    await (await broker.client({ clientId, cleanStart: false, properties })).abort()
    const will = { topicName, payload: 'third' }
    const third = await broker.client({ clientId, properties, cleanStart: false, will })
    await third.abort()
    await (await broker.client({ clientId, cleanStart: false, properties })).abort()
    await broker.advance(70_000)
    expect((await watcher.restOfPayloads()).filter((text) => text !== 'will')).toEqual(['third'])
  })
})

describe('Will Delay Interval', () => {
  const cases: [title: string, expiry: number, delay: number, quietMs: number, thenMs: number][] = [
    ['[MQTT5-3.1.2-8] holds it back', 60, 5, 3_000, 4_000],
    ['[MQTT5-U-3.1.3-b] ends with the session', 2, 60, 1_000, 3_000],
    ['[MQTT5-U-3.1.3-b] is cut by DISCONNECT-less Session Expiry 0', 0, 60, 0, 0],
    ['[MQTT5-U-3.1.3-a] 0 holds nothing back', 60, 0, 0, 0],
  ]
  it.each(cases)('%s (expiry %d s, delay %d s)', async (_title, expiry, delay, quietMs, thenMs) => {
    const { watcher, dying } = await scene({ sessionExpiryInterval: expiry }, { willDelayInterval: delay })
    await dying.abort()
    if (thenMs > 0) {
      await broker.advance(quietMs)
      expect(await watcher.rest()).toEqual([])
    }
    await broker.advance(thenMs)
    expect(await watcher.restOfPayloads()).toEqual(['will'])
    await broker.advance(100_000)
    expect(await watcher.rest()).toEqual([])
  })

  it('[MQTT5-3.1.3-9] is called off when the session resumes in time', async () => {
    const { watcher, dying, clientId } = await scene({ sessionExpiryInterval: 60 }, { willDelayInterval: 3 })
    await dying.abort()
    await broker.advance(1_000)
    const back = await broker.client({ clientId, cleanStart: false, properties: { sessionExpiryInterval: 60 } })
    await broker.advance(5_000)
    expect(await watcher.rest()).toEqual([])
    await back.abort()
    await broker.advance(70_000)
    expect(await watcher.rest()).toEqual([])
  })

  const takeovers: [title: string, cleanStart: boolean, expiry: number, delay: number, sent: boolean][] = [
    ['[MQTT5-3.1.3-9] resumed, delayed', false, 60, 5, false],
    ['[MQTT5-3.1.2-8] resumed, not delayed', false, 60, 0, true],
    ['[MQTT5-U-3.1.3-b] Clean Start ends the session', true, 60, 5, true],
    ['[MQTT5-U-3.1.3-b] expiry 0 ends the session', false, 0, 5, true],
  ]
  it.each(takeovers)(
    '[MQTT5-3.1.4-3] takeover: %s (Clean Start %s, expiry %d s, delay %d s): published: %s',
    async (_title, cleanStart, sessionExpiryInterval, willDelayInterval, sent) => {
      const { watcher, dying, clientId } = await scene({ sessionExpiryInterval }, { willDelayInterval })
      const young = await broker.client({ clientId, cleanStart, properties: { sessionExpiryInterval: 60 } })
      await expectClosed(dying, 0x8e)
      expect(young.connack.sessionPresent).toBe(!cleanStart && sessionExpiryInterval > 0)
      expect(await watcher.restOfPayloads()).toEqual(sent ? ['will'] : [])
      await broker.advance(9_000)
      expect(await watcher.rest()).toEqual([])
    },
  )

  it('[MQTT5-3.1.2-8] Clean Start after the close, but before the delay is over, publishes it', async () => {
    const { watcher, dying, clientId } = await scene({ sessionExpiryInterval: 60 }, { willDelayInterval: 5 })
    await dying.abort()
    await broker.settle()
    await broker.client({ clientId, cleanStart: true })
    expect(await watcher.restOfPayloads()).toEqual(['will'])
  })
})

describe('the Will Message', () => {
  it('[MQTT5-3.1.2-14] with Will Retain 0 is not retained, and leaves an older retained one alone', async () => {
    const { watcher, dying, topicName } = await scene()
    await watcher.publish(topicName, 'kept', { qos: 1, retain: true })
    await watcher.next('publish')
    await dying.abort()
    expect(await watcher.next('publish')).toMatchObject({ text: 'will', retain: false })
    await watcher.subscribe(topicName)
    expect(await watcher.restOfPayloads()).toEqual(['kept'])
  })

  it('[MQTT5-3.1.2-15] with Will Retain 1 is retained', async () => {
    const { watcher, dying, topicName } = await scene({}, {}, true)
    await dying.abort()
    await watcher.next('publish')
    const late = await broker.client()
    await late.subscribe(topicName)
    expect(await late.next('publish')).toMatchObject({ text: 'will', retain: true })
  })

  it('[MQTT5-3.1.2-15] with Will Retain 1 and no payload clears what is retained', async () => {
    const topicName = unique('will')
    const watcher = await broker.client()
    await watcher.publish(topicName, 'old', { qos: 1, retain: true })
    await (await broker.client({ will: { topicName, retain: true } })).abort()
    await broker.settle()
    await watcher.subscribe(topicName)
    expect(await watcher.rest()).toEqual([])
  })

  it.each([0, 1, 2])('[MQTT5-3.1.2-8] goes out at Will QoS %d', async (qos) => {
    const topicName = unique('will')
    const watcher = await broker.client()
    await watcher.subscribe({ topicFilter: topicName, qos: 2 })
    await (await broker.client({ will: { topicName, payload: 'will', qos } })).abort()
    expect((await watcher.next('publish')).qos).toBe(qos)
  })

  it('[MQTT5-3.1.3-10] [MQTT5-3.3.2-15] [MQTT5-3.3.2-4] keeps its properties, User Properties in order', async () => {
    const properties: WireProperties = {
      payloadFormatIndicator: 1,
      contentType: 'text/plain',
      responseTopic: 'answer/here',
      correlationData: Buffer.from(hex('00 01 ff')),
      userProperties: [
        ['a', '1'],
        ['b', '2'],
        ['a', '3'],
      ],
    }
    const { watcher, dying } = await scene({}, properties)
    await dying.abort()
    expect((await watcher.next('publish')).properties).toEqual(properties)
  })

  it('[MQTT5-U-3.1.3-c] starts its Message Expiry Interval when it is published', async () => {
    const will = { willDelayInterval: 5, messageExpiryInterval: 2 }
    const { watcher, dying } = await scene({ sessionExpiryInterval: 60 }, will)
    await broker.advance(10_000)
    await watcher.barrier()
    await dying.barrier()
    await dying.abort()
    await broker.advance(6_000)
    expect((await watcher.next('publish')).properties.messageExpiryInterval).toBeGreaterThanOrEqual(1)
  })

  it('[MQTT5-U-3.1.3-d] is held to the rights of its client', async () => {
    const watcher = await broker.client()
    await watcher.subscribe('denied/#')
    const dying = await broker.open()
    const connack = await dying.connect({ clientId: unique('d'), will: { topicName: 'denied/will', payload: 'x' } })
    if (connack.reasonCode === 0) await dying.abort()
    else expect(connack.reasonCode).toBe(0x87)
    await broker.settle()
    expect(await watcher.rest()).toEqual([])
  })
})
