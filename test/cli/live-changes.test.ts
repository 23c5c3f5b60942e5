import { execFileSync } from 'node:child_process'
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectTls, type PeerCertificate } from 'node:tls'
import mqtt, { type MqttClient } from 'mqtt'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { killSpawnedClients, spawnClient } from '../clients/spawned-client.ts'
import { builtPackage } from '../support/built-package.ts'

let mainFile: string
let folder: string
const clients: MqttClient[] = []

beforeAll(async () => {
  mainFile = (await builtPackage()).topiary
  folder = mkdtempSync(join(tmpdir(), 'topiary-live-'))
}, 60_000)
afterAll(() => rmSync(folder, { recursive: true }))
afterEach(() => {
  for (const client of clients.splice(0)) client.end(true)
  killSpawnedClients()
})

/** A certificate that vouches for itself, put in the place of the one before in one step each. */
function makeCertificate(): void {
  const files = ['-keyout', 'next.key', '-out', 'next.crt', '-subj', '/CN=localhost', '-days', '30']
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  execFileSync('openssl', ['req', '-x509', ...key, ...files], { cwd: folder, stdio: 'ignore' })
  renameSync(join(folder, 'next.key'), join(folder, 'server.key'))
  renameSync(join(folder, 'next.crt'), join(folder, 'server.crt'))
}

function writeSettings(more: {
  readonly deny?: boolean
  readonly listener?: boolean
  readonly broken?: boolean
}): void {
  const listeners = [
    { kind: 'tcp', port: 0, tls: { certificateFile: 'server.crt', keyFile: 'server.key' } },
    { kind: 'tcp', port: 0 },
    ...(more.listener ? [{ kind: 'websocket', port: 0 }] : []),
  ]
  const rules = [
    ...(more.deny ? [{ deny: 'read', users: ['mallory'], topics: ['load/#'] }] : []),
    { allow: 'all', topics: ['#'] },
  ]
  const settings = { listeners, rights: { rules }, authentication: { passwordFile: 'users' }, sysIntervalSeconds: 0 }
  const text = JSON.stringify(more.broken ? { ...settings, limits: { maximumSesions: 1 } } : settings)
  writeFileSync(join(folder, 'topiary.json'), text)
}

async function connected(url: string, options: mqtt.IClientOptions = {}): Promise<MqttClient> {
  const client = await mqtt.connectAsync(url, { protocolVersion: 5, rejectUnauthorized: false, ...options })
  clients.push(client)
  return client
}

function certificateAt(port: string): Promise<PeerCertificate> {
  return new Promise((resolve, reject) => {
    const socket = connectTls({ port: Number(port), host: '127.0.0.1', rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate())
      socket.destroy()
    })
    socket.on('error', reject)
  })
}

/** A pair that sends one message after the other; `faults` tells of everything that was not as it should be. */
async function startPair(url: string, index: number) {
  const [publisher, subscriber] = [await connected(url), await connected(url)]
  const faults: string[] = []
  for (const client of [publisher, subscriber]) {
    for (const event of ['close', 'error', 'offline', 'disconnect'] as const) {
      client.on(event, () => faults.push(`pair ${index}: ${event}`))
    }
  }
  let received = 0
  subscriber.on('message', (_topic, payload) => {
    if (Number(payload.toString()) !== received++) faults.push(`pair ${index}: ${payload.toString()} out of turn`)
  })
  await subscriber.subscribeAsync(`load/${index}`, { qos: 1 })
  const stopping = new AbortController()
  const sending = (async () => {
    let sent = 0
    while (!stopping.signal.aborted) await publisher.publishAsync(`load/${index}`, String(sent++), { qos: 1 })
    return sent
  })()
  return {
    faults,
    /** Stops, and resolves with how many were sent and came. */
    async stop(): Promise<{ sent: number; received: number }> {
      stopping.abort()
      const sent = await sending
      await expect.poll(() => received).toBe(sent)
      for (const client of [publisher, subscriber]) client.removeAllListeners()
      return { sent, received }
    },
  }
}

it('exchanges a certificate, takes a right away, adds a listener and withstands a broken file under load, and no healthy client notices', async () => {
  makeCertificate()
  const passwd = ['passwd', '--file', join(folder, 'users'), '--user', 'mallory', '--password-stdin']
  await spawnClient(process.execPath, [mainFile, ...passwd], 'secret\n').ended
  writeSettings({})
  const broker = spawnClient(process.execPath, [
    mainFile,
    'start',
    '--memory',
    '--config',
    join(folder, 'topiary.json'),
  ])
  const tlsPort = /:(\d+)$/.exec(await broker.line(/mqtts:/))?.[1] ?? ''
  const port = /:(\d+)$/.exec(await broker.line(/mqtt:/))?.[1] ?? ''
  const urls = [`mqtts://127.0.0.1:${tlsPort}`, `mqtt://127.0.0.1:${port}`]
  const pairs = await Promise.all(Array.from({ length: 12 }, (_, index) => startPair(urls[index % 2] as string, index)))

  const mallory = await connected(urls[1] as string, { username: 'mallory', password: 'secret' })
  const seen: string[] = []
  mallory.on('message', (topic) => seen.push(topic))
  await mallory.subscribeAsync('load/#')
  await expect.poll(() => seen.length).toBeGreaterThan(10)

  const before = await certificateAt(tlsPort)
  makeCertificate()
  broker.kill('SIGHUP')
  await broker.line(/listeners\[0\]\.tls: other certificates/)
  await broker.line(/"changes":1,"msg":"settings taken over"/)
  expect((await certificateAt(tlsPort)).fingerprint256).not.toBe(before.fingerprint256)

  writeSettings({ deny: true })
  broker.kill('SIGHUP')
  await broker.line(/"change":"rights\.rules/)
  const marker = await connected(urls[1] as string)
  await marker.publishAsync('other/marker', '', { qos: 1 })
  await mallory.subscribeAsync('other/#')
  seen.length = 0
  await marker.publishAsync('load/marker', '', { qos: 1 })
  await marker.publishAsync('other/marker', '', { qos: 1 })
  await expect.poll(() => seen).toEqual(['other/marker'])

  writeSettings({ deny: true, listener: true })
  broker.kill('SIGHUP')
  const added = await broker.line(/"change":"listeners\[2\]/)
  expect(added).toContain('websocket')
  const { url } = JSON.parse(await broker.line(/"msg":"listening"/)) as { url: string }
  const late = await connected(url)
  await late.publishAsync('other/late', '', { qos: 1 })
  await expect.poll(() => seen).toEqual(['other/marker', 'other/late'])

  writeSettings({ broken: true })
  broker.kill('SIGHUP')
  expect(await broker.line(/settings not taken over/)).toContain('did you mean maximumSessions?')
  await marker.publishAsync('load/marker', '', { qos: 1 })
  await marker.publishAsync('other/last', '', { qos: 1 })
  await expect.poll(() => seen).toEqual(['other/marker', 'other/late', 'other/last'])

  const outcomes = await Promise.all(pairs.map((pair) => pair.stop()))
  expect(pairs.flatMap(({ faults }) => faults)).toEqual([])
  expect(Math.min(...outcomes.map(({ sent }) => sent))).toBeGreaterThan(20)
  mallory.removeAllListeners()
  broker.kill('SIGTERM')
  expect((await broker.ended).code).toBe(0)
})
