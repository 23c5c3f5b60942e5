import { SHARE_PREFIX, splitLevels, topicFilterFault } from '../topics/topic-syntax.ts'
import type { Decision, Right, RightsOf, RightsRule, RightsSettings } from './rights.ts'
import type { Pattern, PatternLevel } from './rights-coverage.ts'

/** A rule checked and taken apart. */
export interface CompiledRule {
  readonly decision: Decision
  /** Publishes above it are not covered. */
  readonly highestQos: number
  readonly takesRetain: boolean
  readonly patterns: readonly Pattern[]
  readonly rights: readonly Right[]
  /** Undefined for everybody. */
  readonly users: ReadonlySet<string> | undefined
}

const allRights: readonly Right[] = ['read', 'write', 'subscribe']

/** Throws an Error for the operator when the rule makes no sense. */
export function compileRule(rule: RightsRule, index: number, groups: RightsSettings['groups'] = {}): CompiledRule {
  const fault = (what: string): Error => new Error(`rules[${index}]: ${what}`)
  const allowed = rule.allow !== undefined
  if (allowed === (rule.deny !== undefined)) throw fault('give either allow or deny')
  const rights = listOf(rule.allow ?? rule.deny ?? [])
  if (rights.length === 0) throw fault(`${allowed ? 'allow' : 'deny'} is empty; name read, write, subscribe or all`)
  if (!allowed && (rule.maximumQos !== undefined || rule.retain === false)) {
    throw fault('maximumQos and retain go with allow; deny takes everything away')
  }
  if (rule.topics.length === 0) throw fault('topics is empty; give at least one topic filter, # for all')
  for (const topic of rule.topics) {
    const wrong = patternFault(topic)
    if (wrong !== undefined) throw fault(`the topic ${JSON.stringify(topic)} is wrong: ${wrong}`)
  }
  for (const name of rule.groups ?? []) {
    if (!Object.hasOwn(groups, name)) {
      throw fault(`there is no group ${JSON.stringify(name)}; define it under groups, or correct the name`)
    }
  }
  const maximumQos = allowed ? (rule.maximumQos ?? 2) : 0
  return {
    decision: { allowed, maximumQos, rule: index },
    highestQos: allowed ? maximumQos : 2,
    takesRetain: rule.retain !== false,
    patterns: rule.topics.map((topic) => ({
      levels: splitLevels(topic).map(levelOf),
      unfit: allowed ? undefined : '+',
    })),
    rights,
    users: usersOf(rule, groups),
  }
}

function levelOf(level: string): PatternLevel {
  return hasPlaceholder(level) ? level.split(/(%[cu])/) : level
}

function hasPlaceholder(topic: string): boolean {
  return topic.includes('%c') || topic.includes('%u')
}

function listOf(rights: RightsOf): readonly Right[] {
  if (rights === 'all') return allRights
  return typeof rights === 'string' ? [rights] : [...new Set(rights)]
}

function patternFault(topic: string): string | undefined {
  if (topic.includes('\0')) return 'it holds the character NUL'
  if (topic.startsWith(SHARE_PREFIX)) return 'shared subscriptions are judged by what follows $share/name/; give that'
  const placeholder = /%(?![cu])[A-Za-z]/.exec(topic)?.[0]
  if (placeholder !== undefined) return `${placeholder} is no placeholder; there are %c and %u`
  return topicFilterFault(topic)
}

function usersOf(
  { users, groups: names }: RightsRule,
  groups: NonNullable<RightsSettings['groups']>,
): ReadonlySet<string> | undefined {
  if (users === undefined && names === undefined) return undefined
  return new Set([...(users ?? []), ...(names ?? []).flatMap((name) => groups[name] ?? [])])
}
