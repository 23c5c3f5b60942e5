import type { Right, RightsSettings } from './rights.ts'
import { compileRule, type CompiledRule } from './rights-rule.ts'

/** The rules for one user, in order. */
export type UserRules = Readonly<Record<Right, readonly CompiledRule[]>>

/** Users in one generation of those remembered. */
const GENERATION_USERS = 10_000

/**
 * Finds the rules that are for a user. Whom no rule names, anonymous clients too, all share one list. The lists of
 * others are remembered in two generations: when the young one is full it becomes the old one, and who is asked for
 * again moves over.
 */
export class RightsRuleset {
  readonly #rules: readonly CompiledRule[]
  readonly #named: ReadonlySet<string>
  readonly #forOthers: UserRules
  #young = new Map<string, UserRules>()
  #old = new Map<string, UserRules>()

  constructor({ rules, groups = {} }: RightsSettings) {
    this.#rules = rules.map((rule, index) => compileRule(rule, index, groups))
    this.#named = new Set(this.#rules.flatMap(({ users }) => [...(users ?? [])]))
    this.#forOthers = byRight(this.#rules.filter(({ users }) => users === undefined))
  }

  rulesFor(user: string | undefined): UserRules {
    if (user === undefined || !this.#named.has(user)) return this.#forOthers
    const known = this.#young.get(user)
    return known ?? this.#remember(user, this.#old.get(user) ?? this.#rulesOf(user))
  }

  #remember(user: string, rules: UserRules): UserRules {
    if (this.#young.size >= GENERATION_USERS) {
      this.#old = this.#young
      this.#young = new Map()
    }
    this.#young.set(user, rules)
    return rules
  }

  #rulesOf(user: string): UserRules {
    return byRight(this.#rules.filter(({ users }) => users === undefined || users.has(user)))
  }
}

function byRight(rules: readonly CompiledRule[]): UserRules {
  const having = (right: Right): CompiledRule[] => rules.filter(({ rights }) => rights.includes(right))
  return { read: having('read'), write: having('write'), subscribe: having('subscribe') }
}
