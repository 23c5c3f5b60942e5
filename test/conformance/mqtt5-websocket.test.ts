import { request } from 'node:http'
import { describe, expect, it } from 'vitest'
import { connectPacket, pingreqPacket, publishPacket, subscribePacket } from '../support/wire-packets.ts'
import { unique, useBroker } from '../support/wire-steps.ts'

const broker = useBroker(5)
const webSocket = { transport: 'websocket' as const }

interface Handshake {
  readonly statusCode: number
  readonly protocol: string | undefined
}

/** The opening handshake alone, with the sub-protocols as they stand. */
function handshake(subprotocols: string | undefined, path = '/'): Promise<Handshake> {
  return new Promise((resolve, reject) => {
    const offered = subprotocols === undefined ? {} : { 'Sec-WebSocket-Protocol': subprotocols }
    const headers = {
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': Buffer.from('0123456789abcdef').toString('base64'),
      ...offered,
    }
    const asking = request({ host: '127.0.0.1', port: broker.webSocketPort, path, headers })
    asking.on('response', (response) => {
      response.resume()
      resolve({ statusCode: response.statusCode ?? 0, protocol: undefined })
    })
    asking.on('upgrade', (response, socket) => {
      socket.destroy()
      resolve({ statusCode: 101, protocol: response.headers['sec-websocket-protocol'] })
    })
    asking.on('error', reject)
    asking.end()
  })
}

describe('the sub-protocol', () => {
  const cases: [offered: string | undefined, answer: Handshake][] = [
    ['mqtt', { statusCode: 101, protocol: 'mqtt' }],
    ['other, mqtt', { statusCode: 101, protocol: 'mqtt' }],
    ['mqtt, other', { statusCode: 101, protocol: 'mqtt' }],
    ['mqttv3.1, mqtt', { statusCode: 101, protocol: 'mqtt' }],
  ]
  it.each(cases)('[MQTT5-6.0.0-4] offered %s: the broker selects mqtt', async (offered, answer) => {
    expect(await handshake(offered)).toEqual(answer)
  })

  it.each([undefined, 'other'])('[MQTT5-6.0.0-3] offered %s: refused', async (offered) => {
    expect(await handshake(offered)).toEqual({ statusCode: 400, protocol: undefined })
  })

  it.each(['/', '/mqtt', '/any/path?x=1'])('[MQTT5-6.0.0-4] at path %s', async (path) => {
    expect((await handshake('mqtt', path)).statusCode).toBe(101)
  })
})

describe('frames', () => {
  it('[MQTT5-6.0.0-1] a text frame closes the connection', async () => {
    const client = await broker.client(webSocket)
    client.transport.webSocket?.send('text', { binary: false })
    const { webSocketCode } = await client.closed()
    expect([1002, 1003, 1006, 1007, 1008]).toContain(webSocketCode)
  })

  it('[MQTT5-6.0.0-1] a text frame with a whole CONNECT does so too', async () => {
    const client = await broker.open(webSocket)
    client.transport.webSocket?.send(Buffer.from(connectPacket(5, { clientId: 'text' })), { binary: false })
    await client.closed()
    expect(client.received).toEqual([])
  })

  it('[MQTT5-6.0.0-1] the broker sends binary frames only', async () => {
    const topicName = unique('binary')
    const client = await broker.open(webSocket)
    const kinds: boolean[] = []
    client.transport.webSocket?.on('message', (_data, isBinary) => kinds.push(isBinary))
    await client.connect({ clientId: unique('c') })
    await client.subscribe({ topicFilter: topicName, qos: 1 })
    await client.publish(topicName, 'x', { qos: 1 })
    await client.next('publish')
    await client.barrier()
    expect(kinds.length).toBeGreaterThan(0)
    expect(kinds).not.toContain(false)
  })

  it('[MQTT5-6.0.0-2] packets may be split at every byte', async () => {
    const topicName = unique('split')
    const client = await broker.open(webSocket)
    const packets = [
      connectPacket(5, { clientId: unique('c') }),
      subscribePacket(5, 1, [{ topicFilter: topicName }]),
      publishPacket(5, topicName, 'whole'),
    ]
    for (const byte of Buffer.concat(packets)) client.send(Uint8Array.of(byte))
    await client.next('suback')
    expect((await client.next('publish')).text).toBe('whole')
  })

  it('[MQTT5-6.0.0-2] packets may share a frame, cut anywhere', async () => {
    const topicName = unique('joined')
    const client = await broker.client(webSocket)
    await client.subscribe(topicName)
    const bytes = Buffer.concat(['a', 'b', 'c'].map((text) => publishPacket(5, topicName, text)))
    client.send(bytes)
    expect((await client.publishes(3)).map((one) => one.text)).toEqual(['a', 'b', 'c'])
    client.send(bytes.subarray(0, 5))
    client.send(bytes.subarray(5, bytes.length - 3))
    client.send(bytes.subarray(bytes.length - 3), pingreqPacket)
    expect((await client.publishes(3)).map((one) => one.text)).toEqual(['a', 'b', 'c'])
    await client.next('pingresp')
  })

  it('[MQTT5-6.0.0-2] a message fragmented into WebSocket continuation frames is one piece of the stream', async () => {
    const topicName = unique('fragments')
    const client = await broker.client(webSocket)
    await client.subscribe(topicName)
    const bytes = publishPacket(5, topicName, 'fragments')
    for (let at = 0; at < bytes.length; at += 7) {
      const fin = at + 7 >= bytes.length
      client.transport.webSocket?.send(bytes.subarray(at, at + 7), { binary: true, fin })
    }
    expect((await client.next('publish')).text).toBe('fragments')
  })

  it('[MQTT5-6.0.0-2] large packets pass', async () => {
    const topicName = unique('large')
    const client = await broker.client(webSocket)
    await client.subscribe(topicName)
    const payload = Buffer.alloc(1_000_000, 7)
    await client.publish(topicName, payload)
    expect(payload.equals((await client.next('publish')).payload)).toBe(true)
  })
})

describe('closing', () => {
  it('[MQTT5-3.14.4-2] after DISCONNECT the broker closes', async () => {
    const client = await broker.client(webSocket)
    const { reasonCode } = await client.disconnect()
    expect(reasonCode).toBeUndefined()
  })

  it.each(['terminate', 'close'] as const)('[MQTT5-3.1.2-8] %s of the WebSocket publishes the Will', async (way) => {
    const topicName = unique('will')
    const watcher = await broker.client()
    await watcher.subscribe(topicName)
    const client = await broker.client({ ...webSocket, will: { topicName, payload: 'will' } })
    client.transport.webSocket?.[way]()
    expect((await watcher.next('publish')).text).toBe('will')
  })
})
