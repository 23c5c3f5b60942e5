import { describe, expect, it } from 'vitest'
import type { WireClient } from '../support/wire-client.ts'
import { hex, publishPacket, subscribePacket } from '../support/wire-packets.ts'
import { unique, useBroker } from '../support/wire-steps.ts'

const broker = useBroker(4)

async function scene(retain = false, cleanStart = true) {
  const [clientId, topicName] = [unique('dying'), unique('will')]
  const watcher = await broker.client()
  await watcher.subscribe({ topicFilter: topicName, qos: 2 })
  const will = { topicName, payload: 'will', retain }
  const dying = await broker.client({ clientId, cleanStart, keepAlive: 10, will })
  return { watcher, dying, clientId, topicName }
}

async function breaking(dying: WireClient, bytes: Uint8Array) {
  dying.send(bytes)
  await dying.closed()
}

const endings: [title: string, isSent: boolean, end: (dying: WireClient, clientId: string) => Promise<unknown>][] = [
  ['a reset', true, (dying) => dying.abort()],
  ['a close without DISCONNECT', true, async (dying) => dying.transport.end()],
  [
    '[MQTT311-3.1.2-24] silence',
    true,
    async (dying) => {
      await broker.advance(20_000)
      await dying.closed()
    },
  ],
  ['[MQTT311-4.8.0-1] a protocol violation', true, (dying) => breaking(dying, hex('c1 00'))],
  ['QoS 3', true, (dying) => breaking(dying, publishPacket(4, 'a', 'x', { qos: 3 }))],
  ['SUBSCRIBE without filters', true, (dying) => breaking(dying, subscribePacket(4, 1, []))],
  ['[MQTT311-3.14.1-1] DISCONNECT with reserved flags', true, (dying) => breaking(dying, hex('e1 00'))],
  ['[MQTT311-3.14.1-1] DISCONNECT with a body', true, (dying) => breaking(dying, hex('e0 01 00'))],
  [
    '[MQTT311-3.1.4-2] takeover',
    true,
    async (dying, clientId) => {
      await broker.client({ clientId })
      await dying.closed()
    },
  ],
  [
    '[MQTT311-3.1.4-2] takeover by a client that resumes',
    true,
    async (dying, clientId) => {
      await broker.client({ clientId, cleanStart: false })
      await dying.closed()
    },
  ],
  ['[MQTT311-3.14.4-3] [MQTT311-3.1.2-10] DISCONNECT', false, (dying) => dying.disconnect()],
]

describe('when the connection ends', () => {
  describe.each([true, false])('Clean Session %s', (cleanStart) => {
    it.each(endings)('[MQTT311-3.1.2-8] [MQTT311-3.1.2-10] %s: Will published: %s', async (_title, isSent, end) => {
      const { watcher, dying, clientId } = await scene(false, cleanStart)
      await end(dying, clientId)
      await broker.settle()
      expect(await watcher.restOfPayloads()).toEqual(isSent ? ['will'] : [])
      await broker.advance(100_000)
      expect(await watcher.rest()).toEqual([]) // never twice
    })
  })

  it('[MQTT311-3.14.4-2] [MQTT311-3.14.4-3] what follows DISCONNECT in the same segment is not looked at', async () => {
    const { watcher, dying, topicName } = await scene()
    dying.send(hex('e0 00'), publishPacket(4, topicName, 'after', { retain: true }))
    await dying.closed()
    expect(await watcher.rest()).toEqual([])
  })

  it('[MQTT311-3.14.4-3] what precedes DISCONNECT in the same segment is', async () => {
    const { watcher, dying, topicName } = await scene()
    dying.send(publishPacket(4, topicName, 'before'), hex('e0 00'))
    await dying.closed()
    expect(await watcher.restOfPayloads()).toEqual(['before'])
  })

  it('[MQTT311-3.1.2-10] a Will does not come back with the session', async () => {
    const [clientId, topicName] = [unique('cleared'), unique('cleared')]
    const watcher = await broker.client()
    await watcher.subscribe(topicName)
    const resume = { clientId, cleanStart: false }
    await (await broker.client({ ...resume, will: { topicName, payload: 'first' } })).disconnect()
    await (await broker.client(resume)).abort()
    await (await broker.client({ ...resume, will: { topicName, payload: 'third' } })).abort()
    await broker.settle()
    await (await broker.client(resume)).abort()
    await broker.settle()
    expect(await watcher.restOfPayloads()).toEqual(['third'])
  })

  it('[MQTT311-3.1.2-12] without Will Flag nothing is published', async () => {
    const watcher = await broker.client()
    await watcher.subscribe('#')
    await (await broker.client()).abort()
    await broker.settle()
    expect(await watcher.rest()).toEqual([])
  })
})

describe('the Will Message', () => {
  it('[MQTT311-3.1.2-16] with Will Retain 0 is not retained, and leaves an older retained one alone', async () => {
    const { watcher, dying, topicName } = await scene()
    await watcher.publish(topicName, 'kept', { qos: 1, retain: true })
    await watcher.next('publish')
    await dying.abort()
    expect(await watcher.next('publish')).toMatchObject({ text: 'will', retain: false })
    const late = await broker.client()
    await late.subscribe(topicName)
    expect(await late.restOfPayloads()).toEqual(['kept'])
  })

  it('[MQTT311-3.1.2-17] with Will Retain 1 is retained', async () => {
    const { watcher, dying, topicName } = await scene(true)
    await dying.abort()
    expect(await watcher.next('publish')).toMatchObject({ text: 'will', retain: false })
    const late = await broker.client()
    await late.subscribe(topicName)
    expect(await late.next('publish')).toMatchObject({ text: 'will', retain: true })
  })

  it.each([0, 1, 2])('[MQTT311-3.1.2-8] goes out at Will QoS %d, also to those who are away', async (qos) => {
    const [topicName, clientId] = [unique('will'), unique('away')]
    const away = await broker.client({ clientId, cleanStart: false })
    await away.subscribe({ topicFilter: topicName, qos: 2 })
    await away.disconnect()
    const watcher = await broker.client()
    await watcher.subscribe({ topicFilter: topicName, qos: 2 })
    await (await broker.client({ will: { topicName, payload: 'will', qos } })).abort()
    expect(await watcher.next('publish')).toMatchObject({ qos, text: 'will', topicName })
    const back = await broker.client({ clientId, cleanStart: false })
    expect((await back.rest()).map((one) => ('qos' in one ? one.qos : -1))).toEqual(qos === 0 ? [] : [qos])
  })

  it('[MQTT311-3.1.2-8] may be empty, or any bytes', async () => {
    for (const payload of [hex(''), hex('00 ff 80')]) {
      const topicName = unique('bytes')
      const watcher = await broker.client()
      await watcher.subscribe(topicName)
      await (await broker.client({ will: { topicName, payload } })).abort()
      expect([...(await watcher.next('publish')).payload]).toEqual([...payload])
    }
  })
})
