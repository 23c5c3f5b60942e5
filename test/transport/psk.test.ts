import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, type SecureVersion } from 'node:tls'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { ListenerSettings, TlsSettings } from '../../src/settings/settings.ts'
import { killSpawnedClients, spawnClient } from '../clients/spawned-client.ts'
import { connectPacket } from '../support/wire-packets.ts'
import { raise, type Stage } from './stage.ts'

let directory: string
let file: string

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'topiary-psk-'))
  file = join(directory, 'devices.psk')
  writeFileSync(file, 'device-7:00112233445566778899\ndevice-8:ffeeddcc\n', { mode: 0o600 })
})
afterEach(killSpawnedClients)
afterAll(() => rmSync(directory, { recursive: true }))

function staged(tls: Partial<TlsSettings> = {}): Promise<Stage> {
  return raise({ listeners: listeners(tls) })
}

function listeners(more: Partial<TlsSettings> = {}): readonly ListenerSettings[] {
  return [{ kind: 'tcp', port: 0, tls: { psk: { file, hint: 'topiary' }, ...more } }]
}

/** mosquitto_pub with a shared key; resolves with its exit code. */
async function publish(
  stage: Stage,
  identity: string,
  key: string,
  more: readonly string[] = [],
): Promise<number | null> {
  const place = ['-h', '127.0.0.1', '-p', String(stage.port()), '--psk-identity', identity, '--psk', key]
  return (await spawnClient('mosquitto_pub', [...place, '-t', 'topic', '-q', '1', '-m', 'hello', ...more]).ended).code
}

/** Connects once, and resolves with what resumes the session, if anything does. */
async function handshake(stage: Stage, version: SecureVersion, session?: Buffer): Promise<Buffer | undefined> {
  let last: Buffer | undefined
  const socket = connect({
    port: stage.port(),
    host: '127.0.0.1',
    minVersion: version,
    maxVersion: version,
    ciphers: 'TLS_AES_128_GCM_SHA256:PSK',
    checkServerIdentity: () => undefined,
    pskCallback: () => ({ identity: 'device-8', psk: Buffer.from('ffeeddcc', 'hex') }),
    ...(session !== undefined && { session }),
  })
  socket.on('session', (given: Buffer) => (last = given))
  await once(socket, 'secureConnect')
  socket.write(connectPacket(5, { clientId: 'one' }))
  await once(socket, 'data') // CONNACK
  socket.destroy()
  return last
}

describe('keys that clients share with the broker', () => {
  it.each([
    ['TLS 1.3', []],
    ['TLS 1.2', ['--tls-version', 'tlsv1.2']],
  ])('let mosquitto_pub in over %s', async (_, more) => {
    const stage = await staged()
    expect(await publish(stage, 'device-7', '00112233445566778899', more)).toBe(0)
    expect(stage.clients.map(({ user, peer }) => [user, peer.isEncrypted])).toEqual([[undefined, true]])
  })

  it('name the user where the identity is to be taken for it', async () => {
    const stage = await staged({ certificateUser: 'common-name' })
    expect(await publish(stage, 'device-8', 'ffeeddcc')).toBe(0)
    expect(stage.clients.map(({ user }) => user)).toEqual(['device-8'])
  })

  it.each([
    ['another key', 'device-7', 'ffeeddcc'],
    ['an unknown identity', 'device-9', 'ffeeddcc'],
  ])('turn away who has %s', async (_, identity, key) => {
    const stage = await staged()
    expect(await publish(stage, identity, key)).not.toBe(0)
    expect(stage.clients).toEqual([])
    expect(stage.refusedCount()).toBe(1)
  })

  it.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'name the user of who comes back with a session of %s too',
    async (version) => {
      const stage = await staged({ certificateUser: 'common-name' })
      const session = await handshake(stage, version)
      await handshake(stage, version, session)
      expect(stage.clients.map(({ user }) => user)).toEqual(['device-8', 'device-8'])
    },
  )

  it('shut out who is connected by one that the file no longer has', async () => {
    const stage = await staged({ certificateUser: 'common-name' })
    writeFileSync(file, 'device-7:00112233445566778899\ndevice-8:ffeeddcc\n')
    const place = ['-h', '127.0.0.1', '-p', String(stage.port()), '-t', 'topic', '-i']
    const stay = spawnClient('mosquitto_sub', [...place, 'eight', '--psk-identity', 'device-8', '--psk', 'ffeeddcc'])
    await expect.poll(() => stage.broker.statistics.gauges().connections).toBe(1)
    writeFileSync(file, 'device-7:00112233445566778899\n')
    await stage.broker.reload({ listeners: listeners({ certificateUser: 'common-name' }) })
    stay.kill('SIGSTOP') // it would come again
    await expect.poll(() => stage.broker.statistics.gauges().connections).toBe(0)
    stay.kill('SIGKILL')
    writeFileSync(file, 'device-7:00112233445566778899\ndevice-8:ffeeddcc\n')
  })

  it('are taken over from the file when settings are read again', async () => {
    const stage = await staged()
    expect(await publish(stage, 'device-9', 'abcd')).not.toBe(0)
    writeFileSync(file, 'device-9:abcd\n')
    const changes = await stage.broker.reload({ listeners: listeners() })
    expect(changes.join()).toContain('other certificates (1 shared keys)')
    expect(await publish(stage, 'device-9', 'abcd')).toBe(0)
  })

  it('go with no certificate of the listener', async () => {
    await expect(staged({ certificateFile: 'a.crt', keyFile: 'a.key' })).rejects.toThrow(
      'psk is in the place of certificates: leave out certificateFile, keyFile',
    )
  })
})

describe('TLS without a certificate', () => {
  it('needs shared keys', async () => {
    const raised = raise({ listeners: [{ kind: 'tcp', port: 0, tls: {} }] })
    await expect(raised).rejects.toThrow('certificateFile and keyFile are needed, or psk in their place')
  })
})
