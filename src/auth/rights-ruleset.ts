import type { Decision, Right, RightsSettings } from './rights.ts'
import { compileRule, type CompiledRule, fillPatterns } from './rights-rule.ts'

/** A rule as it stands for one client. */
export interface FilledRule {
  readonly decision: Decision
  /** Publishes above it are not covered. */
  readonly highestQos: number
  readonly takesRetain: boolean
  /** Topic filters as levels, without placeholders. */
  readonly patterns: readonly (readonly string[])[]
}

/** The rules for one client, in order. */
export type ClientRules = Readonly<Record<Right, readonly FilledRule[]>>

interface UserRules {
  readonly rules: readonly CompiledRule[]
  /** Otherwise all clients of the user share one entry. */
  readonly usesClientId: boolean
  readonly byClientId: Map<string, ClientRules>
}

/** Clients whose rules are remembered before they are forgotten all at once. */
const REMEMBERED = 10_000

/** Finds the rules that are for a client, with its names filled in. */
export class RightsRuleset {
  readonly #rules: readonly CompiledRule[]
  readonly #users = new Map<string | undefined, UserRules>()
  #remembered = 0

  constructor({ rules, groups = {} }: RightsSettings) {
    this.#rules = rules.map((rule, index) => compileRule(rule, index, groups))
  }

  rulesFor(clientId: string, user: string | undefined): ClientRules {
    const ofUser = this.#users.get(user) ?? this.#rulesOfUser(user)
    const key = ofUser.usesClientId ? clientId : ''
    const known = ofUser.byClientId.get(key)
    if (known !== undefined) return known
    if (this.#remembered >= REMEMBERED) {
      this.#users.clear()
      ofUser.byClientId.clear()
      this.#remembered = 0
    }
    const filled = fill(ofUser.rules, clientId, user)
    ofUser.byClientId.set(key, filled)
    this.#users.set(user, ofUser)
    this.#remembered++
    return filled
  }

  #rulesOfUser(user: string | undefined): UserRules {
    const rules = this.#rules.filter(({ users }) => users === undefined || (user !== undefined && users.has(user)))
    return { rules, usesClientId: rules.some((rule) => rule.usesClientId), byClientId: new Map() }
  }
}

function fill(rules: readonly CompiledRule[], clientId: string, user: string | undefined): ClientRules {
  const filled: Record<Right, FilledRule[]> = { read: [], write: [], subscribe: [] }
  for (const rule of rules) {
    const patterns = fillPatterns(rule, clientId, user)
    if (patterns.length === 0) continue
    const ofClient = patterns === rule.patterns ? rule : { ...rule, patterns }
    for (const right of rule.rights) filled[right].push(ofClient)
  }
  return filled
}
