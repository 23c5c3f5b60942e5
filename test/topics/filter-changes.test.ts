import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeText } from '../../src/protocol/text.ts'
import { FilterChanges } from '../../src/topics/filter-changes.ts'
import { splitLevels } from '../../src/topics/topic-syntax.ts'
import { matches, topicFilter, topicName } from './arbitrary-topics.ts'

function concern(changes: FilterChanges, topic: string, since: number): boolean {
  return changes.concern({ topicBytes: encodeText(topic), levels: splitLevels(topic) }, since)
}

/** With levels that nobody had before, of the same form. */
function renamed(topicOrFilter: string, index: number): string {
  return topicOrFilter.replaceAll(/[a-z]/g, (letter) => `${letter}${index}`)
}

describe('FilterChanges', () => {
  it('concern every topic that a changed filter matches', () => {
    fc.assert(
      fc.property(fc.array(topicFilter, { maxLength: 10 }), fc.nat(10), topicName, (filters, seen, topic) => {
        const changes = new FilterChanges()
        for (const filter of filters) changes.changed(filter)
        const later = filters.slice(seen)
        if (later.some((filter) => matches(filter, topic))) expect(concern(changes, topic, seen)).toBe(true)
        expect(concern(changes, topic, changes.count)).toBe(false)
      }),
      { numRuns: 1000 },
    )
  })

  it.each([
    { filter: 'a/b', others: ['a', 'a/b/c', 'a/c', 'b', 'a/', '/a/b'] },
    { filter: 'a/+/c', others: ['b', 'ab', 'b/a/c', '/a/x/c'] },
    { filter: 'a/b/#', others: ['a', 'a/c', 'a/bc', 'b'] },
    { filter: '/+', others: ['a', 'a/b', 'x/y'] },
    { filter: '+/x', others: ['a', 'a/y', 'x', '$SYS/x'] },
    { filter: '#', others: ['$SYS/x'] },
  ])('concern few others: $filter', ({ filter, others }) => {
    const mistaken = new Map(others.map((topic) => [topic, 0]))
    for (let index = 0; index < 200; index++) {
      const changes = new FilterChanges()
      changes.changed(renamed(filter, index))
      for (const [topic, count] of mistaken) {
        if (concern(changes, renamed(topic, index), 0)) mistaken.set(topic, count + 1)
      }
    }
    // places are shared: about one in six thousand asked
    for (const [topic, count] of mistaken) expect(count, topic).toBeLessThan(4)
  })

  it('concern any topic when more than 64 that begin with a wildcard have changed since', () => {
    const changes = new FilterChanges()
    for (let index = 0; index < 63; index++) changes.changed('+/x')
    expect(concern(changes, 'a/y', 0)).toBe(false)
    expect(concern(changes, 'a/x', 0)).toBe(true)
    for (let index = 0; index < 10; index++) changes.changed('+/x')
    expect(concern(changes, 'a/y', 0)).toBe(true)
    expect(concern(changes, 'a/y', changes.count - 10)).toBe(false)
  })

  it('concern hardly any topic that has nothing to do with a thousand of them', () => {
    const changes = new FilterChanges()
    for (let index = 0; index < 1000; index++) changes.changed(`churn/${index}`)
    let concerned = 0
    for (let index = 0; index < 1000; index++) if (concern(changes, `site${index}/hall/m`, 0)) concerned++
    expect(concerned).toBeLessThan(400) // each topic asks at four places of its own, of 16,384
  })
})
