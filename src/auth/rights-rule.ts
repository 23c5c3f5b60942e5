import { SHARE_PREFIX, splitLevels, topicFilterFault } from '../topics/topic-syntax.ts'
import type { Right, RightsOf, RightsRule, RightsSettings } from './rights.ts'
import type { FilledRule } from './rights-ruleset.ts'

/** A rule checked and taken apart. Its `patterns` are those without placeholders. */
export interface CompiledRule extends FilledRule {
  readonly rights: readonly Right[]
  /** Undefined for everybody. */
  readonly users: ReadonlySet<string> | undefined
  readonly usesClientId: boolean
  readonly templates: readonly Template[]
}

/** A pattern with placeholders: the pieces of each level, `['dev-', '%c', '']` for `dev-%c`. */
type Template = readonly (readonly string[])[]

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
  const plain = rule.topics.filter((topic) => !hasPlaceholder(topic))
  return {
    decision: { allowed, maximumQos, rule: index },
    highestQos: allowed ? maximumQos : 2,
    takesRetain: rule.retain !== false,
    patterns: plain.map(splitLevels),
    rights,
    users: usersOf(rule, groups),
    usesClientId: rule.topics.some((topic) => topic.includes('%c')),
    templates: rule.topics.filter(hasPlaceholder).map((topic) => splitLevels(topic).map(piecesOf)),
  }
}

/** All patterns of a rule as they stand for a client. */
export function fillPatterns(
  rule: CompiledRule,
  clientId: string,
  user: string | undefined,
): readonly (readonly string[])[] {
  if (rule.templates.length === 0) return rule.patterns
  const names = { '%c': safe(clientId), '%u': safe(user) }
  const patterns = [...rule.patterns]
  for (const template of rule.templates) {
    const levels = template.map((pieces) => fillLevel(pieces, names))
    if (!rule.decision.allowed) patterns.push(levels.map((level) => level ?? '+'))
    else if (isWhole(levels) && !becomesHidden(template, levels)) patterns.push(levels)
  }
  return patterns
}

type Names = Readonly<Record<'%c' | '%u', string | undefined>>

function fillLevel(pieces: readonly string[], names: Names): string | undefined {
  let level = ''
  for (const piece of pieces) {
    const text = piece === '%c' || piece === '%u' ? names[piece] : piece
    if (text === undefined) return undefined
    level += text
  }
  return level
}

/** A name that is part of one level and no wildcard, whatever stands beside it. */
function safe(name: string | undefined): string | undefined {
  for (const character of '+#/\0') if (name?.includes(character)) return undefined
  return name
}

function isWhole(levels: readonly (string | undefined)[]): levels is readonly string[] {
  return !levels.includes(undefined)
}

/** A name like $SYS opens topics that wildcards keep hidden: only the operator may write that. */
function becomesHidden(template: Template, levels: readonly string[]): boolean {
  return levels[0]?.startsWith('$') === true && template[0]?.[0]?.startsWith('$') !== true
}

function piecesOf(level: string): string[] {
  return level.split(/(%[cu])/)
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
  return topicFilterFault(topic)
}

function usersOf(
  { users, groups: names }: RightsRule,
  groups: NonNullable<RightsSettings['groups']>,
): ReadonlySet<string> | undefined {
  if (users === undefined && names === undefined) return undefined
  return new Set([...(users ?? []), ...(names ?? []).flatMap((name) => groups[name] ?? [])])
}
