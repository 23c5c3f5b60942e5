import { describe, expect, it } from 'vitest'
import type { Credential } from '../../src/auth/credential.ts'
import { deriveHash, type HashJob } from '../../src/auth/derive-hash.ts'
import { HashQueue } from '../../src/auth/hash-queue.ts'
import { ScramCredential } from '../../src/auth/scram-credential.ts'
import { ScryptCredential } from '../../src/auth/scrypt-credential.ts'
import { StandardAuthenticator } from '../../src/auth/standard-authenticator.ts'
import type { AuthenticationOutcome, AuthenticationRequest } from '../../src/contracts/authenticator.ts'
import type { PeerInfo } from '../../src/contracts/byte-stream.ts'
import { silentLog } from '../../src/observe/silent-log.ts'
import { attributesOf, scramClient } from './scram-client.ts'

const longPassword = Buffer.alloc(1025, 'x')
const [ada, bob, carl, dora] = await Promise.all([
  ScryptCredential.create(Buffer.from('ada-secret'), 10),
  ScramCredential.create(Buffer.from('bob-secret'), 4096),
  ScryptCredential.create(longPassword.subarray(0, 1024), 10),
  ScryptCredential.create(Buffer.from([0xff, 0x00, 0x80]), 10),
])
const users = new Map<string, Credential>([
  ['ada', ada],
  ['bob', bob as ScramCredential],
  ['carl', carl],
  ['dora', dora],
])

const peer: PeerInfo = {
  transport: 'tcp',
  isEncrypted: false,
  address: '127.0.0.1',
  port: 1,
  listener: 'mqtt://127.0.0.1:1883',
  allowsAnonymous: false,
  certificateUser: undefined,
}

interface Login {
  readonly step?: AuthenticationRequest['step']
  readonly from?: Partial<PeerInfo>
  readonly userName?: string
  readonly password?: string | Uint8Array
  readonly method?: string
  readonly data?: Uint8Array
  readonly exchange?: { state: unknown }
  readonly isGone?: () => boolean
}

/** An authenticator and the hashes that it asked for. */
function scene(credentials: ReadonlyMap<string, Credential> | undefined, derive = deriveHash, maximumWaiting = 1) {
  const jobs: HashJob[] = []
  const counted = (job: HashJob): Promise<Uint8Array> => {
    jobs.push(job)
    return derive(job)
  }
  const hashQueue = new HashQueue({ concurrency: 1, maximumWaiting, derive: counted })
  const authenticator = new StandardAuthenticator({ log: silentLog, hashQueue, credentials })
  const login = (asked: Login): Promise<AuthenticationOutcome> =>
    new Promise((resolve, reject) => {
      const { step = 'connect', from, userName, password, method, data } = asked
      const { exchange = { state: undefined }, isGone = () => false } = asked
      const bytes = typeof password === 'string' ? Buffer.from(password) : password
      const request = { step, clientId: 'c', userName, password: bytes, method, data, exchange, isGone }
      authenticator.authenticate({ ...request, peer: { ...peer, ...from } }, resolve)?.catch(reject)
    })
  return { authenticator, jobs, login }
}

/** What a login came to, in short: a user, `anonymous`, or the reason code. */
function brief(outcome: AuthenticationOutcome): string {
  if (outcome.result === 'refused') return outcome.reasonCode.toString(16)
  return outcome.result === 'accepted' ? (outcome.user ?? 'anonymous') : 'challenged'
}

const anonymous = { allowsAnonymous: true }
const certificate = { certificateUser: 'cert' }
const accented = 'caf\u00e9'

