import { request } from 'node:http'
import { describe, expect, it } from 'vitest'
import websocketStream from 'websocket-stream'
import type { ListenerSettings } from '../../src/settings/settings.ts'
import { decodePacket, type InboundPacket, splitPackets } from '../support/wire-decoder.ts'
import { connectPacket, joined, pingreqPacket, publishPacket, subscribePacket } from '../support/wire-packets.ts'
import { unique } from '../support/wire-steps.ts'
import { startBroker, type StartedBroker } from './started-broker.ts'

interface Answer {
  readonly statusCode: number
  readonly protocol: string | undefined
  readonly text: string
  readonly upgrade: string | undefined
}

/** The answer to a request with these headers; those of an upgrade are added when a sub-protocol is offered. */
function answerTo(broker: StartedBroker, path: string, headers: Record<string, string>): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const upgrade = {
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': Buffer.from('0123456789abcdef').toString('base64'),
    }
    const isUpgrade = 'Sec-WebSocket-Protocol' in headers
    const all = { ...(isUpgrade && upgrade), ...headers }
    const asking = request({ host: '127.0.0.1', port: broker.webSocketPort, path, headers: all })
    asking.on('response', (response) => {
      let text = ''
      response.on('data', (chunk: Buffer) => (text += chunk.toString()))
      response.on('end', () =>
        resolve({ statusCode: response.statusCode ?? 0, protocol: undefined, text, upgrade: response.headers.upgrade }),
      )
    })
    asking.on('upgrade', (response, socket) => {
      socket.destroy()
      const protocol = response.headers['sec-websocket-protocol']
      resolve({ statusCode: 101, protocol, text: '', upgrade: response.headers.upgrade })
    })
    asking.on('error', reject)
    asking.end()
  })
}

const listening = (allowedOrigins: readonly string[]): readonly ListenerSettings[] => [
  { kind: 'websocket', host: '127.0.0.1', port: 0, allowedOrigins },
]

describe('the opening handshake', () => {
  it.each([
    ['mqtt', 'mqtt'],
    ['mqttv3.1', 'mqttv3.1'],
    ['mqttv3.1, mqtt', 'mqtt'],
    ['chat, mqttv3.1', 'mqttv3.1'],
  ])('offered %s, the broker selects %s', async (offered, selected) => {
    const broker = await startBroker()
    const answer = await answerTo(broker, '/', { 'Sec-WebSocket-Protocol': offered })
    expect(answer).toMatchObject({ statusCode: 101, protocol: selected })
  })

  it.each(['chat', 'MQTT', ''])('offered %j, it is refused with 400', async (offered) => {
    const broker = await startBroker()
    expect((await answerTo(broker, '/', { 'Sec-WebSocket-Protocol': offered })).statusCode).toBe(400)
  })

  it.each(['/', '/mqtt', '/ws/x?token=1', '//'])('any path will do: %s', async (path) => {
    const broker = await startBroker()
    expect((await answerTo(broker, path, { 'Sec-WebSocket-Protocol': 'mqtt' })).statusCode).toBe(101)
  })

  const origins: [allowed: string[], origin: string | undefined, statusCode: number][] = [
    [[], 'https://anywhere.example', 101],
    [['https://a.example', 'https://b.example'], 'https://b.example', 101],
    [['https://a.example'], 'https://b.example', 403],
    [['https://a.example'], 'https://a.example.evil.example', 403],
    [['https://a.example'], 'http://a.example', 403],
    [['https://a.example'], 'null', 403],
    [['https://a.example'], undefined, 101], // not a browser
  ]
  it.each(origins)('allowed origins %j, Origin %s: %d', async (allowed, origin, statusCode) => {
    const broker = await startBroker({ listeners: listening(allowed) })
    const headers = { 'Sec-WebSocket-Protocol': 'mqtt', ...(origin !== undefined && { Origin: origin }) }
    expect((await answerTo(broker, '/', headers)).statusCode).toBe(statusCode)
  })

  it('a plain HTTP request is told to upgrade', async () => {
    const broker = await startBroker()
    const answer = await answerTo(broker, '/', {})
    expect(answer).toMatchObject({ statusCode: 426, upgrade: 'websocket' })
    expect(answer.text).toMatch(/MQTT/)
  })
})

