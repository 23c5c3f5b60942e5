import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { HttpApis } from '../../../mosquitto-compat/run/http-apis.ts'
import { silentLog } from '../../../src/observe/silent-log.ts'
import type { Broker } from '../../../src/server/broker.ts'
import { createBroker } from '../../../src/server/create-broker.ts'
import { releaseClients, WireClient } from '../../support/wire-client.ts'
import { freePort } from '../../support/free-port.ts'
import { ConfDirectory, load } from '../conf-files.ts'

/** `right:too`, as mosquitto_passwd 2.0.11 wrote it. */
const hashOf =
  '$7$101$pnryfpNFI8pLCcJX$Qcqa5bRgwItxXtKh9fKax8jQ4UPSQPeCCnykq5tvfTDQ1n2vvdZ6vCcYgAGKKx6aB9rQJKUD4eA1FDS4Joh8rQ=='
let directory: ConfDirectory
let broker: Broker
let apis: HttpApis
let port = 0
let mqttPort = 0

beforeEach(async () => {
  directory = new ConfDirectory()
  port = await freePort()
  mqttPort = await freePort()
})
afterEach(async () => {
  await releaseClients()
  await apis.close()
  await broker.close({ graceMs: 0 })
  directory.remove()
})

/** A broker with these lines for its API over HTTP. */
async function start(...lines: string[]): Promise<void> {
  const loaded = confOf(...lines)
  broker = createBroker({ ...loaded.settings, logLevel: 'silent' }, { versionText: 'mosquitto version 2.1' })
  await broker.listen()
  apis = new HttpApis(broker, silentLog)
  ;(await apis.prepare(loaded)).commit()
}

function confOf(...lines: string[]) {
  const mqtt = [
    'sys_interval 0',
    'per_listener_settings true',
    `listener ${mqttPort} 127.0.0.1`,
    'allow_anonymous true',
  ]
  return load([...mqtt, `listener ${port}`, 'protocol http_api', ...lines].join('\n'))
}

async function change(...lines: string[]): Promise<void> {
  ;(await apis.prepare(confOf(...lines))).commit()
}

async function get(path: string, login?: string, method = 'GET') {
  const headers = login === undefined ? {} : { authorization: `Basic ${Buffer.from(login).toString('base64')}` }
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { method, headers })
  return { status: response.status, headers: response.headers, text: await response.text() }
}

describe('protocol http_api', () => {
  it('tells counters and gauges, each once and as a number', async () => {
    await start('allow_anonymous true')
    const client = await WireClient.connected({ port: mqttPort, version: 5 })
    await client.subscribe({ topicFilter: 't', qos: 0 })
    const { status, headers, text } = await get('/api/v1/systree')
    expect([status, headers.get('access-control-allow-origin')]).toEqual([200, '*'])
    const tree = JSON.parse(text) as Record<string, number>
    expect(tree).toMatchObject({
      '$SYS/broker/clients/connected': 1,
      '$SYS/broker/subscriptions/count': 1,
      '$SYS/broker/uptime': expect.any(Number),
    })
    expect(Object.values(tree).every(Number.isInteger)).toBe(true)
    expect(Object.keys(tree).filter((topic) => /load|active|messages\/stored/.test(topic))).toEqual([])
  })

  it('tells listeners and version', async () => {
    await start('allow_anonymous true')
    const place = { tls: false, 'bind-address': '127.0.0.1' }
    expect(JSON.parse((await get('/api/v1/listeners')).text)).toEqual({
      listeners: [
        { port: mqttPort, protocol: 'mqtt', ...place },
        { port, protocol: 'http_api', ...place },
      ],
    })
    expect(JSON.parse((await get('/api/v1/version')).text)).toEqual({
      version: expect.stringMatching(/^mosquitto version 2\.1 /),
    })
  })

  it.each([
    ['/index.html', 'GET', 200, 'a page'],
    ['/', 'GET', 200, 'a page'],
    ['/none.html', 'GET', 404, ''],
    ['/api/v1/none', 'GET', 404, ''],
    ['/../m.conf', 'GET', 404, ''],
    ['/api/v1/version', 'POST', 405, ''],
    ['/api/v1/version', 'HEAD', 405, ''],
  ])('%s by %s is %d', async (path, method, status, text) => {
    directory.write('pages/index.html', 'a page')
    directory.write('m.conf', 'secret')
    await start('allow_anonymous true', `http_dir ${directory.path}/pages`)
    const answered = await get(path, undefined, method)
    expect(answered.status).toBe(status)
    expect(answered.text).toContain(text)
    expect(answered.text).not.toContain('secret')
    expect(answered.headers.get('access-control-allow-origin')).toBe('*')
  })

  it.each([
    [undefined, '/api/v1/version', 401],
    ['anna:wrong', '/api/v1/version', 401],
    ['nobody:right', '/api/v1/version', 401],
    ['anna', '/api/v1/version', 401],
    ['anna:right:too', '/api/v1/version', 200],
    ['anna:right:too', '/api/v1/version?x=1', 200],
    ['anna:right:too', '/api/v1/systree', 403],
    ['anna:right:too', '/none', 403],
  ])('lets %s read %s: %d', async (login, path, status) => {
    const users = directory.write('users', `anna:${hashOf}\n`)
    const acl = directory.write('acl', 'user anna\ntopic read /api/v1/version\ntopic write /api/v1/systree\n')
    await start(`password_file ${users}`, `acl_file ${acl}`)
    const answered = await get(path, login)
    expect(answered.status).toBe(status)
    expect(answered.headers.get('www-authenticate') !== null).toBe(status === 401)
    if (status === 401) expect(answered.headers.get('www-authenticate')).toContain('Basic realm="Mosquitto API"')
  })

  it('lets nobody in without anonymous access and without passwords', async () => {
    await start()
    for (const login of [undefined, 'anna:right']) expect((await get('/api/v1/version', login)).status).toBe(401)
  })

  it('takes other rules and another place at a reload, and closes', async () => {
    await start()
    expect((await get('/api/v1/version')).status).toBe(401)
    await change('allow_anonymous true')
    expect((await get('/api/v1/version')).status).toBe(200)
    const before = port
    port = await freePort()
    await change('allow_anonymous true')
    expect((await get('/api/v1/version')).status).toBe(200)
    await expect(fetch(`http://127.0.0.1:${before}/`)).rejects.toThrow()
    await apis.close()
    await expect(get('/api/v1/version')).rejects.toThrow()
  })

  it('changes nothing when a port is taken or a file cannot be read', async () => {
    await start('allow_anonymous true')
    const taken = confOf('allow_anonymous true', `listener ${mqttPort}`, 'protocol http_api')
    await expect(apis.prepare(taken)).rejects.toThrow(/EADDRINUSE/)
    await expect(apis.prepare(confOf('password_file /nowhere/users'))).rejects.toThrow(/\/nowhere\/users/)
    expect((await get('/api/v1/version')).status).toBe(200)
  })
})
