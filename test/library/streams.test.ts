import { createServer as createHttpServer, type IncomingMessage, type Server as HttpServer } from 'node:http'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { type Duplex, duplexPair, PassThrough } from 'node:stream'
import mqtt, { MqttClient } from 'mqtt'
import { afterEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { WireClient } from '../support/wire-client.ts'
import { inbox, scene, settled } from './scene.ts'

const servers: (Server | HttpServer)[] = []
const clients: MqttClient[] = []

afterEach(async () => {
  for (const client of clients.splice(0)) client.end(true)
  for (const server of servers.splice(0)) {
    server.close()
    if ('closeAllConnections' in server) server.closeAllConnections()
  }
})

async function portOf(server: Server | HttpServer): Promise<number> {
  servers.push(server)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return (server.address() as AddressInfo).port
}

function happens(client: MqttClient, event: 'connect' | 'close'): Promise<void> {
  return new Promise((resolve) => client.once(event, () => resolve()))
}

async function connected(client: MqttClient): Promise<MqttClient> {
  clients.push(client)
  await happens(client, 'connect')
  return client
}

describe('broker.handle', () => {
  it('takes the sockets of a server of the program', async () => {
    const { broker } = await scene({ listeners: [] })
    const terms = { allowAnonymous: true, name: 'my server', address: '192.0.2.1' }
    const port = await portOf(createServer((socket) => broker.handle(socket, terms)))
    const peers: unknown[] = []
    broker.on('connected', ({ peer }) => peers.push(peer))
    const client = await WireClient.connected({ port })
    expect(await client.publish('t', 'x', { qos: 2 })).toMatchObject({ kind: 'pubcomp' })
    expect(peers).toMatchObject([{ transport: 'stream', listener: 'my server', address: '192.0.2.1' }])
  })

  it('lets nobody in without a name, unless told to', async () => {
    const { broker } = await scene({ listeners: [] })
    const port = await portOf(createServer((socket) => broker.handle(socket)))
    const client = await WireClient.open({ port })
    expect((await client.connect()).reasonCode).toBe(0x87)
  })

  it.each([4, 5] as const)('takes a stream pair, with MQTT.js %d at the other end', async (protocolVersion) => {
    const { broker } = await scene({ listeners: [] })
    const [here, there] = duplexPair()
    broker.handle(here, { allowAnonymous: true })
    const client = await connected(new MqttClient(() => there as never, { protocolVersion, reconnectPeriod: 0 }))
    const got = inbox()
    await broker.subscribe('up', got.take)
    await client.subscribeAsync('down', { qos: 1 })
    const down = new Promise<string>((resolve) => client.once('message', (_topic, payload) => resolve(String(payload))))
    await client.publishAsync('up', 'hello', { qos: 2 })
    await broker.publish({ topic: 'down', payload: 'world', qos: 1 })
    expect(await down).toBe('world')
    await settled()
    expect(got.texts()).toEqual(['hello'])
  })

  it.each<[string, (stream: Duplex) => unknown]>([
    ['destroyed', (stream) => once(stream.destroy(), 'close')],
    ['destroyed in this turn', (stream) => stream.destroy()],
    ['broken', (stream) => once(stream.destroy(new Error('broken')), 'error')],
    ['read to its end', (stream) => once(stream.resume(), 'end')],
  ])('a stream that is %s already leaves at once', async (_what, spoil) => {
    const { broker } = await scene({ listeners: [] })
    const stream = new PassThrough({ autoDestroy: false })
    stream.end()
    await spoil(stream)
    broker.handle(stream)
    expect(stream.destroyed).toBe(true)
    await broker.close({ graceMs: 60_000 })
  })

  it('closes a stream that comes when the broker is closed', async () => {
    const { broker } = await scene({ listeners: [] })
    await broker.close()
    const stream = new PassThrough()
    broker.handle(stream)
    expect(stream.destroyed).toBe(true)
  })
})

function webSocketClient(port: number, path = '/mqtt'): Promise<MqttClient> {
  return connected(mqtt.connect(`ws://127.0.0.1:${port}${path}`, { reconnectPeriod: 0 }))
}

/** How the server answers an upgrade that MQTT clients ask for. */
function upgradeStatus(port: number, path: string, origin?: string): Promise<number> {
  const webSocket = new WebSocket(`ws://127.0.0.1:${port}${path}`, ['mqtt'], origin === undefined ? {} : { origin })
  return new Promise((resolve) => {
    webSocket.on('open', () => {
      webSocket.terminate()
      resolve(101)
    })
    webSocket.on('error', () => {})
    webSocket.on('unexpected-response', (_request, { statusCode = 0 }: IncomingMessage) => resolve(statusCode))
  })
}

describe('broker.attach', () => {
  it('takes clients beside pages, on its own path, beside other listeners', async () => {
    const { broker } = await scene({ listeners: [] })
    const server = createHttpServer((_request, response) => response.end('a page'))
    const port = await portOf(server)
    broker.attach(server, { path: '/mqtt', allowAnonymous: true, name: 'web' })
    server.on('upgrade', (request: IncomingMessage, socket: Duplex) => {
      if (request.url === '/other') socket.end('HTTP/1.1 418 Other\r\nConnection: close\r\n\r\n')
    })
    const peers: unknown[] = []
    broker.on('connected', ({ peer }) => peers.push(peer))
    const client = await webSocketClient(port, '/mqtt?token=1')
    await client.publishAsync('t', 'x', { qos: 1 })
    expect(peers).toMatchObject([{ transport: 'websocket', listener: 'web', address: '127.0.0.1', isEncrypted: false }])
    expect(await upgradeStatus(port, '/other')).toBe(418)
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('a page')
  })

  it.each([
    ['https://good.example', 101],
    ['https://bad.example', 403],
    [undefined, 101],
  ])('a page from %s is answered %d', async (origin, status) => {
    const { broker } = await scene({ listeners: [] })
    const server = createHttpServer()
    const port = await portOf(server)
    broker.attach(server, { allowedOrigins: ['https://good.example'] })
    expect(await upgradeStatus(port, '/', origin)).toBe(status)
  })

  it.each(['the returned function', 'closing the broker'])('%s ends it; the server stays', async (how) => {
    const { broker } = await scene({ listeners: [] })
    const server = createHttpServer((_request, response) => response.writeHead(404).end())
    const port = await portOf(server)
    const detach = broker.attach(server, { allowAnonymous: true })
    const client = await webSocketClient(port)
    if (how === 'closing the broker') {
      const closed = happens(client, 'close')
      await broker.close()
      await closed
    } else {
      detach()
      await client.publishAsync('t', 'x', { qos: 1 }) // who is in stays
    }
    expect(server.listenerCount('upgrade')).toBe(0)
    expect(await upgradeStatus(port, '/')).toBe(404)
  })
})
