import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ListenerSettings } from '../../src/settings/settings.ts'
import { type Certificates, makeCertificates } from '../support/certificates.ts'
import { connectPacket, joined } from '../support/wire-packets.ts'
import { openTlsPipe, openWebSocketPipe, PipeClient, type TlsPipe } from './pipe-client.ts'
import { raise, type Stage } from './stage.ts'

let made: Certificates

beforeAll(() => {
  made = makeCertificates()
})
afterAll(() => made.remove())

type Kind = 'tcp' | 'websocket' | 'TLS' | 'encrypted websocket'
const kinds: readonly Kind[] = ['tcp', 'websocket', 'TLS', 'encrypted websocket']

function listener(kind: Kind, proxyProtocol = true): ListenerSettings {
  const isEncrypted = kind === 'TLS' || kind === 'encrypted websocket'
  const transport = kind === 'tcp' || kind === 'TLS' ? 'tcp' : 'websocket'
  return { kind: transport, port: 0, proxyProtocol, allowAnonymous: true, ...(isEncrypted && { tls: made.server }) }
}

/** A client behind a proxy that sends `header` before everything else. */
async function through(stage: Stage, kind: Kind, header: Uint8Array): Promise<PipeClient> {
  const ca = readFileSync(made.authority.caFile)
  const port = stage.port()
  if (kind === 'TLS') return openTlsPipe(port, { ca }, header)
  if (kind === 'tcp' || kind === 'websocket') {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true })
    socket.write(header)
    if (kind === 'tcp') return new PipeClient(socket)
    return openWebSocketPipe('ws://127.0.0.1', { createConnection: () => socket })
  }
  const { stream }: TlsPipe = await openTlsPipe(port, { ca }, header)
  stream.removeAllListeners('data')
  return openWebSocketPipe('wss://127.0.0.1', { createConnection: () => stream })
}

function text(line: string): Uint8Array {
  return Buffer.from(`${line}\r\n`)
}

/** Version 2: command and family, then addresses. */
function binary(command: number, family: number, addresses: readonly number[]): Uint8Array {
  const signature = [0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a]
  return Uint8Array.of(...signature, command, family, 0, addresses.length, ...addresses)
}

const ports = [0x9c, 0x40, 0x07, 0x5b] // 40000 and 1883
const loopback6 = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]
const device6 = [0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7]
const device4 = text('PROXY TCP4 192.0.2.7 192.0.2.1 40000 1883')

describe('the address of a client is the one its proxy tells of', () => {
  const headers: [title: string, header: Uint8Array, address: string, port: number | undefined][] = [
    ['version 1, IPv4', device4, '192.0.2.7', 40_000],
    ['version 1, IPv6', text('PROXY TCP6 2001:db8:0::7 ::1 40000 1883'), '2001:db8::7', 40_000],
    ['version 1, UNKNOWN', text('PROXY UNKNOWN'), '127.0.0.1', undefined],
    ['version 2, IPv4', binary(0x21, 0x11, [192, 0, 2, 7, 192, 0, 2, 1, ...ports]), '192.0.2.7', 40_000],
    ['version 2, IPv6', binary(0x21, 0x21, [...device6, ...loopback6, ...ports]), '2001:db8::7', 40_000],
    ['version 2, LOCAL', binary(0x20, 0x00, []), '127.0.0.1', undefined],
  ]
  const cases = kinds.flatMap((kind) => headers.map((one) => [kind, ...one] as const))
  it.each(cases)('on a %s listener: %s', async (kind, _title, header, address, port) => {
    const stage = await raise({ listeners: [listener(kind)] })
    const client = await through(stage, kind, header)
    expect((await client.connect({ clientId: 'behind' })).reasonCode).toBe(0)
    await client.exchange()
    const [connected] = stage.clients
    expect(connected?.peer.address).toBe(address)
    if (port === undefined) expect(connected?.peer.port).toBeGreaterThan(0)
    else expect(connected?.peer.port).toBe(port)
    const line = stage.lines.find(({ message }) => message === 'client connected')
    expect(line?.fields).toMatchObject({ clientId: 'behind', address })
  })

  it('also when a client of the same name is refused', async () => {
    const stage = await raise({ listeners: [{ ...listener('tcp'), allowAnonymous: false } as ListenerSettings] })
    const client = await through(stage, 'tcp', device4)
    expect((await client.connect()).reasonCode).toBe(0x87)
    expect(stage.refusals()).toMatchObject([{ address: '192.0.2.7' }])
  })

  it('and of a client whose handshake fails', async () => {
    const stage = await raise({ listeners: [listener('TLS')] })
    const socket = connect({ host: '127.0.0.1', port: stage.port() })
    const client = new PipeClient(socket)
    socket.write(joined(device4, connectPacket(5)))
    await client.closed
    expect(stage.refusals()).toMatchObject([{ address: '192.0.2.7', reason: expect.stringMatching(/^TLS/) }])
  })
})

