import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeText } from '../../src/protocol/text.ts'
import { SubscriptionTrie } from '../../src/topics/subscription-trie.ts'
import { matches, topicFilter, topicName } from './arbitrary-topics.ts'

function visited(trie: SubscriptionTrie<string>, name: string): string[] {
  const values: string[] = []
  const bytes = encodeText(`<${name}>`)
  trie.match(bytes, 1, bytes.length - 1, values)
  return values.toSorted()
}

function trieOf(...pairs: readonly (readonly [filter: string, value: string])[]): SubscriptionTrie<string> {
  const trie = new SubscriptionTrie<string>()
  for (const [filter, value] of pairs) trie.add(filter, value)
  return trie
}

describe('add and remove', () => {
  it('tell whether they changed anything', () => {
    const trie = new SubscriptionTrie<string>()
    expect(trie.add('a/b', 'x')).toBe(true)
    expect(trie.add('a/b', 'x')).toBe(false)
    expect(trie.add('a/b', 'y')).toBe(true)
    expect(trie.add('a/b', 'y')).toBe(false)
    expect(trie.add('a/b', 'x')).toBe(false)
    expect(trie.add('a/b', 'z')).toBe(true)
    expect(trie.size).toBe(3)
    expect(trie.remove('a/b', 'w')).toBe(false)
    expect(trie.remove('a', 'x')).toBe(false)
    expect(trie.remove('a/b/c', 'x')).toBe(false)
    expect(trie.remove('a/c', 'x')).toBe(false)
    expect(trie.remove('+/b', 'x')).toBe(false)
    expect(trie.remove('a/#', 'x')).toBe(false)
    expect(trie.size).toBe(3)
    for (const [index, value] of ['x', 'y', 'z'].entries()) {
      expect(trie.remove('a/b', value)).toBe(true)
      expect(trie.remove('a/b', value)).toBe(false)
      expect(trie.size).toBe(2 - index)
    }
    expect(visited(trie, 'a/b')).toEqual([])
  })

  it('one value under many filters is visited once for each', () => {
    const trie = trieOf(['a/b', 'x'], ['a/+', 'x'], ['a/#', 'x'], ['#', 'x'], ['+/b', 'x'], ['+/+/#', 'x'])
    expect(visited(trie, 'a/b')).toHaveLength(6)
    expect(trie.size).toBe(6)
  })

  it('an emptied filter can be filled again', () => {
    const trie = trieOf(['a/+/c', 'x'], ['a/+/c', 'y'])
    trie.remove('a/+/c', 'x')
    trie.remove('a/+/c', 'y')
    expect(trie.add('a/+/c', 'x')).toBe(true)
    expect(visited(trie, 'a/b/c')).toEqual(['x'])
  })

  it('removing a filter leaves those above, below and beside it', () => {
    const filters = ['a', 'a/b', 'a/b/c', 'a/+', 'a/#', 'a/+/c', '+', '#', 'a/d', '']
    for (const removed of filters) {
      const trie = trieOf(...filters.map((filter) => [filter, filter] as const))
      trie.remove(removed, removed)
      for (const name of ['a', 'a/b', 'a/b/c', 'a/d', 'x', '']) {
        const expected = filters.filter((filter) => filter !== removed && matches(filter, name))
        expect(visited(trie, name), `${removed} removed, ${name}`).toEqual(expected.toSorted())
      }
    }
  })
})

describe('match', () => {
  it('does not show wildcards in the first level to topics that begin with $ [MQTT5-4.7.2-1]', () => {
    const wild = [
      ['#', '1'],
      ['+', '2'],
      ['+/x', '3'],
      ['+/#', '4'],
    ] as const
    const trie = trieOf(...wild, ['$SYS/#', '5'], ['$SYS/+', '6'], ['$SYS/x', '7'])
    expect(visited(trie, '$SYS/x')).toEqual(['5', '6', '7'])
    expect(visited(trie, '$SYS')).toEqual(['5'])
    expect(visited(trie, 'SYS/x')).toEqual(['1', '3', '4'])
    expect(visited(trieOf(['a/+', '1'], ['a/#', '2']), 'a/$x')).toEqual(['1', '2'])
  })

  it('a # sees its parent, and its parent alone, without a level more', () => {
    const trie = trieOf(['a/#', '1'], ['a/b/#', '2'])
    expect(visited(trie, 'a')).toEqual(['1'])
    expect(visited(trie, 'a/b')).toEqual(['1', '2'])
    expect(visited(trie, 'b')).toEqual([])
  })

  it('takes topics of more levels than calls can nest', () => {
    const deep = Array.from({ length: 30_000 }, () => 'a').join('/')
    const trie = trieOf([deep, '1'], ['#', '2'], [deep.replace(/a$/, '+'), '3'])
    expect(visited(trie, deep)).toEqual(['1', '2', '3'])
    expect(trie.remove(deep, '1')).toBe(true)
    expect(visited(trie, deep)).toEqual(['2', '3'])
  })

  it('finds what a linear search finds, through any adding and removing', () => {
    const change = fc.tuple(fc.constantFrom('add', 'add', 'remove'), topicFilter, fc.constantFrom('x', 'y', 'z'))
    const someNames = fc.array(topicName, { minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(fc.array(change, { maxLength: 40 }), someNames, (changes, names) => {
        const trie = new SubscriptionTrie<string>()
        const linear = new Map<string, readonly [filter: string, value: string]>()
        for (const [action, filter, value] of changes) {
          const key = `${filter}\0${value}`
          if (action === 'add') {
            expect(trie.add(filter, value)).toBe(!linear.has(key))
            linear.set(key, [filter, value])
          } else expect(trie.remove(filter, value)).toBe(linear.delete(key))
          expect(trie.size).toBe(linear.size)
        }
        for (const name of names) {
          const expected = [...linear.values()].filter(([filter]) => matches(filter, name)).map(([, value]) => value)
          expect(visited(trie, name)).toEqual(expected.toSorted())
        }
        for (const [filter, value] of linear.values()) expect(trie.remove(filter, value)).toBe(true)
        expect(trie.size).toBe(0)
        expect(trie.levelCount).toBe(0)
      }),
      { numRuns: 300 },
    )
  })
})

describe('what is removed leaves nothing behind', () => {
  it.each([
    ['a', 1],
    ['a/b/c', 3],
    ['+', 1],
    ['a/#', 2],
    ['+/+/#', 3],
    ['//', 3],
    ['', 1],
    ['$SYS/+/x', 3],
  ])('of %s', (filter, levels) => {
    const trie = trieOf([filter, 'x'], [filter, 'y'])
    expect(trie.levelCount).toBe(levels)
    trie.remove(filter, 'x')
    expect(trie.levelCount).toBe(levels)
    trie.remove(filter, 'y')
    expect(trie.levelCount).toBe(0)
  })

  it('down to the level that others need', () => {
    const trie = trieOf(['a/b/c/d', '1'], ['a/b', '2'], ['a/b/+/+', '3'], ['a/b/c/#', '4'])
    expect(trie.levelCount).toBe(7)
    trie.remove('a/b/c/d', '1')
    expect(trie.levelCount).toBe(6)
    trie.remove('a/b/c/#', '4')
    expect(trie.levelCount).toBe(4)
    trie.remove('a/b', '2')
    expect(trie.levelCount).toBe(4)
    trie.remove('a/b/+/+', '3')
    expect(trie.levelCount).toBe(0)
  })
})
