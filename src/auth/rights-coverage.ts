/** What stands for `%c` and `%u`; undefined where a name is missing or would be more than a part of one level. */
export type Names = Readonly<Record<'%c' | '%u', string | undefined>>

/** A level of a rule's topic, or the pieces of one with placeholders: `['dev-', '%c', '']` for `dev-%c`. */
export type PatternLevel = string | readonly string[]

/** The topic of a rule. Its placeholders are filled in level by level, as far as it is looked at. */
export interface Pattern {
  readonly levels: readonly PatternLevel[]
  /** What a level becomes where a name does not fit; without it the pattern covers nothing then. */
  readonly unfit: '+' | undefined
}

/** Names as they may stand in a level: no wildcards and no levels of their own, whatever stands beside them. */
export function namesOf(clientId: string, user: string | undefined): Names {
  return { '%c': fitting(clientId), '%u': fitting(user) }
}

/** Whether every topic that `asked`, a topic name or a prepared filter, can mean is matched by `pattern`. */
export function covers({ levels, unfit }: Pattern, asked: readonly string[], names: Names): boolean {
  for (let index = 0; index < levels.length; index++) {
    const part = levels[index] as PatternLevel
    const level = typeof part === 'string' ? part : (filled(part, names, index === 0 && unfit === undefined) ?? unfit)
    if (level === undefined) return false
    if (index === 0 && (level === '+' || level === '#') && asked[0]?.startsWith('$')) return false // [MQTT5-4.7.2-1]
    if (level === '#') return true // also the parent: a/# covers a
    // a # that is asked for here also means topics that end above it, which this pattern does not match
    if (index >= asked.length || asked[index] === '#') return false
    if (level !== '+' && level !== asked[index]) return false
  }
  return levels.length === asked.length
}

const anyTopic = ['+', '#']
const belowEmptyLevel = ['', '+', '#']

/** A topic has at least one character: what is above the `#` of these two filters is none, unlike that of others. */
export function withoutEmptyParent(filter: readonly string[]): readonly string[] {
  if (filter.length === 1 && filter[0] === '#') return anyTopic
  return filter.length === 2 && filter[0] === '' && filter[1] === '#' ? belowEmptyLevel : filter
}

/** A name like $SYS opens topics that wildcards keep hidden: with `staysVisible` only the operator writes one. */
function filled(pieces: readonly string[], names: Names, staysVisible: boolean): string | undefined {
  let level = ''
  for (const piece of pieces) {
    const text = piece === '%c' || piece === '%u' ? names[piece] : piece
    if (text === undefined) return undefined
    level += text
  }
  return staysVisible && level.startsWith('$') && pieces[0]?.startsWith('$') !== true ? undefined : level
}

function fitting(name: string | undefined): string | undefined {
  for (const character of '+#/\0') if (name?.includes(character)) return undefined
  return name
}
