import type { Access } from '../contracts/authorizer.ts'
import { parseSharedFilter, SHARE_PREFIX, splitLevels } from '../topics/topic-syntax.ts'
import { covers, type Names, namesOf, withoutEmptyParent } from './rights-coverage.ts'
import type { CompiledRule } from './rights-rule.ts'
import { RightsRuleset } from './rights-ruleset.ts'

/** `write` is to publish to a topic, `read` to be sent what is published there, `subscribe` to ask for a filter. */
export type Right = 'read' | 'write' | 'subscribe'
export type RightsOf = Right | readonly Right[] | 'all'

/** Has exactly one of `allow` and `deny`. Without `users` and `groups` it is for everybody, anonymous clients too. */
export interface RightsRule {
  readonly allow?: RightsOf | undefined
  readonly deny?: RightsOf | undefined
  readonly users?: readonly string[] | undefined
  /** Names of `RightsSettings.groups`. */
  readonly groups?: readonly string[] | undefined
  /**
   * Topic filters; `%c` stands for the client identifier and `%u` for the user, as a level or part of one. With a name
   * that is missing or holds `+`, `#`, `/` or NUL, a topic is not allowed, and denied with `+` for that level. Nor is
   * one allowed where only a name makes it begin with `$`.
   */
  readonly topics: readonly string[]
  /** With `allow`: publishes above it are not covered, subscriptions are lowered to it. */
  readonly maximumQos?: 0 | 1 | 2 | undefined
  /** With `allow`, when false: publishes with retain are not covered. */
  readonly retain?: boolean | undefined
}

export interface RightsSettings {
  /** What holds where no rule covers; `deny` when left out. */
  readonly default?: 'allow' | 'deny' | undefined
  /** Users by the name of their group. */
  readonly groups?: Readonly<Record<string, readonly string[]>> | undefined
  /** In order: the first that covers decides. */
  readonly rules: readonly RightsRule[]
}

export interface Decision {
  readonly allowed: boolean
  /** What the deciding rule grants at most; 0 when denied. */
  readonly maximumQos: 0 | 1 | 2
  /** Index of the deciding rule, -1 for the default. */
  readonly rule: number
}

/** Who may do what, from rules. Immutable: other rules are another instance. */
export class Rights {
  readonly #rules: RightsRuleset
  readonly #default: Decision

  /** Throws an Error that names the rule when one makes no sense. */
  constructor(settings: RightsSettings) {
    this.#rules = new RightsRuleset(settings)
    const allowed = settings.default === 'allow'
    this.#default = { allowed, maximumQos: allowed ? 2 : 0, rule: -1 }
  }

  decide(
    { clientId, user }: { readonly clientId: string; readonly user: string | undefined },
    access: Access,
  ): Decision {
    const rules = this.#rules.rulesFor(user)
    const names = namesOf(clientId, user)
    switch (access.action) {
      case 'publish':
        return this.#onTopic(rules.write, names, access.topicName, access.qos, access.retain)
      case 'subscribe':
        return this.#onFilter(rules.subscribe, names, access.topicFilter)
      case 'receive': {
        const reading = this.#onTopic(rules.read, names, access.topicName, 0, false)
        if (!reading.allowed) return reading
        // asked again at each delivery, so that a right taken away also silences subscriptions made before
        const subscribing = this.#onFilter(rules.subscribe, names, access.topicFilter)
        return subscribing.allowed ? reading : subscribing
      }
    }
  }

  #onTopic(rules: readonly CompiledRule[], names: Names, topicName: string, qos: number, retain: boolean): Decision {
    const levels = splitLevels(topicName)
    for (const rule of rules) {
      if (qos > rule.highestQos || (retain && !rule.takesRetain)) continue
      for (const pattern of rule.patterns) if (covers(pattern, levels, names)) return rule.decision
    }
    return this.#default
  }

  #onFilter(rules: readonly CompiledRule[], names: Names, topicFilter: string): Decision {
    const shared = topicFilter.startsWith(SHARE_PREFIX) ? parseSharedFilter(topicFilter) : undefined
    const levels = withoutEmptyParent(splitLevels(shared?.topicFilter ?? topicFilter))
    for (const rule of rules) {
      for (const pattern of rule.patterns) if (covers(pattern, levels, names)) return rule.decision
    }
    return this.#default
  }
}
