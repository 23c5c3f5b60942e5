import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { commands as loaders, run } from '../../src/cli/run.ts'
import { fakeTerminal } from './fake-terminal.ts'

const packageFile = new URL('../../package.json', import.meta.url)
const { version } = JSON.parse(readFileSync(packageFile, 'utf8')) as { version: string }
const commands = await Promise.all(Object.values(loaders).map((load) => load()))

async function outcome(argv: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  const terminal = fakeTerminal()
  const code = await run(argv, terminal)
  await new Promise((resolve) => setImmediate(resolve)) // the streams hand over what was written
  return { code, out: terminal.out(), err: terminal.err() }
}

describe('help and version', () => {
  it.each([[['--help']], [['-h']], [['help']]])('%j lists every command', async (argv) => {
    const { code, out, err } = await outcome(argv)
    expect({ code, err }).toEqual({ code: 0, err: '' })
    for (const command of commands) expect(out).toContain(`  ${command.name}`)
  })

  it.each([[['--version']], [['pub', '--version']]])('%j tells the version of package.json', async (argv) => {
    expect(await outcome(argv)).toEqual({ code: 0, out: `topiary ${version}\n`, err: '' })
  })

  for (const command of commands) {
    it.each([
      [[...command.name.split(' '), '--help']],
      [[...command.name.split(' '), '-h']],
      [['help', ...command.name.split(' ')]],
      [[...command.name.split(' '), '--no-such-flag', 'x', '-h']],
      [[...command.name.split(' '), '--no-such-flag', '--help']],
    ])('%j tells every flag', async (argv) => {
      const { code, out, err } = await outcome(argv)
      expect({ code, err }).toEqual({ code: 0, err: '' })
      for (const section of command.sections) {
        for (const [name, flag] of Object.entries(section.flags)) {
          const short = flag.short === undefined ? '' : `-${flag.short}, `
          expect(out).toMatch(new RegExp(`${short}--${name}( |$)`, 'm'))
        }
      }
    })

    it(`${command.name} keeps its help within 110 columns and its letters apart`, async () => {
      const { out } = await outcome([...command.name.split(' '), '--help'])
      expect(out.split('\n').filter((line) => line.length > 110)).toEqual([])
      const flags = command.sections.flatMap((section) => Object.values(section.flags))
      const letters = flags.flatMap((flag) => flag.short ?? [])
      expect(new Set(letters).size).toBe(letters.length)
    })
  }

  it.each([
    [['pub', '-t', 'a', '-m', 'x', '-h'], 0],
    [['sub', '-t', 'a', '-vh'], 0],
    [['pub', '-m', '-h'], 2],
    [['pub', '-m', 'x', '--', '-h'], 2],
  ])('%j ends with exit code %i: -h is help unless it is a value', async (argv, code) => {
    const outcomeOf = await outcome(argv)
    expect(outcomeOf.code).toBe(code)
    if (code === 0) expect(outcomeOf.out).toContain('Usage: topiary')
  })

  it('takes flags without a command for those of start', async () => {
    expect((await outcome(['--port', '1', '--help'])).out).toContain('Usage: topiary [start]')
  })
})

const urlRule = '--url takes mqtt://, mqtts://, ws://, wss:// and host:port, not'
const noShare = 'must not begin with $share/, which only sub understands:'
const longTopic = '\u00e9'.repeat(32_768)
const shortened = `${'\u00e9'.repeat(57)}...`
const tooLong = `has 65536 bytes, more than the 65535 of MQTT: "${shortened}"`

