import { describe, expect, it } from 'vitest'
import { AclAuthorizer } from '../../src/auth/acl-authorizer.ts'
import { parseAclFile, type MosquittoVersion } from '../../src/auth/acl-file.ts'
import { Acl } from '../../src/auth/acl.ts'
import { AuthFileError } from '../../src/auth/auth-file-error.ts'

const both = ['2.0', '2.1'] as const
const file = (...lines: readonly string[]): string => lines.join('\n')

function decide(text: string, version: MosquittoVersion, who: string, wanted: 'read' | 'write', topic: string): string {
  const [user, clientId = 'c'] = who.split('@')
  const acl = new Acl(parseAclFile(text, 'acl', version), version)
  const { allowed, because } = acl.decide({ clientId, user: user === '' ? undefined : user }, wanted, topic)
  return `${allowed ? 'yes' : 'no'} ${typeof because === 'string' ? '-' : because.lineNumber}`
}

type Row = readonly [who: string, access: 'read' | 'write', topic: string, answer: string | readonly [string, string]]

/** `ada@pump` is the user ada with the client identifier pump, `@pump` an anonymous client. Two answers: 2.0 and 2.1. */
const tables: readonly (readonly [what: string, text: string, rows: readonly Row[]])[] = [
  [
    'an empty file',
    '',
    [
      ['', 'read', 'a', 'no -'],
      ['ada', 'write', 'a', 'no -'],
    ],
  ],
  [
    'access words',
    file('topic read r', 'topic write w', 'topic readwrite b', 'topic t', 'topic deny d', 'topic d', 'topic read a b'),
    [
      ['', 'read', 'r', 'yes 1'],
      ['', 'write', 'r', 'no -'],
      ['', 'read', 'w', 'no -'],
      ['', 'write', 'w', 'yes 2'],
      ['', 'read', 'b', 'yes 3'],
      ['', 'write', 'b', 'yes 3'],
      ['', 'read', 't', 'yes 4'],
      ['', 'write', 't', 'yes 4'],
      ['', 'read', 'd', 'no 5'],
      ['', 'write', 'd', 'no 5'],
      ['', 'read', 'a b', 'yes 7'],
      ['', 'read', 'a', 'no -'],
    ],
  ],
  [
    'blanks and remarks',
    file('  topic   read   a  \t', '# topic b', '', '   ', 'topic read c\r', 'topic read', 'user   ada  b ', 'topic x'),
    [
      ['', 'read', 'a', 'yes 1'],
      ['', 'read', 'b', 'no -'],
      ['', 'read', 'c', 'yes 5'],
      ['', 'write', 'read', 'yes 6'],
      ['ada  b', 'read', 'x', 'yes 8'],
      ['ada', 'read', 'x', 'no -'],
    ],
  ],
  [
    'sections',
    file('topic open', 'user ada', 'topic own', 'user bob', 'topic his', 'user ada', 'topic more', 'topic deny his'),
    [
      ['', 'read', 'open', 'yes 1'],
      ['ada', 'read', 'open', 'no -'],
      ['', 'read', 'own', 'no -'],
      ['ada', 'write', 'own', 'yes 3'],
      ['ada', 'write', 'more', 'yes 7'],
      ['ada', 'write', 'his', 'no 8'],
      ['bob', 'write', 'his', 'yes 5'],
      ['eve', 'write', 'his', 'no -'],
    ],
  ],
  [
    'denials before grants, the last one first',
    file('topic a/#', 'topic deny a/+', 'topic deny a/b', 'topic a/b', 'topic read a/c/d'),
    [
      ['', 'read', 'a/b', 'no 3'],
      ['', 'read', 'a/c', 'no 2'],
      ['', 'read', 'a', 'yes 1'],
      ['', 'write', 'a/c/d', 'yes 1'],
    ],
  ],
  [
    'wildcards',
    file('topic read +/x', 'topic read s/#', 'topic read $SYS/#', 'user ada', 'topic #'),
    [
      ['', 'read', '/x', 'yes 1'],
      ['', 'read', 's', 'yes 2'],
      ['', 'read', 's/', 'yes 2'],
      ['', 'read', 'st', 'no -'],
      ['', 'read', '$SYS/broker/uptime', 'yes 3'],
      ['ada', 'read', '$SYS/broker/uptime', 'no -'],
      ['ada', 'read', '$other/x', 'no -'],
      ['ada', 'write', 'x', 'yes 5'],
    ],
  ],
  [
    'topics of the broker',
    file(
      'topic $SYS/#',
      'topic $SYSTEM/#',
      'topic $other/#',
      'topic $share/#',
      'pattern $SYS/broker/connection/%c/state',
    ),
    [
      ['', 'write', '$SYS/broker/uptime', 'no -'],
      ['', 'read', '$SYS/broker/uptime', 'yes 1'],
      ['', 'write', '$SYS/broker/connection/b/state', 'yes 1'],
      ['ada@b', 'write', '$SYS/broker/connection/b/state', 'yes 5'],
      ['ada@b', 'write', '$SYS/broker/connection/c/state', 'no -'],
      ['', 'write', '$SYS/broker/connection/b/state/x', 'no -'],
      ['', 'write', '$SYS/broker/connection/b', 'no -'],
      ['', 'write', '$SYSTEM/x', 'no -'],
      ['', 'read', '$SYSTEM/x', 'yes 2'],
      ['', 'write', '$other/x', 'yes 3'],
      ['', 'read', '$share/g/x', 'no -'],
      ['', 'write', '$share/g/x', 'no -'],
    ],
  ],
  [
    'patterns after the own lines',
    file('pattern read p/#', 'pattern deny p/secret/#', 'user ada', 'topic p/secret/hers', 'topic deny p/news'),
    [
      ['', 'read', 'p/x', 'yes 1'],
      ['bob', 'read', 'p/x', 'yes 1'],
      ['bob', 'write', 'p/x', 'no -'],
      ['bob', 'read', 'p/secret/x', 'no 2'],
      ['ada', 'read', 'p/secret/hers', 'yes 4'],
      ['ada', 'read', 'p/secret/x', 'no 2'],
      ['ada', 'read', 'p/news', 'no 5'],
    ],
  ],
  [
    'names as whole levels',
    file('pattern c/%c/#', 'pattern read u/%u', 'pattern read both/%u/%c', 'pattern deny u/eve'),
    [
      ['@pump', 'write', 'c/pump/heat', 'yes 1'],
      ['@pump', 'write', 'c/pump', 'yes 1'],
      ['@pump', 'write', 'c/valve/heat', 'no -'],
      ['ada@pump', 'read', 'u/ada', 'yes 2'],
      ['ada@pump', 'write', 'u/ada', 'no -'],
      ['@pump', 'read', 'u/', 'no -'],
      ['@pump', 'read', 'u/ada', 'no -'],
      ['eve@pump', 'read', 'u/eve', 'no 4'],
      ['ada@pump', 'read', 'both/ada/pump', 'yes 3'],
      ['ada@pump', 'read', 'both/pump/ada', 'no -'],
      ['%c@pump', 'read', 'u/%c', 'yes 2'],
      ['%c@pump', 'read', 'u/pump', 'no -'],
    ],
  ],
  [
    'names that are no level',
    file('pattern c/%c', 'pattern u/%u', 'user ad+', 'topic own'),
    [
      ['ad+', 'read', 'own', 'yes 4'],
      ['ad+', 'read', 'u/ad+', 'no -'],
      ['ad+', 'read', 'u/ada', 'no -'],
      ['#', 'read', 'u/x', 'no -'],
      ['ada@+', 'read', 'u/ada', 'no -'],
      ['ada@c#', 'read', 'u/ada', 'no -'],
      ['@a/b', 'read', 'c/a/b', ['yes 1', 'no -']],
      ['a/b', 'read', 'u/a/b', ['yes 2', 'no -']],
    ],
  ],
  [
    'names as a part of a level',
    file('pattern dev-%c/x', 'pattern u/%u-%c', 'pattern read %c/x'),
    [
      ['@pump', 'read', 'dev-pump/x', ['yes 1', 'no -']],
      ['@pump', 'read', 'dev-%c/x', ['no -', 'yes 1']],
      ['ada@pump', 'read', 'u/ada-pump', ['yes 2', 'no -']],
      ['ada@pump', 'read', 'u/%u-%c', ['no -', 'yes 2']],
      ['@pump', 'read', 'u/%u-%c', 'no -'],
      ['@pump', 'read', 'pump/x', 'yes 3'],
      ['@$SYS', 'read', '$SYS/x', ['yes 3', 'no -']],
      ['@$SYS', 'write', '$SYS/x', 'no -'],
    ],
  ],
  [
    'topic lines know no names',
    file('topic read c/%c', 'user ada', 'topic read u/%u'),
    [
      ['@pump', 'read', 'c/pump', 'no -'],
      ['@pump', 'read', 'c/%c', 'yes 1'],
      ['ada', 'read', 'u/ada', 'no -'],
      ['ada', 'read', 'u/%u', 'yes 3'],
    ],
  ],
]