describe('a header arrives', () => {
  const headers = [device4, binary(0x21, 0x11, [192, 0, 2, 7, 192, 0, 2, 1, ...ports])]

  it.each(headers)('in one chunk with CONNECT', async (header) => {
    const stage = await raise({ listeners: [listener('tcp')] })
    const socket = connect({ host: '127.0.0.1', port: stage.port() })
    const client = new PipeClient(socket)
    socket.write(joined(header, connectPacket(5, { clientId: 'at-once' })))
    expect(await client.next()).toMatchObject({ kind: 'connack', reasonCode: 0 })
    await client.exchange()
    expect(stage.clients).toMatchObject([{ clientId: 'at-once', peer: { address: '192.0.2.7' } }])
  })

  it.each(headers)('byte by byte', async (header) => {
    const stage = await raise({ listeners: [listener('tcp')] })
    const socket = connect({ host: '127.0.0.1', port: stage.port(), noDelay: true })
    const client = new PipeClient(socket)
    for (const byte of joined(header, connectPacket(5, { clientId: 'slow' }))) {
      await new Promise((resolve) => socket.write(Uint8Array.of(byte), resolve))
    }
    expect(await client.next()).toMatchObject({ kind: 'connack', reasonCode: 0 })
    expect(stage.clients).toMatchObject([{ clientId: 'slow', peer: { address: '192.0.2.7' } }])
  })
})

describe('header and setting must agree', () => {
  it.each(kinds)('a header on a %s listener without the setting closes the connection', async (kind) => {
    const stage = await raise({ listeners: [listener(kind, false)] })
    const socket = connect({ host: '127.0.0.1', port: stage.port() })
    const ended = new Promise((resolve) => socket.once('close', resolve))
    socket.on('error', () => {})
    socket.resume()
    socket.write(joined(device4, connectPacket(5)))
    await ended
    expect(stage.refusedCount()).toBe(1)
    expect(stage.clients).toEqual([])
  })

  it.each(kinds)('no header on a %s listener with the setting closes the connection', async (kind) => {
    const stage = await raise({ listeners: [listener(kind)] })
    const socket = connect({ host: '127.0.0.1', port: stage.port() })
    const ended = new Promise((resolve) => socket.once('close', resolve))
    socket.on('error', () => {})
    socket.resume()
    socket.write(connectPacket(5))
    await ended
    const reason = 'PROXY protocol: this is no PROXY protocol header'
    expect(stage.refusals()).toEqual([{ address: '127.0.0.1', reason }])
    expect(stage.refusedCount()).toBe(1)
  })
})

it('two clients with one proxied address count against maximumConnectionsPerAddress', async () => {
  const stage = await raise({ listeners: [listener('tcp')], limits: { maximumConnectionsPerAddress: 1 } })
  const first = await through(stage, 'tcp', device4)
  expect((await first.connect()).reasonCode).toBe(0)
  const second = await through(stage, 'tcp', device4)
  await expect(second.connect()).rejects.toThrow('closed')
  expect(stage.refusedCount()).toBe(1)
  const other = await through(stage, 'tcp', text('PROXY TCP4 192.0.2.8 192.0.2.1 40000 1883'))
  expect((await other.connect()).reasonCode).toBe(0)
})
