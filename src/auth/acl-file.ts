import { topicFilterFault, topicTextFault } from '../topics/topic-syntax.ts'
import { AuthFileError } from './auth-file-error.ts'
import { trimBlanksAtEnd } from './trim-blanks.ts'

export type MosquittoVersion = '2.0' | '2.1'

/** What a line of an ACL file says. */
export interface AclLine {
  readonly lineNumber: number
  /** As it stands in the file, without blanks at its end. */
  readonly text: string
  readonly access: AclAccess
  /** A topic filter; in a `pattern`, `%c` and `%u` are placeholders. */
  readonly filter: string
}

export type AclAccess = 'read' | 'write' | 'readwrite' | 'deny'

/** An ACL file, line by line. */
export interface AclLines {
  /** What stands before any `user`. */
  readonly anonymous: readonly AclLine[]
  readonly users: ReadonlyMap<string, readonly AclLine[]>
  readonly patterns: readonly AclLine[]
}

const accessWords: ReadonlySet<string> = new Set<AclAccess>(['read', 'write', 'readwrite', 'deny'])

/**
 * Reads an ACL file of Mosquitto. Throws an AuthFileError that begins with `FILE:LINE: `; `warn` is given sentences
 * that begin like that.
 */
export function parseAclFile(
  text: string,
  fileName: string,
  version: MosquittoVersion = '2.1',
  warn: (warning: string) => void = unheard,
): AclLines {
  const anonymous: AclLine[] = []
  const users = new Map<string, AclLine[]>()
  const patterns: AclLine[] = []
  let own = anonymous
  for (const [index, raw] of text.split('\n').entries()) {
    const line = trimBlanksAtEnd(raw)
    if (line.startsWith('#')) continue
    const [word, rest] = firstWord(line)
    if (word === '') continue
    const place = `${fileName}:${index + 1}`
    if (word === 'user') {
      if (rest === '') throw new AuthFileError(`${place}: expected a user name: user NAME`)
      own = users.get(rest) ?? []
      users.set(rest, own)
    } else if (word === 'topic' || word === 'pattern') {
      const read = accessOf(rest)
      if (typeof read === 'string') throw new AuthFileError(`${place}: ${read}`)
      const into = word === 'topic' ? own : patterns
      into.push({ lineNumber: index + 1, text: line, ...read })
      if (word === 'pattern') warnOfPattern(read.filter, version, (warning) => warn(`${place}: ${warning}`))
    } else {
      throw new AuthFileError(
        `${place}: expected a line that begins with user, topic or pattern, or with # for a remark`,
      )
    }
  }
  return { anonymous, users, patterns }
}

/** `read a/b`, or a filter alone, which is for reading and writing; or what is wrong. */
function accessOf(text: string): Pick<AclLine, 'access' | 'filter'> | string {
  const [word, rest] = firstWord(text)
  if (word === '') return 'expected a topic filter'
  if (rest === '') return checked('readwrite', word)
  if (accessWords.has(word)) return checked(word as AclAccess, rest)
  return 'expected read, write, readwrite or deny before the topic filter; one that holds spaces needs such a word'
}

function checked(access: AclAccess, filter: string): Pick<AclLine, 'access' | 'filter'> | string {
  const fault = topicTextFault(filter) ?? topicFilterFault(filter)
  return fault === undefined ? { access, filter } : `the topic filter is wrong: ${fault}`
}

function warnOfPattern(filter: string, version: MosquittoVersion, warn: (warning: string) => void): void {
  if (!/%[cu]/.test(filter)) warn('a pattern without %c and %u is for everybody, anonymous clients too')
  else if (version === '2.1' && filter.split('/').some((level) => level.length > 2 && /%[cu]/.test(level))) {
    warn('%c and %u are placeholders only where they fill a level alone; here they stand for themselves')
  }
}

/** The first word and what follows it, without the spaces between. Tabs are part of a word, as they are there. */
function firstWord(text: string): readonly [word: string, rest: string] {
  const line = text.replace(leadingSpaces, '')
  const end = line.indexOf(' ')
  return end === -1 ? [line, ''] : [line.slice(0, end), line.slice(end).replace(leadingSpaces, '')]
}

const leadingSpaces = /^ +/

function unheard(): void {}
