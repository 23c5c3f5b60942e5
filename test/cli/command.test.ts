import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createConnection, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import mqtt from 'mqtt'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { killSpawnedClients, spawnClient, type SpawnedClient } from '../clients/spawned-client.ts'
import { startTestBroker, type TestBroker } from '../support/test-broker.ts'
import { builtPackage } from '../support/built-package.ts'

let mainFile: string
let broker: TestBroker
let folder: string
let topics = 0

beforeAll(async () => {
  mainFile = (await builtPackage()).topiary
  broker = await startTestBroker()
  folder = await mkdtemp(join(tmpdir(), 'topiary-cli-'))
}, 60_000)

afterAll(async () => {
  await broker.close()
  await rm(folder, { recursive: true })
})

afterEach(killSpawnedClients)

function topiary(args: readonly string[], input?: string): SpawnedClient {
  return spawnClient(process.execPath, [mainFile, ...args], input)
}

function newTopic(): string {
  topics += 1
  return `cli/${topics}`
}

/** Publishes through the command, which must say nothing. */
async function publish(args: readonly string[], input?: string): Promise<void> {
  const outcome = await topiary(['pub', '--url', `mqtt://127.0.0.1:${broker.port}`, ...args], input).ended
  expect(outcome).toEqual({ code: 0, out: '', err: '' })
}

async function subscribed(args: readonly string[]): Promise<{ code: number | null; out: string; err: string }> {
  return topiary(['sub', '--url', `mqtt://127.0.0.1:${broker.port}`, ...args]).ended
}

/** A port where something listens that does `greet` with each connection. */
async function listen(greet: (socket: Socket) => void): Promise<{ server: Server; port: number }> {
  const server = createServer(greet)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { server, port: (server.address() as AddressInfo).port }
}

/** The packet identifier, in hex, of a short SUBSCRIBE or of a PUBLISH to a topic of one letter. */
function packetIdOf(request: Buffer): string {
  const start = (request[0] ?? 0) >> 4 === 8 ? 2 : 5
  return request.subarray(start, start + 2).toString('hex')
}

