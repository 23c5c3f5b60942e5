import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ConnectionOptions } from 'node:tls'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ListenerSettings, TlsSettings } from '../../src/settings/settings.ts'
import { type CertificateFiles, type Certificates, makeCertificates } from '../support/certificates.ts'
import { openTlsPipe, openWebSocketPipe } from './pipe-client.ts'
import { raise, type Stage } from './stage.ts'

let made: Certificates

beforeAll(() => {
  made = makeCertificates()
})
afterAll(() => made.remove())

type Holder = 'device' | 'revoked' | 'expiredDevice' | 'foreign' | 'nameless' | 'unnamed' | 'twoNames'

function listener(tls: Partial<TlsSettings>, kind: 'tcp' | 'websocket' = 'tcp'): ListenerSettings {
  const { server, authority, revocationFile } = made
  return { kind, port: 0, tls: { ...server, caFile: authority.caFile, revocationFile, ...tls } }
}

function as(holder: Holder | undefined) {
  const ca = readFileSync(made.authority.caFile)
  return { ca, ...(holder !== undefined && identity(made[holder])) }
}

function identity({ certificateFile, keyFile }: CertificateFiles) {
  return { cert: readFileSync(certificateFile), key: readFileSync(keyFile) }
}

/** Opens a connection that the broker ends without a word of MQTT; resolves with what the log says of it. */
async function refusalOf(stage: Stage, options: ConnectionOptions): Promise<unknown> {
  const client = await openTlsPipe(stage.port(), options)
  await expect(client.connect()).rejects.toThrow('closed')
  expect(stage.refusedCount()).toBe(1)
  expect(stage.clients).toEqual([])
  return stage.refusals()[0]?.['reason']
}

