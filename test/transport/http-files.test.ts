import { once } from 'node:events'
import fs, { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { syncBuiltinESMExports } from 'node:module'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { openWebSocketPipe } from './pipe-client.ts'
import { raise, type Stage } from './stage.ts'

let directory: string

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'topiary-http-'))
  mkdirSync(join(directory, 'public/pages'), { recursive: true })
  writeFileSync(join(directory, 'secret.txt'), 'nobody is to see this')
  writeFileSync(join(directory, 'public/index.html'), '<h1>start</h1>')
  writeFileSync(join(directory, 'public/pages/a b.js'), 'let a')
})
afterAll(() => rmSync(directory, { recursive: true }))

function staged(name = 'public'): Promise<Stage> {
  return raise({ listeners: [{ kind: 'websocket', port: 0, httpDirectory: join(directory, name) }] })
}

/** Unlike fetch, this leaves the path as it is. */
function get(
  stage: Stage,
  path: string,
  method = 'GET',
  headers: Readonly<Record<string, string>> = {},
): Promise<{ status: number; type: string; text: string }> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port: stage.port(), path, method, headers }, (response) => {
      let text = ''
      response.on('data', (chunk: Buffer) => (text += chunk.toString()))
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, type: response.headers['content-type'] ?? '', text }),
      )
    })
    asked.on('error', reject)
    asked.end()
  })
}

describe('the files of a WebSocket listener', () => {
  it.each([
    ['/', 200, 'text/html;charset=utf-8', '<h1>start</h1>'],
    ['/index.html?v=1', 200, 'text/html;charset=utf-8', '<h1>start</h1>'],
    ['/pages/a%20b.js', 200, 'text/javascript', 'let a'],
    ['/absent.html', 404, 'text/plain', 'There is no such file.\n'],
    ['/../secret.txt', 404, 'text/plain', 'There is no such file.\n'],
    ['/%2e%2e/secret.txt', 404, 'text/plain', 'There is no such file.\n'],
    ['/pages/..%2f..%2fsecret.txt', 404, 'text/plain', 'There is no such file.\n'],
    ['/%', 404, 'text/plain', 'There is no such file.\n'],
  ])('GET %s is answered with %s, %s', async (path, status, type, text) => {
    expect(await get(await staged(), path)).toEqual({ status, type, text })
  })

  it('are not asked for parts that end before they begin', async () => {
    const stage = await staged()
    await expect(get(stage, '/index.html', 'GET', { range: 'bytes=3-2' })).rejects.toThrow('socket hang up')
    expect(await get(stage, '/index.html')).toMatchObject({ status: 200 })
  })

  it('are files: a socket among them is none', async () => {
    const stage = await staged()
    const server = createServer().listen(join(directory, 'public/a.sock'))
    await once(server, 'listening')
    expect(await get(stage, '/a.sock')).toMatchObject({ status: 404 })
    server.close()
    expect(await get(stage, '/index.html')).toMatchObject({ status: 200 })
  })

  it('end with the connection when one cannot be read after all', async () => {
    const stage = await staged()
    const file = join(directory, 'public/gone.txt')
    writeFileSync(file, 'here')
    const opened = vi.spyOn(fs, 'createReadStream').mockImplementationOnce(() => {
      const stream = new Readable({ read() {} })
      setImmediate(() => stream.destroy(new Error('not permitted')))
      return stream as fs.ReadStream
    })
    syncBuiltinESMExports()
    await expect(get(stage, '/gone.txt')).rejects.toThrow('socket hang up')
    opened.mockRestore()
    syncBuiltinESMExports()
    expect(await get(stage, '/gone.txt')).toMatchObject({ text: 'here' })
  })

  it('are only read', async () => {
    expect(await get(await staged(), '/index.html', 'DELETE')).toMatchObject({ status: 405 })
  })

  it('are served as they are now, and leave the broker on the same port', async () => {
    const stage = await staged()
    writeFileSync(join(directory, 'public/new.txt'), 'one')
    expect(await get(stage, '/new.txt')).toMatchObject({ text: 'one' })
    writeFileSync(join(directory, 'public/new.txt'), 'another')
    expect(await get(stage, '/new.txt')).toMatchObject({ text: 'another' })
    const client = await openWebSocketPipe(`ws://127.0.0.1:${stage.port()}`)
    expect((await client.connect()).reasonCode).toBe(0)
    await client.exchange()
  })

  it('come and go when settings are read again', async () => {
    const stage = await raise({ listeners: [{ kind: 'websocket', port: 0 }] })
    expect(await get(stage, '/')).toMatchObject({ status: 426 })
    const httpDirectory = join(directory, 'public')
    await stage.broker.reload({ listeners: [{ kind: 'websocket', port: 0, httpDirectory }] })
    expect(await get(stage, '/')).toMatchObject({ status: 200 })
  })

  it('need a directory that is there', async () => {
    await expect(staged('absent')).rejects.toThrow(/^listeners\[0\]: httpDirectory .*absent is no directory/)
  })
})