describe('topiary start', () => {
  it('tells its listeners, serves both and stops at SIGTERM with exit code 0', async () => {
    const started = topiary(['start', '--memory', '--port', '0', '--ws-port', '0'])
    const urls = [await started.line(/mqtt:\/\/127\.0\.0\.1:\d+$/), await started.line(/ws:\/\/127\.0\.0\.1:\d+$/)]
    await started.line(/anonymous clients are let in, from this machine only/)
    for (const url of urls) {
      const client = await mqtt.connectAsync(url.trim(), { protocolVersion: 5, reconnectPeriod: 0 })
      await client.endAsync()
    }
    started.kill('SIGTERM')
    expect(await started.ended).toMatchObject({ code: 0 })
  })

  it('stops at SIGINT while clients are connected, and tells them', async () => {
    const started = topiary(['--memory', '--port', '0', '--no-ws'])
    const url = (await started.line(/mqtt:/)).trim()
    const client = await mqtt.connectAsync(url, { protocolVersion: 5, reconnectPeriod: 0 })
    const reason = new Promise((resolve) => client.once('disconnect', ({ reasonCode }) => resolve(reasonCode)))
    started.kill('SIGINT')
    expect(await reason).toBe(0x8b)
    const { code, err } = await started.ended
    expect(code).toBe(0)
    const said = err
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { msg: string }).msg)
    expect(said).toContain('stopping; 1 client(s) connected, a second Ctrl-C cuts them')
    expect(said.at(-1)).toBe('stopped')
    await client.endAsync(true)
  })

  it('ends at once with exit code 1 at the second signal', async () => {
    const started = topiary(['--memory', '--port', '0', '--no-ws', '--log-level', 'silent'])
    const port = Number(new URL((await started.line(/mqtt:/)).trim()).port)
    // A client that never closes its side holds up the orderly stop.
    const client = createConnection({ host: '127.0.0.1', port, allowHalfOpen: true })
    const answers = (type: number) =>
      new Promise<void>((resolve) => {
        client.on('data', (bytes: Buffer) => {
          if (bytes[0] === type) resolve()
        })
      })
    const [connack, disconnect] = [answers(0x20), answers(0xe0)]
    client.on('error', () => {})
    client.write(Buffer.from('100d00044d5154540502003c000000', 'hex'))
    await connack
    started.kill('SIGTERM')
    await disconnect
    started.kill('SIGTERM')
    expect(await started.ended).toMatchObject({ code: 1, err: '' })
    client.destroy()
  })

  it('goes on when nobody reads its stdout any more', async () => {
    const started = topiary([
      '--memory',
      '--host',
      '0.0.0.0',
      '--allow-anonymous',
      '--port',
      '0',
      '--no-ws',
      '--log-level',
      'silent',
    ])
    started.closeStdout()
    await started.line(/WARNING/)
    started.kill('SIGTERM')
    expect(await started.ended).toMatchObject({ code: 0, out: '', err: expect.not.stringContaining('EPIPE') })
  })

  it('logs JSON lines to stderr, and nothing below the level asked for', async () => {
    const outcomes = await Promise.all(
      ['debug', 'silent'].map(async (level) => {
        const started = topiary(['--memory', '--port', '0', '--no-ws', '--log-level', level])
        await started.line(/mqtt:/)
        started.kill('SIGTERM')
        return (await started.ended).err
      }),
    )
    const lines = (outcomes[0] ?? '').trim().split('\n')
    const entries = lines.map((line) => JSON.parse(line) as object)
    expect(entries).toContainEqual(expect.objectContaining({ level: 'info', msg: 'stopping', signal: 'SIGTERM' }))
    expect(outcomes[1]).toBe('')
  })

  it.each([
    ['--port', ['--ws-port', '0']],
    ['--ws-port', ['--port', '0']],
  ])('says in one line that the port of %s is taken', async (flag, others) => {
    const { server, port } = await listen(() => {})
    const outcome = await topiary(['--memory', flag, String(port), ...others]).ended
    server.close()
    const err = `topiary: port ${port} on 127.0.0.1 is already in use; choose another with ${flag} N\n`
    expect(outcome).toEqual({ code: 1, out: '', err })
  })

  it('warns when others can reach it', async () => {
    const started = topiary([
      '--memory',
      '--host',
      '0.0.0.0',
      '--allow-anonymous',
      '--port',
      '0',
      '--no-ws',
      '--log-level',
      'silent',
    ])
    await started.line(/WARNING: ANYONE who can reach these ports/)
    started.kill('SIGTERM')
    expect(await started.ended).toMatchObject({ code: 0, out: expect.stringContaining('from anywhere') })
  })

  it('exits with 2 for a wrong flag', async () => {
    const err = 'topiary: unknown flag --prot; did you mean --port?\n'
    expect(await topiary(['--prot', '1']).ended).toEqual({ code: 2, out: '', err })
  })
})

