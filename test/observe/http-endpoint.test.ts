import { once } from 'node:events'
import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http'
import { connect, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { newCounters } from '../../src/contracts/statistics.ts'
import { HttpEndpoint, type HttpEndpointOptions } from '../../src/observe/http-endpoint.ts'
import { Metrics } from '../../src/observe/metrics.ts'
import { ManualClock } from '../../src/observe/manual-clock.ts'

const open: HttpEndpoint[] = []

async function endpoint(options: Partial<HttpEndpointOptions> = {}) {
  const started = new HttpEndpoint({
    host: '127.0.0.1',
    port: 0,
    obstacle: () => undefined,
    metrics: () => 'metrics\n',
    ...options,
  })
  open.push(started)
  return { endpoint: started, ...(await started.listen()) }
}

afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()))
})

interface Answer {
  readonly status: number | undefined
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

async function ask(port: number, method: string, path: string, headers: Record<string, string> = {}): Promise<Answer> {
  const asking = request({ host: '127.0.0.1', port, method, path, headers, agent: false })
  asking.end()
  const [response] = (await once(asking, 'response')) as [IncomingMessage]
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk as Buffer)
  return { status: response.statusCode, headers: response.headers, text: Buffer.concat(chunks).toString() }
}

/** A connection that sent `text`, with what came back once it is closed. */
async function rawConnection(port: number, text: string): Promise<{ socket: Socket; ended: Promise<string> }> {
  const socket = connect(port, '127.0.0.1')
  let received = ''
  socket.on('data', (chunk) => (received += chunk.toString()))
  socket.on('error', () => {}) // a reset is an end too
  const ended = new Promise<string>((resolve) => socket.on('close', () => resolve(received)))
  await once(socket, 'connect')
  socket.write(text)
  return { socket, ended }
}

describe('answers', () => {
  it.each([
    ['GET', '/livez', 200, 'ok'],
    ['GET', '/livez?verbose', 200, 'ok'],
    ['GET', '/readyz', 200, 'ok'],
    ['GET', '/metrics', 200, 'metrics\n'],
    ['GET', '/metrics?name[]=x', 200, 'metrics\n'],
    ['HEAD', '/livez', 200, ''],
    ['HEAD', '/metrics', 200, ''],
    ['GET', '/', 404, 'There is /livez, /readyz and /metrics.\n'],
    ['GET', '/livez/', 404, 'There is /livez, /readyz and /metrics.\n'],
    ['GET', '/LIVEZ', 404, 'There is /livez, /readyz and /metrics.\n'],
    ['GET', '//livez', 404, 'There is /livez, /readyz and /metrics.\n'],
    ['HEAD', '/x', 404, ''],
    ['POST', '/livez', 405, 'Only GET and HEAD are served.\n'],
    ['PUT', '/metrics', 405, 'Only GET and HEAD are served.\n'],
    ['DELETE', '/x', 405, 'Only GET and HEAD are served.\n'],
    ['OPTIONS', '*', 405, 'Only GET and HEAD are served.\n'],
  ])('%s %s: %i', async (method, path, status, text) => {
    const { port } = await endpoint()
    expect(await ask(port, method, path)).toMatchObject({ status, text })
  })

  it('say of what kind they are, how long, and not to keep them', async () => {
    const { port } = await endpoint({ metrics: () => 'é\n' })
    for (const method of ['GET', 'HEAD']) {
      expect((await ask(port, method, '/metrics')).headers).toMatchObject({
        'content-type': 'text/plain; version=0.0.4; charset=utf-8',
        'content-length': '3',
        'cache-control': 'no-store',
      })
    }
    expect((await ask(port, 'GET', '/livez')).headers['content-type']).toBe('text/plain; charset=utf-8')
    expect((await ask(port, 'POST', '/livez')).headers).toMatchObject({ allow: 'GET, HEAD', connection: 'close' })
  })

  it('readyz says what is in the way, livez does not care', async () => {
    let obstacle: string | undefined = 'not-ready'
    const { port } = await endpoint({ obstacle: () => obstacle })
    expect(await ask(port, 'GET', '/readyz')).toMatchObject({ status: 503, text: 'not-ready' })
    expect(await ask(port, 'HEAD', '/readyz')).toMatchObject({ status: 503, text: '' })
    expect(await ask(port, 'GET', '/livez')).toMatchObject({ status: 200 })
    obstacle = undefined
    expect(await ask(port, 'GET', '/readyz')).toMatchObject({ status: 200, text: 'ok' })
  })

  it('are 500 when the metrics fail, and the next is as before', async () => {
    let isBroken = true
    const metrics = (): string => {
      if (isBroken) throw new Error('no gauges today')
      return 'fine\n'
    }
    const { port } = await endpoint({ metrics })
    const answer = await ask(port, 'GET', '/metrics')
    expect(answer).toMatchObject({ status: 500, text: expect.stringContaining('no gauges today') as string })
    isBroken = false
    expect(await ask(port, 'GET', '/metrics')).toMatchObject({ status: 200, text: 'fine\n' })
  })

  it('metrics of a broker come whole', async () => {
    const counters = newCounters()
    const gauges = { startedAtMs: 0, nowMs: 0, sessions: 0, connections: 0, subscriptions: 0, sharedSubscriptions: 0 }
    const stored = { retainedMessages: 0, storedMessages: 0, storedBytes: 0, outboxMessages: 0, outboxBytes: 0 }
    const statistics = { counters, gauges: () => ({ ...gauges, ...stored }) }
    const metrics = new Metrics({ clock: new ManualClock(), version: '1', statistics })
    const { url } = await endpoint({ metrics: () => metrics.text() })
    counters.packetsReceived = 7
    const text = await (await fetch(`${url}/metrics`)).text()
    metrics.stop()
    expect(text).toContain('\ntopiary_packets_received_total 7\n')
    expect(text).toMatch(/\ntopiary_event_loop_delay_max_seconds \S+\n$/)
  })
})

