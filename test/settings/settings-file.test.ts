import { afterAll, describe, expect, it } from 'vitest'
import { defaultSettings } from '../../src/settings/settings.ts'
import { faultsOf, SettingsDirectory } from './written-file.ts'

const directory = new SettingsDirectory()
afterAll(() => directory.remove())

const sessions = 'limits.maximumSessions must be a whole number from 0 to 9007199254740991'
const tcp = 'listeners:\n  - kind: tcp\n    port: 0\n'
const tls = `${tcp}    tls:\n      certificateFile: a\n      keyFile: b\n`
const rule = 'rights:\n  rules:\n    - allow: read\n      topics: [a]\n'

type Row = readonly [what: string, text: string, ...faults: string[]]

/** Each fault without the name of the file in front. */
const wrong: readonly Row[] = [
  // names
  ['a name', 'limit: 1', '1:1: there is no setting limit; did you mean limits?'],
  ['a name that is near to none', 'zebra: 1', `1:1: there is no setting zebra; docs/settings.md lists those there are`],
  [
    'a name in a group',
    'limits:\n  maxSessions: 1',
    '2:3: there is no setting limits.maxSessions; did you mean maximumSessions?',
  ],
  [
    'one near to none of many',
    'limits:\n  zebra: 1',
    '2:3: there is no setting limits.zebra; docs/settings.md lists those there are',
  ],
  ['a name in a listener', `${tcp}    prot: 1`, '4:5: there is no setting listeners[0].prot; did you mean port?'],
  [
    'a name of another kind of listener',
    `${tcp}    mode: "660"`,
    '4:5: there is no setting listeners[0].mode; docs/settings.md lists those there are',
  ],
  [
    'a port of a Unix socket',
    'listeners:\n  - kind: unix\n    path: a\n    port: 1',
    '4:5: there is no setting listeners[0].port; docs/settings.md lists those there are',
  ],
  [
    'origins of a TCP listener',
    `${tcp}    allowedOrigins: []`,
    '4:5: there is no setting listeners[0].allowedOrigins; docs/settings.md lists those there are',
  ],
  [
    'a name in tls',
    `${tls}      caFiles: c`,
    '7:7: there is no setting listeners[0].tls.caFiles; did you mean caFile?',
  ],
  ['a name in rights', 'rights:\n  rule: []\n  rules: []', '2:3: there is no setting rights.rule; did you mean rules?'],
  [
    'a name in a rule',
    `${rule}      topic: [b]`,
    '5:7: there is no setting rights.rules[0].topic; did you mean topics?',
  ],
  [
    'a name of objects',
    'constructor: 1',
    `1:1: there is no setting constructor; docs/settings.md lists those there are`,
  ],
  ['__proto__', '__proto__:\n  logLevel: debug', '1:1: this cannot be a name'],
  ['__proto__ further in', 'limits:\n  __proto__: {maximumSessions: 3}', '2:3: this cannot be a name'],
  [
    'a group of users called __proto__',
    'rights:\n  rules: []\n  groups:\n    __proto__: [a]',
    '4:5: this cannot be a name',
  ],
  [
    'a group of users without a name',
    'rights:\n  rules: []\n  groups:\n    "": [a]',
    '4:5: rights.groups[""] has no name: it is empty',
  ],
  ['a list as a name', '? [a]\n: b', '1:3: this cannot be a name'],
  ['a name twice', 'logLevel: info\nlogLevel: warn', '2:1: logLevel stands here for the second time'],
  [
    'a name twice in JSON',
    '{"limits": {"maximumSessions": 1, "maximumSessions": 2}}',
    '1:35: maximumSessions stands here for the second time',
  ],
  // values
  ['a text for a number', 'limits:\n  maximumSessions: many', `2:20: ${sessions}, not "many"`],
  ['a number with a point', 'limits: {maximumSessions: 1.5}', `1:27: ${sessions}, not 1.5`],
  [
    'a number that is huge',
    'limits: {maximumSessions: 99999999999999999999}',
    `1:27: ${sessions}, not 100000000000000000000`,
  ],
  ['a number beyond all', 'limits: {maximumSessions: 1e400}', `1:27: ${sessions}, not Infinity`],
  ['.inf', 'limits: {maximumSessions: .inf}', `1:27: ${sessions}, not Infinity`],
  ['.nan', 'limits: {maximumSessions: .nan}', `1:27: ${sessions}, not NaN`],
  ['a date', 'limits: {maximumSessions: 2026-01-01}', `1:27: ${sessions}, not "2026-01-01"`],
  [
    'a number below its least',
    'sysIntervalSeconds: -1',
    '1:21: sysIntervalSeconds must be a whole number from 0 to 86400, not -1',
  ],
  ['a port above its most', 'http: {port: 65536}', '1:14: http.port must be a whole number from 0 to 65535, not 65536'],
  [
    'yes for true',
    'features: {retainAvailable: yes}',
    '1:29: features.retainAvailable must be true or false, not "yes"',
  ],
  [
    'yes, in the older YAML',
    '%YAML 1.1\n---\nfeatures: {retainAvailable: yes}',
    '3:29: features.retainAvailable must be true or false, not "yes"',
  ],
  ['a wrong word', 'logLevel: loud', '1:11: logLevel must be one of debug, info, warn, error, silent, not "loud"'],
  [
    'a wrong kind',
    'listeners:\n  - kind: quic\n    port: 1',
    '2:11: listeners[0].kind must be one of tcp, websocket, unix, not "quic"',
  ],
  ['no kind', 'listeners:\n  - port: 1', '2:5: listeners[0].kind must be one of tcp, websocket, unix, and is missing'],
  [
    'no port',
    'listeners:\n  - kind: tcp',
    '2:5: listeners[0].port must be a whole number from 0 to 65535, and is missing',
  ],
  ['a listener that is empty', 'listeners:\n  -', '2:4: listeners[0] must be a group of settings, and is empty'],
  ['a listener that is a word', 'listeners: [tcp]', '1:13: listeners[0] must be a group of settings, not "tcp"'],
  [
    'a mode without quotes',
    'listeners:\n  - {kind: unix, path: a, mode: 660}',
    '2:33: listeners[0].mode must be a text like "660", not 660; put it in quotes',
  ],
  [
    'a mode that is none',
    'listeners:\n  - {kind: unix, path: a, mode: "999"}',
    '2:33: listeners[0].mode must be a text like "660", not "999"',
  ],
  [
    'a user that is a number',
    `${rule}      users: [1234]`,
    '5:15: rights.rules[0].users[0] must be a text that is not empty, not 1234; put it in quotes',
  ],
  [
    'an empty text',
    'authentication: {passwordFile: ""}',
    '1:32: authentication.passwordFile must be a text that is not empty, not ""',
  ],
  [
    'a right that is none',
    'rights:\n  rules:\n    - {allow: publish, topics: [a]}',
    '3:15: rights.rules[0].allow must be all or one of read, write, subscribe or a list with at least one entry, not "publish"',
  ],
  [
    'a right in a list',
    'rights:\n  rules:\n    - {allow: [read, publish], topics: [a]}',
    '3:22: rights.rules[0].allow[1] must be one of read, write, subscribe, not "publish"',
  ],
  [
    'no topics',
    'rights:\n  rules:\n    - allow: read',
    '3:7: rights.rules[0].topics must be a list with at least one entry, and is missing',
  ],
  [
    'an empty list of topics',
    'rights:\n  rules:\n    - {allow: read, topics: []}',
    '3:29: rights.rules[0].topics must be a list with at least one entry, not an empty list',
  ],
  ['rights without rules', 'rights:\n  default: deny', '1:1: rights.rules must be a list, and is missing'],
  ['rights that are empty', 'rights:', '1:8: rights must be a group of settings, and is empty'],
  ['another version', 'version: 2', '1:10: version must be 1, not 2'],
  // form
  ['a list for a group', 'limits: [1]', '1:9: limits must be a group of settings, not a list'],
  ['a group for a list', 'listeners: {kind: tcp}', '1:12: listeners must be a list, not a group'],
  ['a group that is empty', 'limits:\nlogLevel: info', '1:8: limits must be a group of settings, and is empty'],
  ['a list as a file', '- a', '1:1: the settings must be a group of settings'],
  ['a word as a file', 'hello', '1:1: the settings must be a group of settings'],
  ['tabs', 'limits:\n\tmaximumSessions: 1', '2:1: tabs are not taken as indentation; use spaces'],
  [
    'a bracket that is not closed',
    'limits: {',
    '1:10: Flow map in block collection must be sufficiently indented and end with a }',
  ],
  ['two documents', 'logLevel: info\n---\nlogLevel: warn', '2:1: a settings file is one document; take out the ---'],
  [
    'a comment of another language in JSON',
    '{\n// hi\n"logLevel": "info"}',
    '2:1: there is no setting ["// hi \\"logLevel\\""]; comments begin with #',
  ],
  [
    'an alias',
    'limits: &a {maximumSessions: 1}\nfeatures: *a',
    '2:11: aliases (*name) are not taken here; write the value out',
  ],
  [
    'a merge',
    'limits:\n  <<: {maximumSessions: 1}',
    '2:3: there is no setting limits["<<"]; groups are not merged here, write the settings out',
  ],
  [
    'a tag',
    'limits: !!set {maximumSessions}',
    '1:15: tags (tag:yaml.org,2002:set) are not taken here; write the value alone',
  ],
  ['a tag of its own', 'logLevel: !loud info', '1:17: tags (!loud) are not taken here; write the value alone'],
  [
    'line ends of Windows',
    'version: 1\r\nlimits:\r\n  maxSessions: 1\r\n',
    '3:3: there is no setting limits.maxSessions; did you mean maximumSessions?',
  ],
  [
    'a byte order mark',
    '\ufefflogLevel: loud',
    '1:12: logLevel must be one of debug, info, warn, error, silent, not "loud"',
  ],
  // several at once, in the order of the file
  [
    'much',
    'limit: 1\nlogLevel: loud\nlimits: {maximumSessions: x, y: 1}\nhttp: {}',
    '1:1: there is no setting limit; did you mean limits?',
    '2:11: logLevel must be one of debug, info, warn, error, silent, not "loud"',
    `3:27: ${sessions}, not "x"`,
    '3:30: there is no setting limits.y; docs/settings.md lists those there are',
    '4:1: http.port must be a whole number from 0 to 65535, and is missing',
  ],
  [
    'two variables',
    'logLevel: ${NO}\nhttp: {port: "${NEITHER}"}',
    '1:11: the variable NO is not set, nor is NO_FILE',
    '2:14: the variable NEITHER is not set, nor is NEITHER_FILE',
  ],
]

