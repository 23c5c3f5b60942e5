import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, lstatSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ListenerSettings } from '../../src/settings/settings.ts'
import { unique } from '../support/wire-steps.ts'
import { openUnixPipe } from './pipe-client.ts'
import { raise } from './stage.ts'

let directory = ''

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'topiary-unix-'))
})
afterAll(() => rmSync(directory, { recursive: true, force: true }))

function newPath(): string {
  return join(directory, `${unique('broker')}.sock`)
}

function at(path: string, others: { mode?: string; allowAnonymous?: boolean } = {}): readonly ListenerSettings[] {
  return [{ kind: 'unix', path, ...others }]
}

function modeOf(path: string): string {
  return (statSync(path).mode & 0o777).toString(8)
}

describe('a client on a Unix socket', () => {
  it('connects without a login and exchanges messages', async () => {
    const path = newPath()
    const stage = await raise({ listeners: at(path) })
    const client = openUnixPipe(path)
    expect((await client.connect()).reasonCode).toBe(0)
    await client.exchange()
    expect(stage.broker.addresses).toEqual([{ kind: 'unix', host: '', port: 0, url: `unix:${path}` }])
    expect(stage.clients[0]?.peer).toMatchObject({ transport: 'unix', isEncrypted: false, address: '', port: 0 })
  })

  it('needs a login with allowAnonymous: false', async () => {
    const path = newPath()
    await raise({ listeners: at(path, { allowAnonymous: false }) })
    expect((await openUnixPipe(path).connect()).reasonCode).toBe(0x87)
  })

  it('is not counted by address, but in all', async () => {
    const path = newPath()
    const limits = { maximumConnectionsPerAddress: 1, maximumConnections: 2 }
    const stage = await raise({ listeners: at(path), limits })
    for (let count = 0; count < 2; count++) expect((await openUnixPipe(path).connect()).reasonCode).toBe(0)
    await expect(openUnixPipe(path).connect()).rejects.toThrow('closed')
    expect(stage.refusedCount()).toBe(1)
  })
})

describe('the file', () => {
  it.each([
    [undefined, '660'],
    ['600', '600'],
    ['666', '666'],
  ])('has mode %s: %s', async (mode, expected) => {
    const path = newPath()
    await raise({ listeners: at(path, mode === undefined ? {} : { mode }) })
    expect(modeOf(path)).toBe(expected)
  })

  it('takes another mode by reload; those connected stay', async () => {
    const path = newPath()
    const stage = await raise({ listeners: at(path) })
    const client = openUnixPipe(path)
    await client.connect()
    await stage.broker.reload({ sysIntervalSeconds: 0, listeners: at(path, { mode: '600' }) })
    expect(modeOf(path)).toBe('600')
    await client.exchange()
    expect((await openUnixPipe(path).connect()).reasonCode).toBe(0)
  })

  it('is removed on close', async () => {
    const path = newPath()
    const stage = await raise({ listeners: at(path) })
    expect(lstatSync(path).isSocket()).toBe(true)
    await stage.broker.close({ graceMs: 0 })
    expect(existsSync(path)).toBe(false)
  })

  it('of a process that was killed is replaced', async () => {
    const path = newPath()
    const program = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => console.log('ready'))`
    const process = spawn('node', ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] })
    await once(process.stdout, 'data')
    process.kill('SIGKILL')
    await once(process, 'close')
    expect(lstatSync(path).isSocket()).toBe(true)
    await raise({ listeners: at(path) })
    expect((await openUnixPipe(path).connect()).reasonCode).toBe(0)
  })

  it('of a living process is left to it', async () => {
    const path = newPath()
    await raise({ listeners: at(path) })
    await expect(raise({ listeners: at(path) })).rejects.toMatchObject({ code: 'EADDRINUSE', address: path })
    expect((await openUnixPipe(path).connect()).reasonCode).toBe(0)
  })

  it('that is no socket is not deleted', async () => {
    const path = newPath()
    writeFileSync(path, 'precious')
    await expect(raise({ listeners: at(path) })).rejects.toMatchObject({ code: 'EADDRINUSE' })
    expect(readFileSync(path, 'utf8')).toBe('precious')
  })

  it('cannot be where there is no directory', async () => {
    const path = join(directory, 'absent', 'broker.sock')
    await expect(raise({ listeners: at(path) })).rejects.toMatchObject({ address: path })
  })
})
