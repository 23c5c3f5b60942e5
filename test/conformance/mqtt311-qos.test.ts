import { describe, expect, it } from 'vitest'
import type { WireClient } from '../support/wire-client.ts'
import { hex } from '../support/wire-packets.ts'
import { unique, useBroker } from '../support/wire-steps.ts'

const broker = useBroker(4)

async function subscriber(topicFilter: string, qos: number, clientId = unique('s')): Promise<WireClient> {
  const client = await broker.client({ clientId, cleanStart: false })
  await client.subscribe({ topicFilter, qos })
  return client
}

async function publish(topicName: string, qos: number, ...texts: readonly string[]) {
  const publisher = await broker.client()
  for (const text of texts) await publisher.publish(topicName, text, { qos })
  await publisher.disconnect()
}

const resumed = (clientId: string) => broker.client({ clientId, cleanStart: false })

describe('QoS 1 and 2 toward the broker', () => {
  it.each([1, 32_768, 65_535])(
    '[MQTT311-2.3.1-6] [MQTT311-2.2.2-1] [MQTT311-4.3.2-2] [MQTT311-4.3.3-2] echoes %d in plain acknowledgements',
    async (packetId) => {
      const client = await broker.client()
      const idBytes = [packetId >> 8, packetId & 0xff]
      client.sendPublish('echo', 'x', { qos: 1, packetId })
      expect([...(await client.next('puback')).raw]).toEqual([0x40, 2, ...idBytes])
      client.sendPublish('echo', 'x', { qos: 2, packetId })
      expect([...(await client.next('pubrec')).raw]).toEqual([0x50, 2, ...idBytes])
      client.acknowledge('pubrel', packetId)
      expect([...(await client.next('pubcomp')).raw]).toEqual([0x70, 2, ...idBytes])
    },
  )

  it.each([false, true])('[MQTT311-4.3.2-2] after PUBACK the identifier is a new message, DUP %s', async (dup) => {
    const topicName = unique('again')
    const watcher = await subscriber(topicName, 0)
    const client = await broker.client()
    await client.publish(topicName, 'one', { qos: 1, packetId: 5 })
    await client.publish(topicName, 'two', { qos: 1, packetId: 5, dup })
    expect(await watcher.restOfPayloads()).toEqual(['one', 'two'])
  })

  it('[MQTT311-4.3.3-2] repeats before PUBREL get PUBREC, and are delivered once, across a reconnect', async () => {
    const [topicName, clientId] = [unique('repeat'), unique('repeat')]
    const watcher = await subscriber(topicName, 0)
    const first = await resumed(clientId)
    for (const dup of [false, true, false]) {
      first.sendPublish(topicName, 'x', { qos: 2, packetId: 7, dup })
      expect(await first.next('pubrec')).toMatchObject({ packetId: 7 })
    }
    await first.abort()
    const second = await resumed(clientId)
    for (let count = 0; count < 3; count++) {
      second.sendPublish(topicName, 'x', { qos: 2, packetId: 7, dup: true })
      expect(await second.next('pubrec')).toMatchObject({ packetId: 7 })
    }
    second.acknowledge('pubrel', 7)
    expect(await second.next('pubcomp')).toMatchObject({ packetId: 7 })
    expect(await watcher.restOfPayloads()).toEqual(['x'])
  })

  it.each(['after PUBREC', 'after PUBREL', 'after PUBCOMP'] as const)(
    '[MQTT311-4.3.3-2] [MQTT311-4.4.0-1] one copy, whatever the place of the drop: %s',
    async (place) => {
      const [topicName, clientId] = [unique('once'), unique('once')]
      const watcher = await subscriber(topicName, 0)
      const first = await resumed(clientId)
      first.sendPublish(topicName, 'x', { qos: 2, packetId: 7 })
      await first.next('pubrec')
      if (place !== 'after PUBREC') first.acknowledge('pubrel', 7)
      if (place === 'after PUBCOMP') await first.next('pubcomp')
      await first.abort()
      await broker.settle()
      const second = await resumed(clientId)
      if (place === 'after PUBREC') {
        second.sendPublish(topicName, 'x', { qos: 2, packetId: 7, dup: true })
        await second.next('pubrec')
      }
      second.acknowledge('pubrel', 7)
      expect(await second.next('pubcomp')).toMatchObject({ packetId: 7 })
      expect(await watcher.restOfPayloads()).toEqual(['x'])
    },
  )

  it('[MQTT311-4.3.3-2] after PUBCOMP the identifier is a new message', async () => {
    const topicName = unique('flows')
    const watcher = await subscriber(topicName, 0)
    const client = await broker.client()
    for (const text of ['one', 'two']) await client.publish(topicName, text, { qos: 2, packetId: 7 })
    expect(await watcher.restOfPayloads()).toEqual(['one', 'two'])
  })

  it('[MQTT311-4.3.3-2] PUBREL repeated or unknown gets PUBCOMP', async () => {
    const client = await broker.client()
    await client.publish('released', 'x', { qos: 2, packetId: 3 })
    for (const packetId of [3, 3, 999]) {
      client.acknowledge('pubrel', packetId)
      expect([...(await client.next('pubcomp')).raw]).toEqual([0x70, 2, packetId >> 8, packetId & 0xff])
    }
  })

  it.each(['60 02 00 01', '61 02 00 01', '63 02 00 01', '6a 02 00 01'])(
    '[MQTT311-3.6.1-1] PUBREL with other flags than 0010 closes: %s',
    async (bytes) => {
      const client = await broker.client()
      client.send(hex(bytes))
      await client.closed()
      expect(client.received.map((one) => one.kind)).toEqual(['connack'])
    },
  )
})

