import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import mqtt from 'mqtt'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { killSpawnedClients, spawnClient, type SpawnedClient } from '../clients/spawned-client.ts'
import { builtPackage } from '../support/built-package.ts'

let mainFile: string
let folder: string

beforeAll(async () => {
  mainFile = (await builtPackage()).topiary
  folder = await mkdtemp(join(tmpdir(), 'topiary-cli-storage-'))
}, 60_000)
afterAll(() => rm(folder, { recursive: true, force: true }))
afterEach(killSpawnedClients)

const at = (name: string): string => join(folder, name)

function topiary(...args: readonly string[]): SpawnedClient {
  return spawnClient(process.execPath, [mainFile, ...args])
}

async function startOn(data: string): Promise<{ broker: SpawnedClient; url: string }> {
  const broker = topiary('start', '--port', '0', '--no-ws', '--data', data)
  return { broker, url: (await broker.line(/mqtt:\/\/127\.0\.0\.1:\d+$/)).trim() }
}

const session = { clientId: 'sleeper', clean: false, protocolVersion: 5, reconnectPeriod: 0 } as const
const durable = { ...session, properties: { sessionExpiryInterval: 3600 } }

describe('doctor, backup, restore, export and import of a broker that runs', () => {
  it('carry a queued message from one data directory to the next', async () => {
    const { broker, url } = await startOn(at('data'))
    const sleeper = await mqtt.connectAsync(url, durable)
    await sleeper.subscribeAsync('plant/+', { qos: 1 })
    await sleeper.endAsync()
    const publisher = await mqtt.connectAsync(url, { protocolVersion: 5, reconnectPeriod: 0 })
    await publisher.publishAsync('plant/7', 'open', { qos: 1 })
    await publisher.publishAsync('state/7', 'on', { qos: 1, retain: true })

    const inUse = await topiary('doctor', at('data')).ended
    expect(inUse).toMatchObject({ code: 1, err: expect.stringMatching(/is in use by .*; stop that broker/) as string })
    const second = await topiary('start', '--port', '0', '--no-ws', '--data', at('data')).ended
    expect(second).toMatchObject({ code: 1, err: expect.stringMatching(/is in use by/) as string })

    const backup = await topiary('backup', at('backup'), '--data', at('data')).ended
    expect(backup).toMatchObject({
      code: 0,
      out: expect.stringMatching(/: 1 sessions, 1 queued and 1 retained/) as string,
    })
    await publisher.endAsync()
    broker.kill('SIGTERM')
    await broker.ended

    expect(await topiary('doctor', at('backup')).ended).toMatchObject({ code: 0 })
    expect(await topiary('export', '--data', at('backup'), '--output', at('out.ndjson')).ended).toMatchObject({
      code: 0,
    })
    expect(await readFile(at('out.ndjson'), 'utf8')).toMatch(/"kind":"queued","clientId":"sleeper"/)
    expect(await topiary('import', at('out.ndjson'), '--data', at('imported')).ended).toMatchObject({ code: 0 })
    expect(await topiary('restore', at('backup'), '--data', at('restored')).ended).toMatchObject({ code: 0 })
    for (const data of ['imported', 'restored'])
      expect(await received(at(data))).toEqual(['plant/7 open', 'state/7 on'])
  }, 60_000)
})

/** What the session that slept gets from a broker on `data`, and the retained message after it. */
async function received(data: string): Promise<string[]> {
  const { broker, url } = await startOn(data)
  const client = mqtt.connect(url, durable)
  const messages: string[] = []
  await new Promise<void>((resolve) => {
    client.on('message', (topic, payload) => {
      messages.push(`${topic} ${payload.toString()}`)
      if (messages.length === 1) client.subscribe('state/+', { qos: 1 })
      else resolve()
    })
  })
  await client.endAsync()
  broker.kill('SIGTERM')
  await broker.ended
  return messages
}
