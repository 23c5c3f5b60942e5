import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { run } from '../../src/cli/run.ts'
import { fakeTerminal } from './fake-terminal.ts'

const folder = mkdtempSync(join(tmpdir(), 'topiary-acl-'))
afterAll(() => rmSync(folder, { recursive: true }))

function write(name: string, text: string): string {
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}

const file = write(
  'rights.yaml',
  `rights:
  groups:
    operators: [ada]
  rules:
    - deny: write
      topics: [plant/+/interlock]
    - allow: all
      groups: [operators]
      topics: [plant/#]
    - { allow: [read, subscribe], topics: [plant/news], maximumQos: 1 }
    - allow: write
      topics: [sensors/%c/#]
      retain: false
    - allow: subscribe
      topics: [sensors/#]
    - deny: read
      topics: [sensors/secret]
    - allow: read
      topics: [sensors/#]
`,
)

async function ask(
  args: string,
  env: Record<string, string> = {},
): Promise<{ code: number; out: string; err: string }> {
  const terminal = { ...fakeTerminal(), env }
  const code = await run(['acl', 'test', ...args.split(' ')], terminal)
  return { code, out: terminal.out(), err: terminal.err() }
}

describe('topiary acl test', () => {
  const usual = 'no rule covers it, and the default is deny'
  const rows: readonly (readonly [args: string, code: number, answer: string])[] = [
    ['--user ada --publish plant/3/valve', 0, `yes: ${file}:7: - allow: all`],
    ['--user ada --publish plant/3/interlock', 1, `no: ${file}:5: - deny: write`],
    ['--user bob --publish plant/3/valve', 1, `no: ${usual}`],
    ['--publish plant/3/valve', 1, `no: ${usual}`],
    ['--client-id pump-7 --publish sensors/pump-7/heat', 0, `yes: ${file}:11: - allow: write`],
    ['--client-id pump-8 --publish sensors/pump-7/heat', 1, `no: ${usual}`],
    ['--client-id pump-7 --publish sensors/pump-7/heat --retain', 1, `no: ${usual}`],
    [
      '--subscribe plant/news --qos 1',
      0,
      `yes: ${file}:10: - { allow: [read, subscribe], topics: [plant/news], maximumQos: 1 }`,
    ],
    [
      '--subscribe plant/news --qos 2',
      0,
      `yes at QoS 1: ${file}:10: - { allow: [read, subscribe], topics: [plant/news], maximumQos: 1 }`,
    ],
    ['--subscribe plant/+', 1, `no: ${usual}`],
    [
      '--subscribe $share/group/plant/news',
      0,
      `yes: ${file}:10: - { allow: [read, subscribe], topics: [plant/news], maximumQos: 1 }`,
    ],
    ['--receive sensors/heat --filter sensors/+', 0, `yes: ${file}:18: - allow: read`],
    ['--receive sensors/secret --filter sensors/+', 1, `no: ${file}:16: - deny: read`],
    ['--receive sensors/secret', 1, `no: ${file}:16: - deny: read`],
    ['--receive plant/news --filter plant/#', 1, `no: ${usual}`],
  ]
  it.each(rows)('%s: exit code %i, %s', async (args, code, answer) => {
    expect(await ask(`--config ${file} ${args}`)).toEqual({ code, out: `${answer}\n`, err: '' })
  })

  it('says that there are no rights', async () => {
    const none = write('none.yaml', 'version: 1')
    const out = `yes: ${none} has no rights, so everybody may do everything\n`
    expect(await ask('--publish a', { TOPIARY_CONFIG: none })).toEqual({ code: 0, out, err: '' })
  })

  it('names the default that is to allow', async () => {
    const open = write('open.yaml', 'rights: {default: allow, rules: []}')
    const out = 'yes: no rule covers it, and the default is allow\n'
    expect(await ask(`--config ${open} --publish a`)).toEqual({ code: 0, out, err: '' })
  })

  it('names the variable whose rules decide', async () => {
    const env = { TOPIARY_RIGHTS__RULES: '[{"deny": "read", "topics": ["a"]}, {"allow": "write", "topics": ["a"]}]' }
    const out = 'yes: TOPIARY_RIGHTS__RULES: rules[1]\n'
    expect(await ask(`--config ${file} --publish a`, env)).toEqual({ code: 0, out, err: '' })
  })

  it('refuses rules that make no sense with their place and exit code 78', async () => {
    const wrong = write(
      'wrong.yaml',
      'rights:\n  rules:\n    - { deny: read, topics: [a] }\n    - { allow: read, topics: [a], groups: [b] }\n',
    )
    const why = 'there is no group "b"; define it under groups, or correct the name'
    const err = `topiary: ${wrong}:4:7: rights: rules[1]: ${why}\n`
    expect(await ask(`--config ${wrong} --publish a`)).toEqual({ code: 78, out: '', err })
  })

  it.each([
    ['--publish a', 'acl test needs a settings file: --config FILE'],
    [`--config ${file}`, 'acl test needs one of --publish TOPIC, --subscribe FILTER and --receive TOPIC'],
    [
      `--config ${file} --publish a --subscribe a`,
      'acl test needs one of --publish TOPIC, --subscribe FILTER and --receive TOPIC',
    ],
    [`--config ${file} --publish a --filter a`, '--filter goes with --receive'],
    [`--config ${file} --receive a --retain`, '--retain goes with --publish'],
    [`--config ${file} --publish a/#`, '--publish: a topic name holds no wildcard'],
  ])('refuses %s with exit code 2', async (args, message) => {
    const { code, out, err } = await ask(args)
    expect({ code, out, err }).toEqual({ code: 2, out: '', err: `topiary: ${message}\n` })
  })
})

