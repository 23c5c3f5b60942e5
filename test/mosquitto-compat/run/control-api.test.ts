import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ControlApi } from '../../../mosquitto-compat/run/control-api.ts'
import { listenerRows } from '../../../mosquitto-compat/run/listener-rows.ts'
import { type Broker } from '../../../src/server/broker.ts'
import { createBroker } from '../../../src/server/create-broker.ts'
import { type WireClient, WireClient as Client, releaseClients } from '../../support/wire-client.ts'

const TOPIC = '$CONTROL/broker/v1'
let broker: Broker
let api: ControlApi

beforeEach(async () => {
  const listeners = [
    { kind: 'tcp', port: 0 },
    { kind: 'websocket', port: 0 },
  ] as const
  broker = createBroker({ listeners, logLevel: 'silent' })
  await broker.listen()
  api = new ControlApi(broker, () => listenerRows(broker.addresses))
})
afterEach(async () => {
  await releaseClients()
  await broker.close({ graceMs: 0 })
})

async function enter(): Promise<WireClient> {
  const client = await Client.connected({ port: broker.addresses[0]?.port ?? 0, version: 5 })
  await client.subscribe({ topicFilter: '$CONTROL/#', qos: 0 })
  return client
}

/** The next answer, as text. */
async function asked(client: WireClient, request: string): Promise<string> {
  await client.publish(TOPIC, request, { qos: 1 })
  for (;;) {
    const { topicName, text, qos, retain } = await client.next('publish')
    if (topicName === TOPIC) continue
    expect([topicName, qos, retain]).toEqual([`${TOPIC}/response`, 0, false])
    return text
  }
}

const unknown = { command: 'Unknown command' }
const plugins = { command: 'listPlugins', data: { plugins: [] } }

describe('$CONTROL/broker/v1', () => {
  it.each([
    ['{', [{ ...unknown, error: 'Payload not valid JSON' }]],
    ['', [{ ...unknown, error: 'Payload not valid JSON' }]],
    ['[]', [{ ...unknown, error: 'Invalid/missing commands' }]],
    ['null', [{ ...unknown, error: 'Invalid/missing commands' }]],
    ['{"commands":{}}', [{ ...unknown, error: 'Invalid/missing commands' }]],
    ['{"commands":[]}', []],
    ['{"commands":[7,{"command":"listPlugins"}]}', [{ ...unknown, error: 'Command not an object' }]],
    ['{"commands":[{"command":"listPlugins"},{"name":1}]}', [plugins, { ...unknown, error: 'Missing command' }]],
    [
      '{"commands":[{"command":"listPlugins","correlationData":5}]}',
      [{ command: 'listPlugins', error: 'Invalid correlationData data type.' }],
    ],
    [
      '{"commands":[{"command":"noSuch","correlationData":"a"},{"command":"LISTPLUGINS","correlationData":"b"}]}',
      [
        { command: 'noSuch', error: 'Unknown command', correlationData: 'a' },
        { command: 'LISTPLUGINS', data: { plugins: [] }, correlationData: 'b' },
      ],
    ],
  ])('answers %j', async (request, responses) => {
    await api.change(true)
    expect(JSON.parse(await asked(await enter(), request))).toEqual({ responses })
  })

  it('listListeners names the listeners', async () => {
    await api.change(true)
    const answer: unknown = JSON.parse(await asked(await enter(), '{"commands":[{"command":"listListeners"}]}'))
    const [mqtt, webSocket] = broker.addresses
    const place = { tls: false, 'bind-address': '127.0.0.1' }
    const listeners = [
      { port: mqtt?.port, protocol: 'mqtt', ...place },
      { port: webSocket?.port, protocol: 'websockets', ...place },
    ]
    expect(answer).toEqual({ responses: [{ command: 'listListeners', data: { listeners } }] })
  })

  it('is a topic like any other while it is off', async () => {
    await api.change(true)
    await api.change(false)
    const client = await enter()
    await client.publish(TOPIC, '{"commands":[]}', { qos: 1 })
    expect(await client.restOfPayloads()).toEqual(['{"commands":[]}'])
  })
})

it.each([
  [
    { kind: 'tcp', host: '::', port: 8883, url: 'mqtts://[::]:8883' },
    { port: 8883, protocol: 'mqtt', tls: true },
  ],
  [
    { kind: 'websocket', host: '0.0.0.0', port: 1, url: 'wss://0.0.0.0:1' },
    { port: 1, protocol: 'websockets', tls: true },
  ],
  [
    { kind: 'unix', host: '', port: 0, url: 'unix:/run/m.sock' },
    { port: 0, protocol: 'mqtt', tls: false, 'socket-path': '/run/m.sock' },
  ],
] as const)('of a listener at %j programs are told %j', (address, row) => {
  expect(listenerRows([address])).toEqual([row])
})
