import { describe, expect, it } from 'vitest'
import type { Authenticator } from '../../src/contracts/authenticator.ts'
import { connectPacket, publishPacket } from '../support/wire-packets.ts'
import { unique, useBroker } from '../support/wire-steps.ts'

/** Lets `ann` in with `secret`, and refuses a user name of two hexadecimal digits with that reason code. */
const authenticator: Authenticator = {
  authenticate(request, respond) {
    if (request.clientId.startsWith('bad')) return respond({ result: 'refused', reasonCode: 0x85 })
    const password = Buffer.from(request.password ?? []).toString()
    if (request.userName === 'ann' && password === 'secret') return respond({ result: 'accepted', user: 'ann' })
    const asked = /^[\da-f]{2}$/.test(request.userName ?? '') ? request.userName : undefined
    return respond({ result: 'refused', reasonCode: Number.parseInt(asked ?? '86', 16) })
  },
}
const ann = { userName: 'ann', password: 'secret' }
const broker = useBroker(
  4,
  {},
  {
    authenticator,
    authorizer: {
      epoch: 0,
      authorize: (_client, access) => {
        if (access.action === 'subscribe') return !access.topicFilter.startsWith('denied')
        return access.action === 'receive' || !access.topicName.startsWith('denied')
      },
    },
  },
)

describe('a login', () => {
  const refused: [title: string, fields: object, returnCode: number | undefined][] = [
    ['[MQTT311-3.1.3-9] identifier refused', { ...ann, clientId: 'bad-one' }, 2],
    ['no user name', {}, 4],
    ['wrong password', { userName: 'ann', password: 'guess' }, 4],
    ['password with other bytes at its end', { userName: 'ann', password: 'secret\0' }, 4],
    ['not authorized', { userName: '87' }, 5],
    ['banned', { userName: '8a' }, 5],
    ['server unavailable', { userName: '88' }, 3],
    ['server busy', { userName: '89' }, 3],
    ['[MQTT311-3.2.2-6] a reason 3.1.1 has no code for', { userName: '80' }, undefined],
  ]
  it.each(refused)(
    '[MQTT311-3.2.2-4] [MQTT311-3.2.2-5] [MQTT311-3.1.4-5] refused: %s',
    async (_title, fields, returnCode) => {
      const topicName = unique('after')
      const watcher = await broker.client(ann)
      await watcher.subscribe(topicName)
      const client = await broker.open()
      const connect = { clientId: unique('c'), will: { topicName, payload: 'will' }, ...fields }
      client.send(connectPacket(4, connect), publishPacket(4, topicName, 'x', { retain: true }))
      await client.closed()
      const answers = client.received.map((one) => [...one.raw])
      expect(answers).toEqual(returnCode === undefined ? [] : [[0x20, 2, 0, returnCode]])
      expect(await watcher.rest()).toEqual([])
    },
  )

  it('[MQTT311-3.2.2-4] refused has Session Present 0 and leaves the stored session alone', async () => {
    const [clientId, topicName] = [unique('stored'), unique('stored')]
    const first = await broker.client({ ...ann, clientId, cleanStart: false })
    await first.subscribe({ topicFilter: topicName, qos: 1 })
    await first.disconnect()
    const wrong = await broker.open()
    const { sessionPresent, reasonCode } = await wrong.connect({ ...ann, clientId, cleanStart: false, password: 'no' })
    expect([sessionPresent, reasonCode]).toEqual([false, 4])
    const publisher = await broker.client(ann)
    await publisher.publish(topicName, 'kept', { qos: 1 })
    const back = await broker.client({ ...ann, clientId, cleanStart: false })
    expect(back.connack.sessionPresent).toBe(true)
    expect(await back.restOfPayloads()).toEqual(['kept'])
  })

  it('[MQTT311-3.1.4-2] refused takes no connection over', async () => {
    const clientId = unique('victim')
    const owner = await broker.client({ ...ann, clientId })
    const thief = await broker.open()
    expect((await thief.connect({ clientId, userName: 'ann', password: 'guess' })).reasonCode).toBe(4)
    await owner.barrier()
  })
})

describe('a right that is missing', () => {
  it('[MQTT311-3.3.5-2] a PUBLISH gets its ordinary answer, goes nowhere, and is not retained', async () => {
    const client = await broker.client(ann)
    const watcher = await broker.client(ann)
    await watcher.subscribe('#')
    for (const qos of [0, 1, 2]) await client.publish('denied/topic', 'x', { qos, retain: true })
    await client.publish(unique('allowed'), 'x', { qos: 1 })
    expect(await client.rest()).toEqual([])
    expect((await watcher.rest()).map((one) => one.kind)).toEqual(['publish'])
    const late = await broker.client(ann)
    await late.subscribe('#')
    expect(await late.rest()).toEqual([])
  })

  it('[MQTT311-3.3.5-2] the packet identifiers of refused messages are free again', async () => {
    const topicName = unique('allowed')
    const client = await broker.client(ann)
    await client.subscribe({ topicFilter: topicName, qos: 0 })
    for (const qos of [1, 2]) {
      await client.publish('denied/topic', 'x', { qos, packetId: 7 })
      await client.publish(topicName, `${qos}`, { qos, packetId: 7 })
    }
    expect(await client.restOfPayloads()).toEqual(['1', '2'])
  })

  it('[MQTT311-3.8.4-5] [MQTT311-3.9.3-1] [MQTT311-3.9.3-2] a filter gets 0x80 in its place', async () => {
    const stem = unique('mixed')
    const client = await broker.client(ann)
    const suback = await client.subscribe([
      { topicFilter: `${stem}/a`, qos: 1 },
      { topicFilter: 'denied/#', qos: 1 },
      { topicFilter: `${stem}/b`, qos: 2 },
      { topicFilter: 'denied', qos: 0 },
      { topicFilter: `${stem}/c`, qos: 0 },
    ])
    expect(suback.reasonCodes).toEqual([1, 0x80, 2, 0x80, 0])
    for (const level of ['a', 'b', 'c']) await client.publish(`${stem}/${level}`, level, { qos: 2 })
    expect(await client.restOfPayloads()).toEqual(['a', 'b', 'c'])
  })
})