describe('who is let in', () => {
  const users = { certificateUser: 'common-name' } as const
  const let_in: [clientCertificate: 'none' | 'optional' | 'required', Holder | undefined, user: string | undefined][] =
    [
      ['none', undefined, undefined],
      ['none', 'device', undefined],
      ['none', 'foreign', undefined], // nobody asks for it
      ['optional', undefined, undefined],
      ['optional', 'device', 'device-7'],
      ['required', 'device', 'device-7'],
    ]
  it.each(let_in)('clientCertificate %s, certificate %s: the user is %s', async (clientCertificate, holder, user) => {
    const stage = await raise({
      listeners: [listener({ clientCertificate, ...(clientCertificate !== 'none' && users) })],
    })
    const client = await openTlsPipe(stage.port(), as(holder))
    expect((await client.connect()).reasonCode).toBe(0)
    expect(stage.clients.map((one) => [one.user, one.peer.certificateUser])).toEqual([[user, user]])
  })

  const turnedAway: [clientCertificate: 'optional' | 'required', Holder | undefined, reason: string][] = [
    ['required', undefined, 'no client certificate'],
    ['required', 'revoked', 'client certificate: CERT_REVOKED'],
    ['optional', 'revoked', 'client certificate: CERT_REVOKED'],
    ['required', 'expiredDevice', 'client certificate: CERT_HAS_EXPIRED'],
    ['optional', 'expiredDevice', 'client certificate: CERT_HAS_EXPIRED'],
    ['required', 'foreign', 'client certificate: UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
    ['optional', 'foreign', 'client certificate: UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
    ['required', 'nameless', 'the client certificate has no single common name'],
    ['optional', 'unnamed', 'the client certificate has no single common name'],
    ['required', 'twoNames', 'the client certificate has no single common name'],
  ]
  it.each(turnedAway)('clientCertificate %s, certificate %s: %s', async (clientCertificate, holder, reason) => {
    const stage = await raise({ listeners: [listener({ clientCertificate, ...users })] })
    expect(await refusalOf(stage, as(holder))).toBe(reason)
  })

  it('a certificate that names nobody will do where no user is taken from it', async () => {
    const stage = await raise({ listeners: [listener({ clientCertificate: 'required' })] })
    for (const holder of ['nameless', 'unnamed', 'twoNames', 'device'] as const) {
      const client = await openTlsPipe(stage.port(), as(holder))
      expect((await client.connect()).reasonCode).toBe(0)
    }
    expect(stage.clients.map(({ user }) => user)).toEqual([undefined, undefined, undefined, undefined])
  })

  it('over WebSocket too', async () => {
    const stage = await raise({ listeners: [listener({ clientCertificate: 'required', ...users }, 'websocket')] })
    const [address] = stage.broker.addresses
    const refused = openWebSocketPipe(`${address?.url}`, as('revoked'))
    await expect(refused.connect()).rejects.toThrow()
    expect(stage.refusals()).toMatchObject([{ reason: 'client certificate: CERT_REVOKED' }])
    const client = openWebSocketPipe(`${address?.url}`, as('device'))
    expect((await client.connect()).reasonCode).toBe(0)
    expect(stage.clients[0]?.user).toBe('device-7')
  })

  it('revocation lists of several authorities may be in one file', async () => {
    const { authority, otherAuthority, foreign, device, directory } = made
    const caFile = join(directory, 'both.crt')
    const revocationFile = join(directory, 'both.crl')
    const otherFile = otherAuthority.revocationList('foreign-revoked', foreign)
    writeFileSync(caFile, Buffer.concat([authority.caFile, otherAuthority.caFile].map((name) => readFileSync(name))))
    writeFileSync(revocationFile, Buffer.concat([made.revocationFile, otherFile].map((name) => readFileSync(name))))
    const stage = await raise({ listeners: [listener({ caFile, revocationFile, clientCertificate: 'required' })] })
    expect(await refusalOf(stage, { ...as(undefined), ...identity(foreign) })).toBe('client certificate: CERT_REVOKED')
    const client = await openTlsPipe(stage.port(), { ...as(undefined), ...identity(device) })
    expect((await client.connect()).reasonCode).toBe(0)
  })
})

describe('a directory of authorities', () => {
  it('believes all of them, beside what else lies there', async () => {
    const { authority, otherAuthority, foreign, device, directory } = made
    const caDirectory = join(directory, 'authorities')
    mkdirSync(join(caDirectory, 'not-a-file.pem'), { recursive: true })
    copyFileSync(authority.caFile, join(caDirectory, 'one.pem'))
    copyFileSync(authority.caFile, join(caDirectory, '0a1b2c3d.0')) // as openssl rehash leaves it
    copyFileSync(otherAuthority.caFile, join(caDirectory, 'other.pem'))
    writeFileSync(join(caDirectory, 'README'), 'nothing to believe here')
    const { server } = made
    const tls = { ...server, caDirectory, clientCertificate: 'required', certificateUser: 'common-name' } as const
    const stage = await raise({ listeners: [{ kind: 'tcp', port: 0, tls }] })
    for (const files of [foreign, device]) {
      const client = await openTlsPipe(stage.port(), { ...as(undefined), ...identity(files) })
      expect((await client.connect()).reasonCode).toBe(0)
    }
  })

  it('must have one', async () => {
    const caDirectory = join(made.directory, 'none')
    mkdirSync(caDirectory)
    const tls = { ...made.server, caDirectory, clientCertificate: 'required' } as const
    const raised = raise({ listeners: [{ kind: 'tcp', port: 0, tls }] })
    await expect(raised).rejects.toThrow(`${caDirectory} has no file with a certificate (PEM)`)
  })
})

describe('the user', () => {
  it.each(['nameless', 'device', 'twoNames', 'difficult'] as const)(
    'by subject is what OpenSSL prints in the form of RFC 2253: %s',
    async (name) => {
      const difficult = () => made.authority.issue('difficult', { subject: '/OU=a+OU=b/CN=x\\, y \\+ z\\=\\;' })
      const files = name === 'difficult' ? difficult() : made[name]
      const print = ['x509', '-noout', '-subject', '-nameopt', 'RFC2253', '-in', files.certificateFile]
      const subject = execFileSync('openssl', print).toString().trim().replace('subject=', '')
      expect(subject).toMatch(/OU=|CN=/)
      const stage = await raise({
        listeners: [listener({ clientCertificate: 'required', certificateUser: 'subject' })],
      })
      const client = await openTlsPipe(stage.port(), { ...as(undefined), ...identity(files) })
      expect((await client.connect()).reasonCode).toBe(0)
      expect(stage.clients[0]?.user).toBe(subject)
      if (name === 'difficult') expect(subject).toContain('+OU=') // two in one
      if (name === 'device') expect(subject).toBe('CN=device-7,OU=plant')
    },
  )

  it('by subject is nobody when the subject is empty', async () => {
    const stage = await raise({ listeners: [listener({ clientCertificate: 'required', certificateUser: 'subject' })] })
    expect(await refusalOf(stage, as('unnamed'))).toBe('the client certificate has an empty subject')
  })

  const names: [userName: string | undefined, reasonCode: number][] = [
    [undefined, 0],
    ['device-7', 0],
    ['device-8', 0x86],
    ['', 0], // an empty one is none
  ]
  it.each(names)('of the certificate and CONNECT with user name %j: %i', async (userName, reasonCode) => {
    const tls = { clientCertificate: 'optional', certificateUser: 'common-name' } as const
    const stage = await raise({ listeners: [listener(tls)] })
    const client = await openTlsPipe(stage.port(), as('device'))
    const connack = await client.connect(userName === undefined ? {} : { userName })
    expect(connack.reasonCode).toBe(reasonCode)
  })
})

it('a certificate is a login on a listener that is not for this machine only', async () => {
  const tls = { clientCertificate: 'optional', certificateUser: 'common-name' } as const
  const stage = await raise({ listeners: [{ ...listener(tls), host: '0.0.0.0' } as ListenerSettings] })
  expect((await (await openTlsPipe(stage.port(), as('device'))).connect()).reasonCode).toBe(0)
  expect((await (await openTlsPipe(stage.port(), as(undefined))).connect()).reasonCode).toBe(0x87)
})
