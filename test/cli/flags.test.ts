import { describe, expect, it } from 'vitest'
import { UsageError } from '../../src/cli/cli-error.ts'
import { firstMqtt5Flag, type FlagTable, parseFlags } from '../../src/cli/flags.ts'

const table = {
  host: { kind: 'text', value: 'HOST', default: '127.0.0.1', insteadOf: ['--bind'], help: 'where' },
  port: { kind: 'integer', value: 'N', short: 'p', min: 0, max: 65_535, default: 1883, help: '' },
  topic: { kind: 'text', value: 'TOPIC', short: 't', many: true, help: '', mqtt5: true },
  message: { kind: 'text', value: 'TEXT', short: 'm', help: '' },
  level: { kind: 'choice', value: 'LEVEL', choices: ['info', 'warn'], aliases: { 2: 'warn' }, help: '' },
  verbose: { kind: 'switch', short: 'v', help: '', mqtt5: true },
  'no-ws': { kind: 'switch', help: '' },
} as const satisfies FlagTable

const defaults = {
  host: '127.0.0.1',
  port: 1883,
  topic: [],
  message: undefined,
  level: undefined,
  verbose: false,
  'no-ws': false,
}

describe('parseFlags', () => {
  it.each([
    { argv: [], expected: {} },
    { argv: ['--port', '1884'], expected: { port: 1884 } },
    { argv: ['--port=1884'], expected: { port: 1884 } },
    { argv: ['-p', '0'], expected: { port: 0 } },
    { argv: ['-p1884'], expected: { port: 1884 } },
    { argv: ['-vp', '1884'], expected: { verbose: true, port: 1884 } },
    { argv: ['-t', 'a', '--topic', 'b'], expected: { topic: ['a', 'b'] } },
    { argv: ['--level', '2'], expected: { level: 'warn' } },
    { argv: ['-v', '-v'], expected: { verbose: true } },
    { argv: ['-m', ''], expected: { message: '' } },
    { argv: ['-m', '-5'], expected: { message: '-5' } },
    { argv: ['-m', '--- x'], expected: { message: '--- x' } },
    { argv: ['--message=--port'], expected: { message: '--port' } },
    { argv: ['--level', 'warn', '--no-ws'], expected: { level: 'warn', 'no-ws': true } },
  ])('reads $argv', ({ argv, expected }) => {
    expect(parseFlags(table, argv)).toEqual({ ...defaults, ...expected })
  })

  it.each([
    [['--prot', '1884'], 'unknown flag --prot; did you mean --port?'],
    [['--prot=1884'], 'unknown flag --prot; did you mean --port?'],
    [['--frobnicate'], 'unknown flag --frobnicate'],
    [['--constructor'], 'unknown flag --constructor'],
    [['-x'], 'unknown flag -x'],
    [['port', '1884'], 'unexpected argument "port"; did you mean --port?'],
    [['1884'], 'unexpected argument "1884"'],
    [['--', '--port'], 'unexpected argument "--port"; did you mean --port?'],
    [['--port'], '--port needs a value: --port N'],
    [['--port', '--host', 'x'], '--port needs a value: --port N'],
    [['-m', '-v'], '-m needs a value: --message TEXT'],
    [['--port', 'abc'], '--port takes a whole number from 0 to 65535, not "abc"'],
    [['--port', '65536'], '--port takes a whole number from 0 to 65535, not "65536"'],
    [['--port', '-5'], '--port takes a whole number from 0 to 65535, not "-5"'],
    [['--port', '1.5'], '--port takes a whole number from 0 to 65535, not "1.5"'],
    [['--port', ''], '--port takes a whole number from 0 to 65535, not ""'],
    [['--port', '0x10'], '--port takes a whole number from 0 to 65535, not "0x10"'],
    [['--port', '1', '--port', '2'], '--port may be given only once'],
    [['-m', 'x', '--message=x'], '--message may be given only once'],
    [['--bind=x'], 'unknown flag --bind; use --host: where'],
    [['--level', 'constructor'], '--level takes one of info, warn, not "constructor"'],
    [['--level', 'loud'], '--level takes one of info, warn, not "loud"'],
    [['--verbose=yes'], '--verbose takes no value'],
  ])('refuses %j', (argv, message) => {
    expect(() => parseFlags(table, argv)).toThrow(new UsageError(message))
  })
})

describe('firstMqtt5Flag', () => {
  it.each([
    { argv: [], expected: undefined },
    { argv: ['-m', 'x', '--no-ws'], expected: undefined },
    { argv: ['-v'], expected: 'verbose' },
    { argv: ['-t', 'a'], expected: 'topic' },
  ])('finds $expected in $argv', ({ argv, expected }) => {
    expect(firstMqtt5Flag(table, parseFlags(table, argv))).toBe(expected)
  })
})
