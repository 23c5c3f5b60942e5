import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { withUser } from '../../src/auth/password-file.ts'
import { ScryptCredential } from '../../src/auth/scrypt-credential.ts'
import { createBroker } from '../../src/server/create-broker.ts'
import { gate } from '../library/scene.ts'
import { freePort } from '../support/free-port.ts'
import { raise } from '../transport/stage.ts'
import { openPipe } from '../transport/pipe-client.ts'

const folder = mkdtempSync(join(tmpdir(), 'topiary-doors-'))
afterAll(() => rmSync(folder, { recursive: true }))

async function passwordFile(...users: readonly string[]): Promise<string> {
  const path = join(folder, 'users')
  let text = '# none\n'
  for (const user of users) text = withUser(text, user, await ScryptCredential.create(Buffer.from('secret'), 10))
  writeFileSync(path, text, { mode: 0o600 })
  return path
}

const secret = { userName: 'ada', password: 'secret' }

describe('nobody comes in by', () => {
  it('a proxy on loopback without a login: the client is elsewhere', async () => {
    const stage = await raise({ listeners: [{ kind: 'tcp', port: 0, proxyProtocol: true }] })
    const client = openPipe(stage.port())
    client.stream.write('PROXY TCP4 203.0.113.9 127.0.0.1 4711 1883\r\n')
    expect((await client.connect()).reasonCode).toBe(0x87)
  })

  it.each([[false], [0], [''], [null], [{}], [{ result: 'rejected' }]])(
    'an authenticate hook that answers %j',
    async (answer) => {
      const stage = await raise({ listeners: [{ kind: 'tcp', port: 0, allowAnonymous: false }] })
      stage.broker.use({ authenticate: () => answer as never })
      expect((await openPipe(stage.port()).connect()).reasonCode).toBeGreaterThanOrEqual(0x80)
    },
  )

  it.each([[0], [''], [null], [{}]])('an authorizeSubscribe hook that answers %j', async (answer) => {
    const stage = await raise({ listeners: [{ kind: 'tcp', port: 0 }] })
    stage.broker.use({ authorizeSubscribe: () => answer as never })
    const client = await stage.broker.connect()
    await expect(client.subscribe('a', () => {})).rejects.toMatchObject({ reasonCode: 0x87 })
  })

  it('a connection that was there before the listener was closed to anonymous clients', async () => {
    const listeners = [{ kind: 'tcp', port: await freePort() }] as const
    const stage = await raise({ listeners })
    const early = openPipe(stage.port())
    const one = openPipe(stage.port())
    await one.connect() // so that the first is there, too
    await stage.broker.reload({ listeners: [{ ...listeners[0], allowAnonymous: false }] })
    expect((await early.connect()).reasonCode).toBe(0x88)
    await one.closed
    expect((await openPipe(stage.port()).connect()).reasonCode).toBe(0x87)
  })

  it('a login that waits for a hook while its user is removed', async () => {
    const settings = { listeners: [{ kind: 'tcp', port: await freePort() }] } as const
    const stage = await raise({ ...settings, authentication: { passwordFile: await passwordFile('ada') } })
    const asked = gate()
    const released = gate()
    stage.broker.use({
      onConnect: () => {
        asked.open()
        return released.promise
      },
    })
    const client = openPipe(stage.port())
    const connack = client.connect(secret)
    await asked.promise
    await stage.broker.reload({ ...settings, authentication: { passwordFile: await passwordFile() } })
    released.open()
    expect((await connack).reasonCode).toBe(0x88)
  })
})

describe('an onPublish hook that answers what is no answer', () => {
  it.each([[0], [true], [null], ['x'], [{ topic: 'a' }]])('%j refuses', async (answer) => {
    const { broker, lines } = await raise({ listeners: [] })
    broker.use({ name: 'odd', onPublish: () => answer as never })
    const client = await broker.connect()
    await expect(client.publish({ topic: 't', qos: 1 })).rejects.toMatchObject({ reasonCode: 0x87 })
    expect(lines).toContainEqual(expect.objectContaining({ level: 'error', message: 'a hook failed' }))
  })
})

describe('a client on its way in', () => {
  it('is not disturbed by a reload that changes neither users nor doors', async () => {
    const listeners = [{ kind: 'tcp', port: await freePort() }] as const
    const stage = await raise({ listeners })
    const early = openPipe(stage.port())
    await openPipe(stage.port()).connect()
    await stage.broker.reload({ listeners: [...listeners, { kind: 'tcp', port: 0 }], limits: { maximumSessions: 9 } })
    expect((await early.connect()).reasonCode).toBe(0)
  })
})

describe('opening and closing', () => {
  it('leaves nothing open when closed while it opens', async () => {
    const port = await freePort()
    const broker = createBroker({ listeners: [{ kind: 'tcp', port }], http: { port: 0 } })
    const listening = broker.listen()
    await Promise.all([expect(listening).rejects.toThrow('closing'), broker.close()])
    expect(broker.isReady).toBe(false)
    expect(broker.httpUrl).toBeUndefined()
    const other = createBroker({ listeners: [{ kind: 'tcp', port }] })
    await other.listen() // the port is free
    await other.close()
  })

  it('takes over a reload that comes while it opens', async () => {
    const listeners = [{ kind: 'tcp', port: await freePort() }] as const
    const broker = createBroker({ listeners })
    const listening = broker.listen()
    const reloaded = broker.reload({ listeners: [{ ...listeners[0], allowAnonymous: false }] })
    await Promise.all([listening, reloaded])
    const client = openPipe(broker.addresses[0]?.port ?? 0)
    expect((await client.connect()).reasonCode).toBe(0x87)
    await broker.close()
  })
})

describe('the limit of connections from one address', () => {
  it.each([['tcp'], ['websocket']] as const)('holds for sockets that say nothing, on a %s listener', async (kind) => {
    const stage = await raise({ listeners: [{ kind, port: 0 }], limits: { maximumConnectionsPerAddress: 2 } })
    const pipes = [0, 1, 2, 3].map(() => openPipe(stage.port()))
    await Promise.all(pipes.slice(2).map(({ closed }) => closed))
    expect(pipes.slice(0, 2).map(({ stream }) => stream.destroyed)).toEqual([false, false])
    expect(stage.refusedCount()).toBe(2)
    expect(stage.refusals()[0]).toMatchObject({ reason: 'the connection limit of this address is reached' })
  })
})

describe('an HTTP server that the broker is attached to at one path', () => {
  it('answers upgrades of other paths with 404 where nobody else takes them', async () => {
    const stage = await raise({ listeners: [] })
    const server = createServer()
    stage.broker.attach(server, { path: '/mqtt' })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const socket = openPipe((server.address() as AddressInfo).port).stream
    const headers = 'Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n'
    socket.write(`GET /other HTTP/1.1\r\nHost: x\r\n${headers}`)
    expect(String(await new Promise((resolve) => socket.once('data', resolve)))).toMatch(/^HTTP\/1\.1 404 /)
    server.close()
  })
})

describe('a name that is spelled wrong', () => {
  it('is an error, for hooks and for messages', async () => {
    const { broker } = await raise({ listeners: [] })
    const misspelt = { authorisePublish: () => false }
    expect(() => broker.use(misspelt as never)).toThrow(
      'use: there is no authorisePublish; did you mean authorizePublish?',
    )
    const message = { topic: 't', payload: 'x', retian: true }
    await expect(broker.publish(message)).rejects.toThrow('publish: there is no retian; did you mean retain?')
  })
})
