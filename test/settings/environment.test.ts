import { resolve } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { loadSettings } from '../../src/settings/load-settings.ts'
import { SettingsDirectory, faultsOf } from './written-file.ts'

const directory = new SettingsDirectory()
afterAll(() => directory.remove())

const secret = directory.write('secret', 'hush\r\n')
const tls = { TOPIARY_LISTENERS__0__TLS__CERTIFICATE_FILE: 'a', TOPIARY_LISTENERS__0__TLS__KEY_FILE: 'b' }

const unix = '{kind: unix, path: s}'

describe('a variable sets', () => {
  it.each([
    ['a number', { TOPIARY_LIMITS__MAXIMUM_SESSIONS: '7' }, { limits: { maximumSessions: 7 } }],
    ['it in small letters', { TOPIARY_limits__maximumsessions: '7' }, { limits: { maximumSessions: 7 } }],
    ['it with more underscores', { TOPIARY_LIM_ITS__MAXIMUM_SES_SIONS: '7' }, { limits: { maximumSessions: 7 } }],
    ['a switch', { TOPIARY_LIMITS__QUEUE_QOS0: 'true' }, { limits: { queueQos0: true } }],
    ['a word', { TOPIARY_LOG_LEVEL: 'warn' }, { logLevel: 'warn' }],
    ['a usual listener', { TOPIARY_LISTENERS__1__PORT: '9002' }, { listeners: [{ port: 1883 }, { port: 9002 }] }],
    [
      'another listener',
      { TOPIARY_LISTENERS__2__PATH: 's', TOPIARY_LISTENERS__2__KIND: 'unix' },
      { listeners: [{}, {}, { kind: 'unix', path: resolve('s') }] },
    ],
    [
      'listeners in the order of their numbers',
      { TOPIARY_LISTENERS__10: unix, TOPIARY_LISTENERS__9: unix, TOPIARY_LISTENERS: `[${Array(9).fill(unix).join()}]` },
      { listeners: Array.from({ length: 11 }, () => ({ kind: 'unix' })) },
    ],
    [
      'all listeners',
      { TOPIARY_LISTENERS__0__HOST: '::1', TOPIARY_LISTENERS: '[{kind: tcp, port: 5}]' },
      { listeners: [{ port: 5, host: '::1' }] },
    ],
    [
      'rights as JSON',
      { TOPIARY_RIGHTS: '{"rules": [{"allow": "all", "topics": ["#"]}]}' },
      { rights: { rules: [{ allow: 'all' }] } },
    ],
    [
      'groups',
      { TOPIARY_RIGHTS__RULES: '[]', TOPIARY_RIGHTS__GROUPS: '{a: [b]}' },
      { rights: { groups: { a: ['b'] } } },
    ],
    [
      'a name of a file, from here',
      { TOPIARY_AUTHENTICATION__PASSWORD_FILE: 'u' },
      { authentication: { passwordFile: resolve('u') } },
    ],
    [
      'a text of digits',
      { ...tls, TOPIARY_LISTENERS__0__TLS__KEY_PASSPHRASE: '123' },
      { listeners: [{ tls: { keyPassphrase: '123' } }, {}] },
    ],
    [
      'what is in a file',
      { ...tls, TOPIARY_LISTENERS__0__TLS__KEY_PASSPHRASE_FILE: secret },
      { listeners: [{ tls: { keyPassphrase: 'hush' } }, {}] },
    ],
    [
      'nothing for Kubernetes',
      {
        TOPIARY_PORT: 'tcp://10.0.0.1:1883',
        TOPIARY_SERVICE_HOST: '10.0.0.1',
        TOPIARY_PORT_1883_TCP_ADDR: 'x',
        TOPIARY_SERVICE_PORT_MQTT: '1',
      },
      {},
    ],
  ] as const)('%s', (_, environment, settings) => {
    expect(loadSettings({ environment }).settings).toMatchObject(settings)
  })
})

