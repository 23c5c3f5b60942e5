import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { loadMosquittoConf } from '../../mosquitto-compat/load-mosquitto-conf.ts'
import { run } from '../../src/cli/run.ts'
import { loadSettings } from '../../src/settings/load-settings.ts'
import { fakeTerminal } from '../cli/fake-terminal.ts'
import { ConfDirectory } from './conf-files.ts'
import { optionCases } from './option-cases.ts'

const directory = new ConfDirectory()
afterAll(() => directory.remove())

async function importing(text: string, ...flags: string[]) {
  const file = directory.write('m.conf', text)
  const terminal = fakeTerminal()
  const code = await run(['import-mosquitto', file, ...flags], terminal)
  const plain = (written: string): string => written.replaceAll(`${directory.path}/`, '')
  return { file, code, out: terminal.out(), err: plain(terminal.err()) }
}

const plant = `per_listener_settings true
persistence true
persistence_location /var/lib/mosquitto/
log_dest file /var/log/mosquitto/mosquitto.log
max_queued_bytes 500000
memory_limit 5000000
tls_version tlsv1.2
connection cloud
address example.org
remote_password hush
listener 1883 127.0.0.1
allow_anonymous true
listener 8883
certfile /etc/c.crt
keyfile /etc/\${K}.key
cafile /etc/ca.crt
require_certificate true
use_identity_as_username true
acl_file /etc/a b.acl
`

describe('topiary import-mosquitto', () => {
  it('prints a settings file with the lines that asked for it', async () => {
    const { code, out, file } = await importing(plant)
    const expected = `# what ${JSON.stringify(file)} says, as settings of Topiary
listeners:
  # m.conf:11
  - kind: tcp
    host: 127.0.0.1
    port: 1883
    allowAnonymous: true # m.conf:12
  # m.conf:13
  - kind: tcp
    host: "::"
    port: 8883
    allowAnonymous: false
    access:
      aclFile: /etc/a b.acl # m.conf:19
    tls:
      certificateFile: /etc/c.crt # m.conf:14
      keyFile: /etc/$\${K}.key # m.conf:15
      caFile: /etc/ca.crt # m.conf:16
      clientCertificate: required # m.conf:17
      certificateUser: common-name # m.conf:18
      minimumVersion: TLSv1.2
authentication:
  acceptUncheckedUserNames: true
  userNameBesideCertificate: ignored
  wrongLoginReason: not-authorized
features:
  mqtt3LongKeepAlive: refuse
  sessionOfAnotherUser: replace
  overlappingSubscriptions: each
limits:
  maximumTopicLevels: 201
  maximumSessions: 0
  maximumPacketBytes: 2000000
  maximumInflightMessages: 20
  receiveMaximum: 20
  maximumQueuedMessages: 1000
  queueCountsInflight: false
  maximumQueuedBytes: 500000 # m.conf:5
  queueFullPolicy: drop-newest
  mqtt3SessionExpirySeconds: 4294967295
  topicAliasMaximum: 10
  outboundTopicAliasMaximum: 10
storage:
  directory: /var/lib/mosquitto/topiary-data # m.conf:3
`
    expect(out.replaceAll(`# ${directory.path}/`, '# ')).toBe(expected)
    expect(code).toBe(0)
  })

  it('reports of every line what became of it, and tells no secret', async () => {
    const { err } = await importing(plant)
    const inGroup = (title: string): string[] =>
      new RegExp(`^${title}: \\d+\n((?:  .*\n)*)`, 'm').exec(err)?.[1]?.split('\n') ?? []
    const lineOf = (title: string, place: string): string | undefined =>
      inGroup(title).find((line) => line.startsWith(`  m.conf:${place}: `))
    expect(lineOf('mapped', '1')).toContain('per_listener_settings: listeners[].access')
    expect(lineOf('mapped', '17')).toContain('require_certificate: listeners[].tls.clientCertificate')
    expect(lineOf('mapped with a difference', '5')).toContain('max_queued_bytes: limits.maximumQueuedBytes, which')
    expect(lineOf('not applicable', '4')).toContain('log_dest: no setting; topiary start --config')
    expect(lineOf('not supported', '6')).toContain('memory_limit: memory is bounded')
    expect(lineOf('not supported', '8')).toContain('connection: bridges are read and checked')
    expect(lineOf('to know', '7')).toContain('tls_version stands before the first listener and has no effect there')
    expect(err).toContain(
      'started as root, Mosquitto becomes the user mosquitto; with a settings file the broker stays',
    )
    expect(err).not.toContain('hush')
    for (const line of [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19]) {
      expect(err).toContain(`  m.conf:${line}: `)
    }
  })

  it('writes to a file', async () => {
    const output = join(directory.path, 'topiary.yaml')
    const { code, out } = await importing('sys_interval 20', '--output', output)
    expect({ code, out }).toEqual({ code: 0, out: '' })
    expect(readFileSync(output, 'utf8')).toMatch(/^sysIntervalSeconds: 20 # /m)
  })

  it('takes the defaults of another version', async () => {
    const { out } = await importing('', '--mosquitto-version', '2.0')
    expect(out).toMatch(/^mosquittoVersion: "2\.0"$/m)
    expect(out).toMatch(/^  maximumPacketBytes: 268435460$/m)
  })

  it.each([
    [
      78,
      'nonsense 1\nmax_qos 7',
      /^topiary: m\.conf:1: there is no option nonsense.*\ntopiary: m\.conf:2: max_qos takes/,
    ],
    [78, 'plugin /opt/auth.so', /^topiary: m\.conf:1: the plugin \/opt\/auth\.so is not supported/],
  ])('ends with %i where the file cannot be used', async (expected, text, message) => {
    const { code, out, err } = await importing(text)
    expect({ code, out }).toEqual({ code: expected, out: '' })
    expect(err).toMatch(message)
  })

  it('ends with 1 where it cannot write, and 2 without a file', async () => {
    expect(await importing('', '--output', '/nowhere/x.yaml')).toMatchObject({
      code: 1,
      err: expect.stringContaining('topiary: cannot write /nowhere/x.yaml: ENOENT'),
    })
    expect(await run(['import-mosquitto'], fakeTerminal())).toBe(2)
  })

  const lines = [...new Set(Object.values(optionCases).flatMap((cases) => cases.map(([text]) => text)))]

  it.each([plant, ...lines.filter((text) => !text.includes('eth7'))])(
    'makes a file of the same settings: %j',
    async (text) => {
      const { file, out } = await importing(text)
      const imported = directory.write('topiary.yaml', out)
      expect(loadSettings({ file: imported }).settings).toEqual(loadMosquittoConf({ file }).settings)
    },
  )
})
