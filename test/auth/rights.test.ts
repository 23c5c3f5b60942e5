import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import type { Access } from '../../src/contracts/authorizer.ts'
import { type Decision, Rights, type RightsRule, type RightsSettings } from '../../src/auth/rights.ts'
import { RightsRuleset } from '../../src/auth/rights-ruleset.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** Reads `write a/b`, `write a/b qos 1 retain`, `subscribe a/#`, `receive a/b by a/+`. */
function accessOf(text: string): Access {
  const [action, topic = '', ...rest] = text.split(' ')
  const after = (word: string): string | undefined => (rest.includes(word) ? rest[rest.indexOf(word) + 1] : undefined)
  const qos = Number(after('qos') ?? 0)
  if (action === 'write') return { action: 'publish', topicName: topic, qos, retain: rest.includes('retain') }
  if (action === 'subscribe') return { action: 'subscribe', topicFilter: topic, qos }
  return { action: 'receive', topicName: topic, topicFilter: after('by') ?? topic }
}

function decide(settings: RightsSettings, who: string, access: string): Decision {
  const [clientId = '', user] = who.split(' of ')
  return new Rights(settings).decide({ clientId, user }, accessOf(access))
}

/** Rows are: who (`client of user`), what, and the deciding rule: its index, or `default`; with the verdict. */
type Row = readonly [who: string, access: string, verdict: string]

function holds(settings: RightsSettings, rows: readonly Row[]): void {
  it.each(rows)('%s, %s: %s', (who, access, verdict) => {
    const { allowed, rule } = decide(settings, who, access)
    expect(`${allowed ? 'allowed' : 'denied'} by ${rule === -1 ? 'default' : rule}`).toBe(verdict)
  })
}

describe('the order of rules', () => {
  const rules: RightsRule[] = [
    { deny: 'write', topics: ['a/secret'] },
    { allow: 'all', topics: ['a/#'] },
    { deny: ['read', 'write'], topics: ['a/late'] },
    { allow: ['read', 'subscribe'], topics: ['b/+'] },
  ]
  holds({ rules }, [
    ['c', 'write a/secret', 'denied by 0'],
    ['c', 'write a/b', 'allowed by 1'],
    ['c', 'write a', 'allowed by 1'],
    ['c', 'write a/late', 'allowed by 1'],
    ['c', 'receive a/secret', 'allowed by 1'],
    ['c', 'subscribe a/secret', 'allowed by 1'],
    ['c', 'receive b/x by b/+', 'allowed by 3'],
    ['c', 'write b/x', 'denied by default'],
    ['c', 'write c', 'denied by default'],
  ])

  it('the default is to deny, and can be to allow', () => {
    expect(decide({ rules: [] }, 'c', 'write a')).toEqual({ allowed: false, maximumQos: 0, rule: -1 })
    expect(decide({ default: 'deny', rules: [] }, 'c', 'write a')).toEqual({ allowed: false, maximumQos: 0, rule: -1 })
    expect(decide({ default: 'allow', rules: [] }, 'c', 'write a')).toEqual({ allowed: true, maximumQos: 2, rule: -1 })
  })
})

