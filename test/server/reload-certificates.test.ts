import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { X509Certificate } from 'node:crypto'
import type { ConnectionOptions } from 'node:tls'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { ListenerSettings, PartialSettings, TlsSettings } from '../../src/settings/settings.ts'
import { SettingsError } from '../../src/settings/settings-file.ts'
import { type CertificateFiles, type Certificates, makeCertificates } from '../support/certificates.ts'
import { unique } from '../support/wire-steps.ts'
import { openTlsPipe, openWebSocketPipe, type PipeClient, type TlsPipe } from '../transport/pipe-client.ts'
import { raise, type Stage } from '../transport/stage.ts'

let made: Certificates
let ca: Buffer
/** Files that a test may overwrite, as a renewal does. */
let tls: TlsSettings & CertificateFiles & { caFile: string; revocationFile: string }
let settings: PartialSettings

beforeAll(() => {
  made = makeCertificates()
  ca = readFileSync(made.authority.caFile)
})
afterAll(() => made.remove())

beforeEach(() => {
  const path = join(made.directory, unique('live'))
  const caFile = `${path}-ca.crt`
  const revocationFile = `${path}.crl`
  tls = {
    certificateFile: `${path}.crt`,
    keyFile: `${path}.key`,
    caFile,
    revocationFile,
    clientCertificate: 'optional',
  }
  install(made.server)
  copyFileSync(made.authority.caFile, tls.caFile)
  copyFileSync(made.noneRevokedFile, tls.revocationFile)
  const listener = { port: 0, tls }
  settings = {
    sysIntervalSeconds: 0,
    listeners: [
      { kind: 'tcp', ...listener },
      { kind: 'websocket', ...listener },
    ],
  }
})

function install({ certificateFile, keyFile }: CertificateFiles): void {
  copyFileSync(certificateFile, tls.certificateFile)
  copyFileSync(keyFile, tls.keyFile)
}

function with_(changes: Partial<TlsSettings>): PartialSettings {
  const listeners = settings.listeners?.map((one) => ({ ...one, tls: { ...tls, ...changes } }) as ListenerSettings)
  return { ...settings, listeners }
}

function fingerprintOf({ certificateFile }: CertificateFiles): string {
  return new X509Certificate(readFileSync(certificateFile)).fingerprint256
}

/** What the listeners show to a client that comes now. */
async function shown(stage: Stage, options: ConnectionOptions = {}): Promise<string[]> {
  const clients = [
    await openTlsPipe(stage.port(0), { ca, ...options }),
    await openTlsPipe(stage.port(1), { ca, ...options }),
  ]
  return clients.map(({ stream }) => stream.getPeerCertificate().fingerprint256)
}

async function onBoth(stage: Stage): Promise<PipeClient[]> {
  const clients = [
    await openTlsPipe(stage.port(0), { ca }),
    openWebSocketPipe(`wss://127.0.0.1:${stage.port(1)}`, { ca }),
  ]
  for (const client of clients) expect((await client.connect()).reasonCode).toBe(0)
  return clients
}

