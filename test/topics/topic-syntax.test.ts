import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeText } from '../../src/protocol/text.ts'
import {
  hasMoreLevels,
  hasWildcard,
  isPlainTopicName,
  levelsMatch,
  parseSharedFilter,
  splitLevels,
  topicFilterFault,
  quotedTopic,
  topicNameFault,
  topicTextFault,
} from '../../src/topics/topic-syntax.ts'
import { matches, topicFilter, topicName } from './arbitrary-topics.ts'

describe('splitLevels', () => {
  it.each([
    ['a', ['a']],
    ['a/b', ['a', 'b']],
    ['/', ['', '']],
    ['/a', ['', 'a']],
    ['a/', ['a', '']],
    ['a//b', ['a', '', 'b']],
    [' a /B', [' a ', 'B']],
  ])('%s', (topic, levels) => {
    expect(splitLevels(topic)).toEqual(levels)
  })
})

describe('topicTextFault', () => {
  it.each([
    ['a/é', undefined],
    ['\u{1F333}', undefined],
    ['a'.repeat(65_535), undefined],
    ['é'.repeat(32_767), undefined],
    ['a'.repeat(65_536), 'it is longer than 65,535 bytes'], // [MQTT5-4.7.3-3]
    ['é'.repeat(32_768), 'it is longer than 65,535 bytes'],
    ['a\0b', 'it holds U+0000'], // [MQTT5-4.7.3-2]
    ['a\uD83C', 'it holds half a surrogate pair'],
    ['\uDF33a', 'it holds half a surrogate pair'],
  ])('case %#', (topic, fault) => {
    expect(topicTextFault(topic)).toBe(fault)
  })
})

it('a quoted topic is whole, unless that would be too much to read', () => {
  expect(quotedTopic('a"b')).toBe('"a\\"b"')
  expect(quotedTopic('a'.repeat(70_000)).length).toBeLessThan(300)
})