describe('a settings file is refused with the place and a sentence for', () => {
  it.each(wrong)('%s', (_, text, ...faults) => {
    expect(directory.faultsIn(text)).toEqual(faults.map((fault) => `f.yaml:${fault}`))
  })

  it('brackets without end', () => {
    expect(directory.faultsIn('['.repeat(20_000))[0]).toMatch(/^f\.yaml:1:\d+: groups and lists are too deep/)
  })

  it('ten times ten laughs, before any of them is looked at', () => {
    const names = [...'abcdefghij']
    const lines = names.map((name, index) => {
      const inner = index === 0 ? 'lol' : `*${names[index - 1]}`
      return `${name}: &${name} [${Array(10).fill(inner).join(', ')}]`
    })
    expect(directory.faultsIn(lines.join('\n')).every((fault) => /aliases|more like these/.test(fault))).toBe(true)
  })

  it('10 MB, unread', () => {
    expect(directory.faultsIn('# much\n'.repeat(1_500_000))).toEqual(['f.yaml: more than 1 MiB is no settings file'])
  })

  it('thousands of faults with the first fifty', () => {
    const text = `rights:\n  rules:\n${'    - {allow: read, topic: [a]}\n'.repeat(500)}`
    const faults = directory.faultsIn(text)
    expect(faults).toHaveLength(51)
    expect(faults.at(-1)).toMatch(/^and \d+ more like these$/)
  })

  it('40,000 names in less time than anybody waits', { timeout: 10_000 }, () => {
    const text = Array.from({ length: 40_000 }, (_, index) => `name${index}: 1`).join('\n')
    expect(directory.faultsIn(text)[0]).toContain('f.yaml:1:1: there is no setting name0;')
  })

  it('one that is not there', () => {
    const reason = "ENOENT: no such file or directory, open '/none.yaml'"
    expect(faultsOf({ file: '/none.yaml' })).toEqual([`cannot read the settings file /none.yaml: ${reason}`])
  })
})

