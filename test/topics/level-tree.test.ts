import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeText } from '../../src/protocol/text.ts'
import { LevelTree } from '../../src/topics/level-tree.ts'
import { TopicScratch } from '../../src/topics/topic-scratch.ts'

function find(tree: LevelTree, topic: string): number {
  const bytes = encodeText(topic)
  return tree.find(bytes, bytes.length)
}

function make(tree: LevelTree, topic: string): number {
  const bytes = encodeText(topic)
  return tree.findOrNew(bytes, bytes.length)
}

describe('a level name', () => {
  // 36 bytes lie in the node, longer names beside it
  it.each([0, 1, 35, 36, 37, 200, 10_000, 65_000])('of %i bytes is found, and told from those near it', (length) => {
    const tree = new LevelTree()
    const name = 'x'.repeat(length)
    const node = make(tree, `a/${name}`)
    const longer = make(tree, `a/${name}y`)
    expect(longer).not.toBe(node)
    expect(find(tree, `a/${name}`)).toBe(node)
    expect(find(tree, `a/${name}y`)).toBe(longer)
    expect(find(tree, `a/${name}z`)).toBe(0)
    expect(find(tree, `b/${name}`)).toBe(0)
    expect(tree.firstByte(node)).toBe(length === 0 ? 0 : 0x78)
    expect(tree.levelCount).toBe(3)
    tree.remove(node)
    expect(find(tree, `a/${name}`)).toBe(0)
    expect(find(tree, `a/${name}y`)).toBe(longer)
    expect(make(tree, `a/${name}`)).toBe(node) // its place is used again
  })
})

it('children come in the order in which they were made, through any making and removing', () => {
  const change = fc.tuple(fc.boolean(), fc.nat(30))
  fc.assert(
    fc.property(fc.array(change, { maxLength: 300 }), (changes) => {
      const tree = new LevelTree()
      const names: number[] = []
      for (const [isNew, name] of changes) {
        const at = names.indexOf(name)
        if (isNew) {
          expect(find(tree, `${name}`) !== 0).toBe(at >= 0)
          make(tree, `${name}`)
          if (at < 0) names.push(name)
        } else if (at >= 0) {
          tree.remove(find(tree, `${name}`))
          names.splice(at, 1)
        }
      }
      const children: number[] = []
      for (let node = tree.firstChild(tree.root); node !== 0; node = tree.next(node)) children.push(node)
      expect(children).toEqual(names.map((name) => find(tree, `${name}`)))
      expect(tree.levelCount).toBe(names.length)
    }),
    { numRuns: 200 },
  )
})

it('finds each of many after others have gone, whatever the order', () => {
  const tree = new LevelTree()
  const topics = Array.from({ length: 5000 }, (_, index) => `site/${index % 70}/device-${index}`)
  const nodes = topics.map((topic) => make(tree, topic))
  for (const [index, topic] of topics.entries()) expect(find(tree, topic)).toBe(nodes[index])
  for (let index = 0; index < topics.length; index += 3) tree.remove(nodes[index] as number)
  for (const [index, topic] of topics.entries()) expect(find(tree, topic)).toBe(index % 3 === 0 ? 0 : nodes[index])
})

describe('TopicScratch', () => {
  it.each(['', 'a/b', 'é', 'a/\u{1F333}/b', 'x'.repeat(5000), 'é'.repeat(30_000)])('case %#', (topic) => {
    const scratch = new TopicScratch()
    scratch.write(topic)
    expect(Buffer.from(scratch.bytes.subarray(0, scratch.length))).toEqual(Buffer.from(topic))
  })
})
