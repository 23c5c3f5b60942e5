import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeText } from '../../src/protocol/text.ts'
import { TopicTree } from '../../src/topics/topic-tree.ts'
import { matches, topicFilter, topicName } from './arbitrary-topics.ts'

/** Holds any value, by the number that the tree has for it. */
class ValueTree<V> {
  readonly tree = new TopicTree()
  readonly #values: (V | undefined)[] = [undefined]

  get size(): number {
    return this.tree.size
  }

  get(name: string): V | undefined {
    return this.#values[this.tree.get(encodeText(name))]
  }

  set(name: string, value: V): V | undefined {
    return this.#values[this.tree.set(encodeText(name), this.#values.push(value) - 1)]
  }

  delete(name: string): V | undefined {
    return this.#values[this.tree.delete(encodeText(name))]
  }

  *match(filter: string): Generator<V> {
    const walk = this.tree.walk(encodeText(filter))
    for (let number = walk.next(); number >= 0; number = walk.next()) {
      if (number === 0) continue
      walk.pause()
      yield this.#values[number] as V
      walk.resume()
    }
  }
}

/** Each topic name holds itself. */
function treeOf(...names: readonly string[]): ValueTree<string> {
  const tree = new ValueTree<string>()
  for (const name of names) tree.set(name, name)
  return tree
}

function found(tree: ValueTree<string>, filter: string): string[] {
  return [...tree.match(filter)].toSorted()
}

describe('set, get and delete', () => {
  it('give the value that was there', () => {
    const tree = new ValueTree<number>()
    expect(tree.set('a/b', 1)).toBeUndefined()
    expect(tree.set('a/b', 2)).toBe(1)
    expect(tree.size).toBe(1)
    expect(tree.get('a/b')).toBe(2)
    expect(tree.get('a')).toBeUndefined()
    expect(tree.get('a/b/c')).toBeUndefined()
    expect(tree.get('b')).toBeUndefined()
    expect(tree.get('a/c')).toBeUndefined()
    expect(tree.delete('a')).toBeUndefined()
    expect(tree.delete('a/b/c')).toBeUndefined()
    expect(tree.delete('a/c')).toBeUndefined()
    expect(tree.delete('b')).toBeUndefined()
    expect(tree.size).toBe(1)
    expect(tree.delete('a/b')).toBe(2)
    expect(tree.size).toBe(0)
    expect(tree.delete('a/b')).toBeUndefined()
    expect(tree.size).toBe(0)
    expect(tree.get('a/b')).toBeUndefined()
  })

  it('deleting leaves what is above, below and beside', () => {
    const names = ['a', 'a/b', 'a/b/c', 'a/d', '/', 'e']
    for (const deleted of names) {
      const tree = treeOf(...names)
      tree.delete(deleted)
      expect(found(tree, '#'), deleted).toEqual(names.filter((name) => name !== deleted).toSorted())
      for (const name of names) expect(tree.get(name)).toBe(name === deleted ? undefined : name)
    }
  })
})

