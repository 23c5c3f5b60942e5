import { describe, expect, it } from 'vitest'
import { WireClient } from '../support/wire-client.ts'
import { connectPacket } from '../support/wire-packets.ts'
import { listenWith, rulesOf } from './listener-scene.ts'
import { startBroker } from './started-broker.ts'

const started = () => startBroker({ sysIntervalSeconds: 0 })

describe('protocolVersions', () => {
  it.each([
    [[5], 5, 0],
    [[3, 4], 5, 0x84],
    [[5], 4, 1],
    [[5], 3, 1],
    [[3], 3, 0],
    [[4], 3, 1],
  ] as const)('%j is spoken: version %d is answered 0x%x', async (protocolVersions, version, code) => {
    const broker = await started()
    const port = await listenWith(broker, rulesOf({ protocolVersions }))
    const client = await WireClient.open({ port, version })
    expect((await client.connect({ clientId: 'c' })).reasonCode).toBe(code)
    expect((await broker.client({ version })).connack.reasonCode).toBe(0)
  })

  it('a version is refused by the same bytes as an unknown level', async () => {
    const broker = await started()
    const port = await listenWith(broker, rulesOf({ protocolVersions: [5] }))
    const bytes: string[] = []
    for (const fields of [{}, { protocolLevel: 6 }]) {
      const client = await WireClient.open({ port, version: 4 })
      client.send(connectPacket(4, { clientId: 'c', ...fields }))
      await client.closed()
      bytes.push(Buffer.from(client.connack.raw).toString('hex'))
    }
    expect(bytes).toEqual(['20020001', '20020001'])
  })
})

describe('limits and features of a listener', () => {
  const limits = { topicAliasMaximum: 3, outboundTopicAliasMaximum: 1 }
  const rules = rulesOf({ limits, features: { maximumQos: 1, assignedClientIdPrefix: 'here-' } })

  it('are announced there, and nowhere else', async () => {
    const broker = await started()
    const port = await listenWith(broker, rules)
    const here = await WireClient.connected({ port, clientId: '' })
    const { maximumQos, topicAliasMaximum, assignedClientIdentifier } = here.connack.properties
    expect([maximumQos, topicAliasMaximum]).toEqual([1, 3])
    expect(assignedClientIdentifier).toMatch(/^here-/)
    const there = (await broker.client({ clientId: '' })).connack.properties
    expect([there.maximumQos, there.topicAliasMaximum]).toEqual([undefined, 64])
    expect(there.assignedClientIdentifier).toMatch(/^auto-/)
  })

  it.each([
    ['QoS', { qos: 2 as const }, 0x9b],
    ['topic alias', { properties: { topicAlias: 4 } }, 0x94],
  ])('are enforced: %s', async (_title, fields, code) => {
    const broker = await started()
    const client = await WireClient.connected({ port: await listenWith(broker, rules), clientId: 'c' })
    expect((await client.subscribe({ topicFilter: 't', qos: 2 })).reasonCodes).toEqual([1])
    client.sendPublish('t', 'x', fields)
    expect((await client.closed()).reasonCode).toBe(code)
  })

  it('outboundTopicAliasMaximum holds toward its clients', async () => {
    const broker = await started()
    const port = await listenWith(broker, rules)
    const client = await WireClient.connected({ port, clientId: 'c', properties: { topicAliasMaximum: 10 } })
    await client.subscribe('#')
    const publisher = await broker.client()
    for (const topicName of ['a', 'b', 'a', 'b']) await publisher.publish(topicName, 'x', { qos: 1 })
    const aliases = (await client.publishes(4)).map(({ properties }) => properties.topicAlias)
    expect(aliases).toEqual([1, undefined, 1, undefined])
  })

  it('what is undefined is as for all', async () => {
    const broker = await startBroker({ features: { maximumQos: 0 }, sysIntervalSeconds: 0 })
    const port = await listenWith(broker, rulesOf({ features: { maximumQos: undefined } as never }))
    const client = await WireClient.connected({ port, clientId: 'c' })
    expect(client.connack.properties.maximumQos).toBe(0)
  })

  it('after a reload who is connected keeps what it was told, and who comes gets the rest anew', async () => {
    const broker = await started()
    const port = await listenWith(broker, rules)
    const before = await WireClient.connected({ port, clientId: 'before' })
    await broker.broker.reload({ listeners: [{ kind: 'tcp', port: 0 }], features: { retainAvailable: false } })
    await before.publish('t', 'x', { qos: 1, retain: true })
    const after = await WireClient.connected({ port, clientId: 'after' })
    const { retainAvailable, maximumQos } = after.connack.properties
    expect([retainAvailable, maximumQos]).toEqual([0, 1])
    await before.barrier()
  })

  it.each([
    [{ allowEmptyClientId: false }, true],
    [{ allowEmptyClientId: true }, false],
  ])('allowEmptyClientId: %j here, %s for all', async (features, forAll) => {
    const broker = await startBroker({ features: { allowEmptyClientId: forAll }, sysIntervalSeconds: 0 })
    const port = await listenWith(broker, rulesOf({ features }))
    const [here, there] = [await WireClient.open({ port }), await broker.open()]
    expect((await here.connect({ clientId: '' })).reasonCode).toBe(forAll ? 0x85 : 0)
    expect((await there.connect({ clientId: '' })).reasonCode).toBe(forAll ? 0 : 0x85)
  })
})

describe('clientIdFromUser', () => {
  const rules = rulesOf({ clientIdFromUser: true })

  it.each([
    [5, 'given', undefined],
    [5, '', 'ada'],
    [4, 'given', undefined],
    [3, 'given', undefined],
  ] as const)(
    'version %d, client identifier %j: the user name takes its place, told %s',
    async (version, clientId, told) => {
      const broker = await started()
      const port = await listenWith(broker, rules)
      const first = await WireClient.connected({ port, version, clientId, userName: 'ada', cleanStart: true })
      expect(first.connack.properties.assignedClientIdentifier).toBe(told)
      const second = await broker.client({ clientId: 'ada' })
      await first.closed() // taken over
      await second.barrier()
    },
  )

  it.each([
    [5, 0x87],
    [4, 5],
  ] as const)('version %d without a user name: 0x%x', async (version, code) => {
    const broker = await started()
    const port = await listenWith(broker, rules)
    for (const fields of [{}, { userName: '' }]) {
      const client = await WireClient.open({ port, version })
      expect((await client.connect({ clientId: 'c', ...fields })).reasonCode).toBe(code)
    }
  })

  it.each([
    ['plant-7', 0],
    ['ada', 0x87],
  ])('clientIdPrefix is asked of what the client calls itself: %s is answered 0x%x', async (clientId, code) => {
    const broker = await startBroker({ sysIntervalSeconds: 0, features: { clientIdPrefix: 'plant-' } })
    const port = await listenWith(broker, rules)
    const client = await WireClient.open({ port })
    expect((await client.connect({ clientId, userName: 'ada' })).reasonCode).toBe(code)
  })

  it('the user of the certificate is the user', async () => {
    const broker = await started()
    const port = await listenWith(broker, rules, 'device-7')
    const client = await WireClient.connected({ port, clientId: '' })
    expect(client.connack.properties.assignedClientIdentifier).toBe('device-7')
  })
})
