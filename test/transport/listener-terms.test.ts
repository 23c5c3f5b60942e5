import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { ManualClock } from '../../src/observe/manual-clock.ts'
import type { ListenerSettings } from '../../src/settings/settings.ts'
import { OpenSockets } from '../../src/transport/open-sockets.ts'
import { SocketServer } from '../../src/transport/socket-server.ts'
import { PipeClient } from './pipe-client.ts'
import { raise, type Stage } from './stage.ts'

function dial(stage: Stage, host = '127.0.0.1', header = ''): PipeClient {
  const socket = connect({ host, port: stage.port() })
  socket.write(header)
  return new PipeClient(socket)
}

async function isLetIn(client: PipeClient): Promise<boolean> {
  return client.connect().then(
    () => true,
    () => false,
  )
}

describe('maximumConnections of a listener', () => {
  const listener = { kind: 'tcp', port: 0, maximumConnections: 2 } as const

  it('turns away one more, closes without a word, and counts it', async () => {
    const stage = await raise({ listeners: [listener] })
    expect(await isLetIn(dial(stage))).toBe(true)
    const second = dial(stage)
    expect(await isLetIn(second)).toBe(true)
    expect(await isLetIn(dial(stage))).toBe(false)
    expect(stage.refusals()[0]).toMatchObject({ reason: 'the connection limit of this listener is reached' })
    expect(stage.refusedCount()).toBe(1)
  })

  it('has room again for one who leaves', async () => {
    const stage = await raise({ listeners: [{ ...listener, maximumConnections: 1 }] })
    const first = dial(stage)
    expect(await isLetIn(first)).toBe(true)
    const left = new Promise((resolve) => stage.broker.on('disconnected', resolve))
    first.stream.destroy()
    await left
    expect(await isLetIn(dial(stage))).toBe(true)
  })

  it('is changed when settings are read again', async () => {
    const stage = await raise({ listeners: [{ ...listener, maximumConnections: 1 }] })
    expect(await isLetIn(dial(stage))).toBe(true)
    await stage.broker.reload({ listeners: [listener] })
    expect(await isLetIn(dial(stage))).toBe(true)
    expect(await isLetIn(dial(stage))).toBe(false)
  })
})

function proxied(more: object): ListenerSettings {
  return { kind: 'tcp', port: 0, allowAnonymous: true, proxyProtocol: 2, ...more }
}

/** Version 2, PROXY, TCP over IPv4, then what is given in hexadecimal digits. */
function two(rest: string): string {
  const length = (rest.length / 2).toString(16).padStart(4, '0')
  return Buffer.from(`0d0a0d0a000d0a515549540a2111${length}${rest}`, 'hex').toString('latin1')
}

describe('a PROXY header', () => {
  const one = 'PROXY TCP4 192.0.2.7 192.0.2.1 40000 1883\r\n'
  const addresses = 'c0000207c00002019c40075b'
  const tls = `${addresses}200005${'01'}${'00000000'}`
  const verified = `${addresses}20000b${'03'}${'00000000'}220003${Buffer.from('ada').toString('hex')}`

  it.each([
    ['of version 1 where version 1 is asked for', { proxyProtocol: 1 }, one, undefined],
    [
      'of version 2 where version 1 is asked for',
      { proxyProtocol: 1 },
      two(addresses),
      'the header is not of version 1',
    ],
    ['of version 1 where version 2 is asked for', {}, one, 'the header is not of version 2'],
    ['of version 2 where version 2 is asked for', {}, two(addresses), undefined],
    ['that says TLS where TLS is asked for', { proxyRequiresTls: true }, two(tls), undefined],
    [
      'that says nothing of TLS where TLS is asked for',
      { proxyRequiresTls: true },
      two(addresses),
      'the header does not say that the client came by TLS',
    ],
    [
      'that names nobody where it is to name the user',
      { proxyCertificateUser: true },
      two(tls),
      'the header names no verified client certificate',
    ],
  ] as const)('%s', async (_, more, header, fault) => {
    const stage = await raise({ listeners: [proxied(more)] })
    const socket = connect({ host: '127.0.0.1', port: stage.port() })
    socket.write(header, 'latin1')
    expect(await isLetIn(new PipeClient(socket))).toBe(fault === undefined)
    expect(stage.refusals()[0]?.['reason']).toBe(fault && `PROXY protocol: ${fault}`)
  })

  it('that names a verified certificate names the user, encrypted as far as the proxy knows', async () => {
    const stage = await raise({ listeners: [proxied({ proxyCertificateUser: true, allowAnonymous: false })] })
    const socket = connect({ host: '127.0.0.1', port: stage.port() })
    socket.write(two(verified), 'latin1')
    expect(await isLetIn(new PipeClient(socket))).toBe(true)
    expect(stage.clients.map(({ user, peer }) => [user, peer.isEncrypted])).toEqual([['ada', true]])
  })

  it.each([
    [{ proxyProtocol: 1, proxyRequiresTls: true }, 'proxyRequiresTls needs proxyProtocol 2'],
    [{ proxyProtocol: false, proxyCertificateUser: true }, 'proxyCertificateUser needs proxyProtocol 2'],
  ])('%o is refused', async (more, message) => {
    await expect(raise({ listeners: [proxied(more)] })).rejects.toThrow(message)
  })

  it('of either number makes a listener one that strangers must not come in at by default', async () => {
    const stage = await raise({ listeners: [{ kind: 'tcp', port: 0, proxyProtocol: 1 }] })
    expect(stage.lines.map(({ message }) => message).join()).toContain('nobody can log in')
  })
})