describe('who gets in', () => {
  it.each<[string, Login, string]>([
    ['a right password', { userName: 'ada', password: 'ada-secret' }, 'ada'],
    ['a right password for SCRAM keys', { userName: 'bob', password: 'bob-secret' }, 'bob'],
    ['a password that is no text', { userName: 'dora', password: Buffer.from([0xff, 0x00, 0x80]) }, 'dora'],
    ['a password of 1 KiB', { userName: 'carl', password: longPassword.subarray(1) }, 'carl'],
    ['a longer one that begins alike', { userName: 'carl', password: longPassword }, '86'],
    ['a wrong password', { userName: 'ada', password: 'bob-secret' }, '86'],
    ['a wrong password for SCRAM keys', { userName: 'bob', password: 'ada-secret' }, '86'],
    ['an empty password', { userName: 'ada', password: '' }, '86'],
    ['no password', { userName: 'ada' }, '86'],
    ['an unknown user', { userName: 'eve', password: 'ada-secret' }, '86'],
    ['a name of another case', { userName: 'Ada', password: 'ada-secret' }, '86'],
    ['an unknown user where anonymous ones may enter', { from: anonymous, userName: 'eve', password: 'x' }, '86'],
    ['nobody', {}, '87'],
    ['nobody with a password', { password: 'ada-secret' }, '87'],
    ['nobody where anonymous ones may enter', { from: anonymous }, 'anonymous'],
    ['an empty user name', { userName: '', password: '' }, '87'],
    ['an empty user name where anonymous ones may enter', { from: anonymous, userName: '' }, 'anonymous'],
    ['a certificate', { from: certificate }, 'cert'],
    ['a certificate and an empty user name', { from: certificate, userName: '' }, 'cert'],
    ['a certificate and its name', { from: certificate, userName: 'cert' }, 'cert'],
    ['a certificate and another name', { from: certificate, userName: 'ada', password: 'ada-secret' }, '86'],
    ['another method', { method: 'SCRAM-SHA-1', data: Buffer.from('n,,n=bob,r=x') }, '8c'],
    ['another method with a certificate', { from: certificate, method: 'PLAIN' }, '8c'],
    ['SCRAM', { method: 'SCRAM-SHA-256', data: Buffer.from('n,,n=bob,r=x') }, 'challenged'],
    [
      'SCRAM with its user name',
      { userName: 'bob', method: 'SCRAM-SHA-256', data: Buffer.from('n,,n=bob,r=x') },
      'challenged',
    ],
    ['SCRAM with another', { userName: 'ada', method: 'SCRAM-SHA-256', data: Buffer.from('n,,n=bob,r=x') }, '86'],
    [
      'SCRAM with a certificate of that name',
      { from: { certificateUser: 'bob' }, method: 'SCRAM-SHA-256', data: Buffer.from('n,,n=bob,r=x') },
      'challenged',
    ],
    [
      'SCRAM with a certificate of another',
      { from: certificate, method: 'SCRAM-SHA-256', data: Buffer.from('n,,n=bob,r=x') },
      '86',
    ],
    [
      'SCRAM with its user name and a certificate of another',
      { from: certificate, userName: 'bob', method: 'SCRAM-SHA-256', data: Buffer.from('n,,n=bob,r=x') },
      '86',
    ],
    [
      'SCRAM again, as another than the certificate says',
      { from: certificate, step: 'reauthenticate', method: 'SCRAM-SHA-256', data: Buffer.from('n,,n=bob,r=x') },
      '86',
    ],
    ['SCRAM without data', { method: 'SCRAM-SHA-256' }, '87'],
    ['malformed SCRAM', { method: 'SCRAM-SHA-256', data: Buffer.from('hello') }, '87'],
    [
      'SCRAM that begins in the middle',
      { step: 'continue', method: 'SCRAM-SHA-256', data: Buffer.from('c=biws') },
      '87',
    ],
  ])('%s, with passwords: %j -> %s', async (_what, login, expected) => {
    expect(brief(await scene(users).login(login))).toBe(expected)
  })

  it.each<[string, Login, string]>([
    ['nobody', {}, '87'],
    ['a user name', { userName: 'ada', password: 'ada-secret' }, '87'],
    ['a user name where anonymous ones may enter', { from: anonymous, userName: 'ada', password: 'x' }, 'anonymous'],
    ['a certificate', { from: certificate }, 'cert'],
    ['SCRAM', { from: anonymous, method: 'SCRAM-SHA-256', data: Buffer.from('n,,n=bob,r=x') }, '8c'],
  ])('%s, without passwords: %j -> %s', async (_what, login, expected) => {
    const { login: ask, jobs } = scene(undefined)
    expect(brief(await ask(login))).toBe(expected)
    expect(jobs).toEqual([])
  })

  it('a SCRAM password in another Unicode form is the same password', async () => {
    const credential = (await ScramCredential.create(Buffer.from(accented.normalize('NFD')), 4096)) as ScramCredential
    const { login } = scene(new Map([['a', credential]]))
    expect(brief(await login({ userName: 'a', password: accented.normalize('NFC') }))).toBe('a')
  })

  it('a full queue refuses as busy, and a hash that fails as unavailable', async () => {
    const { login, jobs } = scene(users, () => Promise.reject(new Error('no memory')))
    const logins = [1, 2, 3].map(() => login({ userName: 'ada', password: 'ada-secret' }))
    expect((await Promise.all(logins)).map(brief)).toEqual(['88', '88', '89'])
    expect(jobs.length).toBe(2)
  })

  it('nothing is hashed for a client that has left before its turn', async () => {
    const { login, jobs } = scene(users)
    const underWay = login({ userName: 'ada', password: 'ada-secret' })
    const left = login({ userName: 'ada', password: 'ada-secret', isGone: () => true })
    expect(brief(await underWay)).toBe('ada')
    expect(brief(await left)).toBe('80')
    expect(jobs.length).toBe(1)
  })

  it('logins from one address leave places for those from others', async () => {
    const { login } = scene(users, deriveHash, 2)
    const from = { address: '192.0.2.1' }
    const wrong = [1, 2, 3].map(() => login({ from, userName: 'ada', password: 'wrong' }))
    const right = login({ userName: 'ada', password: 'ada-secret' })
    expect((await Promise.all(wrong)).map(brief)).toEqual(['86', '86', '89'])
    expect(brief(await right)).toBe('ada')
  })

  it('other credentials hold at once, also for a login that is under way', async () => {
    const { authenticator, login, jobs } = scene(users)
    const underWay = login({ userName: 'ada', password: 'ada-secret' })
    authenticator.replace({ credentials: new Map() })
    expect(brief(await underWay)).toBe('86')
    expect(jobs.length).toBe(2)
    authenticator.replace({ credentials: new Map(users) })
    expect(brief(await login({ userName: 'ada', password: 'ada-secret' }))).toBe('ada')
    authenticator.replace({ credentials: undefined })
    expect(brief(await login({ userName: 'ada', password: 'ada-secret' }))).toBe('87')
  })
})