describe('topiary acl test of an ACL file', () => {
  const acl = write('users.acl', 'topic read news\nuser ada\ntopic deny plant/3/#\ntopic plant/#\npattern dev/%c/#\n')
  const own = write('own.acl', 'topic read own\n')
  const config = write(
    'acl.yaml',
    `aclFile: users.acl
listeners:
  - { kind: tcp, port: 19001 }
  - { kind: tcp, port: 19002, host: '::1', access: { aclFile: own.acl } }
  - { kind: unix, path: /run/x.sock, access: {} }
`,
  )
  const noLine = 'no line is about it'
  it.each<[args: string, code: number, answer: string]>([
    ['--receive news', 0, `yes: ${acl}:1: topic read news`],
    ['--publish news', 1, `no: ${acl}: ${noLine}`],
    ['--user ada --receive news', 1, `no: ${acl}: ${noLine}`],
    ['--user ada --publish plant/1/valve', 0, `yes: ${acl}:4: topic plant/#`],
    ['--user ada --publish plant/3/valve', 1, `no: ${acl}:3: topic deny plant/3/#`],
    ['--client-id pump --publish dev/pump/heat', 0, `yes: ${acl}:5: pattern dev/%c/#`],
    ['--publish $SYS/x', 1, `no: ${acl}: topics below $SYS are written by the broker alone`],
    ['--subscribe #', 0, `yes: ${acl}: everybody may subscribe; what comes by it is judged with --receive`],
    ['--receive news --listener 19001', 0, `yes: ${acl}:1: topic read news`],
    ['--receive news --listener 19002', 1, `no: ${own}: ${noLine}`],
    ['--receive own --listener [::1]:19002', 0, `yes: ${own}:1: topic read own`],
    ['--receive own --listener ::1:19002', 0, `yes: ${own}:1: topic read own`],
    [
      '--publish any --listener /run/x.sock',
      0,
      'yes: listeners[2] has an access of its own without an ACL file, so everybody may do everything',
    ],
  ])('%s', async (args, code, answer) => {
    expect(await ask(`--config ${config} ${args}`)).toEqual({ code, out: `${answer}\n`, err: '' })
  })

  it('does not answer for all listeners where each has an ACL file of its own', async () => {
    const each = write('each.yaml', 'listeners: [{ kind: tcp, port: 19002, access: { aclFile: own.acl } }]')
    expect(await ask(`--config ${each} --publish a`)).toEqual({
      code: 2,
      out: '',
      err:
        'topiary: listeners have ACL files of their own: ' +
        'say where the client comes in, with --listener (127.0.0.1:19002)\n',
    })
    expect((await ask(`--config ${each} --receive own --listener 19002`)).code).toBe(0)
  })

  it('follows the version of Mosquitto that the settings name', async () => {
    const partial = write('partial.acl', 'pattern dev-%c/x\n')
    const answerIn = async (version: string): Promise<number> => {
      const settings = write('version.yaml', `{ aclFile: partial.acl, mosquittoVersion: '${version}' }`)
      return (await ask(`--config ${settings} --client-id pump --receive dev-pump/x`)).code
    }
    expect(await answerIn('2.0')).toBe(0)
    expect(await answerIn('2.1')).toBe(1)
    expect(partial).toContain('partial.acl')
  })

  it.each([
    ['frob a', '', /^topiary: .*bad\.yaml:1:10: aclFile: .*bad\.acl:1: expected a line that begins with user/],
    ['topic a', '\nrights: { rules: [] }', /an ACL file is in the place of rights/],
  ])('names the place of a fault: %s%s', async (line, more, fault) => {
    write('bad.acl', `${line}\n`)
    const { code, err } = await ask(`--config ${write('bad.yaml', `aclFile: bad.acl${more}`)} --publish a`)
    expect(code).toBe(78)
    expect(err).toMatch(fault)
  })

  it('knows the listeners there are', async () => {
    const { code, err } = await ask(`--config ${config} --publish a --listener 19009`)
    expect(code).toBe(2)
    expect(err).toContain('there is none at 19009; there is 127.0.0.1:19001, ::1:19002, /run/x.sock')
  })
})
