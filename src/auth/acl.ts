import { splitLevels } from '../topics/topic-syntax.ts'
import type { AclLines, MosquittoVersion } from './acl-file.ts'
import { type AclDecision, AclList, type AclNames } from './acl-list.ts'

/** Who may read and write what, from an ACL file, decided as Mosquitto does. Immutable. */
export class Acl {
  readonly #anonymous: AclList
  readonly #users = new Map<string, AclList>()
  readonly #patterns: AclList
  /** Many clients are asked about one topic after the other. */
  #lastTopic = ''
  #lastLevels: readonly string[] = []

  constructor({ anonymous, users, patterns }: AclLines, version: MosquittoVersion) {
    this.#anonymous = new AclList(anonymous, 'none')
    for (const [user, lines] of users) this.#users.set(user, new AclList(lines, 'none'))
    this.#patterns = new AclList(patterns, version)
  }

  decide(names: AclNames, wanted: 'read' | 'write', topicName: string): AclDecision {
    if (topicName.startsWith('$share')) return sharedTopic
    const levels = this.#levelsOf(topicName)
    if (wanted === 'write' && topicName.startsWith('$SYS') && !isBridgeState(levels)) return ofTheBroker
    const { user } = names
    const own = user === undefined ? this.#anonymous : this.#users.get(user)
    const decision = own?.decide(levels, wanted, names)
    if (decision !== undefined) return decision
    if (this.#patterns.size === 0) return notCovered
    if (hasWildcard(names.clientId) || hasWildcard(user)) return wildName
    return this.#patterns.decide(levels, wanted, names) ?? notCovered
  }

  #levelsOf(topicName: string): readonly string[] {
    if (topicName !== this.#lastTopic) {
      this.#lastTopic = topicName
      this.#lastLevels = splitLevels(topicName)
    }
    return this.#lastLevels
  }
}

const sharedTopic = denied('$share is for subscriptions; it is no topic')
const ofTheBroker = denied('topics below $SYS are written by the broker alone')
const wildName = denied('the user name or client identifier holds + or #, so no pattern is for this client')
const notCovered = denied('no line is about it')

function denied(because: string): AclDecision {
  return { allowed: false, because }
}

/** What bridges say of themselves, `$SYS/broker/connection/NAME/state`. */
function isBridgeState(levels: readonly string[]): boolean {
  const [root, broker, connection, , state] = levels
  return (
    levels.length === 5 && root === '$SYS' && broker === 'broker' && connection === 'connection' && state === 'state'
  )
}

function hasWildcard(name: string | undefined): boolean {
  return name !== undefined && (name.includes('+') || name.includes('#'))
}