describe('a reload after certificates were renewed', () => {
  it('shows the new one to the next client and disturbs nobody', async () => {
    const stage = await raise(settings)
    const clients = await onBoth(stage)
    const ports = [stage.port(0), stage.port(1)]
    expect(await shown(stage)).toEqual([fingerprintOf(made.server), fingerprintOf(made.server)])
    install(made.renewed)
    expect(await shown(stage)).toEqual([fingerprintOf(made.server), fingerprintOf(made.server)])
    const changes = await stage.broker.reload(settings)
    expect(changes).toEqual(
      [0, 1].map((index) => expect.stringMatching(`listeners\\[${index}\\].tls: other certificates`)),
    )
    expect(await shown(stage)).toEqual([fingerprintOf(made.renewed), fingerprintOf(made.renewed)])
    expect([stage.port(0), stage.port(1)]).toEqual(ports)
    for (const client of clients) await client.exchange()
    await onBoth(stage)
    expect(stage.refusedCount()).toBe(0)
  })

  it('shows other certificates behind it, which alone may have changed', async () => {
    const stage = await raise(settings)
    writeFileSync(tls.certificateFile, Buffer.concat([readFileSync(made.server.certificateFile), ca]))
    await stage.broker.reload(settings)
    const { stream } = await openTlsPipe(stage.port(), {}).catch(() =>
      openTlsPipe(stage.port(), { rejectUnauthorized: false }),
    )
    const certificate = stream.getPeerCertificate(true)
    expect(certificate.issuerCertificate?.fingerprint256).toBe(new X509Certificate(ca).fingerprint256)
  })

  it('with nothing new lets clients resume their TLS sessions', async () => {
    const stage = await raise(settings)
    const session = await sessionOf(await openTlsPipe(stage.port(), { ca }))
    expect(await stage.broker.reload(settings)).toEqual([])
    const again = await openTlsPipe(stage.port(), { ca, session })
    expect(again.stream.isSessionReused()).toBe(true)
    expect((await again.connect()).reasonCode).toBe(0)
  })

  it('may ask for a newer version of TLS', async () => {
    const stage = await raise(settings)
    await shown(stage, { maxVersion: 'TLSv1.2' })
    await stage.broker.reload(with_({ minimumVersion: 'TLSv1.3' }))
    await expect(shown(stage, { maxVersion: 'TLSv1.2' })).rejects.toThrow()
    await shown(stage)
  })

  it('may ask for client certificates', async () => {
    const stage = await raise(settings)
    const clients = await onBoth(stage)
    await stage.broker.reload(with_({ clientCertificate: 'required', certificateUser: 'common-name' }))
    await expect((await openTlsPipe(stage.port(), { ca })).connect()).rejects.toThrow('closed')
    await (await openTlsPipe(stage.port(), device('device'))).connect()
    expect(stage.clients.at(-1)?.user).toBe('device-7')
    for (const client of clients) await client.exchange()
  })
})

describe('a certificate that was revoked', () => {
  it.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'does not come back, not even in its TLS session: %s',
    async (maxVersion) => {
      const stage = await raise(settings)
      const options = { ...device('revoked'), maxVersion }
      const first = await openTlsPipe(stage.port(), options)
      const session = await sessionOf(first)
      expect((await first.connect()).reasonCode).toBe(0)
      const resumed = await openTlsPipe(stage.port(), { ...options, session })
      expect(resumed.stream.isSessionReused()).toBe(true) // so it would come back
      copyFileSync(made.revocationFile, tls.revocationFile)
      expect(await stage.broker.reload(settings)).toHaveLength(2) // a line for each listener
      for (const ticket of [{ session }, {}]) {
        // where its own handshake is over before ours, the client hears of it only then
        const again = openTlsPipe(stage.port(), { ...options, ...ticket }).then((client) => client.connect())
        await expect(again).rejects.toThrow()
      }
      expect(stage.refusals()[0]).toMatchObject({ reason: 'client certificate: CERT_REVOKED' })
      expect(stage.refusedCount()).toBe(2)
      await first.exchange() // who is connected is not asked again
    },
  )
})

