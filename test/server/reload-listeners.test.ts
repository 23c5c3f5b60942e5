import { readFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ListenerSettings } from '../../src/settings/settings.ts'
import { type Certificates, makeCertificates } from '../support/certificates.ts'
import { publishPacket } from '../support/wire-packets.ts'
import { openPipe, openTlsPipe, openWebSocketPipe } from '../transport/pipe-client.ts'
import { freePort } from '../support/free-port.ts'
import { raise, type Stage } from '../transport/stage.ts'

let made: Certificates

beforeAll(() => {
  made = makeCertificates()
})
afterAll(() => made.remove())

function reload(stage: Stage, ...listeners: readonly ListenerSettings[]): Promise<readonly string[]> {
  return stage.broker.reload({ sysIntervalSeconds: 0, listeners })
}

function urls({ broker }: Stage): string[] {
  return broker.addresses.map(({ url }) => url)
}

/** Whether anybody listens there. */
function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

async function welcomed(port: number): Promise<void> {
  expect((await openPipe(port).connect()).reasonCode).toBe(0)
}

describe('a reload', () => {
  it('adds a listener', async () => {
    const tcp: ListenerSettings = { kind: 'tcp', port: await freePort() }
    const stage = await raise({ listeners: [tcp] })
    const client = openPipe(tcp.port)
    await client.connect()
    await reload(stage, { kind: 'websocket', port: 0 }, tcp)
    expect(urls(stage)).toEqual([`ws://127.0.0.1:${stage.port(0)}`, `mqtt://127.0.0.1:${tcp.port}`])
    const other = openWebSocketPipe(urls(stage)[0] ?? '')
    expect((await other.connect()).reasonCode).toBe(0)
    await client.exchange()
  })

  it('removes a listener; its clients stay, and are still counted', async () => {
    const listeners: ListenerSettings[] = [
      { kind: 'tcp', port: 0 },
      { kind: 'tcp', port: await freePort() },
      { kind: 'websocket', port: await freePort() },
    ]
    const limits = { maximumConnections: 2 }
    const stage = await raise({ listeners, limits })
    const [kept, tcp, websocket] = [0, 1, 2].map((index) => stage.port(index)) as [number, number, number]
    const clients = [openPipe(tcp), openWebSocketPipe(`ws://127.0.0.1:${websocket}`)]
    for (const client of clients) await client.connect()
    await stage.broker.reload({ sysIntervalSeconds: 0, listeners: [listeners[0] as ListenerSettings], limits })
    expect([await isOpen(tcp), await isOpen(websocket)]).toEqual([false, false])
    for (const client of clients) await client.exchange()
    await expect(openPipe(kept).connect()).rejects.toThrow('closed')
    for (const client of clients) {
      const hasLeft = new Promise((resolve) => stage.broker.once('disconnected', resolve))
      client.stream.destroy()
      await hasLeft
    }
    await welcomed(kept)
  })

  it('closes what has not become a client yet with its listener', async () => {
    const port = await freePort()
    const stage = await raise({ listeners: [{ kind: 'websocket', port }] })
    const socket = connect(port, '127.0.0.1')
    socket.write('GET / HTTP/1.1\r\n')
    const isEnded = new Promise((resolve) => socket.once('close', resolve))
    socket.on('error', () => {}).resume()
    const client = openWebSocketPipe(`ws://127.0.0.1:${port}`)
    await client.connect() // so the other has been accepted before
    await reload(stage)
    await isEnded
    await client.exchange()
  })

  const moves: [title: string, one: Partial<ListenerSettings>, other: Partial<ListenerSettings>][] = [
    ['encrypted', {}, { tls: {} as never }],
    ['plain', { tls: {} as never }, {}],
    ['behind a proxy', {}, { proxyProtocol: true, allowAnonymous: true }],
    ['open to all addresses', {}, { host: '0.0.0.0', allowAnonymous: true }],
    ['for this machine only', { host: '0.0.0.0', allowAnonymous: true }, {}],
    ['a WebSocket listener', {}, { kind: 'websocket' }],
  ]
  it.each(moves)('makes a listener %s at the same port; its clients stay', async (_title, one, other) => {
    const port = await freePort()
    const full = (part: Partial<ListenerSettings>) =>
      ({ kind: 'tcp', port, ...part, ...('tls' in part && { tls: made.server }) }) as ListenerSettings
    const enter = async (part: Partial<ListenerSettings>) => {
      const ca = readFileSync(made.authority.caFile)
      if (part.kind === 'websocket') return openWebSocketPipe(`ws://127.0.0.1:${port}`)
      if ('tls' in part) return openTlsPipe(port, { ca })
      const client = openPipe(port)
      if ('proxyProtocol' in part) client.stream.write('PROXY UNKNOWN\r\n')
      return client
    }
    const stage = await raise({ listeners: [full(one)] })
    const before = await enter(one)
    await before.connect()
    await reload(stage, full(other))
    const after = await enter(other)
    expect((await after.connect()).reasonCode).toBe(0)
    await before.exchange()
    await after.exchange()
  })

  it('changes allowAnonymous for the next client', async () => {
    const stage = await raise({ listeners: [{ kind: 'tcp', port: 0 }] })
    const port = stage.port()
    await welcomed(port)
    await reload(stage, { kind: 'tcp', port: 0, allowAnonymous: false })
    expect(stage.port()).toBe(port)
    expect((await openPipe(port).connect()).reasonCode).toBe(0x87)
    await reload(stage, { kind: 'tcp', port: 0, allowAnonymous: true })
    await welcomed(port)
  })

  it('changes allowedOrigins and the largest frame for the next client', async () => {
    const stage = await raise({ listeners: [{ kind: 'websocket', port: 0 }] })
    const url = urls(stage)[0] ?? ''
    const page = { origin: 'https://page.example' }
    expect((await openWebSocketPipe(url, page).connect()).reasonCode).toBe(0)
    const listeners: ListenerSettings[] = [{ kind: 'websocket', port: 0, allowedOrigins: ['https://other.example'] }]
    await stage.broker.reload({ sysIntervalSeconds: 0, listeners, limits: { maximumPacketBytes: 64 } })
    await expect(openWebSocketPipe(url, page).connect()).rejects.toThrow('closed')
    const client = openWebSocketPipe(url)
    await client.connect()
    const small = publishPacket(5, 't', 'x')
    const hasLeft = new Promise((resolve) => stage.broker.once('disconnected', resolve))
    client.stream.write(Buffer.concat(Array.from({ length: 1024 * 1024 }, () => small)))
    await hasLeft
    expect(stage.broker.statistics.counters.publishReceived).toBe(0)
  })
})

