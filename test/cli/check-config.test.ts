import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { run } from '../../src/cli/run.ts'
import { fakeTerminal } from './fake-terminal.ts'

const folder = mkdtempSync(join(tmpdir(), 'topiary-check-'))
afterAll(() => rmSync(folder, { recursive: true }))

beforeAll(() => {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  for (const name of ['one', 'other']) {
    const files = ['-keyout', `${name}.key`, '-out', `${name}.crt`, '-subj', '/CN=localhost', '-days', '30']
    execFileSync('openssl', ['req', '-x509', ...key, ...files], { cwd: folder, stdio: 'ignore' })
  }
  write('users.passwd', '')
  write('bad.passwd', 'ada:hunter2\n')
  chmodSync(write('open.passwd', ''), 0o644)
})

function write(name: string, text: string): string {
  writeFileSync(join(folder, name), text, { mode: 0o600 })
  return join(folder, name)
}

type Outcome = Readonly<Record<'code' | 'out' | 'err', unknown>>

async function topiary(args: readonly string[], env: Record<string, string> = {}): Promise<Outcome> {
  const terminal = { ...fakeTerminal(), env }
  const code = await run(args, terminal)
  return { code, out: terminal.out(), err: terminal.err().replaceAll(`${folder}/`, '') }
}

const check = (text: string, ...flags: string[]): Promise<Outcome> =>
  topiary(['check-config', write('f.yaml', text), ...flags])

const tls = (certificate: string, key: string, more = ''): string =>
  `listeners:\n  - { kind: tcp, port: 1 }\n  - kind: tcp\n    port: 2\n    tls: { certificateFile: ${certificate}, keyFile: ${key}${more} }\n`

const missing = (name: string): string => `cannot read ${name}: ENOENT: no such file or directory, open '${name}'`