describe('frames', () => {
  it.each(['mqtt', 'mqttv3.1'])('sub-protocol %s carries every version', async (subprotocol) => {
    const broker = await startBroker()
    for (const version of [3, 4, 5] as const) {
      const client = await broker.client({ version, transport: 'websocket', subprotocols: [subprotocol] })
      await client.subscribe({ topicFilter: 't', qos: 2 })
      await client.publish('t', `${version}`, { qos: 2 })
      expect((await client.next('publish')).text).toBe(`${version}`)
    }
  })

  it('one may hold a whole conversation', async () => {
    const broker = await startBroker()
    const client = await broker.open({ transport: 'websocket' })
    client.send(
      connectPacket(5, { clientId: unique('c') }),
      subscribePacket(5, 1, [{ topicFilter: 't' }]),
      publishPacket(5, 't', 'x'),
      pingreqPacket,
    )
    for (const kind of ['connack', 'suback', 'publish', 'pingresp']) expect((await client.nextAny()).kind).toBe(kind)
  })

  it('a packet may come in many', async () => {
    const broker = await startBroker()
    const client = await broker.client({ transport: 'websocket' })
    await client.subscribe('t')
    const bytes = publishPacket(5, 't', 'x'.repeat(100_000))
    for (let at = 0; at < bytes.length; at += 997) client.send(bytes.subarray(at, at + 997))
    expect((await client.next('publish')).payload.length).toBe(100_000)
  })

  it('a frame above the limit closes the connection; one below it may be larger than any packet', async () => {
    const broker = await startBroker({ limits: { maximumPacketBytes: 1000 } })
    const watcher = await broker.client()
    await watcher.subscribe('t')
    const client = await broker.client({ transport: 'websocket' })
    const one = publishPacket(5, 't', 'x'.repeat(900))
    const packetsOf = (byteCount: number) => Array.from({ length: Math.ceil(byteCount / one.length) }, () => one)
    client.send(...packetsOf(100_000))
    await client.barrier()
    const count = (await watcher.rest()).length
    expect(count).toBe(Math.ceil(100_000 / one.length))
    client.send(...packetsOf(1000 + 1024 * 1024 + 1))
    expect((await client.closed()).webSocketCode).toBe(1009)
    expect(await watcher.rest()).toEqual([])
  })

  it('a packet above its own limit closes the connection, in whatever frame', async () => {
    const broker = await startBroker({ limits: { maximumPacketBytes: 1000 } })
    const client = await broker.client({ transport: 'websocket' })
    client.sendPublish('t', 'x'.repeat(1000))
    expect((await client.closed()).reasonCode).toBe(0x95)
  })

  it('a client that goes away is seen', async () => {
    const broker = await startBroker()
    const watcher = await broker.client()
    await watcher.subscribe('will')
    for (const way of ['close', 'terminate'] as const) {
      const client = await broker.client({ transport: 'websocket', will: { topicName: 'will', payload: way } })
      client.transport.webSocket?.[way]()
      expect((await watcher.next('publish')).text).toBe(way)
    }
  })
})

describe('websocket-stream', () => {
  it('connects and exchanges messages with a client on TCP', async () => {
    const broker = await startBroker()
    const other = await broker.client({ version: 4 })
    await other.subscribe({ topicFilter: 'from/stream', qos: 1 })
    const stream = websocketStream(`ws://127.0.0.1:${broker.webSocketPort}/`, 'mqttv3.1')
    let bytes: Uint8Array = new Uint8Array()
    const packets: InboundPacket[] = []
    const waiting: (() => void)[] = []
    stream.on('data', (chunk: Buffer) => {
      const split = splitPackets(joined(bytes, chunk))
      bytes = split.rest
      packets.push(...split.packets.map((one) => decodePacket(4, one)))
      for (const wake of waiting.splice(0)) wake()
    })
    const next = async () => {
      while (packets.length === 0) await new Promise<void>((resolve) => waiting.push(resolve))
      return packets.shift()
    }
    stream.write(connectPacket(4, { clientId: 'stream' }))
    expect(await next()).toMatchObject({ kind: 'connack', reasonCode: 0 })
    stream.write(subscribePacket(4, 1, [{ topicFilter: 'to/stream', qos: 1 }]))
    expect(await next()).toMatchObject({ kind: 'suback', reasonCodes: [1] })
    stream.write(publishPacket(4, 'from/stream', 'hello', { qos: 1, packetId: 5 }))
    expect(await next()).toMatchObject({ kind: 'puback', packetId: 5 })
    expect((await other.next('publish')).text).toBe('hello')
    await other.publish('to/stream', 'x'.repeat(50_000), { qos: 1 })
    expect(await next()).toMatchObject({ kind: 'publish', topicName: 'to/stream', text: 'x'.repeat(50_000) })
    stream.destroy()
  })
})