describe('a reload that adds a listener on a taken port', () => {
  it('changes nothing at all: the other new one is closed again, and one that made room is back', async () => {
    const taken = createServer()
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
    const { port: takenPort } = taken.address() as { port: number }
    const kept: ListenerSettings = { kind: 'tcp', port: await freePort() }
    const moved: ListenerSettings = { kind: 'tcp', port: await freePort() }
    const added: ListenerSettings = { kind: 'tcp', port: await freePort() }
    const stage = await raise({ listeners: [kept, moved] })
    const before = urls(stage)
    const clients = [openPipe(kept.port), openPipe(moved.port)]
    for (const client of clients) await client.connect()
    const others: ListenerSettings[] = [
      { ...kept, allowAnonymous: false },
      { ...moved, kind: 'websocket' },
      added,
      { kind: 'tcp', port: takenPort },
    ]
    const outcome = stage.broker.reload({ sysIntervalSeconds: 0, listeners: others, limits: { maximumConnections: 1 } })
    await expect(outcome).rejects.toMatchObject({ code: 'EADDRINUSE', port: takenPort })
    expect(urls(stage)).toEqual(before)
    expect(await isOpen(added.port)).toBe(false)
    for (const client of clients) await client.exchange()
    await welcomed(kept.port)
    await welcomed(moved.port)
    await new Promise((resolve) => taken.close(resolve))
    await stage.broker.reload({ sysIntervalSeconds: 0, listeners: others })
    expect(await isOpen(added.port)).toBe(true)
    expect((await openPipe(kept.port).connect()).reasonCode).toBe(0x87)
  })

  it('nor does a broker that starts leave anything open', async () => {
    const taken = createServer()
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
    const { port: takenPort } = taken.address() as { port: number }
    const free = await freePort()
    const listeners: ListenerSettings[] = [free, takenPort].map((port) => ({ kind: 'tcp', port }))
    await expect(raise({ listeners })).rejects.toMatchObject({ code: 'EADDRINUSE', port: takenPort })
    expect(await isOpen(free)).toBe(false)
    await new Promise((resolve) => taken.close(resolve))
  })
})

it('two listeners at one place are refused by name', async () => {
  const port = await freePort()
  const listeners: ListenerSettings[] = [
    { kind: 'tcp', port },
    { kind: 'websocket', port },
  ]
  await expect(raise({ listeners })).rejects.toThrow(`listeners: two listeners are at 127.0.0.1:${port}`)
})
