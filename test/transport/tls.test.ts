import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ListenerSettings, TlsSettings } from '../../src/settings/settings.ts'
import { makeCertificates, type Certificates } from '../support/certificates.ts'
import { connectPacket } from '../support/wire-packets.ts'
import { openPipe, openTlsPipe, openWebSocketPipe, type PipeClient } from './pipe-client.ts'
import { raise } from './stage.ts'

let made: Certificates
let ca: Buffer

beforeAll(() => {
  made = makeCertificates()
  ca = readFileSync(made.authority.caFile)
})
afterAll(() => made.remove())

function listener(kind: 'tcp' | 'websocket', tls: Partial<TlsSettings> = {}): ListenerSettings {
  return { kind, port: 0, tls: { ...made.server, ...tls } }
}

describe('an encrypted listener', () => {
  it.each(['TLSv1.2', 'TLSv1.3'] as const)('exchanges messages over %s', async (version) => {
    const stage = await raise({ listeners: [listener('tcp')] })
    const client = await openTlsPipe(stage.port(), { ca, minVersion: version, maxVersion: version })
    expect(client.stream.getProtocol()).toBe(version)
    expect((await client.connect()).reasonCode).toBe(0)
    await client.exchange()
    expect(stage.clients[0]?.peer).toMatchObject({ transport: 'tcp', isEncrypted: true, address: '127.0.0.1' })
    expect(stage.broker.addresses[0]?.url).toBe(`mqtts://127.0.0.1:${stage.port()}`)
  })

  it('exchanges messages over WebSocket', async () => {
    const stage = await raise({ listeners: [listener('websocket')] })
    const [address] = stage.broker.addresses
    expect(address?.url).toMatch(/^wss:/)
    const client = openWebSocketPipe(`${address?.url}/mqtt`, { ca })
    expect((await client.connect()).reasonCode).toBe(0)
    await client.exchange()
    expect(stage.clients[0]?.peer).toMatchObject({ transport: 'websocket', isEncrypted: true, address: '127.0.0.1' })
  })

  it('large messages arrive whole on either side', async () => {
    const stage = await raise({ listeners: [listener('tcp')] })
    const client = await openTlsPipe(stage.port(), { ca })
    await client.connect()
    for (let round = 0; round < 3; round++) await client.exchange('x'.repeat(1_000_000))
  })

  it('with minimumVersion TLSv1.3 a client of 1.2 is refused, and 1.3 comes in', async () => {
    const stage = await raise({ listeners: [listener('tcp', { minimumVersion: 'TLSv1.3' })] })
    await expect(openTlsPipe(stage.port(), { ca, maxVersion: 'TLSv1.2' })).rejects.toThrow(/protocol version/)
    expect(stage.refusals()).toEqual([{ address: '127.0.0.1', reason: 'TLS: unsupported protocol' }])
    expect((await (await openTlsPipe(stage.port(), { ca })).connect()).reasonCode).toBe(0)
  })

  it('takes the cipher suites of TLS 1.3 apart from the ciphers of TLS 1.2', async () => {
    const stage = await raise({ listeners: [listener('tcp', { cipherSuites: 'TLS_CHACHA20_POLY1305_SHA256' })] })
    const newest = await openTlsPipe(stage.port(), { ca })
    expect(newest.stream.getCipher().name).toBe('TLS_CHACHA20_POLY1305_SHA256')
    const older = await openTlsPipe(stage.port(), { ca, maxVersion: 'TLSv1.2' })
    expect(older.stream.getProtocol()).toBe('TLSv1.2')
    const ciphers = 'ECDHE-ECDSA-AES256-GCM-SHA384'
    const narrow = await raise({ listeners: [listener('tcp', { ciphers })] })
    expect((await openTlsPipe(narrow.port(), { ca })).stream.getProtocol()).toBe('TLSv1.3')
  })

  it('takes the ciphers of its settings and no others', async () => {
    const ciphers = 'ECDHE-ECDSA-AES256-GCM-SHA384'
    const stage = await raise({ listeners: [listener('tcp', { ciphers })] })
    const client = await openTlsPipe(stage.port(), { ca, maxVersion: 'TLSv1.2' })
    expect(client.stream.getCipher().name).toBe(ciphers)
    const other = { ca, maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' } as const
    await expect(openTlsPipe(stage.port(), other)).rejects.toThrow(/handshake failure/)
  })
})

describe('a client that speaks otherwise is closed, told once and counted once', () => {
  const plainConnect = connectPacket(5, { clientId: 'plain' })
  const cases: [kind: 'tcp' | 'websocket', bytes: string | Uint8Array][] = [
    ['tcp', plainConnect],
    ['websocket', plainConnect],
    ['websocket', 'GET /mqtt HTTP/1.1\r\nHost: localhost\r\n\r\n'],
  ]
  it.each(cases)('plain bytes on an encrypted %s listener', async (kind, bytes) => {
    const stage = await raise({ listeners: [listener(kind)] })
    const socket = connect(stage.port(), '127.0.0.1')
    socket.write(bytes)
    await ended(socket)
    expect(stage.refusals()).toEqual([{ address: '127.0.0.1', reason: expect.stringMatching(/^TLS: /) }])
    expect(stage.refusedCount()).toBe(1)
  })

  it.each(['tcp', 'websocket'] as const)('TLS on a plain %s listener', async (kind) => {
    const stage = await raise({ listeners: [{ kind, port: 0 }] })
    await expect(openTlsPipe(stage.port(), { ca })).rejects.toThrow()
    expect(stage.refusals()).toHaveLength(1)
    expect(stage.refusals()[0]).toMatchObject({ address: '127.0.0.1' })
    expect(stage.refusedCount()).toBe(1)
  })

  it('a client that hangs up in the handshake leaves nothing behind', async () => {
    const stage = await raise({ listeners: [listener('tcp')], limits: { maximumConnections: 1 } })
    const socket = connect(stage.port(), '127.0.0.1')
    await new Promise((resolve) => socket.write(Uint8Array.of(0x16, 0x03, 0x01), resolve))
    socket.end()
    await ended(socket)
    expect((await (await openTlsPipe(stage.port(), { ca })).connect()).reasonCode).toBe(0)
  })
})

describe('what comes too slowly is cut after connectTimeoutMs', () => {
  const connectTimeoutMs = 150
  const clientHello = Uint8Array.of(0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03)
  const cases: [title: string, listener: () => ListenerSettings, begin: Uint8Array | string, reason: RegExp][] = [
    ['a TLS handshake that does not begin', () => listener('tcp'), '', /TLS handshake timeout/],
    ['a TLS handshake that stalls', () => listener('tcp'), clientHello, /TLS handshake timeout/],
    ['a TLS handshake before a WebSocket', () => listener('websocket'), clientHello, /TLS handshake timeout/],
    ['an upgrade that does not begin', () => ({ kind: 'websocket', port: 0 }), '', /no WebSocket upgrade/],
    ['an upgrade that stalls', () => ({ kind: 'websocket', port: 0 }), 'GET / HTTP/1.1\r\nHos', /no WebSocket upgrade/],
    ['a PROXY header that does not begin', () => ({ kind: 'tcp', port: 0, proxyProtocol: true }), '', /no header came/],
    [
      'a PROXY header that stalls',
      () => ({ kind: 'websocket', port: 0, proxyProtocol: true }),
      'PROXY TCP4 1.',
      /no header came/,
    ],
  ]
  it.each(cases)('%s', async (_title, settings, begin, reason) => {
    const stage = await raise({ listeners: [settings()], limits: { connectTimeoutMs } })
    const startMs = performance.now()
    const socket = connect(stage.port(), '127.0.0.1')
    if (begin !== '') socket.write(begin)
    await ended(socket)
    expect(performance.now() - startMs).toBeGreaterThan(connectTimeoutMs * 0.9)
    expect(stage.refusals()).toEqual([{ address: '127.0.0.1', reason: expect.stringMatching(reason) }])
    expect(stage.refusedCount()).toBe(1)
  })

  it('an encrypted WebSocket whose upgrade never comes', async () => {
    const stage = await raise({ listeners: [listener('websocket')], limits: { connectTimeoutMs } })
    const client = await openTlsPipe(stage.port(), { ca })
    await client.closed
    expect(stage.refusals()).toEqual([{ address: '127.0.0.1', reason: expect.stringMatching(/no WebSocket upgrade/) }])
  })

  it('a client that was in time stays for longer', async () => {
    const stage = await raise({ listeners: [listener('tcp'), listener('websocket')], limits: { connectTimeoutMs } })
    const clients: PipeClient[] = [
      await openTlsPipe(stage.port(), { ca }),
      openWebSocketPipe(`wss://127.0.0.1:${stage.port(1)}`, { ca }),
    ]
    for (const client of clients) await client.connect()
    const stalled = connect(stage.port(), '127.0.0.1') // its end shows that the time is over
    await ended(stalled)
    for (const client of clients) await client.exchange()
  })

  it('is as a reload sets it, in handshakes too', async () => {
    const listeners = [listener('tcp')]
    const stage = await raise({ listeners, limits: { connectTimeoutMs: 60_000 } })
    await stage.broker.reload({ sysIntervalSeconds: 0, listeners, limits: { connectTimeoutMs } })
    await ended(connect(stage.port(), '127.0.0.1'))
    expect(stage.refusals()).toEqual([{ address: '127.0.0.1', reason: expect.stringMatching(/handshake timeout/) }])
  })
})

describe('maximumConnections', () => {
  it('is over all listeners, and holds before a handshake is paid for', async () => {
    const listeners: ListenerSettings[] = [{ kind: 'tcp', port: 0 }, listener('tcp')]
    const stage = await raise({ listeners, limits: { maximumConnections: 1 } })
    const client = openPipe(stage.port())
    await client.connect()
    const refused = connectTls({ port: stage.port(1), host: '127.0.0.1', ca })
    const received = await bytesUntilEnd(refused)
    expect(received).toBe(0)
    expect(stage.refusals()).toEqual([{ address: '127.0.0.1', reason: 'the connection limit is reached' }])
    expect(stage.refusedCount()).toBe(1)
    const hasLeft = new Promise((resolve) => stage.broker.once('disconnected', resolve))
    client.stream.destroy()
    await hasLeft
    expect((await (await openTlsPipe(stage.port(1), { ca })).connect()).reasonCode).toBe(0)
  })

  it('counts clients that are still in their handshake', async () => {
    const stage = await raise({ listeners: [listener('tcp')], limits: { maximumConnections: 1 } })
    const stalled = connect(stage.port(), '127.0.0.1')
    await new Promise((resolve) => stalled.once('connect', resolve))
    await expect(openTlsPipe(stage.port(), { ca })).rejects.toThrow()
    expect(stage.refusals()).toEqual([{ address: '127.0.0.1', reason: 'the connection limit is reached' }])
    stalled.destroy()
  })
})

it('a broker that closes does not wait for handshakes', async () => {
  const stage = await raise({ listeners: [listener('tcp'), { kind: 'websocket', port: 0 }] })
  const sockets = [connect(stage.port(), '127.0.0.1'), connect(stage.port(1), '127.0.0.1')]
  await Promise.all(sockets.map((socket) => new Promise((resolve) => socket.once('connect', resolve))))
  const client = openWebSocketPipe(`ws://127.0.0.1:${stage.port(1)}`)
  await client.connect() // whoever came before has been accepted
  await (await openTlsPipe(stage.port(), { ca })).connect()
  await Promise.all([stage.broker.close({ graceMs: 0 }), ...sockets.map(ended)])
})

/** Resolves once both sides have closed, by a reset or not. */
function ended(socket: Socket): Promise<void> {
  socket.on('error', () => {})
  socket.resume()
  return new Promise((resolve) => socket.once('close', () => resolve()))
}

async function bytesUntilEnd(socket: Socket): Promise<number> {
  await ended(socket)
  return socket.bytesRead
}