describe('what a client may not do', () => {
  it('headers of more than 8 KiB are refused', async () => {
    const { port } = await endpoint()
    expect(await ask(port, 'GET', '/livez', { x: 'y'.repeat(7000) })).toMatchObject({ status: 200 })
    expect(await ask(port, 'GET', '/livez', { x: 'y'.repeat(9000) })).toMatchObject({ status: 431 })
  })

  it('the body of a request is not waited for', async () => {
    const { port } = await endpoint({ timeoutMs: 60_000 })
    const { ended } = await rawConnection(port, 'POST /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nx')
    expect(await ended).toMatch(/^HTTP\/1\.1 405 /)
  })

  it('what is not HTTP is refused and closed', async () => {
    const { port } = await endpoint()
    const { ended } = await rawConnection(port, '\u0010\u000c\u0000\u0004MQTT\u0005\r\n\r\n')
    expect(await ended).toMatch(/^HTTP\/1\.1 400 /)
  })

  it.each(['', 'GET /li', 'GET /livez HTTP/1.1\r\nHost: x\r\n'])(
    'a request that stops after %j is cut',
    async (text) => {
      const { port } = await endpoint({ timeoutMs: 50 })
      const { ended } = await rawConnection(port, text)
      expect(await ended).toMatch(/^(?:HTTP\/1\.1 408 |$)/)
    },
  )

  it('one that comes drop by drop is cut as well', async () => {
    const { port } = await endpoint({ timeoutMs: 100 })
    const { socket, ended } = await rawConnection(port, 'GET /livez HTTP/1.1\r\n')
    const dripping = setInterval(() => socket.write('x: y\r\n'), 20)
    expect(await ended).toMatch(/^(?:HTTP\/1\.1 408 |$)/)
    clearInterval(dripping)
  })

  it('an answer that is not read is given up', async () => {
    const { port } = await endpoint({ timeoutMs: 50, metrics: () => 'x'.repeat(20_000_000) })
    const { socket, ended } = await rawConnection(port, 'GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n')
    socket.pause()
    // each of these is cut after the same time, so by then the reader has had three times as much
    for (let round = 0; round < 3; round++) await (await rawConnection(port, '')).ended
    socket.resume()
    expect((await ended).length).toBeLessThan(20_000_000)
  })

  it('more than 64 connections at once are closed, until others go', async () => {
    const { port } = await endpoint()
    const held = await Promise.all(Array.from({ length: 64 }, () => rawConnection(port, '')))
    const { ended } = await rawConnection(port, 'GET /livez HTTP/1.1\r\nHost: x\r\n\r\n')
    expect(await ended).toBe('')
    for (const { socket } of held) socket.end('GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
    for (const one of held) expect(await one.ended).toMatch(/^HTTP\/1\.1 200 /)
    expect(await ask(port, 'GET', '/livez')).toMatchObject({ status: 200 })
  })
})

describe('close', () => {
  it('cuts connections that are kept alive, half a request, or silent, and frees the port', async () => {
    const { endpoint: closing, port } = await endpoint({ timeoutMs: 60_000 })
    const keptAlive = await rawConnection(port, 'GET /livez HTTP/1.1\r\nHost: x\r\n\r\n')
    await once(keptAlive.socket, 'data')
    const others = [await rawConnection(port, 'GET /li'), await rawConnection(port, '')]
    await ask(port, 'GET', '/livez') // by now the server has accepted them
    await closing.close()
    expect(await keptAlive.ended).toMatch(/^HTTP\/1\.1 200 /)
    for (const other of others) expect(await other.ended).toBe('')
    expect((await endpoint({ port })).port).toBe(port)
  })

  it('may be called twice, and before anything listens', async () => {
    const { endpoint: closing } = await endpoint()
    await Promise.all([closing.close(), closing.close()])
    await new HttpEndpoint({ host: '127.0.0.1', port: 0, obstacle: () => undefined, metrics: () => '' }).close()
  })
})

it('a port that is taken is told', async () => {
  const { port } = await endpoint()
  await expect(endpoint({ port })).rejects.toMatchObject({ code: 'EADDRINUSE', port })
})

it('the address is told with the port that was taken', async () => {
  const { host, port, url } = await endpoint()
  expect({ host, url }).toEqual({ host: '127.0.0.1', url: `http://127.0.0.1:${port}` })
})
