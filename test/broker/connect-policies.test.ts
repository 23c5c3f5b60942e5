import { describe, expect, it } from 'vitest'
import type { Features, Limits } from '../../src/contracts/limits.ts'
import { startBroker, until } from './started-broker.ts'

const withFeatures = (features: Partial<Features>, limits: Partial<Limits> = {}) =>
  startBroker({ features, limits, sysIntervalSeconds: 0 })

describe('mqtt3LongKeepAlive: refuse', () => {
  const rows: [version: 3 | 4 | 5, keepAlive: number, maximum: number, code: number][] = [
    [4, 10, 10, 0],
    [4, 11, 10, 2],
    [4, 0, 10, 2],
    [3, 11, 10, 2],
    [3, 9, 10, 0],
    [5, 11, 10, 0],
    [5, 0, 10, 0],
    [4, 0, 0, 0],
    [4, 65_535, 0, 0],
  ]
  it.each(rows)('version %d, keep alive %d, longest %d: return code %d', async (version, keepAlive, maximum, code) => {
    const broker = await withFeatures({ mqtt3LongKeepAlive: 'refuse' }, { maximumKeepAliveSeconds: maximum })
    const client = await broker.open({ version })
    expect((await client.connect({ clientId: 'c', keepAlive })).reasonCode).toBe(code)
  })
})

describe('client identifiers', () => {
  it.each([
    [5, true, 0x85],
    [4, true, 2],
    [4, false, 2],
    [3, true, 2],
  ] as const)('allowEmptyClientId off: version %d, clean start %s: 0x%x', async (version, cleanStart, code) => {
    const broker = await withFeatures({ allowEmptyClientId: false })
    const client = await broker.open({ version })
    expect((await client.connect({ clientId: '', cleanStart })).reasonCode).toBe(code)
    await client.closed()
    expect((await broker.client({ version, clientId: 'c' })).connack.reasonCode).toBe(0)
  })

  it.each(['', 'plant-', 'x'.repeat(50)])('assignedClientIdPrefix %j, and a UUID', async (assignedClientIdPrefix) => {
    const broker = await withFeatures({ assignedClientIdPrefix })
    const client = await broker.client({ clientId: '' })
    const assigned = client.connack.properties.assignedClientIdentifier as string
    expect(assigned.slice(0, assignedClientIdPrefix.length)).toBe(assignedClientIdPrefix)
    expect(assigned.slice(assignedClientIdPrefix.length)).toMatch(/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/)
  })

  it.each([
    [5, 'plant-1', 0],
    [5, 'plant-', 0],
    [5, 'Plant-1', 0x87],
    [5, '', 0x87],
    [4, 'plan', 5],
    [3, 'x-plant-1', 5],
  ] as const)('clientIdPrefix: version %d, %j: 0x%x', async (version, clientId, code) => {
    const broker = await withFeatures({ clientIdPrefix: 'plant-' })
    const client = await broker.open({ version })
    expect((await client.connect({ clientId })).reasonCode).toBe(code)
  })

  it('clientIdPrefix: one that is assigned with it may come in', async () => {
    const broker = await withFeatures({ clientIdPrefix: 'plant-', assignedClientIdPrefix: 'plant-auto-' })
    const client = await broker.client({ clientId: '' })
    expect(client.connack.properties.assignedClientIdentifier).toMatch(/^plant-auto-/)
  })

  it('the program itself is asked for none of it', async () => {
    const broker = await withFeatures(
      { clientIdPrefix: 'plant-', allowEmptyClientId: false },
      { maximumPacketBytes: 20, maximumConnectPacketBytes: 20 },
    )
    const topic = 'a/topic/that/is/longer/than/twenty/bytes'
    const seen: string[] = []
    await broker.broker.subscribe(topic, (message) => void seen.push(message.topic))
    await broker.broker.publish({ topic, payload: 'x'.repeat(100) })
    await until(() => seen.length > 0)
    expect(seen).toEqual([topic])
  })
})

it('packets may be limited to 20 bytes', async () => {
  const broker = await withFeatures({}, { maximumPacketBytes: 20, maximumConnectPacketBytes: 20 })
  const client = await broker.client({ version: 4, clientId: '123456' })
  await client.subscribe({ topicFilter: 't', qos: 2 })
  expect(await client.publish('t', 'x'.repeat(13), { qos: 2 })).toMatchObject({ kind: 'pubcomp' })
  expect(await client.restOfPayloads()).toEqual(['x'.repeat(13)])
  client.sendPublish('t', 'x'.repeat(16), { qos: 2 })
  await client.closed()
  const tooLong = await broker.open({ version: 4 })
  tooLong.sendConnect({ clientId: '1234567' })
  expect((await tooLong.closed()).reasonCode).toBeUndefined()
})