describe('a settings file', () => {
  const good: readonly (readonly [what: string, text: string, settings: object])[] = [
    ['that is empty', '', {}],
    ['of comments', '# nothing\n', {}],
    ['of defaults, said so', '$schema: x\nversion: 1\n', {}],
    [
      'in JSON',
      '{"logLevel": "warn", "http": {"port": 1}}',
      { logLevel: 'warn', http: { host: '127.0.0.1', port: 1 } },
    ],
    ['in JSON with a comma too many', '{"logLevel": "warn",}', { logLevel: 'warn' }],
    ['with a byte order mark', '\ufefflogLevel: warn', { logLevel: 'warn' }],
    [
      'with line ends of Windows',
      'logLevel: warn\r\nsysIntervalSeconds: 1\r\n',
      { logLevel: 'warn', sysIntervalSeconds: 1 },
    ],
    ['with an anchor that nothing refers to', 'logLevel: &here warn', { logLevel: 'warn' }],
    [
      'with a group of users called constructor',
      'rights: {rules: [], groups: {constructor: [a]}}',
      {
        rights: { default: 'deny', rules: [], groups: { constructor: ['a'] } },
      },
    ],
  ]
  it.each(good)('%s is taken', (_, text, settings) => {
    expect(directory.settingsIn(text)).toEqual({ ...defaultSettings, ...settings })
  })

  it('names files as seen from where it is', () => {
    const text = `${tls}      caFile: /etc/ca\n  - {kind: unix, path: s}\nauthentication: {passwordFile: ../u}`
    const { listeners, authentication } = directory.settingsIn(text)
    const parent = directory.path.slice(0, directory.path.lastIndexOf('/'))
    expect(authentication.passwordFile).toBe(`${parent}/u`)
    expect(listeners).toMatchObject([
      { tls: { certificateFile: `${directory.path}/a`, keyFile: `${directory.path}/b`, caFile: '/etc/ca' } },
      { path: `${directory.path}/s` },
    ])
  })
})

