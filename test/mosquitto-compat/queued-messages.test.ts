import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import type { Broker } from '../../src/server/broker.ts'
import { createBroker } from '../../src/server/create-broker.ts'
import { releaseClients, WireClient } from '../support/wire-client.ts'
import { freePort } from '../support/free-port.ts'
import { load } from './conf-files.ts'
import { type DebianMosquitto, startDebianMosquitto } from './debian-mosquitto.ts'

const lines = ['max_queued_messages 10', 'max_inflight_messages 4', 'topiary_mosquitto_version 2.0']
let theirs: DebianMosquitto
let ours: Broker

beforeAll(async () => {
  theirs = await startDebianMosquitto(lines.slice(0, 2))
  ours = createBroker(
    load([`listener ${await freePort()} 127.0.0.1`, 'allow_anonymous true', ...lines].join('\n')).settings,
  )
  await ours.listen()
})
afterEach(releaseClients)
afterAll(async () => {
  await ours.close({ graceMs: 0 })
  await theirs.stop()
})

/** What a client is sent of 30 messages that come while it is there, away, or first there and then away. */
async function kept(port: number, when: string, version: 4 | 5): Promise<string[]> {
  const properties = version === 5 ? { sessionExpiryInterval: 600 } : {}
  const enter = () =>
    WireClient.connected({ port, version, clientId: `${when} ${version}`, cleanStart: false, properties })
  let client = await enter()
  await client.subscribe({ topicFilter: 't', qos: 1 })
  if (when === 'away') await client.disconnect(version === 5 ? 0 : undefined)
  const publisher = await WireClient.connected({ port, clientId: 'publisher' })
  for (let index = 0; index < 30; index++) {
    if (when === 'there, then away' && index === 20) await client.disconnect(version === 5 ? 0 : undefined)
    await publisher.publish('t', `${index}`, { qos: 1 })
  }
  if (when !== 'there') client = await enter()
  const texts = []
  for (;;) {
    const publishes = (await client.rest()).filter((packet) => packet.kind === 'publish')
    if (publishes.length === 0) break
    for (const { text, packetId } of publishes) {
      texts.push(text)
      client.acknowledge('puback', packetId)
    }
  }
  await client.unsubscribe('t')
  return texts
}

// with a Receive Maximum 2.0.11 has more under way than that allows, which our client takes for what it is
it.each([
  ['there', 4, 14],
  ['there', 5, 14],
  ['away', 4, 10],
  ['away', 5, 10],
  ['there, then away', 5, 14],
] as const)(
  'max_queued_messages: a client that is %s and speaks version %d has %d, as with Debian 2.0.11',
  async (when, version, count) => {
    const there = await kept(theirs.port, when, version)
    expect(there).toHaveLength(count)
    expect(await kept(ours.addresses[0]?.port ?? 0, when, version)).toEqual(there)
  },
)