describe('QoS 1 from the broker', () => {
  it('[MQTT311-4.3.2-1] [MQTT311-2.3.1-4] first send: unused identifier, QoS 1, DUP 0', async () => {
    const topicName = unique('first')
    const client = await subscriber(topicName, 1)
    await publish(topicName, 1, ...'abcdefghij')
    const list = await client.publishes(10)
    expect(list.every((one) => one.qos === 1 && !one.dup && one.packetId > 0)).toBe(true)
    expect(new Set(list.map((one) => one.packetId)).size).toBe(10)
  })

  it('[MQTT311-4.3.2-1] [MQTT311-3.3.1-1] [MQTT311-4.4.0-1] without PUBACK it is resent on return, DUP 1', async () => {
    const [topicName, clientId] = [unique('resent'), unique('resent')]
    const first = await subscriber(topicName, 1, clientId)
    await publish(topicName, 1, 'a', 'b', 'c')
    const [a, b, c] = await first.publishes(3)
    first.acknowledge('puback', b?.packetId ?? 0)
    await first.barrier()
    await first.abort()
    const second = await resumed(clientId)
    const resent = (await second.publishes(2)).map((one) => [one.text, one.packetId, one.dup])
    expect(resent).toEqual([
      ['a', a?.packetId, true],
      ['c', c?.packetId, true],
    ])
    expect(await second.rest()).toEqual([])
  })

  it('[MQTT311-3.3.1-1] a message that was queued and never sent has DUP 0', async () => {
    const [topicName, clientId] = [unique('unsent'), unique('unsent')]
    await (await subscriber(topicName, 1, clientId)).disconnect()
    await publish(topicName, 1, 'x')
    expect(await (await resumed(clientId)).next('publish')).toMatchObject({ dup: false, text: 'x' })
  })

  it('[MQTT311-4.3.2-1] a PUBACK for an unknown identifier is not fatal', async () => {
    const client = await broker.client()
    for (const kind of ['puback', 'pubcomp'] as const) client.acknowledge(kind, 999)
    expect(await client.rest()).toEqual([])
  })
})

