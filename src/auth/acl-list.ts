import { levelsMatch, splitLevels } from '../topics/topic-syntax.ts'
import type { AclAccess, AclLine, MosquittoVersion } from './acl-file.ts'

export interface AclNames {
  readonly clientId: string
  readonly user: string | undefined
}

export interface AclDecision {
  readonly allowed: boolean
  /** The line that decided, or a sentence where none did. */
  readonly because: AclLine | string
}

interface Entry {
  readonly access: AclAccess
  readonly decision: AclDecision
  /** Its turn: denials first, the last one written before the others; then the grants as they stand. */
  readonly turn: number
  readonly levels: readonly string[]
  readonly needsUser: boolean
  readonly fill: ((levels: readonly string[], names: AclNames) => readonly string[]) | undefined
}

/** Lines of one kind, found by the first level of a topic. */
export class AclList {
  readonly size: number
  readonly #byFirstLevel = new Map<string, Entry[]>()
  /** Those whose first level is a wildcard or a placeholder. */
  readonly #others: Entry[] = []

  constructor(lines: readonly AclLine[], placeholders: 'none' | MosquittoVersion) {
    this.size = lines.length
    for (const [turn, line] of inTurn(lines).entries()) {
      const entry = entryOf(line, turn, placeholders)
      const first = entry.levels[0] as string
      const isOpen = first === '+' || first === '#' || (entry.fill !== undefined && /%[cu]/.test(first))
      const list = isOpen ? this.#others : (this.#byFirstLevel.get(first) ?? [])
      list.push(entry)
      if (!isOpen) this.#byFirstLevel.set(first, list)
    }
  }

  /** What the first line says that is about a topic, given as its levels: a denial, or a grant of what is wanted. */
  decide(topic: readonly string[], wanted: 'read' | 'write', names: AclNames): AclDecision | undefined {
    const own = this.#byFirstLevel.get(topic[0] as string) ?? none
    const others = this.#others
    let [nextOwn, nextOther] = [0, 0]
    for (;;) {
      const [one, other] = [own[nextOwn], others[nextOther]]
      const isOwn = one !== undefined && (other === undefined || one.turn < other.turn)
      const entry = isOwn ? one : other
      if (entry === undefined) return undefined
      if (isOwn) nextOwn++
      else nextOther++
      const { access, decision } = entry
      if ((access === 'deny' || access === 'readwrite' || access === wanted) && matches(entry, topic, names)) {
        return decision
      }
    }
  }
}

const none: readonly Entry[] = []

function inTurn(lines: readonly AclLine[]): readonly AclLine[] {
  const denials = lines.filter(({ access }) => access === 'deny')
  return [...denials.toReversed(), ...lines.filter(({ access }) => access !== 'deny')]
}

function entryOf(line: AclLine, turn: number, placeholders: 'none' | MosquittoVersion): Entry {
  const { access, filter } = line
  const levels = splitLevels(filter)
  const hasPlaceholder = placeholders !== 'none' && /%[cu]/.test(filter)
  return {
    access,
    decision: { allowed: access !== 'deny', because: line },
    turn,
    levels,
    needsUser: hasPlaceholder && filter.includes('%u'),
    fill: hasPlaceholder ? fillOf(filter, levels, placeholders) : undefined,
  }
}

function fillOf(filter: string, levels: readonly string[], version: MosquittoVersion): Entry['fill'] {
  if (version === '2.0') return (_levels, names) => splitLevels(filledIn(filter, names))
  return levels.some((level) => level === '%c' || level === '%u') ? filledLevels : undefined
}

function matches({ levels, needsUser, fill }: Entry, topic: readonly string[], names: AclNames): boolean {
  if (needsUser && names.user === undefined) return false
  if (fill === undefined) return levelsMatch(levels, topic)
  // only the operator opens what begins with $, never a name
  if (fill === filledLevels && topic[0]?.startsWith('$') === true && levels[0]?.startsWith('$') !== true) return false
  return levelsMatch(fill(levels, names), topic)
}

/** As Mosquitto 2.0 does it: anywhere in the text. */
function filledIn(filter: string, { clientId, user = '' }: AclNames): string {
  return filter.replace(/%[cu]/g, (name) => (name === '%c' ? clientId : user))
}

/** As 2.1 does it: whole levels. A name that holds a slash is never equal to one. */
function filledLevels(levels: readonly string[], { clientId, user = '' }: AclNames): readonly string[] {
  return levels.map((level) => (level === '%c' ? clientId : level === '%u' ? user : level))
}