describe('who a rule is for', () => {
  const settings: RightsSettings = {
    groups: { staff: ['ann', 'bob'], empty: [] },
    rules: [
      { deny: 'all', users: ['bob'], topics: ['x'] },
      { allow: 'all', groups: ['staff'], topics: ['x', 'y'] },
      { allow: 'all', users: ['*'], topics: ['star'] },
      { allow: 'all', users: [], topics: ['nobody'] },
      { allow: 'all', groups: ['empty'], topics: ['nobody'] },
      { allow: 'all', users: ['cid'], groups: ['staff'], topics: ['both'] },
      { allow: 'all', topics: ['open'] },
    ],
  }
  holds(settings, [
    ['c of ann', 'write x', 'allowed by 1'],
    ['c of bob', 'write x', 'denied by 0'],
    ['c of bob', 'write y', 'allowed by 1'],
    ['c of eve', 'write y', 'denied by default'],
    ['c of Ann', 'write y', 'denied by default'],
    ['ann', 'write y', 'denied by default'],
    ['c of *', 'write star', 'allowed by 2'],
    ['c of ann', 'write star', 'denied by default'],
    ['c of ann', 'write nobody', 'denied by default'],
    ['c', 'write nobody', 'denied by default'],
    ['c of cid', 'write both', 'allowed by 5'],
    ['c of ann', 'write both', 'allowed by 5'],
    ['cid of eve', 'write both', 'denied by default'],
    ['c', 'write open', 'allowed by 6'],
    ['c of eve', 'write open', 'allowed by 6'],
  ])
})

describe('what a pattern covers', () => {
  it.each([
    // pattern, filter asked for, covered
    ['a/#', 'a', true],
    ['a/#', 'a/#', true],
    ['a/#', 'a/+', true],
    ['a/#', 'a/+/b', true],
    ['a/#', '+/b', false],
    ['a/#', '#', false],
    ['a/#', 'ab', false],
    ['a/+', 'a/b', true],
    ['a/+', 'a/+', true],
    ['a/+', 'a/', true],
    ['a/+', 'a/#', false],
    ['a/+', 'a', false],
    ['a/+', 'a/+/c', false],
    ['a/+/#', 'a/b', true],
    ['a/+/#', 'a/#', false],
    ['a/+/#', 'a/+/#', true],
    ['+/b', 'a/b', true],
    ['+/b', '+/b', true],
    ['+/b', '+/+', false],
    ['+/b', '$SYS/b', false],
    ['#', 'a', true],
    ['#', '#', true],
    ['#', '+/#', true],
    ['#', '$SYS', false],
    ['#', '$SYS/#', false],
    ['+/#', '#', true],
    ['+/#', '$SYS/#', false],
    ['+/+/#', '#', false],
    ['+/+/#', '/#', true],
    ['/+/#', '/#', true],
    ['/+', '/#', false],
    ['+/+/#', '+/#', false],
    ['+', '#', false],
    ['+', '+', true],
    ['a', '+', false],
    ['a', '#', false],
    ['$SYS/#', '$SYS/+/x', true],
    ['$SYS/#', '#', false],
    ['a/+', 'a/$x', true],
    ['a/#', '$share/g/a/b', true],
    ['a/#', '$share/g/#', false],
    ['#', '$share/g/a', true],
    ['#', '$share/g/$SYS/x', false],
    ['#', '$share', false],
  ])('%s for a subscription to %s: %s', (pattern, filter, covers) => {
    expect(decide({ rules: [{ allow: 'subscribe', topics: [pattern] }] }, 'c', `subscribe ${filter}`).allowed).toBe(
      covers,
    )
    const denying: RightsSettings = { default: 'allow', rules: [{ deny: 'subscribe', topics: ['zzz', pattern] }] }
    expect(decide(denying, 'c', `subscribe ${filter}`).allowed).toBe(!covers)
  })

  it.each([
    ['#', '$SYS/x', false],
    ['+/x', '$SYS/x', false],
    ['$SYS/#', '$SYS/x', true],
    ['a/#', 'a', true],
    ['a/+', 'a', false],
    ['/#', '/', true],
  ])('%s for a publish to %s: %s [MQTT5-4.7.2-1]', (pattern, topic, covers) => {
    expect(decide({ rules: [{ allow: 'write', topics: [pattern] }] }, 'c', `write ${topic}`).allowed).toBe(covers)
  })
})