const cases = tables.flatMap(([what, text, rows]) =>
  rows.flatMap(([who, wanted, topic, answers]) =>
    both.map((version, index) => ({
      ...{ what, text, version, who, wanted, topic },
      answer: typeof answers === 'string' ? answers : (answers[index] as string),
    })),
  ),
)

describe('an ACL file decides as Mosquitto does', () => {
  it.each(cases)(
    '$what, $version: $who may $wanted $topic: $answer',
    ({ text, version, who, wanted, topic, answer }) => {
      expect(decide(text, version, who, wanted, topic)).toBe(answer)
    },
  )
})

describe('an ACL file', () => {
  it.each([
    ['frob a/b', 'begins with user, topic or pattern'],
    ['TOPIC a/b', 'begins with user, topic or pattern'],
    ['  # indented', 'begins with user, topic or pattern'],
    ['topic\tread\ta', 'begins with user, topic or pattern'],
    ['\ufefftopic a', 'begins with user, topic or pattern'],
    ['topic', 'expected a topic filter'],
    ['pattern  ', 'expected a topic filter'],
    ['topic foo a/b', 'expected read, write, readwrite or deny'],
    ['topic a/b c', 'expected read, write, readwrite or deny'],
    ['topic a/#/b', '# fills the last level alone'],
    ['topic write a+', '+ fills a level alone'],
    ['pattern read %c+', '+ fills a level alone'],
    ['topic a\0b', 'it holds U+0000'],
    [`topic ${'a'.repeat(65_536)}`, 'longer than 65,535 bytes'],
    ['user', 'expected a user name'],
    ['user  \t', 'expected a user name'],
  ])('with the line %j is refused', (line, fault) => {
    for (const version of both) {
      const parse = () => parseAclFile(`topic a\n\n${line}\ntopic b`, 'users.acl', version)
      expect(parse).toThrow(AuthFileError)
      expect(parse).toThrow(/^users\.acl:3: /)
      expect(parse).toThrow(fault)
    }
  })

  it.each<[string, readonly MosquittoVersion[], string]>([
    ['pattern read a/b', both, 'acl:1: a pattern without %c and %u is for everybody'],
    ['pattern read dev-%c', ['2.1'], 'acl:1: %c and %u are placeholders only where they fill a level'],
  ])('with %s is taken with a warning', (text, versions, warning) => {
    for (const version of both) {
      const warnings: string[] = []
      parseAclFile(text, 'acl', version, (one) => warnings.push(one))
      expect(warnings).toHaveLength(versions.includes(version) ? 1 : 0)
      for (const one of warnings) expect(one).toContain(warning)
    }
  })

  it('with a long row of blanks is read at once', () => {
    const text = `#${' '.repeat(1_000_000)}x\ntopic read a`
    expect(parseAclFile(text, 'acl').anonymous).toMatchObject([{ access: 'read', filter: 'a' }])
  })

  it('lets everybody subscribe, and judges what comes and goes', () => {
    const authorizer = new AclAuthorizer(new Acl(parseAclFile('topic read r\ntopic write w', 'acl'), '2.1'))
    const client = { clientId: 'c', user: undefined, peer: undefined }
    const publish = { action: 'publish', qos: 2, retain: true } as const
    expect(authorizer.authorize(client, { action: 'subscribe', topicFilter: 'x/#', qos: 2 })).toBe(true)
    expect(authorizer.authorize(client, { action: 'receive', topicName: 'r', topicFilter: '#' })).toBe(true)
    expect(authorizer.authorize(client, { action: 'receive', topicName: 'w', topicFilter: 'w' })).toBe(false)
    expect(authorizer.authorize(client, { ...publish, topicName: 'w' })).toBe(true)
    expect(authorizer.authorize(client, { ...publish, topicName: 'r' })).toBe(false)
    expect((['publish', 'subscribe', 'receive'] as const).map((action) => authorizer.allowsAll(action))).toEqual([
      false,
      true,
      false,
    ])
  })
})
