import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { type SpawnedClient, spawnClient } from '../../clients/spawned-client.ts'
import { releaseClients, WireClient } from '../../support/wire-client.ts'
import { freePort } from '../../support/free-port.ts'
import { directory, mosquitto, port, quiet, startQuiet as start, useExecutables } from './executables.ts'

useExecutables()
afterEach(() => releaseClients())

/** The same with variables of the environment. */
async function startWith(variables: readonly string[], ...lines: string[]): Promise<SpawnedClient> {
  const broker = spawnClient('env', [...variables, mosquitto, '-c', quiet(...lines)])
  await broker.line(/ running$/)
  return broker
}

async function enter(clientId: string, fields: { readonly keepAlive?: number } = {}): Promise<WireClient> {
  return WireClient.connected({ port, version: 5, clientId, ...fields })
}

describe('the environment', () => {
  it('PUID and PGID choose whom a broker started by root becomes', async () => {
    expect(process.getuid?.()).toBe(0) // where tests run
    chmodSync(directory, 0o755)
    const file = join(directory, 'm.conf')
    writeFileSync(file, `listener ${port} 127.0.0.1\nuser nobody\n`)
    const broker = spawnClient('env', ['PUID=34567', 'PGID=45678', mosquitto, '-c', file])
    await broker.line(/ running$/)
    const status = readFileSync(`/proc/${broker.pid}/status`, 'utf8')
    expect(/^Uid:\s+(\d+)/m.exec(status)?.[1]).toBe('34567')
    expect(/^Gid:\s+(\d+)/m.exec(status)?.[1]).toBe('45678')
  })

  it('MOSQUITTO_PERSISTENCE_LOCATION says where state is kept', async () => {
    const elsewhere = `${directory}/elsewhere`
    await startWith(
      [`MOSQUITTO_PERSISTENCE_LOCATION=${elsewhere}/`],
      'persistence true',
      `persistence_location ${directory}/`,
    )
    expect(existsSync(join(elsewhere, 'topiary-data'))).toBe(true)
    expect(existsSync(join(directory, 'topiary-data'))).toBe(false)
  })

  it('TOPIARY_MOSQUITTO_VERSION chooses whose rules hold, before the file', async () => {
    const broker = await startWith(['TOPIARY_MOSQUITTO_VERSION=2.0'], 'topiary_mosquitto_version 2.1')
    await broker.line(/mosquitto version 2\.0 .* running$/)
    await (await enter('one')).disconnect(0)
    await broker.line(/Client one disconnected\.$/)
    const wrong = await spawnClient('env', ['TOPIARY_MOSQUITTO_VERSION=3', mosquitto, '-c', quiet()]).ended
    expect(wrong).toMatchObject({
      code: 3,
      err: expect.stringMatching(/TOPIARY_MOSQUITTO_VERSION is 2\.0 or 2\.1, not 3/),
    })
  })
})

it('SIGPIPE is ignored', async () => {
  const broker = await start()
  broker.kill('SIGPIPE')
  await enter('one')
  broker.kill('SIGTERM')
  expect((await broker.ended).code).toBe(0)
})

describe('the log', () => {
  it('names every socket that is opened', async () => {
    const [webSocket, both] = [await freePort(), await freePort()]
    const broker = await start(
      `listener ${webSocket} 127.0.0.1`,
      'protocol websockets',
      `listener ${both}`,
      `listener 0 ${directory}/m.sock`,
    )
    for (const line of [
      `ipv4 listen socket on port ${port}`,
      `websockets listen socket on port ${webSocket}`,
      `ipv4 listen socket on port ${both}`,
      `ipv6 listen socket on port ${both}`,
      `unix listen socket on path ${directory}/m.sock`,
    ]) {
      await broker.line(new RegExp(`^\\d+: Opening ${line}\\.$`))
    }
  })

  it('says why a client has gone', async () => {
    const broker = await start('max_keepalive 1')
    const gone = (clientId: string, reason: string) =>
      broker.line(new RegExp(`^\\d+: Client ${clientId} \\[127\\.0\\.0\\.1:\\d+\\] disconnected: ${reason}\\.$`))
    const silent = await enter('silent', { keepAlive: 1 })
    await (await enter('cut')).abort()
    await gone('cut', 'connection closed by client')
    const first = await enter('twice')
    await enter('twice')
    await first.closed()
    await gone('twice', 'session taken over')
    const wrong = await enter('wrong')
    wrong.send(new Uint8Array([0, 0]))
    await wrong.closed()
    await gone('wrong', '(malformed packet|protocol error)')
    await silent.closed()
    await gone('silent', 'exceeded timeout')
  })

  it('says who comes, and that it reads its conf again', async () => {
    const broker = await start()
    await (
      await WireClient.open({ port, version: 4 })
    ).connect({ clientId: 'a', keepAlive: 60, userName: 'anna', password: 'x' })
    await broker.line(new RegExp(`^\\d+: New connection from 127\\.0\\.0\\.1:\\d+ on port ${port}\\.$`))
    await broker.line(/^\d+: New client connected from 127\.0\.0\.1:\d+ as a \(p4, c1, k60, u'anna'\)\.$/)
    broker.kill('SIGHUP')
    await broker.line(/^\d+: Reloading config\.$/)
  })
})