describe('placeholders', () => {
  const allowing: RightsRule[] = [
    { allow: 'write', topics: ['dev/%c/+'] },
    { allow: 'write', topics: ['home/%u/#', 'mail'] },
    { allow: 'write', topics: ['x/c-%c-u-%u'] },
    { allow: 'write', topics: ['%c/own'] },
    { allow: 'write', topics: ['%%c%1%'] },
    { allow: 'write', topics: ['$SYS/%c', '$x%c'] },
  ]
  describe('in an allow rule', () => {
    holds({ rules: allowing }, [
      ['c1', 'write dev/c1/x', 'allowed by 0'],
      ['c1', 'write dev/c2/x', 'denied by default'],
      ['c1', 'write dev/%c/x', 'denied by default'],
      ['+', 'write dev/c1/x', 'denied by default'],
      ['+', 'write dev/+/x', 'denied by default'],
      ['#', 'write dev/x/x', 'denied by default'],
      ['a/b', 'write dev/a/b/x', 'denied by default'],
      ['a/b', 'write dev/a/b', 'denied by default'],
      ['$&', 'write dev/$&/x', 'allowed by 0'],
      ['%u', 'write dev/%u/x', 'allowed by 0'],
      ['%u of ann', 'write dev/ann/x', 'denied by default'],
      ['c of ann', 'write home/ann/lamp', 'allowed by 1'],
      ['c of +', 'write home/x/lamp', 'denied by default'],
      ['c', 'write home/undefined/lamp', 'denied by default'],
      ['c', 'write home/c/lamp', 'denied by default'],
      ['c', 'write mail', 'allowed by 1'],
      ['c1 of ann', 'write x/c-c1-u-ann', 'allowed by 2'],
      ['c1', 'write x/c-c1-u-', 'denied by default'],
      ['c1 of a+b', 'write x/c-c1-u-a+b', 'denied by default'],
      ['c1', 'write c1/own', 'allowed by 3'],
      ['$SYS', 'write $SYS/own', 'denied by default'],
      ['$SYS', 'write dev/$SYS/x', 'allowed by 0'],
      ['c1', 'write %c1%1%', 'allowed by 4'],
      ['c1', 'write $SYS/c1', 'allowed by 5'],
      ['c1', 'write $xc1', 'allowed by 5'],
    ])
  })

  const denying: RightsRule[] = [
    { deny: 'all', topics: ['dev/%c/+'] },
    { deny: 'all', topics: ['home/u-%u/x'] },
    { deny: 'all', topics: ['%c/own'] },
  ]
  describe('in a deny rule', () => {
    holds({ default: 'allow', rules: denying }, [
      ['c1', 'write dev/c1/x', 'denied by 0'],
      ['c1', 'write dev/c2/x', 'allowed by default'],
      ['+', 'write dev/c2/x', 'denied by 0'],
      ['a/b', 'write dev/c2/x', 'denied by 0'],
      ['a/b', 'write dev/a/b/x', 'allowed by default'],
      ['a/b', 'subscribe dev/+/x', 'denied by 0'],
      ['c1', 'subscribe dev/+/x', 'allowed by default'],
      ['c1', 'subscribe dev/c1/+', 'denied by 0'],
      ['c of ann', 'write home/u-ann/x', 'denied by 1'],
      ['c of ann', 'write home/u-bob/x', 'allowed by default'],
      ['c', 'write home/u-bob/x', 'denied by 1'],
      ['c', 'write home/bob/x', 'denied by 1'],
      ['$SYS', 'write $SYS/own', 'denied by 2'],
    ])
  })

  it('NUL in a name is as unfit as a wildcard', () => {
    expect(decide({ rules: allowing }, 'a\0', 'write dev/a\0/x')).toMatchObject({ allowed: false, rule: -1 })
    expect(decide({ default: 'allow', rules: denying }, 'a\0', 'write dev/b/x')).toMatchObject({ rule: 0 })
  })

  it('do not mix up clients, users and those without a user', () => {
    const rights = new Rights({ rules: [{ allow: 'write', topics: ['%u/%c'] }] })
    const ids = ['a', 'b', '']
    const users = ['a', 'b', '', undefined]
    for (const clientId of ids) {
      for (const user of users) {
        const allowed = ids
          .flatMap((id) => users.map((name) => `${name}/${id}`))
          .filter((name) => rights.decide({ clientId, user }, accessOf(`write ${name}`)).allowed)
        expect(allowed).toEqual(user === undefined ? [] : [`${user}/${clientId}`])
      }
    }
  })
})