describe('a variable is refused', () => {
  it.each([
    [
      'near to a setting',
      { TOPIARY_LIMITS__MAX_SESSIONS: '7' },
      'TOPIARY_LIMITS__MAX_SESSIONS: there is no such setting; did you mean TOPIARY_LIMITS__MAXIMUM_SESSIONS?',
    ],
    [
      'near to a group',
      { TOPIARY_LIMIT__MAXIMUM_SESSIONS: '7' },
      'TOPIARY_LIMIT__MAXIMUM_SESSIONS: there is no such setting; did you mean TOPIARY_LIMITS?',
    ],
    [
      'near to nothing',
      { TOPIARY_ZEBRA: '7' },
      'TOPIARY_ZEBRA: there is no such setting; docs/settings.md lists those there are',
    ],
    [
      'without a number',
      { TOPIARY_LISTENERS__PORT: '7' },
      'TOPIARY_LISTENERS__PORT: there is no such setting; write the number of the entry, from 0 on: TOPIARY_LISTENERS__0',
    ],
    [
      'for a part of groups',
      { TOPIARY_RIGHTS__GROUPS__A: '[b]' },
      'TOPIARY_RIGHTS__GROUPS__A: there is no such setting; give TOPIARY_RIGHTS__GROUPS as a whole',
    ],
    [
      'with a value that cannot be',
      { TOPIARY_LOG_LEVEL: 'loud' },
      'TOPIARY_LOG_LEVEL: logLevel must be one of debug, info, warn, error, silent, not "loud"',
    ],
    [
      'that is empty',
      { TOPIARY_HTTP__PORT: '' },
      'TOPIARY_HTTP__PORT: http.port must be a whole number from 0 to 65535, and is empty',
    ],
    [
      'for a listener that is not there',
      { TOPIARY_LISTENERS__5__PORT: '1' },
      'TOPIARY_LISTENERS__5__PORT: there is no listener 5; a new one would be 2',
    ],
    [
      'for half a listener',
      { TOPIARY_LISTENERS__2__PORT: '1' },
      'TOPIARY_LISTENERS__2__PORT: listeners[2].kind must be one of tcp, websocket, unix, and is missing',
    ],
    [
      'for a file that is gone',
      { TOPIARY_LOG_LEVEL_FILE: '/none' },
      "TOPIARY_LOG_LEVEL_FILE: cannot read /none: ENOENT: no such file or directory, open '/none'",
    ],
  ] as const)('%s', (_, environment, fault) => {
    expect(faultsOf({ environment })).toEqual([fault])
  })

  it('beside the faults of the file, each under its own name', () => {
    const text = 'limits:\n  maximumOutboxBytesTotal: x\n  maximumOutboxBytes: y\n'
    const environment = {
      TOPIARY_LIMITS__MAXIMUM_OUTBOX_BYTES: 'z',
      TOPIARY_ZEBRA: '1',
      TOPIARY_LISTENERS__3__PORT: '1',
    }
    expect(directory.faultsIn(text, { environment }).map((fault) => fault.split(' ', 1)[0])).toEqual([
      'TOPIARY_ZEBRA:',
      'TOPIARY_LISTENERS__3__PORT:',
      'TOPIARY_LIMITS__MAXIMUM_OUTBOX_BYTES:',
      'f.yaml:2:28:',
    ])
  })
})

const adjust = (given: Record<string, unknown>) => ({ ...given, shutdownGraceMs: 3 })

describe('one setting from four sources', () => {
  const file = directory.write('four.yaml', 'shutdownGraceMs: 1')
  const environment = { TOPIARY_SHUTDOWN_GRACE_MS: '2' }
  it.each([
    ['the default', {}, 5000, undefined],
    ['the file', { file }, 1, `${file}:1:18`],
    ['the environment', { environment }, 2, 'TOPIARY_SHUTDOWN_GRACE_MS'],
    ['the environment over the file', { file, environment }, 2, 'TOPIARY_SHUTDOWN_GRACE_MS'],
    ['flags over the file', { file, adjust }, 3, undefined],
    ['flags over all', { file, environment, adjust }, 3, undefined],
  ])('is that of %s', (_, sources, value, source) => {
    const { settings, sourceOf } = loadSettings(sources)
    expect([settings.shutdownGraceMs, sourceOf(['shutdownGraceMs'])]).toEqual([value, source])
  })
})

describe('a secret', () => {
  const wrongPlaces = [
    '{kind: tcp, port: 1, tls: {certificateFile: a, keyFile: b, keyPassphrase: [hush]}}',
    '{kind: tcp, port: 1, tls: hush}',
    '{kind: tcp, port: 1, tls: [{keyPassphrase: hush}]}',
    '{kind: tcp, port: 1, tls: {certificateFile: {keyPassphrase: hush}, keyFile: b}}',
    '{kind: unix, path: s, tls: {keyPassphrase: hush}}',
    '{tls: {keyPassphrase: hush}}',
    '[{tls: {keyPassphrase: hush}}]',
  ]
  it.each(wrongPlaces)('is not told by the faults of %s', (listener) => {
    const faults = directory.faultsIn(`listeners: [${listener}]`)
    expect(faults).not.toEqual([])
    expect(faults.join()).not.toContain('hush')
  })

  it('is not told by the faults of variables', () => {
    const environment = { TOPIARY_LISTENERS__0__TLS: 'hush', TOPIARY_LISTENERS__1__TLS: '[{keyPassphrase: hush}]' }
    expect(faultsOf({ environment })).toHaveLength(2)
    expect(faultsOf({ environment }).join()).not.toContain('hush')
  })
})
