import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Access } from '../../src/contracts/authorizer.ts'
import { type Decision, Rights, type RightsRule, type RightsSettings } from '../../src/auth/rights.ts'

/** Levels that are asked for; rules use the same, so that they meet often. */
const levels = ['a', 'b', 'ab', '', '$s', '%u']
const names = ['a', 'b', '', '$s', '%u', '%c', '+', '#', 'a/b', 'a\0', '*', '$&']

/** Every topic of up to four levels, with one level that no rule names. What holds for all of them holds for any. */
const everyTopic: readonly (readonly string[])[] = [1, 2, 3, 4]
  .flatMap((depth) => topicsOfDepth(depth))
  .filter((topic) => topic.join('/') !== '')

function topicsOfDepth(depth: number): string[][] {
  if (depth === 0) return [[]]
  return topicsOfDepth(depth - 1).flatMap((start) => [...levels, 'fresh'].map((level) => [...start, level]))
}

/** Section 4.7 once more, level by level. */
function matches([level, ...others]: readonly string[], topic: readonly string[], isFirst = true): boolean {
  if (level === undefined) return topic.length === 0
  if (isFirst && (level === '+' || level === '#') && topic[0]?.startsWith('$') === true) return false
  if (level === '#') return true
  if (topic.length === 0) return false
  return (level === '+' || level === topic[0]) && matches(others, topic.slice(1), false)
}

const matchedTopics = new Map<string, ReadonlySet<readonly string[]>>()

function topicsOf(filter: readonly string[]): ReadonlySet<readonly string[]> {
  const key = filter.join('/')
  const known = matchedTopics.get(key) ?? new Set(everyTopic.filter((topic) => matches(filter, topic)))
  matchedTopics.set(key, known)
  return known
}

interface Client {
  readonly clientId: string
  readonly user: string | undefined
}