function everyIpv6(port: number, ipv6Only: boolean): Promise<Stage> {
  return raise({ listeners: [{ kind: 'tcp', host: '::', port, ipv6Only, allowAnonymous: true }] })
}

describe('an address for all of IPv6', () => {
  it('lets IPv4 clients in as well without ipv6Only', async () => {
    const stage = await everyIpv6(0, false)
    expect(await isLetIn(dial(stage))).toBe(true)
    expect(await isLetIn(dial(stage, '::1'))).toBe(true)
    expect(stage.clients.map(({ peer }) => peer.address)).toEqual(['127.0.0.1', '::1'])
  })

  it('leaves the port to others at IPv4 with ipv6Only', async () => {
    const other = createServer((socket) => socket.end('not the broker'))
    const { port } = await new Promise<AddressInfo>((resolve) => {
      other.listen(0, '0.0.0.0', () => resolve(other.address() as AddressInfo))
    })
    const stage = await everyIpv6(port, true)
    expect(await isLetIn(dial(stage, '::1'))).toBe(true)
    const said = await text(connect({ host: '127.0.0.1', port }))
    other.close()
    expect(said).toBe('not the broker')
  })
})

it('refused logins are told for each address, once a second, with the number of those left out', async () => {
  const clock = new ManualClock()
  const stage = await raise({ listeners: [{ kind: 'tcp', port: 0, allowAnonymous: false }] }, { clock })
  const refusedFrom = async (localAddress: string, clientId: string): Promise<void> => {
    const socket = connect({ host: '127.0.0.1', port: stage.port(), localAddress })
    expect((await new PipeClient(socket).connect({ clientId })).reasonCode).toBe(0x87)
  }
  for (const clientId of ['a', 'b', 'c']) await refusedFrom('127.0.0.1', clientId)
  await refusedFrom('127.0.0.7', 'd')
  clock.advance(1500)
  await refusedFrom('127.0.0.1', 'e')
  const told = stage.refusals().map(({ address, clientId, unsaid }) => [address, clientId, unsaid])
  expect(told).toEqual([
    ['127.0.0.1', 'a', undefined],
    ['127.0.0.7', 'd', undefined],
    ['127.0.0.1', 'e', 2],
  ])
  expect(stage.refusals().every(({ port }) => Number(port) > 0)).toBe(true)
})

describe('noDelay', () => {
  it.each([true, false])('%s is what sockets that are let in have', async (noDelay) => {
    const accepted = new Promise<Socket>((resolve) => {
      const options = {
        endpoint: { host: '127.0.0.1', port: 0 },
        tls: undefined,
        proxyProtocol: undefined,
        maximumConnections: 0,
        noDelay,
        handshakeTimeoutMs: () => 1000,
        openSockets: new OpenSockets({ maximumConnections: 0, maximumConnectionsPerAddress: 0 }),
        onRefused() {},
      }
      const server = new SocketServer(options, (socket) => {
        server.close()
        resolve(socket)
      })
      void server.listen().then((port) => connect({ host: '127.0.0.1', port }).unref())
    })
    const socket = await accepted
    // Node.js remembers what it asked of the system, and tells nobody
    const memory = Object.getOwnPropertySymbols(socket).find((symbol) => symbol.description === 'kSetNoDelay')
    expect(Boolean(socket[memory as unknown as keyof Socket])).toBe(noDelay)
    socket.destroy()
  })
})