describe('match', () => {
  const names = ['a', 'a/', 'a/b', 'a/b/c', 'ab', '/', '/a', '$SYS', '$SYS/x', '$SYS/x/y', 'a/$x']
  const plain = ['a', 'a/b', '$SYS', 'x', 'x/y', 'a/b/c/d']
  const plus = ['+', '+/+', '/+', '+/', 'a/+', '$SYS/+']
  const hash = ['#', 'a/#', 'a/b/#', 'a/b/c/#', '+/b/#', '+/#', '$SYS/#', 'x/#', 'a/+/#']
  it.each([...plain, ...plus, ...hash])('%s [MQTT5-4.7.2-1]', (filter) => {
    expect(found(treeOf(...names), filter)).toEqual(names.filter((name) => matches(filter, name)).toSorted())
  })

  it('finds nothing in an empty tree', () => {
    for (const filter of ['#', 'a', '+', 'a/#']) expect(found(treeOf(), filter)).toEqual([])
  })

  it('takes topics of more levels than calls can nest', () => {
    const deep = Array.from({ length: 30_000 }, () => 'a').join('/')
    const tree = treeOf(deep, 'a')
    expect(found(tree, '#')).toEqual(['a', deep])
    expect(found(tree, deep)).toEqual([deep])
    expect(tree.delete(deep)).toBe(deep)
    expect(found(tree, '#')).toEqual(['a'])
  })

  it('finds what a linear search finds, through any setting and deleting', () => {
    const change = fc.tuple(fc.constantFrom('set', 'set', 'delete'), topicName, fc.nat(9))
    const someFilters = fc.array(topicFilter, { minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(fc.array(change, { maxLength: 40 }), someFilters, (changes, filters) => {
        const tree = new ValueTree<string>()
        const linear = new Map<string, string>()
        for (const [action, name, number] of changes) {
          const value = `${name}=${number}`
          if (action === 'set') {
            expect(tree.set(name, value)).toBe(linear.get(name))
            linear.set(name, value)
          } else {
            expect(tree.delete(name)).toBe(linear.get(name))
            linear.delete(name)
          }
          expect(tree.size).toBe(linear.size)
          expect(tree.get(name)).toBe(linear.get(name))
        }
        for (const filter of filters) {
          const expected = [...linear].filter(([name]) => matches(filter, name)).map(([, value]) => value)
          expect(found(tree, filter)).toEqual(expected.toSorted())
        }
      }),
      { numRuns: 300 },
    )
  })
})

it('a walk looks no deeper than the filter reaches', () => {
  const tree = treeOf('a/b/c/d', 'a/b', 'a/x/y', 'b')
  expect(placesWalked(tree, '+')).toBe(3)
  expect(placesWalked(tree, 'a/+')).toBe(4)
  expect(placesWalked(tree, '+/+')).toBe(5)
  expect(placesWalked(tree, 'a/b/#')).toBe(5)
  expect(placesWalked(tree, 'c/#')).toBe(1)
})

describe('match while the tree is changed', () => {
  it('sees each value that stays exactly once, and none that was never there', () => {
    const change = fc.tuple(fc.constantFrom('set', 'delete'), topicName, fc.nat(8))
    const before = fc.uniqueArray(topicName, { minLength: 1, maxLength: 20 })
    fc.assert(
      fc.property(before, topicFilter, fc.array(change, { maxLength: 10 }), (names, filter, changes) => {
        const tree = treeOf(...names)
        const touched = new Set(changes.map(([, name]) => name))
        const seen: string[] = []
        let step = 0
        const apply = (): void => {
          for (const [action, name, at] of changes) {
            if (at !== step) continue
            if (action === 'set') tree.set(name, name)
            else tree.delete(name)
          }
          step++
        }
        apply()
        for (const value of tree.match(filter)) {
          seen.push(value)
          apply()
        }
        const stayed = names.filter((name) => !touched.has(name) && matches(filter, name))
        expect(seen.filter((name) => !touched.has(name)).toSorted()).toEqual(stayed.toSorted())
        for (const value of seen) expect(matches(filter, value)).toBe(true)
      }),
      { numRuns: 300 },
    )
  })

  it('goes on when the level it stands on is deleted', () => {
    const tree = treeOf('a/1', 'a/2', 'a/3', 'b')
    const seen: string[] = []
    for (const value of tree.match('#')) {
      seen.push(value)
      if (value === 'a/1') for (const name of ['a/1', 'a/2', 'a/3']) tree.delete(name)
    }
    expect(seen).toEqual(['a/1', 'b'])
  })
})

describe('what is deleted leaves nothing behind', () => {
  it.each([
    { deleted: 'a', others: ['b'], left: 1 },
    { deleted: 'a/b/c', others: ['b'], left: 1 },
    { deleted: 'a/b/c', others: ['a'], left: 1 },
    { deleted: 'a/b/c', others: ['a/d'], left: 2 },
    { deleted: 'a/b', others: ['a/b/c'], left: 3 },
    { deleted: '///', others: ['a'], left: 1 },
  ])('$deleted beside $others', ({ deleted, others, left }) => {
    const tree = treeOf(...others, deleted)
    const before = tree.tree.levelCount
    tree.delete(deleted)
    expect(tree.tree.levelCount).toBe(left)
    expect(before).toBeGreaterThan(deleted === 'a/b' ? left - 1 : left)
  })
})

/** How many places a walk visits, the root among them. */
function placesWalked({ tree }: ValueTree<string>, filter: string): number {
  const walk = tree.walk(encodeText(filter))
  let places = 0
  while (walk.next() >= 0) places++
  return places
}
