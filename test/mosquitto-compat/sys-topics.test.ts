import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Broker } from '../../src/server/broker.ts'
import { createBroker } from '../../src/server/create-broker.ts'
import { releaseClients, WireClient } from '../support/wire-client.ts'
import { freePort } from '../support/free-port.ts'
import { load } from './conf-files.ts'
import { type DebianMosquitto, startDebianMosquitto } from './debian-mosquitto.ts'

const prefix = '$SYS/broker/'

/** What is no number that could be the same: why. */
const differing: Readonly<Record<string, string>> = {
  version: 'names the broker',
  uptime: 'one was started before the other',
  'heap/current': 'bytes that Node.js has in use for objects',
  'heap/maximum': 'the most of them that was seen',
  'messages/sent': 'holds $SYS itself, of which there is more here',
  'bytes/sent': 'as messages/sent',
  'publish/messages/sent': 'as messages/sent',
  'publish/bytes/sent': 'as messages/sent',
  'messages/stored': 'holds what is retained, $SYS too',
  'store/messages/count': 'holds what is retained, $SYS too',
  'store/messages/bytes': 'counts topics and properties, there payloads only',
  'retained messages/count': 'as messages/stored; without $SYS it is the same',
}
const isLoad = (topic: string): boolean => topic.startsWith('load/')

type Values = ReadonlyMap<string, string>

let debian: DebianMosquitto
let broker: Broker
let theirs: Values
let ours: Values

beforeAll(async () => {
  debian = await startDebianMosquitto(['sys_interval 1'])
  const port = await freePort()
  broker = createBroker(load(`sys_interval 1\nlistener ${port} 127.0.0.1\nallow_anonymous true`).settings, {
    versionText: 'mosquitto version 2.1',
  })
  await broker.listen()
  ;[theirs, ours] = await Promise.all([exchange(debian.port), exchange(port)])
})
afterAll(async () => {
  await releaseClients()
  await broker.close({ graceMs: 0 })
  await debian.stop()
})

/** One that watches, one that is away, two with a shared subscription, and one that publishes; then what `$SYS` says. */
async function exchange(port: number): Promise<Values> {
  const watcher = await WireClient.connected({ port, clientId: 'watcher' })
  await watcher.subscribe({ topicFilter: '$SYS/#', qos: 0 })
  const properties = { sessionExpiryInterval: 600 }
  const away = await WireClient.connected({ port, clientId: 'away', properties })
  await away.subscribe({ topicFilter: 't/#', qos: 1 })
  await away.disconnect(0)
  for (const clientId of ['one', 'two']) {
    const client = await WireClient.connected({ port, version: 4, clientId, autoAcknowledge: true })
    await client.subscribe({ topicFilter: 't/#', qos: 1 })
    await client.subscribe({ topicFilter: '$share/group/s', qos: 1 })
  }
  const publisher = await WireClient.connected({ port, version: 4, clientId: 'publisher' })
  // 2.0.11 leaves retained ones and those of QoS 2 out of publish/messages/received
  for (const [topic, qos] of [
    ['t/1', 1],
    ['t/2', 0],
    ['s', 1],
    ['nobody', 1],
  ] as const) {
    await publisher.publish(topic, 'hello', { qos })
  }
  return told(watcher)
}

/** 5 CONNECT, 6 SUBSCRIBE, 4 PUBLISH, 3 PUBACK, 1 DISCONNECT */
const RECEIVED = '19'

/** The values once all that was received is in them. */
async function told(watcher: WireClient): Promise<Values> {
  const values = new Map<string, string>()
  const next = async (): Promise<string> => {
    const { topicName, text } = await watcher.next('publish')
    values.set(topicName.slice(prefix.length), text)
    return topicName.slice(prefix.length)
  }
  while (values.get('messages/received') !== RECEIVED || values.get('clients/connected') !== '4') await next()
  while ((await next()) !== 'uptime'); // the averages of that time are retained when the next are
  for (const packet of await watcher.rest()) {
    if (packet.kind === 'publish') values.set(packet.topicName.slice(prefix.length), packet.text)
  }
  return values
}

/** In which form a value is written. */
function formOf(text: string | undefined): string | undefined {
  return text?.replace(/\d+\.\d\d$/, '0.00').replace(/^\d+/, '0')
}

describe('$SYS beside Debian 2.0.11', () => {
  it('has every topic of it, in the same form', () => {
    expect(theirs.size).toBeGreaterThan(40)
    for (const [topic, text] of theirs) {
      if (topic === 'version') expect(ours.get(topic)).toMatch(/^mosquitto version \d+\.\d+/)
      else expect([topic, formOf(ours.get(topic))]).toEqual([topic, formOf(text)])
    }
    expect(theirs.get('version')).toMatch(/^mosquitto version \d+\.\d+/)
  })

  it('has the same values, where they can be the same', () => {
    const comparable = [...theirs].filter(([topic]) => !Object.hasOwn(differing, topic) && !isLoad(topic))
    expect(comparable.length).toBeGreaterThanOrEqual(14)
    expect(comparable.map(([topic]) => [topic, ours.get(topic)])).toEqual(comparable)
  })

  it('retains as much beside $SYS itself', () => {
    expect([besides(theirs), besides(ours)]).toEqual([0, 0])
  })

  it('says why for every value that differs', () => {
    for (const topic of Object.keys(differing)) expect([...theirs.keys()]).toContain(topic)
  })
})

function besides(values: Values): number {
  return Number(values.get('retained messages/count')) - values.size
}