describe('topiary pub and sub', () => {
  it.each([
    { version: '3.1', qos: '0' },
    { version: '3.1.1', qos: '1' },
    { version: '5', qos: '2' },
  ])('pass a retained message at QoS $qos with MQTT $version', async ({ version, qos }) => {
    const topicName = newTopic()
    await publish(['-V', version, '-t', topicName, '-q', qos, '-r', '-m', 'hello'])
    const outcome = await subscribed(['-V', version, '-t', topicName, '-q', qos, '-C', '1', '-v'])
    expect(outcome).toEqual({ code: 0, out: `${topicName} hello\n`, err: '' })
  })

  it('carry the properties of MQTT 5.0 into JSON', async () => {
    const topicName = newTopic()
    const properties = [
      ...['--user-property', 'a=1', '--user-property', 'a=2', '--content-type', 'text/plain', '--response-topic', 'r'],
      ...['--correlation-data', 'id', '--message-expiry', '60', '--payload-format-utf8'],
    ]
    await publish(['-t', topicName, '-q', '1', '-r', '-m', 'hello', ...properties])
    const { code, out } = await subscribed(['-t', topicName, '-C', '1', '--json', '--subscription-identifier', '7'])
    expect(code).toBe(0)
    expect(JSON.parse(out)).toMatchObject({
      topic: topicName,
      payload: 'hello',
      qos: 0,
      retain: true,
      dup: false,
      time: expect.stringMatching(/^\d{4}-/),
      properties: {
        userProperties: { a: ['1', '2'] },
        contentType: 'text/plain',
        responseTopic: 'r',
        correlationData: 'id',
        messageExpiryInterval: 60,
        payloadFormatIndicator: true,
        subscriptionIdentifier: 7,
      },
    })
  })

  it('take payloads from stdin, from its lines, from a file and from nowhere', async () => {
    const topicName = newTopic()
    const session = ['-i', 'sources', '-c', '-t', topicName, '-q', '1']
    expect(await subscribed([...session, '-W', '1'])).toMatchObject({ code: 27, out: '' })
    const file = join(folder, 'payload')
    await writeFile(file, 'from a file')
    await publish(['-t', topicName, '-q', '1', '-s'], 'two\nlines')
    await publish(['-t', topicName, '-q', '1', '-l'], 'line one\nline two\n')
    await publish(['-t', topicName, '-q', '1', '-f', file])
    await publish(['-t', topicName, '-q', '1', '-n'])
    const { code, out } = await subscribed([...session, '-C', '5', '--json'])
    const payloads = out
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { payload: string }).payload)
    expect({ code, payloads }).toEqual({ code: 0, payloads: ['two\nlines', 'line one', 'line two', 'from a file', ''] })
  })

  it.each(['1', '2'])('leave what --count does not print to the session at QoS %s', async (qos) => {
    const topicName = newTopic()
    const session = ['-i', `counted-${qos}`, '-c', '-t', topicName, '-q', qos]
    expect(await subscribed([...session, '-W', '1'])).toMatchObject({ code: 27 })
    await publish(['-t', topicName, '-q', qos, '-l'], '1\n2\n3\n4\n5\n')
    expect(await subscribed([...session, '-C', '2'])).toEqual({ code: 0, out: '1\n2\n', err: '' })
    expect(await subscribed([...session, '-C', '3'])).toEqual({ code: 0, out: '3\n4\n5\n', err: '' })
  })

  it('show the will of a killed subscriber', async () => {
    const topicName = newTopic()
    await publish(['-t', `${topicName}/up`, '-r', '-m', 'x', '-q', '1'])
    const url = `mqtt://127.0.0.1:${broker.port}`
    const watcher = topiary(['sub', '--url', url, '-t', `${topicName}/#`, '-C', '2', '-v'])
    await watcher.line(/up x/)
    const will = ['--will-topic', `${topicName}/will`, '--will-payload', 'gone', '--will-qos', '1']
    const victim = topiary(['sub', '--url', `ws://127.0.0.1:${broker.webSocketPort}`, '-t', `${topicName}/up`, ...will])
    await victim.line(/^x$/)
    victim.kill('SIGKILL')
    expect((await watcher.ended).out).toBe(`${topicName}/up x\n${topicName}/will gone\n`)
  })

  it('end at SIGINT with exit code 0', async () => {
    const topicName = newTopic()
    await publish(['-t', topicName, '-r', '-m', 'x', '-q', '1'])
    const subscriber = topiary(['sub', '--url', `mqtt://127.0.0.1:${broker.port}`, '-t', topicName])
    await subscriber.line(/^x$/)
    subscriber.kill('SIGINT')
    expect(await subscriber.ended).toEqual({ code: 0, out: 'x\n', err: '' })
  })

  it('say in one line that there is no broker', async () => {
    const { server, port } = await listen(() => {})
    await new Promise((resolve) => server.close(resolve))
    const err = `topiary: no broker at mqtt://127.0.0.1:${port} (connection refused); start one with "topiary start"`
    for (const command of [
      ['pub', '-t', 'a', '-m', 'x'],
      ['sub', '-t', 'a'],
    ]) {
      const outcome = await topiary([...command, '--url', `mqtt://127.0.0.1:${port}`]).ended
      expect(outcome).toEqual({ code: 1, out: '', err: expect.stringContaining(err) })
      expect(outcome.err.trimEnd()).not.toContain('\n')
    }
  })

  it.each([
    {
      title: 'a refused connection with its reason',
      answers: ['2003008700'],
      argv: ['sub', '-t', 'a'],
      message: /refused the connection: not authorized \(0x87\)$/,
    },
    {
      title: 'a refused connection of MQTT 3.1.1',
      answers: ['20020005'],
      argv: ['sub', '-t', 'a', '-V', '3.1.1'],
      message: /refused the connection: not authorized \(0x05\)$/,
    },
    {
      title: 'a refused subscription with its filter and reason',
      answers: ['2003000000', '9004IDID0087'],
      argv: ['sub', '-t', 'a'],
      message: /refused the subscription to a: not authorized \(0x87\)$/,
    },
    {
      title: 'a refused message with its reason',
      answers: ['2003000000', '4003IDID97'],
      argv: ['pub', '-t', 'a', '-m', 'x', '-q', '1'],
      message: /did not take the message to a: quota exceeded \(0x97\)$/,
    },
    {
      title: 'a connection that the broker closes with a reason',
      answers: ['2003000000', 'e00195'],
      argv: ['pub', '-t', 'a', '-m', 'x', '-q', '1'],
      message: /closed the connection: packet too large \(0x95\)$/,
    },
    {
      title: 'something that is no broker',
      answers: ['close'],
      argv: ['sub', '-t', 'a'],
      message: /closed the connection before it answered/,
    },
  ])('tell $title', async ({ answers, argv, message }) => {
    const { server, port } = await listen((socket) => {
      let answered = 0
      socket.on('error', () => {})
      socket.on('data', (request: Buffer) => {
        const answer = answers[answered]
        answered += 1
        if (answer === undefined) return
        if (answer === 'close') socket.destroy()
        else socket.write(Buffer.from(answer.replace('IDID', packetIdOf(request)), 'hex'))
        if (answer.startsWith('e0')) socket.end()
      })
    })
    const { code, out, err } = await topiary([...argv, '--url', `mqtt://127.0.0.1:${port}`]).ended
    server.close()
    expect({ code, out }).toEqual({ code: 1, out: '' })
    expect(err.trimEnd()).toMatch(message)
    expect(err.trimEnd()).not.toContain('\n')
  })

  it('say once that the connection is lost, and once that it is back', async () => {
    let connections = 0
    const { server, port } = await listen((socket) => {
      connections += 1
      socket.on('error', () => {})
      const isFirst = connections === 1
      if (connections === 2 || connections === 3) socket.destroy()
      socket.on('data', (request: Buffer) => {
        const type = (request[0] ?? 0) >> 4
        if (type === 1) socket.write(Buffer.from('2003000000', 'hex'))
        if (type !== 8) return
        socket.write(Buffer.from('9004IDID0000'.replace('IDID', packetIdOf(request)), 'hex'))
        if (isFirst) socket.end()
      })
    })
    const url = `mqtt://127.0.0.1:${port}`
    const subscriber = topiary(['sub', '--url', url, '-t', 'a'])
    await subscriber.line(/again$/)
    await subscriber.line(/connected to .* again$/)
    subscriber.kill('SIGINT')
    const err = `topiary: connection to ${url} lost; trying again\ntopiary: connected to ${url} again\n`
    expect(await subscriber.ended).toEqual({ code: 0, out: '', err })
    expect(connections).toBe(4)
    server.close()
  }, 15_000)

  it('tell that the port speaks no MQTT over TCP', async () => {
    const url = `mqtt://127.0.0.1:${broker.webSocketPort}`
    const outcome = await topiary(['sub', '--url', url, '-t', 'a']).ended
    const err = `topiary: what answers at ${url} does not speak MQTT over TCP; is it a WebSocket port (ws://)?\n`
    expect(outcome).toEqual({ code: 1, out: '', err })
  })

  it('tell that a file cannot be read', async () => {
    const missing = join(folder, 'missing')
    const url = `mqtt://127.0.0.1:${broker.port}`
    const outcome = await topiary(['pub', '--url', url, '-t', 'a', '-f', missing]).ended
    expect(outcome).toEqual({ code: 1, out: '', err: expect.stringContaining(`topiary: cannot read ${missing}: `) })
  })
})