function isUnfit(name: string | undefined): boolean {
  return name === undefined || /[+#/\0]/.test(name)
}

/** The pattern for a client; undefined when it covers nothing. */
function filledIn(pattern: string, isAllow: boolean, { clientId, user }: Client): string[] | undefined {
  const filled: string[] = []
  for (const level of pattern.split('/')) {
    const unfit = (level.includes('%c') && isUnfit(clientId)) || (level.includes('%u') && isUnfit(user))
    if (unfit && isAllow) return undefined
    filled.push(unfit ? '+' : level.replace(/%[cu]/g, (name) => (name === '%c' ? clientId : (user as string))))
  }
  const isTakenName = filled[0]?.startsWith('$') === true && !pattern.startsWith('$')
  return isAllow && isTakenName ? undefined : filled
}

function listOf(rights: RightsRule['allow']): readonly string[] {
  if (rights === 'all') return ['read', 'write', 'subscribe']
  return typeof rights === 'string' ? [rights] : (rights ?? [])
}

function plainly(settings: RightsSettings, client: Client, access: Access): Decision {
  if (access.action === 'receive') {
    const reading = firstThatCovers(settings, client, 'read', access)
    if (!reading.allowed) return reading
    const subscribing = firstThatCovers(settings, client, 'subscribe', access)
    return subscribing.allowed ? reading : subscribing
  }
  return firstThatCovers(settings, client, access.action === 'publish' ? 'write' : 'subscribe', access)
}

function firstThatCovers(settings: RightsSettings, client: Client, right: string, access: Access): Decision {
  for (const [index, rule] of settings.rules.entries()) {
    const isAllow = rule.allow !== undefined
    if (!listOf(rule.allow ?? rule.deny).includes(right)) continue
    if (rule.users !== undefined || rule.groups !== undefined) {
      const members = (rule.groups ?? []).map((group) => settings.groups?.[group] ?? [])
      if (client.user === undefined) continue
      if (![rule.users ?? [], ...members].some((some) => some.includes(client.user as string))) continue
    }
    if (access.action === 'publish' && access.qos > (rule.maximumQos ?? 2)) continue
    if (access.action === 'publish' && access.retain && rule.retain === false) continue
    const isCovered = rule.topics.some((text) => {
      const filled = filledIn(text, isAllow, client)
      if (filled === undefined) return false
      if (right !== 'subscribe') return 'topicName' in access && matches(filled, access.topicName.split('/'))
      const asked = 'topicFilter' in access ? access.topicFilter.replace(/^\$share\/[^/]*\//, '') : ''
      const covered = topicsOf(filled)
      return [...topicsOf(asked.split('/'))].every((topic) => covered.has(topic))
    })
    if (isCovered) return { allowed: isAllow, maximumQos: isAllow ? (rule.maximumQos ?? 2) : 0, rule: index }
  }
  const allowed = settings.default === 'allow'
  return { allowed, maximumQos: allowed ? 2 : 0, rule: -1 }
}

const qos = fc.constantFrom(0 as const, 1 as const, 2 as const)
const user = fc.option(fc.constantFrom(...names), { nil: undefined })
const client = fc.record({ clientId: fc.constantFrom(...names), user })

const someLevels = fc.array(fc.constantFrom(...levels), { minLength: 1, maxLength: 3 })
const topicName = someLevels.map((some) => some.join('/')).filter((name) => name !== '')

function filterOf(level: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc
    .tuple(fc.array(fc.oneof(level, fc.constant('+')), { maxLength: 3 }), fc.boolean())
    .map(([some, endsInHash]) => [...some, ...(endsInHash || some.length === 0 ? ['#'] : [])].join('/'))
    .filter((filter) => filter !== '')
}

const askedFilter = fc
  .tuple(fc.constantFrom('', '', '', '$share/g/'), filterOf(fc.constantFrom(...levels)))
  .map(([share, filter]) => share + filter)
const pattern = filterOf(fc.constantFrom('a', 'b', '', '$s', '%c', '%u', 'a%c', '%u%c', '$%u'))

const rights = fc.oneof(
  fc.constant('all' as const),
  fc.constantFrom('read' as const, 'write' as const, 'subscribe' as const),
  fc.subarray(['read', 'write', 'subscribe'] as const, { minLength: 1 }),
)
const forWhom = {
  users: fc.option(fc.subarray(names), { nil: undefined, freq: 2 }),
  groups: fc.option(fc.subarray(['g', 'h', '__proto__']), { nil: undefined, freq: 2 }),
  topics: fc.array(pattern, { minLength: 1, maxLength: 2 }),
}
const rule: fc.Arbitrary<RightsRule> = fc.oneof(
  fc.record({ ...forWhom, deny: rights }),
  fc.record({
    ...forWhom,
    allow: rights,
    maximumQos: fc.option(qos, { nil: undefined }),
    retain: fc.option(fc.boolean(), { nil: undefined }),
  }),
)
const settings: fc.Arbitrary<RightsSettings> = fc.record({
  default: fc.constantFrom('allow' as const, 'deny' as const, undefined),
  groups: fc
    .tuple(fc.subarray(names), fc.subarray(names), fc.subarray(names))
    .map(([g, h, proto]) => Object.fromEntries(Object.entries({ g, h, ['__proto__']: proto }))),
  rules: fc.array(rule, { maxLength: 8 }),
})

const access: fc.Arbitrary<Access> = fc.oneof(
  fc.record({ action: fc.constant('publish' as const), topicName, qos, retain: fc.boolean() }),
  fc.record({ action: fc.constant('subscribe' as const), topicFilter: askedFilter, qos }),
  fc.record({ action: fc.constant('receive' as const), topicName, topicFilter: askedFilter }),
)

it('decides as a plain reading of the rules does, for any rules, clients and accesses', () => {
  let decidedByRule = 0
  let decided = 0
  const questions = fc.array(fc.tuple(client, access), { minLength: 4, maxLength: 8 })
  fc.assert(
    fc.property(settings, questions, (given, asked) => {
      const compiled = new Rights(given)
      for (const [who, what] of asked) {
        const decision = compiled.decide(who, what)
        expect(decision).toEqual(plainly(given, who, what))
        decided++
        if (decision.rule >= 0) decidedByRule++
      }
    }),
    { numRuns: 2000 },
  )
  // else the rules seldom meet what is asked, and little was compared
  expect(decidedByRule / decided).toBeGreaterThan(0.25)
}, 60_000)