const passphrase = (value: string): string => `${tls}      keyPassphrase: ${value}`

describe('variables in a settings file', () => {
  const secret = directory.write('secret', '12345\n')
  const environment = { NUMBER: '7', TRUE: 'true', WORD: 'warn', LIST: '[1]', SECRET_FILE: secret, GONE_FILE: '/none' }

  it.each([
    ['a word', 'logLevel: ${WORD}', { logLevel: 'warn' }],
    ['a number', 'sysIntervalSeconds: ${NUMBER}', { sysIntervalSeconds: 7 }],
    ['a part of a number', 'sysIntervalSeconds: 1${NUMBER}', { sysIntervalSeconds: 17 }],
    ['true', 'limits:\n  queueQos0: ${NO:-}${TRUE}', { limits: { queueQos0: true } }],
    ['a default', 'logLevel: ${NO:-error}', { logLevel: 'error' }],
    ['digits for a text', passphrase('${SECRET}'), { listeners: [{ tls: { keyPassphrase: '12345' } }] }],
    ['the characters themselves', passphrase('$${WORD}'), { listeners: [{ tls: { keyPassphrase: '${WORD}' } }] }],
  ])('stand for %s', (_, text, settings) => {
    expect(directory.settingsIn(text, { environment })).toMatchObject(settings)
  })

  it.each([
    ['a list', 'limits: {maximumSessions: "${LIST}"}', `1:27: ${sessions}, not "[1]"`],
    ['a name', '${WORD}: info', `1:1: there is no setting ["\${WORD}"]; docs/settings.md lists those there are`],
    ['nothing', 'logLevel: ${}', '1:11: ${} is no variable; write ${NAME}, or $${ for the characters themselves'],
    [
      'an open end',
      'logLevel: "${WORD"',
      '1:11: ${WORD is no variable; write ${NAME}, or $${ for the characters themselves',
    ],
    [
      'a file that is gone',
      'logLevel: ${GONE}',
      "1:11: GONE_FILE: cannot read /none: ENOENT: no such file or directory, open '/none'",
    ],
  ])('do not stand for %s', (_, text, fault) => {
    expect(directory.faultsIn(text, { environment })).toEqual([`f.yaml:${fault}`])
  })

  it.each([
    ['that has no end', passphrase('"${HUSH1"'), '7:22: this is no variable; write ${NAME}'],
    ['with a wrong name', passphrase('"a${HUSH-1}b"'), '7:22: this is no variable; write ${NAME}'],
    ['that is not set', passphrase('"a${HUSH}b"'), '7:22: the variable named here is not set'],
    ['with a file that is gone', passphrase('"${HUSHED}"'), 'the one with _FILE behind its name: cannot read /none'],
    ['in place of a group', `${tcp}    tls: "\${HUSH1"`, '4:10: this is no variable'],
    ['in place of a list', 'listeners: "${HUSH1"', '1:12: this is no variable'],
    ['where there is no setting', `${tcp}    tls: [{keyPassphrase: "\${HUSH1"}]`, '4:27: this is no variable'],
  ])('quote nothing of a secret %s', (_, text, fault) => {
    const faults = directory.faultsIn(text, { environment: { HUSHED_FILE: '/none' } })
    expect(faults).toHaveLength(1)
    expect(faults[0]).toContain(fault)
    expect(faults[0]).not.toMatch(/HUSH|[ab]\$/)
  })
})