/** Form, cost and salt length of a hash: what a clock could tell. */
function workOf({ password: _password, salt, ...parameters }: HashJob): object {
  return { ...parameters, saltBytes: salt.length }
}

function kinds(jobs: readonly HashJob[]): Set<string> {
  return new Set(jobs.map((job) => JSON.stringify(workOf(job))))
}

describe('the work of a refusal', () => {
  const wrong = Buffer.from('wrong')
  it.each([
    ['a wrong password', 'ada', wrong],
    ['an absurdly long one', 'ada', Buffer.alloc(60_000)],
    ['an unknown user', 'eve', wrong],
    ['an unknown user with an absurdly long one', 'eve', Buffer.alloc(60_000)],
  ])('%s costs what a right password costs', async (_what, userName, password) => {
    const { login, jobs } = scene(new Map([['ada', ada]]))
    await login({ userName: 'ada', password: 'ada-secret' })
    expect(brief(await login({ userName, password }))).toBe('86')
    expect(jobs.length).toBe(2)
    expect(jobs.map(workOf)[1]).toEqual(jobs.map(workOf)[0])
    expect(jobs[1]?.password.length).toBeLessThanOrEqual(1024)
  })

  it('unknown users are spread over the costs of a mixed file, each always with the same', async () => {
    const mixed = new Map<string, Credential>([
      ...users,
      ['x', (await ScramCredential.create(wrong, 5000)) as Credential],
    ])
    const known = scene(mixed)
    for (const userName of mixed.keys()) await known.login({ userName, password: wrong })
    const unknown = scene(mixed)
    const names = Array.from({ length: 40 }, (_, index) => `unknown${index}`)
    for (const userName of names) await unknown.login({ userName, password: wrong })
    unknown.authenticator.replace({ credentials: new Map([...mixed].toReversed()) })
    for (const userName of names) await unknown.login({ userName, password: wrong })
    expect(kinds(unknown.jobs)).toEqual(kinds(known.jobs))
    expect(kinds(known.jobs).size).toBe(3)
    const [first, second] = [unknown.jobs.slice(0, 40), unknown.jobs.slice(40)]
    expect(second).toEqual(first)
    expect(new Set(first.map(({ salt }) => Buffer.from(salt).toString('hex'))).size).toBe(40)
  })

  it('no users at all costs a hash too', async () => {
    const { login, jobs } = scene(new Map())
    expect(brief(await login({ userName: 'eve', password: wrong }))).toBe('86')
    expect(jobs.map(workOf)).toMatchObject([{ kind: 'scrypt', costExponent: 14 }])
  })
})