describe('maximumQos and retain', () => {
  const rules: RightsRule[] = [
    { allow: 'all', topics: ['a'], maximumQos: 0 },
    { allow: 'all', topics: ['a'], maximumQos: 1, retain: false },
    { deny: 'all', topics: ['a'] },
    { allow: 'all', topics: ['b'], retain: false },
    { allow: 'all', topics: ['b'], users: ['ann'], retain: true },
  ]
  holds({ rules }, [
    ['c', 'write a qos 0', 'allowed by 0'],
    ['c', 'write a qos 0 retain', 'allowed by 0'],
    ['c', 'write a qos 1', 'allowed by 1'],
    ['c', 'write a qos 1 retain', 'denied by 2'],
    ['c', 'write a qos 2', 'denied by 2'],
    ['c', 'write b qos 2', 'allowed by 3'],
    ['c', 'write b retain', 'denied by default'],
    ['c of ann', 'write b retain', 'allowed by 4'],
    ['c', 'subscribe a qos 2', 'allowed by 0'],
    ['c', 'receive b', 'allowed by 3'],
  ])

  it.each([0, 1, 2] as const)('a subscription is granted with QoS %i at most', (maximumQos) => {
    const settings: RightsSettings = { rules: [{ allow: 'subscribe', topics: ['a/#'], maximumQos }] }
    expect(decide(settings, 'c', 'subscribe a/b qos 2')).toEqual({ allowed: true, maximumQos, rule: 0 })
  })

  it('without maximumQos with 2, and a denied one with 0', () => {
    const settings: RightsSettings = {
      rules: [
        { deny: 'subscribe', topics: ['a'] },
        { allow: 'all', topics: ['#'] },
      ],
    }
    expect(decide(settings, 'c', 'subscribe b')).toEqual({ allowed: true, maximumQos: 2, rule: 1 })
    expect(decide(settings, 'c', 'subscribe a')).toEqual({ allowed: false, maximumQos: 0, rule: 0 })
  })
})

describe('a delivery', () => {
  const rules: RightsRule[] = [
    { deny: 'read', topics: ['a/secret'] },
    { deny: 'subscribe', topics: ['a/old/#'] },
    { allow: ['read', 'subscribe'], topics: ['a/#'] },
    { allow: 'read', topics: ['b'] },
    { allow: 'subscribe', topics: ['c'] },
  ]
  holds({ rules }, [
    ['c', 'receive a/x by a/#', 'allowed by 2'],
    ['c', 'receive a/x by $share/g/a/#', 'allowed by 2'],
    ['c', 'receive a/secret by a/#', 'denied by 0'],
    ['c', 'receive a/secret by a/old/#', 'denied by 0'],
    ['c', 'receive a/old/x by a/#', 'allowed by 2'],
    ['c', 'receive a/old/x by a/old/+', 'denied by 1'],
    ['c', 'receive a/x by #', 'denied by default'],
    ['c', 'receive b by b', 'denied by default'],
    ['c', 'receive c by c', 'denied by default'],
  ])
})

