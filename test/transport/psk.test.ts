import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { ListenerSettings, TlsSettings } from '../../src/settings/settings.ts'
import { killSpawnedClients, spawnClient } from '../clients/spawned-client.ts'
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