describe('a reload is refused whole, and everything is as before,', () => {
  const cases: [title: string, spoil: () => PartialSettings | void, sentence: RegExp][] = [
    ['with a broken certificate', () => writeFileSync(tls.certificateFile, 'rubbish'), /\.crt and .*\.key: /],
    ['with a broken key', () => writeFileSync(tls.keyFile, 'rubbish'), /\.crt and .*\.key: /],
    [
      'with a key that does not belong to the certificate',
      () => copyFileSync(made.renewed.keyFile, tls.keyFile),
      /the key does not belong to the certificate/,
    ],
    [
      'with a certificate that is not there',
      () => with_({ certificateFile: '/absent.crt' }),
      /cannot read \/absent.crt/,
    ],
    ['with a key that is not there', () => with_({ keyFile: '/absent.key' }), /cannot read \/absent.key/],
    ['with authorities that are not there', () => with_({ caFile: '/absent.crt' }), /cannot read \/absent.crt/],
    ['with a revocation list that is not there', () => with_({ revocationFile: '/absent' }), /cannot read \/absent/],
    [
      'with authorities that are none',
      () => writeFileSync(tls.caFile, 'rubbish'),
      /no part that begins with -----BEGIN/,
    ],
    ['with broken authorities', () => writeFileSync(tls.caFile, broken('CERTIFICATE')), /-ca\.crt: /],
    ['with a list that is none', () => writeFileSync(tls.revocationFile, 'rubbish'), /no part that begins with/],
    ['with a broken list', () => writeFileSync(tls.revocationFile, broken('X509 CRL')), /revocationFile/],
    [
      'with an authority that has expired',
      () => copyFileSync(made.expiredAuthorityFile, tls.caFile),
      /no authority is valid: CN=Old authority in .* has expired on Feb +1 00:00:00 2020 GMT/,
    ],
    ['with ciphers that are none', () => with_({ ciphers: 'NONESUCH' }), /ciphers/],
    ['with certificates asked for and nobody who vouches for them', () => with_({ caFile: undefined }), /needs caFile/],
    [
      'with users of certificates that nobody asks for',
      () => with_({ clientCertificate: 'none', certificateUser: 'subject' }),
      /certificateUser needs clientCertificate/,
    ],
  ]
  it.each(cases)('%s', async (_title, spoil, sentence) => {
    const stage = await raise(settings)
    const clients = await onBoth(stage)
    const others = spoil() ?? settings
    const [plain, ...rest] = others.listeners ?? []
    const added: ListenerSettings = { kind: 'tcp', port: 0 }
    const error = await stage.broker.reload({ ...others, listeners: [plain as ListenerSettings, ...rest, added] }).then(
      () => undefined,
      (reason: unknown) => reason,
    )
    expect(error).toBeInstanceOf(SettingsError)
    const { faults } = error as SettingsError
    expect(faults).toEqual([0, 1].map((index) => expect.stringMatching(`^listeners\\[${index}\\]\\.tls: `)))
    for (const fault of faults) expect(fault).toMatch(sentence)
    expect(stage.broker.addresses).toHaveLength(2)
    expect(await shown(stage)).toEqual([fingerprintOf(made.server), fingerprintOf(made.server)])
    for (const client of [...clients, ...(await onBoth(stage))]) await client.exchange()
  })

  it('with a passphrase that is wrong, and the sentence does not tell it', async () => {
    const { keyFile } = made.authority.encrypted(made.server, 'right one')
    const encrypted = with_({ keyFile, keyPassphrase: 'right one' })
    const stage = await raise(encrypted)
    await shown(stage)
    for (const keyPassphrase of ['wrong one', undefined]) {
      const reload = stage.broker.reload(with_({ keyFile, keyPassphrase }))
      await expect(reload).rejects.toThrow(/the key is encrypted and keyPassphrase is missing or wrong/)
      await expect(reload).rejects.not.toThrow(/wrong one/)
    }
    await shown(stage)
  })
})

describe('the log says', () => {
  it('when a certificate of ours has expired', async () => {
    install(made.expiredServer)
    const stage = await raise(settings)
    const warnings = stage.lines.filter(({ level }) => level === 'warn').map(({ message }) => message)
    expect(warnings[0]).toMatch(/has expired on Feb +1 00:00:00 2020 GMT: clients will turn away/)
    await expect(openTlsPipe(stage.port(), { ca })).rejects.toThrow(/expired/)
  })

  it('when one of several authorities has expired', async () => {
    writeFileSync(tls.caFile, Buffer.concat([readFileSync(made.expiredAuthorityFile), ca]))
    const stage = await raise(settings)
    expect(stage.lines[0]).toMatchObject({
      level: 'warn',
      message: expect.stringMatching(/CN=Old authority .* has expired/),
    })
    expect((await (await openTlsPipe(stage.port(), device('device'))).connect()).reasonCode).toBe(0)
  })

  it('nothing of a certificate that is good', async () => {
    const stage = await raise(settings)
    expect(stage.lines.filter(({ level }) => level === 'warn')).toEqual([])
  })
})

it('a certificate of ours may have an empty subject', async () => {
  install(made.unnamed)
  const stage = await raise(settings)
  expect(await shown(stage, { rejectUnauthorized: false })).toHaveLength(2)
})

function broken(label: string): string {
  return `-----BEGIN ${label}-----\nbm90aGluZw==\n-----END ${label}-----\n`
}

function device(name: 'device' | 'revoked') {
  const { certificateFile, keyFile } = made[name]
  return { ca, cert: readFileSync(certificateFile), key: readFileSync(keyFile) }
}

/** The TLS session that a client may resume; with TLS 1.3 it comes after the handshake. */
function sessionOf({ stream }: TlsPipe): Promise<Buffer> {
  if (stream.getProtocol() === 'TLSv1.2') return Promise.resolve(stream.getSession() as Buffer)
  // a turn later: what a client writes inside this event stays in Node
  return new Promise((resolve) => stream.once('session', (session) => setImmediate(resolve, session)))
}