const method = 'SCRAM-SHA-256'

/** The challenge to `user`, and what a client that knows `password` says to it. */
async function challenge(login: (asked: Login) => Promise<AuthenticationOutcome>, user: string, password: string) {
  const client = scramClient(user, password, 'abc')
  const exchange = { state: undefined }
  const outcome = await login({ method, data: client.first, exchange })
  if (outcome.result !== 'continue' || outcome.data === undefined) throw new Error(`no challenge: ${brief(outcome)}`)
  const { s = '', i = '' } = attributesOf(outcome.data)
  const next: Login = { step: 'continue', method, data: client.final(outcome.data), exchange }
  return { client, salt: s, iterations: i, finish: () => login(next) }
}

describe('SCRAM', () => {
  it.each(['connect', 'reauthenticate'] as const)('proves client and server to each other: %s', async (step) => {
    const { login, jobs } = scene(users)
    const client = scramClient('bob', 'bob-secret', 'abc')
    const exchange = { state: undefined }
    const challenged = await login({ step, method, data: client.first, exchange })
    const data = client.final((challenged.result === 'continue' ? challenged.data : undefined) ?? Buffer.from(''))
    const outcome = await login({ step: 'continue', method, data, exchange })
    expect(outcome).toMatchObject({ result: 'accepted', user: 'bob' })
    expect(client.trusts((outcome.result === 'accepted' ? outcome.data : undefined) ?? Buffer.from(''))).toBe(true)
    expect(jobs).toEqual([])
    expect(brief(await login({ step: 'continue', method, data, exchange }))).toBe('87')
  })

  it('an unknown user and one without SCRAM keys see what a wrong password sees', async () => {
    const { login, authenticator } = scene(users)
    const known = await challenge(login, 'bob', 'wrong')
    const refusal = await known.finish()
    expect(brief(refusal)).toBe('87')
    const salts = new Set([known.salt])
    for (const user of ['eve', 'mallory', 'ada']) {
      authenticator.replace({ credentials: users })
      const before = await challenge(login, user, `${user}-secret`)
      authenticator.replace({ credentials: new Map([...users].toReversed()) })
      const after = await challenge(login, user, `${user}-secret`)
      expect(after.salt).toBe(before.salt)
      expect(before.iterations).toBe(known.iterations)
      expect(before.salt.length).toBe(known.salt.length)
      expect(await before.finish()).toEqual(refusal)
      salts.add(before.salt)
    }
    expect(salts.size).toBe(4)
  })

  it.each([
    ['was removed', new Map([['ada', ada]])],
    ['got another password', new Map<string, Credential>([['bob', ada]])],
  ])('a user who %s after the challenge fails', async (_what, credentials) => {
    const { login, authenticator } = scene(users)
    const { finish } = await challenge(login, 'bob', 'bob-secret')
    authenticator.replace({ credentials })
    expect(brief(await finish())).toBe('87')
  })

  it('goes on over a reload that left the user alone', async () => {
    const { login, authenticator } = scene(users)
    const { finish } = await challenge(login, 'bob', 'bob-secret')
    const again = ScramCredential.parse((bob as ScramCredential).format()) as Credential
    authenticator.replace({ credentials: new Map([['bob', again]]) })
    expect(brief(await finish())).toBe('bob')
  })
})
