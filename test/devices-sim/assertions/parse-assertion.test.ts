import { describe, expect, it } from 'vitest'
import { isSelected, parseAssertion } from '../../../devices-sim/assertions/parse-assertion.ts'

describe('an assertion', () => {
  it.each([
    ['lost == 0', 'lost', '==', 'number', 0, []],
    ['lost<=0.1%', 'lost', '<=', 'percent', 0.1, []],
    ['  p99 < 50ms ', 'p99', '<', 'milliseconds', 50, []],
    ['connect.p999 <= 1.5s', 'connect.p999', '<=', 'milliseconds', 1500, []],
    ['saturated != true', 'saturated', '!=', 'truth', true, []],
    ['gaps > 1', 'gaps', '>', 'number', 1, []],
    ['wills.missing >= 2', 'wills.missing', '>=', 'number', 2, []],
    [
      'lost == 0 where flow = a.* and subscriber=b-c and qos = 1',
      'lost',
      '==',
      'number',
      0,
      [
        { key: 'flow', value: 'a.*' },
        { key: 'subscriber', value: 'b-c' },
        { key: 'qos', value: '1' },
      ],
    ],
  ])('%j is read', (text, name, operator, kind, value, where) => {
    expect(parseAssertion(text)).toMatchObject({ text, name, operator, expected: { kind, value }, where })
  })

  it.each([
    [
      'due',
      'sent',
      'acknowledged',
      'unconfirmed',
      'refused',
      'discarded',
      'promised',
      'received',
      'lost',
      'duplicates',
    ],
    ['duplicatesWithDup', 'reordered', 'missedAway', 'commands.timedOut', 'commands.answered', 'wills.unexpected'],
    ['wills.expected', 'wills.seen', 'births.missing', 'retained.wrong', 'retained.missing', 'retained.right'],
    ['offline.missing', 'offline.queued', 'offline.arrived', 'connections.failed', 'connections.lost'],
    ['connections.missingAtEnd', 'connections.reconnects', 'gaps', 'stray'],
  ])('may be about %s and others', (...names) => {
    for (const name of names) expect(parseAssertion(`${name} == 1`)).not.toHaveProperty('fault')
  })

  it.each(['', 'connect.', 'suback.', 'puback.', 'pubcomp.', 'acknowledgement.', 'roundTrip.'])(
    'may be about each figure of %j',
    (prefix) => {
      for (const figure of ['min', 'mean', 'p50', 'p90', 'p99', 'p999', 'max']) {
        expect(parseAssertion(`${prefix}${figure} < 1s`)).not.toHaveProperty('fault')
      }
    },
  )

  it.each([
    ['', 'is no assertion; write METRIC OPERATOR VALUE, such as lost == 0 where qos = 1'],
    ['lost', 'is no assertion'],
    ['lost == 0 where', 'is no assertion'],
    ['p99 < 50 ms', 'is no assertion'],
    ['lost = 0', 'has the operator =; there is == != <= >= < >'],
    ['lots == 0', 'names no figure lots; did you mean lost?'],
    ['constructor == 0', 'names no figure constructor; there is lost'],
    ['p99 < 50', 'compares p99 with 50; write a time with its unit, such as 50ms or 2s'],
    ['p99 < 5%', 'compares p99 with 5%; write a time'],
    ['lost == 50ms', 'compares lost with 50ms; write a number, or a percent such as 0.1%'],
    ['gaps == x', 'compares gaps with x; write a number'],
    ['gaps <= 1%', 'compares gaps with a percent, but of what? Write a number'],
    ['saturated == 0', 'compares saturated with 0; write true or false'],
    ['saturated < true', 'compares saturated by <; write == or !='],
    ['lost == 0 where qos', 'has the condition qos; write KEY = VALUE, such as qos = 1'],
    ['lost == 0 where qos = 3', 'has the condition qos = 3; it is 0, 1 or 2'],
    ['lost == 0 where device = 3', 'has a condition on device; lost takes conditions on flow, subscriber, qos'],
    ['sent == 0 where subscriber = a', 'has a condition on subscriber; sent takes conditions on flow, qos'],
    ['gaps == 0 where qos = 1', 'has a condition on qos; gaps takes no condition'],
    ['lost == 0 where qos = 1 and qos = 2', 'has two conditions on qos; one is enough'],
  ])('%j is refused', (text, fault) => {
    expect(parseAssertion(text)).toEqual({ fault: expect.stringContaining(fault) as unknown })
  })
})

describe('a selected name', () => {
  it.each([
    ['a.b', 'a.b', true],
    ['a.b', 'a.bc', false],
    ['a.*', 'a.b', true],
    ['a.*', 'ab.c', false],
    ['*', 'a.b', true],
  ])('%s stands for %s: %s', (pattern, name, is) => {
    expect(isSelected(pattern, name)).toBe(is)
  })
})
