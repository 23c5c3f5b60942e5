import fc from 'fast-check'
import { expect, it } from 'vitest'
import { parseAclFile, type MosquittoVersion } from '../../src/auth/acl-file.ts'
import { Acl } from '../../src/auth/acl.ts'
import { AuthFileError } from '../../src/auth/auth-file-error.ts'

interface Client {
  readonly clientId: string
  readonly user: string | undefined
}

/** The rules once more, read from the top: no index, no order kept, a regular expression for each line. */
function plainly(
  text: string,
  version: MosquittoVersion,
  client: Client,
  wanted: 'read' | 'write',
  topic: string,
): boolean {
  if (topic.startsWith('$share')) return false
  if (wanted === 'write' && topic.startsWith('$SYS') && !/^\$SYS\/broker\/connection\/[^/]*\/state$/.test(topic))
    return false
  const own: string[] = []
  const patterns: string[] = []
  let user: string | undefined
  for (const line of text.split('\n')) {
    const [, word, rest = ''] = /^(\w+) (.*)$/.exec(line) ?? []
    if (word === 'user') user = rest
    else if (word === 'pattern') patterns.push(rest)
    else if (word === 'topic' && user === client.user) own.push(rest)
  }
  const byOwn = verdict(own, wanted, (filter) => matches(filter, topic))
  if (byOwn !== undefined) return byOwn
  if (patterns.length > 0 && /[+#]/.test(`${client.clientId}${client.user ?? ''}`)) return false
  return verdict(patterns, wanted, (filter) => fits(filter, version, client, topic)) ?? false
}

function verdict(rules: readonly string[], wanted: string, isAbout: (filter: string) => boolean): boolean | undefined {
  const about = rules.filter((rule) => isAbout(rule.slice(rule.indexOf(' ') + 1)))
  const words = new Set(about.map((rule) => rule.split(' ')[0]))
  if (words.has('deny')) return false
  return words.has('readwrite') || words.has(wanted) ? true : undefined
}

function fits(filter: string, version: MosquittoVersion, { clientId, user }: Client, topic: string): boolean {
  if (filter.includes('%u') && user === undefined) return false
  const valueOf = (name: string): string => (name === '%c' ? clientId : (user as string))
  if (version === '2.0') return matches(filter.replaceAll(/%[cu]/g, valueOf), topic)
  if (topic.startsWith('$') !== filter.startsWith('$')) return false
  const names: string[] = []
  const open = filter.split('/').map((level) => (level === '%c' || level === '%u' ? (names.push(level), '+') : level))
  const at = filter.split('/').flatMap((level, index) => (level === '%c' || level === '%u' ? [index] : []))
  return (
    matches(open.join('/'), topic) && at.every((index, n) => topic.split('/')[index] === valueOf(names[n] as string))
  )
}

function matches(filter: string, topic: string): boolean {
  if (topic.startsWith('$') && !filter.startsWith('$')) return false
  const source = filter
    .split('/')
    .map((level) => (level === '+' ? '[^/]*' : level === '#' ? '.*' : level.replaceAll(/[$]/g, String.raw`\$`)))
    .join('/')
    .replace(/\/\.\*$/, '(?:/.*)?')
  return new RegExp(`^${source}$`, 's').test(topic)
}

const level = fc.constantFrom('a', 'b', '', '$SYS', '%c', '%u', 'x%c', 'broker', 'connection', 'state', '$x', '$share')
const topics = fc.oneof(
  fc.array(level, { minLength: 1, maxLength: 4 }).map((levels) => levels.join('/')),
  fc.constantFrom('$SYS/broker/connection/a/state', '$share/a/b', 'xa', 'a/b/a/b'),
)
const filterLevels = fc.array(fc.oneof(level, fc.constant('+')), { minLength: 1, maxLength: 4 })
const filters = fc
  .tuple(filterLevels, fc.boolean())
  .map(([levels, isOpen]) => [...levels, ...(isOpen ? ['#'] : [])].join('/'))
const accessWord = fc.constantFrom('read', 'write', 'readwrite', 'deny')
const line = fc.oneof(
  { weight: 5, arbitrary: fc.tuple(accessWord, filters).map(([word, filter]) => `topic ${word} ${filter}`) },
  { weight: 4, arbitrary: fc.tuple(accessWord, filters).map(([word, filter]) => `pattern ${word} ${filter}`) },
  { weight: 1, arbitrary: fc.constantFrom('user a', 'user b', 'user a/b', '# topic read #') },
)
const name = fc.constantFrom('a', 'b', 'a/b', '+', 'a#', '$SYS', '%u', '$x')
const client = fc.record({ clientId: name, user: fc.option(name, { nil: undefined }) })
const version = fc.constantFrom('2.0' as const, '2.1' as const)
const wanted = fc.constantFrom('read' as const, 'write' as const)

it('decides as a plain reading of the rules does, for any file, client and topic', () => {
  const files = fc.array(line, { maxLength: 12 }).map((lines) => lines.filter((one) => !one.endsWith(' ')).join('\n'))
  const asked = fc.array(fc.tuple(client, wanted, topics), { minLength: 1, maxLength: 30 })
  fc.assert(
    fc.property(files, version, asked, (text, of, questions) => {
      const acl = new Acl(parseAclFile(text, 'acl', of), of)
      for (const [who, access, topic] of questions) {
        if (topic === '') continue
        const { allowed, because } = acl.decide(who, access, topic)
        expect([who, access, topic, allowed]).toEqual([who, access, topic, plainly(text, of, who, access, topic)])
        if (allowed) expect(text.split('\n')).toContain(typeof because === 'string' ? '' : because.text)
      }
    }),
    { numRuns: 1500 },
  )
})

it('whatever stands in a file, it is refused in one way, and allows nothing that no line names', () => {
  const part = fc.constantFrom(
    'topic',
    'pattern',
    'user',
    'read',
    'deny',
    ' ',
    '\n',
    '\t',
    '\r',
    '#',
    '+',
    '/',
    '%c',
    'a',
    '\0',
    '$',
  )
  const text = fc.array(fc.oneof(part, fc.string({ unit: 'binary', maxLength: 3 })), { maxLength: 30 })
  fc.assert(
    fc.property(text, version, client, topics, (parts, of, who, topic) => {
      try {
        const acl = new Acl(parseAclFile(parts.join(''), 'acl', of), of)
        const { allowed, because } = acl.decide(who, 'read', topic)
        if (!allowed) return
        expect(because).toMatchObject({ lineNumber: expect.any(Number) as number })
        if (typeof because === 'string') return
        const stands = parts
          .join('')
          .split('\n')
          .at(because.lineNumber - 1)
        expect(because.text).toBe(stands?.replace(/[ \t\r\v\f]+$/, ''))
        expect(because.text.trimStart()).toMatch(/^(topic|pattern) /)
      } catch (error) {
        expect(error).toBeInstanceOf(AuthFileError)
        expect((error as Error).message).toMatch(/^acl:\d+: /)
      }
    }),
    { numRuns: 3000 },
  )
})
