import { describe, expect, it } from 'vitest'
import { helpText, parseOptions } from '../../devices-sim/options.ts'

describe('the simulator command line', () => {
  it('runs 100 devices for 10 seconds by default', () => {
    expect(parseOptions([])).toEqual({
      url: 'mqtt://127.0.0.1:1883',
      protocol: '5',
      devices: 100,
      subscribers: 1,
      durationSeconds: 10,
      rate: 1,
      drops: 5,
      seed: 1,
      json: false,
      help: false,
    })
  })

  it.each([
    { argv: ['--devices', '7'], expected: { devices: 7, drops: 1 } },
    { argv: ['--devices', '2', '--drops', '2'], expected: { drops: 2 } },
    { argv: ['--protocol', '3.1.1', '--json'], expected: { protocol: '3.1.1', json: true } },
    { argv: ['--url=ws://127.0.0.1:9001', '--rate=2.5'], expected: { url: 'ws://127.0.0.1:9001', rate: 2.5 } },
  ])('reads $argv', ({ argv, expected }) => {
    expect(parseOptions(argv)).toMatchObject(expected)
  })

  it.each([
    [['--devices', '0'], /--devices takes a whole number from 1 up, not "0"/],
    [['--devices', '-1'], /^--devices takes a whole number from 1 up, not "-1"$/],
    [['--rate', '-.5'], /^--rate takes a number from 0.01 up, not "-.5"$/],
    [['--devices', '--json'], /^--devices needs a value$/],
    [['--devices'], /^--devices needs a value$/],
    [['--nonsense', '--json'], /^Unknown option '--nonsense'$/],
    [['--devices', '2', '--drops', '9'], /^--drops 9 is more than there are devices \(2\)$/],
    [['--devices', '1.5'], /--devices/],
    [['--duration', ''], /--duration/],
    [['--rate', 'fast'], /--rate takes a number from 0.01 up, not "fast"/],
    [['--protocol', '4'], /--protocol takes 3.1.1 or 5/],
    [['--url', 'localhost:1883'], /--url takes mqtt:/],
    [['--device', '3'], /--device/],
    [['extra'], /extra/],
  ])('refuses %j', (argv, message) => {
    expect(() => parseOptions(argv)).toThrow(message)
  })

  it('explains every flag', () => {
    const flags = ['devices', 'subscribers', 'url', 'protocol', 'duration', 'rate', 'drops', 'seed', 'json', 'help']
    for (const flag of flags) expect(helpText).toContain(`--${flag} `)
  })
})