describe('topiary check-config', () => {
  it.each([
    ['nothing', '', 2],
    ['certificates and users', `${tls('one.crt', 'one.key')}authentication: { passwordFile: users.passwd }`, 2],
    ['one Unix socket', 'listeners: [{ kind: unix, path: s }]', 1],
  ])('finds %s good', async (_, text, listeners) => {
    const out = `${join(folder, 'f.yaml')} is good: ${listeners} listener(s)\n`
    expect(await check(text)).toEqual({ code: 0, out, err: '' })
  })

  it('takes the file from the environment', async () => {
    expect(await topiary(['check-config'], { TOPIARY_CONFIG: write('f.yaml', '') })).toMatchObject({ code: 0, err: '' })
  })

  it('warns of what is allowed and most likely wrong', async () => {
    const text = 'listeners: [{ kind: tcp, port: 1, host: 0.0.0.0 }]'
    const err = expect.stringMatching(/^warning: nobody can log in at 0\.0\.0\.0:1: .*\n$/)
    expect(await check(text)).toMatchObject({ code: 0, err })
    const readable = 'authentication: { passwordFile: open.passwd }'
    expect(await check(readable)).toMatchObject({
      code: 0,
      err: 'warning: open.passwd can be read by everybody; chmod 600 open.passwd\n',
    })
  })

  it.each([
    ['an unknown name', 'limit: 1', ['f.yaml:1:1: there is no setting limit; did you mean limits?']],
    ['no such certificate', tls('no.crt', 'one.key'), [`f.yaml:5:10: listeners[1].tls: ${missing('no.crt')}`]],
    ['no such key', tls('one.crt', 'no.key'), [`f.yaml:5:10: listeners[1].tls: ${missing('no.key')}`]],
    [
      'a key of another certificate',
      tls('one.crt', 'other.key'),
      ['f.yaml:5:10: listeners[1].tls: one.crt and other.key: the key does not belong to the certificate'],
    ],
    [
      'no authorities',
      tls('one.crt', 'one.key', ', clientCertificate: required'),
      [
        'f.yaml:5:10: listeners[1].tls: clientCertificate needs caFile or caDirectory: the authorities whose client certificates are believed',
      ],
    ],
    [
      'no such users',
      'authentication:\n  passwordFile: no.passwd',
      [`f.yaml:2:17: authentication.passwordFile: ${missing('no.passwd')}`],
    ],
    [
      'two listeners at one port',
      'listeners:\n  - { kind: tcp, port: 1 }\n  - { kind: websocket, port: 1 }',
      ['f.yaml:2:3: listeners: two listeners are at 127.0.0.1:1; give one of them another port'],
    ],
    [
      'a rule for no group',
      'rights:\n  rules:\n    - { allow: all, topics: [a] }\n    - { allow: all, topics: [a], groups: [b] }',
      ['f.yaml:4:7: rights: rules[1]: there is no group "b"; define it under groups, or correct the name'],
    ],
    [
      'a rule that allows and denies',
      'rights:\n  rules:\n    - { allow: all, deny: read, topics: [a] }',
      ['f.yaml:3:7: rights: rules[0]: give either allow or deny'],
    ],
    [
      'much',
      `${tls('no.crt', 'one.key')}rights:\n  rules:\n    - { topics: [a] }`,
      [
        `f.yaml:5:10: listeners[1].tls: ${missing('no.crt')}`,
        'f.yaml:8:7: rights: rules[0]: give either allow or deny',
      ],
    ],
  ])('tells of %s with its place and exit code 78', async (_, text, faults) => {
    const { code, out, err } = await check(text)
    expect({ code, out }).toEqual({ code: 78, out: '' })
    expect(String(err).trimEnd().split('\n').toSorted()).toEqual(faults.map((fault) => `topiary: ${fault}`).toSorted())
  })

  it('tells of a password file that is none', async () => {
    const err = expect.stringContaining('topiary: f.yaml:1:35: authentication.passwordFile: bad.passwd:1: ')
    expect(await check('authentication: { passwordFile:   bad.passwd }')).toMatchObject({ code: 78, err })
  })

  it('does not blame the file for a flag', async () => {
    const flags = ['--password-file', join(folder, 'no.passwd')]
    const err = `topiary: authentication.passwordFile: ${missing('no.passwd')}\n`
    expect(await check('authentication: { passwordFile: users.passwd }', ...flags)).toMatchObject({ code: 78, err })
  })

  it('blames the variable that names a file', async () => {
    const env = { TOPIARY_AUTHENTICATION__PASSWORD_FILE: join(folder, 'no.passwd') }
    const outcome = await topiary(['check-config', write('f.yaml', 'version: 1')], env)
    const err = `topiary: TOPIARY_AUTHENTICATION__PASSWORD_FILE: authentication.passwordFile: ${missing('no.passwd')}\n`
    expect(outcome).toMatchObject({ code: 78, err })
  })

  it('needs a file', async () => {
    const err = 'topiary: check-config needs a settings file: topiary check-config FILE\n'
    expect(await topiary(['check-config'])).toEqual({ code: 2, out: '', err })
  })

  it('tells of a file that is not there', async () => {
    const err = `topiary: cannot read the settings file no.yaml: ENOENT: no such file or directory, open 'no.yaml'\n`
    expect(await topiary(['check-config', join(folder, 'no.yaml')])).toEqual({ code: 78, out: '', err })
  })
})

describe('topiary start --print-config', () => {
  it('prints what is in force as a settings file, without secrets', async () => {
    const file = write('f.yaml', tls('one.crt', 'one.key', ', keyPassphrase: "${PHRASE}"'))
    const env = { PHRASE: 'hush', TOPIARY_LIMITS__MAXIMUM_SESSIONS: '7', TOPIARY_CONFIG: file }
    const args = ['start', '--print-config', '--log-level', 'warn', '--port', '5']
    const printed = await topiary(args, env)
    expect(printed).toMatchObject({ code: 0, err: '', out: expect.stringContaining('maximumSessions: 7') })
    expect(printed.out).toContain('keyPassphrase: "***"')
    expect(printed.out).not.toContain('hush')
    const again = await topiary(['--print-config', '--config', write('printed.yaml', String(printed.out))])
    expect(again).toEqual(printed)
  })

  it('tells of wrong settings with exit code 78', async () => {
    const outcome = await topiary(['--print-config'], { TOPIARY_LOG_LEVEL: 'loud' })
    const err = 'topiary: TOPIARY_LOG_LEVEL: logLevel must be one of debug, info, warn, error, silent, not "loud"\n'
    expect(outcome).toEqual({ code: 78, out: '', err })
  })
})
