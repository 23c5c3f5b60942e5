import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { killSpawnedClients, spawnClient } from '../clients/spawned-client.ts'
import type { Broker } from '../../src/server/broker.ts'
import { createBroker } from '../../src/server/create-broker.ts'
import { builtPackage } from '../support/built-package.ts'

let mainFile: string
let folder: string
let broker: Broker
let urls: readonly string[]

beforeAll(async () => {
  mainFile = (await builtPackage()).topiary
  folder = mkdtempSync(join(tmpdir(), 'topiary-tls-client-'))
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-days', '30']
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  const files = ['-keyout', 'server.key', '-out', 'server.crt']
  execFileSync('openssl', ['req', '-x509', ...key, ...files, ...names], { cwd: folder, stdio: 'ignore' })
  const tls = { certificateFile: join(folder, 'server.crt'), keyFile: join(folder, 'server.key') }
  broker = createBroker({
    listeners: [
      { kind: 'tcp', port: 0, tls },
      { kind: 'websocket', port: 0, tls },
    ],
  })
  urls = (await broker.listen()).map(({ url }) => url.replace('127.0.0.1', 'localhost'))
}, 60_000)
afterAll(async () => {
  await broker.close()
  rmSync(folder, { recursive: true })
})
afterEach(killSpawnedClients)

function topiary(...args: readonly string[]) {
  return spawnClient(process.execPath, [mainFile, ...args]).ended
}

describe('topiary pub and sub behind TLS', () => {
  it.each([
    ['mqtts', 0],
    ['wss', 1],
  ])('exchange a message over %s, believing the authority they are given', async (scheme, index) => {
    const url = urls[index] as string
    expect(url).toMatch(new RegExp(`^${scheme}:`))
    const trust = ['--url', url, '--ca-file', join(folder, 'server.crt')]
    expect(await topiary('pub', '-t', 'a', '-m', 'x', '-q', '1', '-r', ...trust)).toEqual({ code: 0, out: '', err: '' })
    expect(await topiary('sub', '-t', 'a', '-C', '1', ...trust)).toMatchObject({ code: 0, out: 'x\n' })
  })

  it('say what to do about a certificate by nobody known', async () => {
    const outcome = await topiary('pub', '-t', 'a', '-m', 'x', '--url', urls[0] as string)
    expect(outcome).toMatchObject({ code: 1, err: expect.stringContaining('name its authority with --ca-file') })
  })

  it('say that a certificate is for another host, and connect all the same when told not to check', async () => {
    const url = (urls[0] as string).replace('localhost', '127.0.0.1')
    const publish = ['pub', '-t', 'a', '-m', 'x', '-q', '1', '--url', url]
    const trusting = await topiary(...publish, '--ca-file', join(folder, 'server.crt'))
    expect(trusting).toMatchObject({ code: 1, err: expect.stringContaining('is for another host') })
    expect(await topiary(...publish, '--insecure')).toEqual({ code: 0, out: '', err: '' })
  })
})
