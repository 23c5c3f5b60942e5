import { request } from 'node:http'
import { describe, expect, it } from 'vitest'
import { connectPacket, pingreqPacket, publishPacket, subscribePacket } from '../support/wire-packets.ts'
import { unique, useBroker } from '../support/wire-steps.ts'

const broker = useBroker(4)
const webSocket = { transport: 'websocket' as const }

/** Status and selected sub-protocol of the opening handshake. */
function handshake(subprotocols: string | undefined): Promise<[statusCode: number, protocol: string | undefined]> {
  return new Promise((resolve, reject) => {
    const headers = {
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': Buffer.from('0123456789abcdef').toString('base64'),
      ...(subprotocols !== undefined && { 'Sec-WebSocket-Protocol': subprotocols }),
    }
    const asking = request({ host: '127.0.0.1', port: broker.webSocketPort, headers })
    asking.on('response', (response) => {
      response.resume()
      resolve([response.statusCode ?? 0, undefined])
    })
    asking.on('upgrade', (response, socket) => {
      socket.destroy()
      resolve([101, response.headers['sec-websocket-protocol']])
    })
    asking.on('error', reject)
    asking.end()
  })
}

describe('the sub-protocol', () => {
  it.each(['mqtt', 'other, mqtt', 'mqtt, other', 'mqttv3.1, mqtt'])(
    '[MQTT311-6.0.0-4] offered %s: the broker selects mqtt',
    async (offered) => {
      expect(await handshake(offered)).toEqual([101, 'mqtt'])
    },
  )

  it.each([undefined, 'other', 'MQTT'])('[MQTT311-6.0.0-3] offered %s: refused', async (offered) => {
    expect(await handshake(offered)).toEqual([400, undefined])
  })
})

describe('frames', () => {
  it('[MQTT311-6.0.0-1] a text frame closes the connection, whatever it holds', async () => {
    const client = await broker.open(webSocket)
    client.transport.webSocket?.send(Buffer.from(connectPacket(4, { clientId: 'text' })), { binary: false })
    await client.closed()
    expect(client.received).toEqual([])
    const connected = await broker.client(webSocket)
    connected.transport.webSocket?.send('text', { binary: false })
    await connected.closed()
  })

  it('[MQTT311-6.0.0-1] the broker sends binary frames only', async () => {
    const topicName = unique('binary')
    const client = await broker.open(webSocket)
    const kinds: boolean[] = []
    client.transport.webSocket?.on('message', (_data, isBinary) => kinds.push(isBinary))
    await client.connect({ clientId: unique('c') })
    await client.subscribe({ topicFilter: topicName, qos: 1 })
    await client.publish(topicName, 'x', { qos: 1 })
    await client.next('publish')
    expect(kinds.length).toBeGreaterThan(0)
    expect(kinds).not.toContain(false)
  })

  it('[MQTT311-6.0.0-2] packets may be split at every byte', async () => {
    const topicName = unique('split')
    const client = await broker.open(webSocket)
    const packets = [
      connectPacket(4, { clientId: unique('c') }),
      subscribePacket(4, 1, [{ topicFilter: topicName }]),
      publishPacket(4, topicName, 'whole'),
    ]
    for (const byte of Buffer.concat(packets)) client.send(Uint8Array.of(byte))
    expect((await client.next('publish')).text).toBe('whole')
  })

  it('[MQTT311-6.0.0-2] packets may share a frame, cut anywhere', async () => {
    const topicName = unique('joined')
    const client = await broker.client(webSocket)
    await client.subscribe(topicName)
    const bytes = Buffer.concat(['a', 'b', 'c'].map((text) => publishPacket(4, topicName, text)))
    client.send(bytes)
    client.send(bytes.subarray(0, 5))
    client.send(bytes.subarray(5, bytes.length - 3))
    client.send(bytes.subarray(bytes.length - 3), pingreqPacket)
    expect((await client.publishes(6)).map((one) => one.text)).toEqual(['a', 'b', 'c', 'a', 'b', 'c'])
    await client.next('pingresp')
  })

  it('[MQTT311-6.0.0-2] a message in WebSocket continuation frames is one piece of the stream', async () => {
    const topicName = unique('fragments')
    const client = await broker.client(webSocket)
    await client.subscribe(topicName)
    const bytes = publishPacket(4, topicName, 'fragments')
    for (let at = 0; at < bytes.length; at += 7) {
      const fin = at + 7 >= bytes.length
      client.transport.webSocket?.send(bytes.subarray(at, at + 7), { binary: true, fin })
    }
    expect((await client.next('publish')).text).toBe('fragments')
  })
})

describe('closing', () => {
  it.each(['terminate', 'close'] as const)('[MQTT311-3.1.2-8] %s of the WebSocket publishes the Will', async (way) => {
    const topicName = unique('will')
    const watcher = await broker.client()
    await watcher.subscribe(topicName)
    const client = await broker.client({ ...webSocket, will: { topicName, payload: 'will' } })
    client.transport.webSocket?.[way]()
    expect((await watcher.next('publish')).text).toBe('will')
  })
})