describe('rules that make no sense are refused', () => {
  const groups = { staff: ['ann'] }
  const wrong: readonly (readonly [why: string, rule: RightsRule, message: string])[] = [
    ['neither', { topics: ['a'] }, 'give either allow or deny'],
    ['both', { allow: 'read', deny: 'write', topics: ['a'] }, 'give either allow or deny'],
    ['no right', { allow: [], topics: ['a'] }, 'allow is empty'],
    ['no right to deny', { deny: [], topics: ['a'] }, 'deny is empty'],
    ['no topic', { allow: 'all', topics: [] }, 'topics is empty'],
    ['an empty topic', { allow: 'all', topics: ['a', ''] }, 'the topic "" is wrong'],
    ['a # too early', { allow: 'all', topics: ['a/#/b'] }, 'the topic "a/#/b" is wrong: # fills the last level alone'],
    ['a placeholder that is none', { allow: 'all', topics: ['a/%i/#'] }, '%i is no placeholder; there are %c and %u'],
    ['a + beside a name', { allow: 'all', topics: ['+%c'] }, 'the topic "+%c" is wrong: + fills a level alone'],
    ['NUL', { allow: 'all', topics: ['a\0'] }, 'NUL'],
    ['a share', { allow: 'all', topics: ['$share/g/a'] }, 'what follows $share/name/'],
    ['an unknown group', { allow: 'all', groups: ['stuff'], topics: ['a'] }, 'there is no group "stuff"'],
    ['a name of every object', { allow: 'all', groups: ['constructor'], topics: ['a'] }, 'no group "constructor"'],
    ['deny with maximumQos', { deny: 'all', maximumQos: 1, topics: ['a'] }, 'maximumQos and retain go with allow'],
    ['deny without retain', { deny: 'all', retain: false, topics: ['a'] }, 'maximumQos and retain go with allow'],
  ]
  it.each(wrong)('%s', (_, rule, message) => {
    const fine: RightsRule = { allow: 'all', groups: ['staff'], topics: ['#'] }
    const start = (): Rights => new Rights({ groups, rules: [fine, rule] })
    expect(start).toThrow(message)
    expect(start).toThrow('rules[1]: ')
  })
})

describe('the memory of rules', () => {
  const names = Array.from({ length: 20_001 }, (_, index) => `user ${index}`)
  const rules: RightsRule[] = [
    { allow: 'write', groups: ['many'], topics: ['many/%c'] },
    { allow: 'write', topics: ['all/%u/%c'] },
  ]
  const settings: RightsSettings = { groups: { many: names }, rules }

  it('is one list for all whom no rule names, and one for each user who is named', () => {
    const ruleset = new RightsRuleset(settings)
    expect(ruleset.rulesFor('user 1')).toBe(ruleset.rulesFor('user 1'))
    expect(ruleset.rulesFor('user 1')).not.toBe(ruleset.rulesFor('user 2'))
    expect(ruleset.rulesFor('x'.repeat(65_535))).toBe(ruleset.rulesFor(undefined))
    expect(ruleset.rulesFor(undefined).write.map(({ decision }) => decision.rule)).toEqual([1])
    expect(ruleset.rulesFor('user 1').write.map(({ decision }) => decision.rule)).toEqual([0, 1])
  })

  it('keeps who is asked for again, and forgets the others, with no other answers', () => {
    const ruleset = new RightsRuleset(settings)
    const [often, seldom] = [ruleset.rulesFor('user 0'), ruleset.rulesFor('user 1')]
    for (const [index, name] of names.slice(1).entries()) {
      ruleset.rulesFor(name)
      if (index % 1000 === 0) ruleset.rulesFor('user 0')
    }
    expect(ruleset.rulesFor('user 0')).toBe(often)
    expect(ruleset.rulesFor('user 1')).not.toBe(seldom)
    expect(ruleset.rulesFor('user 1')).toEqual(seldom)
  })

  it('does not grow with client identifiers', () => {
    const rights = new Rights(settings)
    const before = process.memoryUsage().heapUsed
    for (let index = 0; index < 4000; index++) {
      const clientId = String(index).padEnd(65_000, 'x')
      rights.decide({ clientId, user: undefined }, accessOf('write all/x/y'))
    }
    collectGarbage()
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(32 * 1024 * 1024)
  })
})
