import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { withUser } from '../../src/auth/password-file.ts'
import { ScryptCredential } from '../../src/auth/scrypt-credential.ts'
import { type Certificates, type CertificateFiles, makeCertificates } from '../support/certificates.ts'
import { startTestBroker, type TestBroker } from '../support/test-broker.ts'
import { killSpawnedClients, spawnClient, type SpawnedClient } from './spawned-client.ts'

// stdbuf, because mosquitto_sub keeps its lines to itself until the end when stdout is a pipe.
const programs = ['mosquitto_pub', 'mosquitto_sub', 'stdbuf']
const absent = programs.filter((name) => spawnSync(name, ['--help']).error !== undefined)
if (absent.length > 0) console.warn(`skipping mosquitto's clients over TLS: ${absent.join(', ')} not installed`)

let made: Certificates
let broker: TestBroker
let path = ''
/** Users as they came in. */
const users: (string | undefined)[] = []

const order = ['server', 'expired', 'other host', 'with certificates', 'with passwords'] as const
type Place = (typeof order)[number] | 'unix'

function where(place: Place): string[] {
  if (place === 'unix') return ['--unix', path]
  const port = broker.broker.addresses[order.indexOf(place)]?.port
  return [
    '-h',
    '127.0.0.1',
    '-p',
    String(port),
    ...(place === 'with passwords' ? [] : ['--cafile', made.authority.caFile]),
  ]
}

function identity({ certificateFile, keyFile }: CertificateFiles): string[] {
  return ['--cert', certificateFile, '--key', keyFile]
}

function program(name: string, place: Place, args: readonly string[]): SpawnedClient {
  return spawnClient('stdbuf', ['-oL', name, ...where(place), ...args])
}

function publish(place: Place, args: readonly string[] = []) {
  return program('mosquitto_pub', place, ['-t', 'topic', '-q', '1', '-m', 'hello', ...args]).ended
}

/** A message from one client to another, both on this listener. */
async function expectExchange(place: Place, args: readonly string[] = []): Promise<void> {
  const listening = ['-d', '-W', '10', '-C', '1', '-q', '1', '-t', 'topic', '-F', '> %p']
  const subscriber = program('mosquitto_sub', place, [...listening, ...args])
  await subscriber.line(/^Subscribed/)
  expect(await publish(place, args)).toMatchObject({ code: 0, err: '' })
  const { code, out } = await subscriber.ended
  expect({ code, got: out.split('\n').filter((line) => line.startsWith('> ')) }).toEqual({ code: 0, got: ['> hello'] })
}

describe.skipIf(absent.length > 0)("mosquitto's clients", () => {
  beforeAll(async () => {
    made = makeCertificates()
    path = join(made.directory, 'broker.sock')
    const passwordFile = join(made.directory, 'users.passwd')
    const credential = await ScryptCredential.create(Buffer.from('secret'), 10)
    writeFileSync(passwordFile, withUser('', 'ada', credential), { mode: 0o600 })
    const trust = { caFile: made.authority.caFile, revocationFile: made.revocationFile }
    const asked = { ...trust, clientCertificate: 'required', certificateUser: 'subject' } as const
    broker = await startTestBroker({
      listeners: [
        { kind: 'tcp', port: 0, tls: made.server },
        { kind: 'tcp', port: 0, tls: made.expiredServer },
        { kind: 'tcp', port: 0, tls: made.otherHost },
        { kind: 'tcp', port: 0, tls: { ...made.server, ...asked } },
        { kind: 'tcp', port: 0, allowAnonymous: false },
        { kind: 'unix', path },
      ],
      authentication: { passwordFile },
    })
    broker.broker.on('connected', ({ user }) => users.push(user))
  })
  afterAll(async () => {
    await broker.close()
    made.remove()
  })
  afterEach(() => {
    killSpawnedClients()
    users.length = 0
  })

  it.each(['tlsv1.2', 'tlsv1.3'])('exchange a message over %s', async (version) => {
    await expectExchange('server', ['--tls-version', version])
  })

  it('exchange a message with client certificates, whose subject is their user', async () => {
    await expectExchange('with certificates', identity(made.device))
    expect(users).toEqual(['CN=device-7,OU=plant', 'CN=device-7,OU=plant'])
  })

  it('exchange a message over a Unix socket', () => expectExchange('unix'))

  it('exchange a message with user and password', async () => {
    await expectExchange('with passwords', ['-u', 'ada', '-P', 'secret'])
    expect(users).toEqual(['ada', 'ada'])
  })

  const logins: [title: string, args: string[], code: number, sentence: RegExp][] = [
    ['a wrong password', ['-u', 'ada', '-P', 'wrong'], 4, /bad user name or password/],
    ['an unknown user', ['-u', 'eve', '-P', 'secret'], 4, /bad user name or password/],
    ['no login', [], 5, /not authorised/],
    ['a wrong password, MQTT 5.0', ['-V', 'mqttv5', '-u', 'ada', '-P', 'wrong'], 134, /Bad User Name or Password/i],
    ['no login, MQTT 5.0', ['-V', 'mqttv5'], 135, /Not authorized/i],
  ]
  it.each(logins)('with %s, %j, end with code %i', async (_title, args, code, sentence) => {
    const ended = await publish('with passwords', args)
    expect(ended.code).toBe(code)
    expect(ended.err).toMatch(sentence)
    expect(users).toEqual([])
  })

  it.each(['expired', 'other host'] as const)('turn away from a server whose certificate is: %s', async (place) => {
    const { code, err } = await publish(place)
    expect(code).not.toBe(0)
    expect(err).toMatch(/TLS|certificate/i)
    expect(users).toEqual([])
    if (place === 'other host') expect(await publish(place, ['--insecure'])).toMatchObject({ code: 0 })
  })

  it.each(['revoked', 'expiredDevice', 'foreign', undefined] as const)(
    'are refused with the certificate: %s',
    async (holder) => {
      const args = holder === undefined ? [] : identity(made[holder])
      expect((await publish('with certificates', args)).code).not.toBe(0)
      expect(users).toEqual([])
    },
  )
})