describe('topicNameFault', () => {
  it.each(['a', '/', '//', ' ', 'a/b', '/a/', '$SYS/x', '$share', '$sharex/y', 'a$share/b', '\uFEFF', '\u{1F333}/é'])(
    'takes %s',
    (name) => {
      expect(topicNameFault(name, 8)).toBeUndefined()
    },
  )

  it.each([
    ['', 'at least one character [MQTT5-4.7.3-1]'],
    ['+', 'no wildcard [MQTT5-3.3.2-2] [MQTT5-4.7.0-1]'],
    ['#', 'no wildcard [MQTT5-3.3.2-2] [MQTT5-4.7.0-1]'],
    ['a/+', 'no wildcard [MQTT5-3.3.2-2]'],
    ['a/#', 'no wildcard [MQTT5-3.3.2-2]'],
    ['a+b', 'no wildcard [MQTT5-3.3.2-2]'],
    ['a#', 'no wildcard [MQTT5-3.3.2-2]'],
    ['$share/', 'nothing is published to $share/'],
    ['$share/g/t', 'nothing is published to $share/'],
  ])('refuses %s: %s', (name, why) => {
    expect(topicNameFault(name, 8)).toContain(why.replace(/ \[.*/, ''))
  })

  it.each([
    ['a', 1, true],
    ['a/b', 1, false],
    ['a/b', 2, true],
    ['/', 2, true],
    ['//', 2, false],
    ['a/b/c/d', 3, false],
    ['a/b/c/d', 4, true],
  ])('%s with at most %i levels: %s', (name, maximum, isTaken) => {
    expect(topicNameFault(name, maximum)).toBe(isTaken ? undefined : `a topic name has at most ${maximum} levels`)
    expect(hasMoreLevels(name, maximum)).toBe(!isTaken)
  })
})

describe('topicFilterFault', () => {
  const taken = ['a', '/', '#', '+', '/#', '+/#', 'a/#', 'a/+/b', '+/+', '/+', '+/', 'a//#', '$SYS/#', ' ', 'é/#']
  it.each(taken)('takes %s [MQTT5-4.7.1-1] [MQTT5-4.7.1-2]', (filter) => {
    expect(topicFilterFault(filter)).toBeUndefined()
  })

  it.each([
    ['', 'at least one character', '[MQTT5-4.7.3-1]'],
    ['a#', '# fills', '[MQTT5-4.7.1-1]'],
    ['#a', '# fills', '[MQTT5-4.7.1-1]'],
    ['##', '# fills', '[MQTT5-4.7.1-1]'],
    ['#/', '# fills', '[MQTT5-4.7.1-1]'],
    ['#/a', '# fills', '[MQTT5-4.7.1-1]'],
    ['a/#/b', '# fills', '[MQTT5-4.7.1-1]'],
    ['a/b#', '# fills', '[MQTT5-4.7.1-1]'],
    ['+#', '# fills', '[MQTT5-4.7.1-1]'],
    ['a+', '+ fills', '[MQTT5-4.7.1-2]'],
    ['+a', '+ fills', '[MQTT5-4.7.1-2]'],
    ['++', '+ fills', '[MQTT5-4.7.1-2]'],
    ['a/b+/c', '+ fills', '[MQTT5-4.7.1-2]'],
  ])('refuses %s: %s %s', (filter, why) => {
    expect(topicFilterFault(filter)).toContain(why)
  })
})

describe('hasWildcard', () => {
  it.each([
    ['a/b', false],
    ['+', true],
    ['a/#', true],
    ['a/+/b', true],
    ['', false],
  ])('%s: %s', (filter, expected) => {
    expect(hasWildcard(filter)).toBe(expected)
  })
})

describe('parseSharedFilter [MQTT5-4.8.2-1] [MQTT5-4.8.2-2]', () => {
  it.each([
    ['$share/g/t', 'g', 't'],
    ['$share/group/a/+/#', 'group', 'a/+/#'],
    ['$share/g//', 'g', '/'],
    ['$share/ /t', ' ', 't'],
    ['$share/$share/$share/x', '$share', '$share/x'],
  ])('%s is %s of %s', (filter, shareName, rest) => {
    expect(parseSharedFilter(filter)).toEqual({ shareName, topicFilter: rest })
  })

  const none = ['$share/', '$share//', '$share//t', '$share/g', '$share/g/', '$share/+/t', '$share/#/t', '$share/a#b/t']
  it.each(none)('%s is none', (filter) => {
    expect(parseSharedFilter(filter)).toBeUndefined()
  })
})

describe('levelsMatch', () => {
  it.each([
    ['a', 'a', true],
    ['a', 'b', false],
    ['a', 'A', false],
    ['a', 'a/', false],
    ['a/b', 'a', false],
    ['a', 'a/b', false],
    ['a/b', 'a/b', true],
    ['a/b', 'a/c', false],
    ['+', 'a', true],
    ['+', '/a', false],
    ['+/+', '/a', true],
    ['/+', '/a', true],
    ['a/+', 'a/', true],
    ['a/+', 'a', false],
    ['a/+/c', 'a/b/c', true],
    ['a/+/c', 'a/b/d', false],
    ['#', 'a/b/c', true],
    ['#', '/', true],
    ['a/#', 'a', true],
    ['a/#', 'a/', true],
    ['a/#', 'a/b/c', true],
    ['a/#', 'ab', false],
    ['a/+/#', 'a', false],
    ['a/+/#', 'a/b', true],
    ['$SYS/#', '$SYS/x', true],
    ['$SYS/+', '$SYS/x', true],
    ['+/x', '$SYS/x', false],
    ['#', '$SYS', false],
    ['+', '$SYS', false],
    ['+/#', '$SYS/x', false],
    ['a/+', 'a/$x', true],
    ['a/#', 'a/$x', true],
    ['$a', '$a', true],
    ['\u00E9', 'e\u0301', false],
  ])('%s and %s: %s [MQTT5-4.7.2-1] [MQTT5-4.7.3-4]', (filter, name, expected) => {
    expect(levelsMatch(splitLevels(filter), splitLevels(name))).toBe(expected)
    expect(matches(filter, name)).toBe(expected)
  })

  it('is what section 4.7 says, for any filter and name', () => {
    fc.assert(
      fc.property(topicFilter, topicName, (filter, name) => {
        expect(levelsMatch(splitLevels(filter), splitLevels(name))).toBe(matches(filter, name))
      }),
      { numRuns: 1000 },
    )
  })
})

describe('isPlainTopicName', () => {
  it.each(['a', 'a/b/c', ' ', '~', '/', 'a$share/b'])('knows %s without a second look', (name) => {
    const bytes = encodeText(`<${name}>`)
    expect(isPlainTopicName(bytes, 1, bytes.length - 1, 3)).toBe(true)
  })

  it.each(['', '$SYS', '$share/a/b', 'a+', '+', '#', 'a/#', 'a\0', '\n', '\x7f', 'é', 'a/b/c/d'])(
    'leaves %j to those who look closely',
    (name) => {
      const bytes = encodeText(`<${name}>`)
      expect(isPlainTopicName(bytes, 1, bytes.length - 1, 3)).toBe(false)
    },
  )

  it('takes no name that is none', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const bytes = encodeText(text)
        if (isPlainTopicName(bytes, 0, bytes.length, 3)) expect(topicNameFault(text, 3)).toBeUndefined()
      }),
    )
  })
})