describe('usage errors: exit code 2 and one line on stderr', () => {
  it.each([
    [['strat'], 'unknown command strat; did you mean start?'],
    [
      ['frobnicate'],
      'unknown command frobnicate; the commands are start, check-config, passwd, acl test, pub, sub, doctor, backup, restore, export, import, import-mosquitto, sim run, sim bench, sim compare',
    ],
    [['help', 'pbu'], 'unknown command pbu; did you mean pub?'],
    [['--prot', '1'], 'unknown flag --prot; did you mean --port?'],
    [['start', '--port', '80000'], '--port takes a whole number from 0 to 65535, not "80000"'],
    [['start', '--port', '9001'], '--port and --ws-port are both 9001; give one of them another number'],
    [['--no-ws', '--origin', 'https://a.example'], '--origin has no effect with --no-ws; leave one of them out'],
    [['--origin', 'a.example'], '--origin takes scheme://host or scheme://host:port, not "a.example"'],
    [['--origin', 'https://a.org/'], '--origin takes scheme://host or scheme://host:port, not "https://a.org/"'],
    [['pub', '-m', 'x'], 'pub needs a topic: -t TOPIC'],
    [['pub', '-t', 'a'], 'pub needs a payload: one of -m TEXT, -f PATH, -s, -l, -n'],
    [['pub', '-t', 'a', '-m', 'x', '-n'], '--message and --null exclude each other'],
    [['pub', '-t', 'a/+', '-m', 'x'], '--topic must not hold the wildcards + and #: "a/+"'],
    [['pub', '-t', '', '-m', 'x'], '--topic must not be empty'],
    [['pub', '-t', 'a', '-n', '-q', '3'], '-q takes a whole number from 0 to 2, not "3"'],
    [['pub', '-t', 'a', '-n', '--user-property', 'b'], '--user-property takes KEY=VALUE, not "b"'],
    [['pub', '-t', 'a', '-n', '-V', '3.1', '--content-type', 'x'], '--content-type needs MQTT 5.0: leave out -V 3.1'],
    [['pub', '-t', 'a', '-n', '--will-qos', '1'], '--will-qos needs --will-topic'],
    [['pub', '-t', 'a', '-n', '--will-topic', '#'], '--will-topic must not hold the wildcards + and #: "#"'],
    [['pub', '-t', 'a', '-n', '--url', 'here:1'], `${urlRule} "here:1"; did you mean mqtt://here:1?`],
    [['sub', '-t', 'a', '--url', 'me:pw@1.2.3.4:1'], `${urlRule} "1.2.3.4:1"; did you mean mqtt://1.2.3.4:1?`],
    [['sub', '-t', 'a', '--url', ''], `${urlRule} ""`],
    [['sub', '-t', 'a', '--url', 'http://a'], `${urlRule} "http://a"`],
    [
      ['sub', '-t', 'a', '--insecure'],
      '--insecure needs a broker behind TLS: --url mqtts://host:port or wss://host:port',
    ],
    [['sub', '-t', 'a', '--url', 'wss://a', '--cert-file', 'x'], '--cert-file and --key-file go together'],
    [
      ['sub', '-t', 'a', '--url', 'mqtt://a:1/b'],
      '--url mqtt:// takes no path, only mqtt://host:port; not "mqtt://a:1/b"',
    ],
    [['pub', '-t', 'a', '-m', 'x', '-m', 'y'], '--message may be given only once'],
    [['pub', '-t', 'a', '-t', 'b', '-n'], '--topic may be given only once'],
    [['sub', '-t', 'a', '--host', 'x'], 'unknown flag --host; use --url: mqtt://host:port, mqtts://, ws:// or wss://'],
    [['pub', '-t', 'a', '-n', '-p', '1'], 'unknown flag -p; use --url: mqtt://host:port, mqtts://, ws:// or wss://'],
    [['sub', '-t', 'a', '-P', 'x'], '--password needs --username'],
    [['pub', '-t', '$share/g/a', '-n'], `--topic ${noShare} "$share/g/a"`],
    [['pub', '-t', 'a', '-n', '--will-topic', '$share/g/a'], `--will-topic ${noShare} "$share/g/a"`],
    [
      ['pub', '-t', 'a', '-n', '--response-topic', 'b/#'],
      '--response-topic must not hold the wildcards + and #: "b/#"',
    ],
    [['sub'], 'sub needs a topic filter: -t FILTER'],
    [['sub', '-t', 'a/#/b'], '--topic "a/#/b" is no topic filter: + stands for a whole level, # for all at the end'],
    [['sub', '-t', 'a+'], '--topic "a+" is no topic filter: + stands for a whole level, # for all at the end'],
    [['sub', '-t', 'a', '-v', '--json'], '--json and --verbose exclude each other'],
    [['sub', '-t', 'a', '-c'], '--no-clean needs --client-id, or the session could not be found again'],
    [['sub', '-t', 'a', '-V', '3.1', '--no-local'], '--no-local needs MQTT 5.0: leave out -V 3.1'],
  ])('%j', async (argv, message) => {
    expect(await outcome(argv)).toEqual({ code: 2, out: '', err: `topiary: ${message}\n` })
  })

  it.each([
    { title: 'too long for pub', argv: ['pub', '-n', '-t', longTopic], message: tooLong },
    { title: 'too long for sub', argv: ['sub', '-t', longTopic], message: tooLong },
    {
      title: 'with a wildcard',
      argv: ['pub', '-n', '-t', `${longTopic.slice(0, 70)}#`],
      message: `must not hold the wildcards + and #: "${shortened}"`,
    },
  ])('shorten a topic that is $title', async ({ argv, message }) => {
    expect(await outcome(argv)).toEqual({ code: 2, out: '', err: `topiary: --topic ${message}\n` })
  })

  it('never shows the password of a URL', async () => {
    const { err } = await outcome(['sub', '-t', 'a', '--url', 'http://me:secret@127.0.0.1'])
    expect(err).toContain('--url takes')
    expect(err).not.toContain('secret')
  })
})
