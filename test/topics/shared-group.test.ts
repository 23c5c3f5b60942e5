import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SharedGroup, type SharedStrategy } from '../../src/topics/shared-group.ts'

const all = (): boolean => true
const none = (): boolean => false

function groupOf(strategy: SharedStrategy, members: string, random?: () => number): SharedGroup<string> {
  const group = new SharedGroup<string>('group', 'a/#', strategy, random)
  for (const member of members) group.join(member)
  return group
}

function choices(group: SharedGroup<string>, count: number, isFit: (member: string) => boolean = all): string {
  return Array.from({ length: count }, () => group.choose(0, isFit) ?? '-').join('')
}

it('has a name, a topic filter and members in the order they joined', () => {
  const group = groupOf('random', 'abc')
  expect(group.shareName).toBe('group')
  expect(group.topicFilter).toBe('a/#')
  expect(group.members).toEqual(['a', 'b', 'c'])
  group.leave('b')
  group.leave('x')
  expect(group.members).toEqual(['a', 'c'])
})

describe('round-robin', () => {
  it.each([
    ['a', 3, 'aaa'],
    ['abc', 7, 'abcabca'],
    ['', 2, '--'],
  ])('of %s', (members, count, expected) => {
    expect(choices(groupOf('round-robin', members), count)).toBe(expected)
  })

  it('passes over members that cannot take a message', () => {
    expect(choices(groupOf('round-robin', 'abcd'), 6, (member) => member !== 'b')).toBe('acdacd')
    expect(choices(groupOf('round-robin', 'abc'), 3, none)).toBe('---')
  })

  it('goes on from the one chosen last', () => {
    const group = groupOf('round-robin', 'abcd')
    group.choose(0, (member) => member === 'c')
    expect(choices(group, 3)).toBe('dab')
  })

  it('keeps its place when none is fit', () => {
    const group = groupOf('round-robin', 'abc')
    expect(choices(group, 1)).toBe('a')
    expect(choices(group, 2, none)).toBe('--')
    expect(choices(group, 1)).toBe('b')
  })

  it.each([
    ['a', 'cdbc'],
    ['b', 'cdac'],
    ['c', 'dabd'],
    ['d', 'cabc'],
  ])('goes on in turn after %s, of four, has left before the third turn', (leaver, expected) => {
    const group = groupOf('round-robin', 'abcd')
    choices(group, 2)
    group.leave(leaver)
    expect(choices(group, 4)).toBe(expected)
  })

  it('a member that joins has its turn', () => {
    const group = groupOf('round-robin', 'ab')
    choices(group, 1)
    group.join('c')
    expect(choices(group, 4)).toBe('bcab')
  })

  it('begins again when its last member has left and another joins', () => {
    const group = groupOf('round-robin', 'ab')
    choices(group, 1)
    group.leave('b')
    group.leave('a')
    expect(group.choose(0, all)).toBeUndefined()
    group.join('c')
    expect(choices(group, 2)).toBe('cc')
  })
})

describe('sticky', () => {
  it('stays with one while it is fit, then with the next that is', () => {
    const group = groupOf('sticky', 'abc')
    expect(choices(group, 3)).toBe('aaa')
    expect(choices(group, 2, (member) => member !== 'a')).toBe('bb')
    expect(choices(group, 2)).toBe('bb')
    expect(choices(group, 1, none)).toBe('-')
    expect(choices(group, 1)).toBe('b')
  })

  it.each([
    ['a', 'bb'],
    ['b', 'cc'],
    ['c', 'bb'],
  ])('when %s leaves and b had it', (leaver, expected) => {
    const group = groupOf('sticky', 'abc')
    group.choose(0, (member) => member === 'b')
    group.leave(leaver)
    expect(choices(group, 2)).toBe(expected)
  })

  it('begins again when the last in the row had it and leaves', () => {
    const group = groupOf('sticky', 'abc')
    group.choose(0, (member) => member === 'c')
    group.leave('c')
    expect(choices(group, 2)).toBe('aa')
  })
})

describe('random', () => {
  it.each([
    [0, 'a'],
    [0.24, 'a'],
    [0.25, 'b'],
    [0.5, 'c'],
    [0.999, 'd'],
  ])('%f of four is %s', (value, expected) => {
    expect(
      choices(
        groupOf('random', 'abcd', () => value),
        1,
      ),
    ).toBe(expected)
  })

  it('takes the next that is fit', () => {
    expect(
      choices(
        groupOf('random', 'abcd', () => 0.6),
        2,
        (member) => member === 'b',
      ),
    ).toBe('bb')
  })

  it('has no memory', () => {
    const values = [0.9, 0, 0.9, 0.4]
    expect(
      choices(
        groupOf('random', 'ab', () => values.shift() ?? 0),
        4,
      ),
    ).toBe('baba')
  })

  it('is random by itself', () => {
    expect(new Set(choices(groupOf('random', 'ab'), 200))).toEqual(new Set('ab'))
  })
})

describe('hash-topic', () => {
  it('gives one topic to one member', () => {
    const group = groupOf('hash-topic', 'abc')
    for (const [hash, expected] of [
      [0, 'a'],
      [1, 'b'],
      [2, 'c'],
      [3, 'a'],
      [4_294_967_295, 'a'],
    ] as const) {
      expect(group.choose(hash, all)).toBe(expected)
      expect(group.choose(hash, all)).toBe(expected)
    }
    expect(group.choose(1, (member) => member !== 'b')).toBe('c')
    expect(group.choose(2, (member) => member !== 'c')).toBe('a')
  })
})

it('every strategy chooses a fit member whenever there is one [MQTT5-U-4.8.2-c]', () => {
  const strategies: readonly SharedStrategy[] = ['round-robin', 'random', 'sticky', 'hash-topic']
  const step = fc.oneof(
    fc.record({ action: fc.constantFrom('join', 'leave'), member: fc.nat(6) }),
    fc.record({ action: fc.constant('choose'), hash: fc.nat(), fit: fc.array(fc.nat(6)) }),
  )
  fc.assert(
    fc.property(fc.constantFrom(...strategies), fc.array(step, { maxLength: 60 }), (strategy, steps) => {
      const group = new SharedGroup<number>('g', 'f', strategy)
      const members: number[] = []
      for (const one of steps) {
        if ('fit' in one) {
          const chosen = group.choose(one.hash, (member) => one.fit.includes(member))
          const candidates = members.filter((member) => one.fit.includes(member))
          if (candidates.length === 0) expect(chosen).toBeUndefined()
          else expect(candidates).toContain(chosen)
        } else if (one.action === 'leave') {
          group.leave(one.member)
          if (members.includes(one.member)) members.splice(members.indexOf(one.member), 1)
        } else if (!members.includes(one.member)) {
          group.join(one.member)
          members.push(one.member)
        }
        expect(group.members).toEqual(members)
      }
    }),
    { numRuns: 300 },
  )
})

it('round-robin is fair: after whole rounds every member had as many', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 5 }), (count, rounds) => {
      const group = new SharedGroup<number>('g', 'f', 'round-robin')
      for (let member = 0; member < count; member++) group.join(member)
      const taken = Array.from({ length: count }, () => 0)
      for (let turn = 0; turn < count * rounds; turn++) taken[group.choose(0, all) as number]! += 1
      expect(taken).toEqual(Array.from({ length: count }, () => rounds))
    }),
  )
})