describe('QoS 2 from the broker', () => {
  it('[MQTT311-4.3.3-1] [MQTT311-2.3.1-4] first send: unused identifier, QoS 2, DUP 0', async () => {
    const topicName = unique('first')
    const client = await subscriber(topicName, 2)
    await publish(topicName, 2, 'a', 'b')
    await publish(topicName, 1, 'c')
    const list = await client.publishes(3)
    expect(list.map((one) => [one.qos, one.dup])).toEqual([
      [2, false],
      [2, false],
      [1, false],
    ])
    expect(new Set(list.map((one) => one.packetId)).size).toBe(3)
  })

  it('[MQTT311-4.3.3-1] [MQTT311-3.3.1-1] without PUBREC the PUBLISH is resent on return, DUP 1', async () => {
    const [topicName, clientId] = [unique('unreceived'), unique('unreceived')]
    const first = await subscriber(topicName, 2, clientId)
    await publish(topicName, 2, 'x')
    const { packetId } = await first.next('publish')
    await first.abort()
    expect(await (await resumed(clientId)).next('publish')).toMatchObject({ packetId, qos: 2, dup: true, text: 'x' })
  })

  it('[MQTT311-4.3.3-1] [MQTT311-2.3.1-6] [MQTT311-3.6.1-1] [MQTT311-2.2.2-1] PUBREC is followed by 62', async () => {
    const topicName = unique('received')
    const client = await subscriber(topicName, 2)
    await publish(topicName, 2, 'x')
    const { packetId } = await client.next('publish')
    for (let repeat = 0; repeat < 2; repeat++) {
      client.acknowledge('pubrec', packetId)
      expect([...(await client.next('pubrel')).raw]).toEqual([0x62, 2, packetId >> 8, packetId & 0xff])
    }
  })

  it('[MQTT311-4.3.3-1] [MQTT311-4.4.0-1] without PUBCOMP only PUBREL comes again, until there is one', async () => {
    const [topicName, clientId] = [unique('unreleased'), unique('unreleased')]
    const first = await subscriber(topicName, 2, clientId)
    await publish(topicName, 2, 'x')
    const { packetId } = await first.next('publish')
    first.acknowledge('pubrec', packetId)
    await first.next('pubrel')
    await first.abort()
    for (let round = 0; round < 2; round++) {
      const again = await (await resumed(clientId)).rest()
      expect(again.map((one) => one.kind)).toEqual(['pubrel'])
      expect(again[0]).toMatchObject({ packetId })
    }
    const last = await resumed(clientId)
    last.acknowledge('pubcomp', packetId)
    await last.barrier()
    await last.abort()
    expect(await (await resumed(clientId)).rest()).toEqual([])
  })

  it('[MQTT311-4.3.3-1] a PUBACK does not end it', async () => {
    const [topicName, clientId] = [unique('mixed-up'), unique('mixed-up')]
    const first = await subscriber(topicName, 2, clientId)
    await publish(topicName, 2, 'x')
    const { packetId } = await first.next('publish')
    first.acknowledge('puback', packetId)
    await first.barrier()
    await first.abort()
    expect(await (await resumed(clientId)).next('publish')).toMatchObject({ packetId, dup: true, qos: 2 })
  })

  it('[MQTT311-2.3.1-4] both directions have identifiers of their own', async () => {
    const [topicName, out] = [unique('both'), unique('both-out')]
    const client = await subscriber(topicName, 2)
    await publish(topicName, 2, 'to client')
    const { packetId } = await client.next('publish')
    client.sendPublish(out, 'from client', { qos: 2, packetId })
    expect(await client.next('pubrec')).toMatchObject({ packetId })
    client.acknowledge('pubrec', packetId)
    expect(await client.next('pubrel')).toMatchObject({ packetId })
    client.acknowledge('pubrel', packetId)
    expect(await client.next('pubcomp')).toMatchObject({ packetId })
    client.acknowledge('pubcomp', packetId)
    expect(await client.rest()).toEqual([])
  })
})
