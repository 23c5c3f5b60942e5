import { Chance } from './chance.ts'
import type { Files } from './pair.ts'
import type { ProtocolVersion } from '../../support/wire-packets.ts'

/** One client and what it tries. */
export interface AccessClient {
  /** Of the listeners of the file set. */
  readonly listener: number
  readonly version: ProtocolVersion
  readonly clientId: string
  readonly userName: string | undefined
  readonly password: string | undefined
  readonly isOnTwoLines: boolean
  /** Whether its listener has an ACL file. */
  readonly hasAcl: boolean
  readonly filters: readonly { readonly topicFilter: string; readonly qos: number }[]
  /** What it publishes to, and what is published to while it listens. */
  readonly publishes: readonly { readonly topicName: string; readonly qos: number; readonly retain: boolean }[]
  readonly will: { readonly topicName: string; readonly qos: number; readonly retain: boolean }
}

export interface AccessSet {
  readonly seed: number
  readonly files: Files
  readonly clients: readonly AccessClient[]
}

/** Lines `name:hash` are made of these: what mosquitto_passwd and ours make of each password. */
export type Hashes = ReadonlyMap<string, readonly string[]>

/** Who sees everything, on the first listener. */
export const observer = { clientId: 'observer', userName: 'observer', password: 'sees all' } as const

export const passwords = ['sees all', 'secret', 'pass: wörd', '#$7$', ' ']
const names = ['anna', 'bert', 'carl d', '#dora', 'eva+', 'fi#n', 'gün', 'h/i', 'x y z', '%c', 'anonymous']
const strangers = ['nobody', 'Anna', 'anna ', '']
const clientIds = ['c1', 'dev-7', 'c#', 'c+1', 'a/b', 'ü', 'site 1', 'anna', '%u', 'bert', 'x']
const filters = ['a', 'a/b', 'a/+', 'a/#', '#', '+', '+/b', '+/+', 'sp ace/x', 'sp ace/#', '%c', '%u', 'dev/%c']
const placed = ['dev/%c/x', 'u/%u/#', '%u/%c', 'pre%cpost', 'x%u/y', 'c/%c/u/%u/#', '+/%c', 'dev/%c/+', '%c/#']
const dollars = ['$SYS/#', '$SYS/mine', '$SYS/#', '$SYS/broker/version', '$other/#', '$other/x', '$other/%c']
const words = ['read ', 'write ', 'readwrite ', 'deny ', '']
const topics = ['a', 'a/b', 'a/c', 'b', 'b/b', 'sp ace/x', '%c', '%u', 'dev/%c', 'dev/%c/x', 'dev/other', 'u/%u/z']
const farTopics = ['%u/%c', 'pre%cpost', 'x%u/y', 'c/%c/u/%u/q', '$other/x', '$other/%c', '$SYS/mine', 'b/%c', '%c/q']
const subscriptions = ['#', '+/#', 'a/#', 'a/b', 'dev/+', 'dev/%c/#', '$other/#', '$SYS/broker/version', 'u/%u/+', '+']

const isTopic = (topic: string): boolean => !/[+#]/.test(topic) && topic !== ''

/** Password file, ACL file and conf of one seed, and the clients that come. */
export function accessSet(seed: number, hashes: Hashes, clientCount: number): AccessSet {
  const chance = new Chance(seed)
  const isPerListener = chance.once(2)
  const known = new Map(chance.some(names, 7).map((name) => [name, chance.of(passwords)]))
  const twice = new Set(chance.some([...known.keys()], chance.below(2)))
  const listeners = isPerListener ? [1, 2, 3] : [1]
  const files: Record<string, string> = {}
  const conf = [
    'set_tcp_nodelay true',
    'allow_duplicate_messages true',
    ...(isPerListener ? ['per_listener_settings true'] : []),
  ]
  for (const number of listeners) {
    conf.push(`listener @PORT${number}@ 127.0.0.1`)
    // the observer is let in and may do everything, by the first listener
    const isFirst = number === 1
    const hasPasswords = isFirst || !chance.once(4)
    if (hasPasswords) {
      files[`passwd${number}`] = passwordFile(known, twice, hashes, chance)
      conf.push(`password_file @DIR@/passwd${number}`)
    }
    if (!chance.once(5)) {
      files[`acl${number}`] = aclFile(chance, isFirst)
      conf.push(`acl_file @DIR@/acl${number}`)
    }
    const anonymous = chance.of([undefined, true, false, true])
    if (anonymous !== undefined) conf.push(`allow_anonymous ${anonymous}`)
  }
  if (chance.once(3)) conf.push(`check_retain_source ${chance.once(2)}`)
  const clients = Array.from({ length: clientCount }, () => {
    const client = accessClient(chance, known, twice, listeners)
    return { ...client, hasAcl: `acl${client.listener + 1}` in files }
  })
  return { seed, files: { conf: `${conf.join('\n')}\n`, others: files, ports: listeners.length }, clients }
}

function passwordFile(
  known: ReadonlyMap<string, string>,
  twice: ReadonlySet<string>,
  hashes: Hashes,
  chance: Chance,
): string {
  const hashOf = (password: string): string => chance.of(hashes.get(password) ?? [])
  const lines = [`observer:${hashOf(observer.password)}`]
  for (const [name, password] of known) {
    if (chance.once(4)) lines.push(chance.of(['# a comment', '', '   ', '#:x', 'noColonHere']))
    const line = `${name}:${hashOf(password)}`
    lines.push(chance.once(8) ? `${line}  ` : line)
    if (twice.has(name)) lines.push(`${name}:${hashOf(chance.of(passwords))}`)
  }
  return `${lines.join('\n')}${chance.once(3) ? '' : '\n'}`
}

function aclFile(chance: Chance, hasObserver: boolean): string {
  const lines: string[] = []
  const filter = (): string => chance.of(chance.once(3) ? placed : chance.once(4) ? dollars : filters)
  const rule = (kind: string): string => {
    const asked = filter()
    const word = chance.of(words)
    return `${kind} ${word === '' && asked.includes(' ') ? 'readwrite ' : word}${asked}${chance.once(9) ? '  ' : ''}`
  }
  const some = (kind: string, most: number): void => {
    for (let count = chance.below(most + 1); count > 0; count--) {
      if (chance.once(5)) lines.push(chance.of(['# comment', '', '#topic deny #']))
      lines.push(rule(kind))
    }
  }
  some('topic', 3)
  if (chance.once(2)) some('pattern', 3)
  for (const name of chance.some(names, 4)) {
    lines.push(`user ${name}`)
    some('topic', 4)
    if (chance.once(4)) some('pattern', 2)
  }
  if (hasObserver) lines.push('user observer', 'topic readwrite #', 'topic readwrite $other/#', 'topic read $SYS/#')
  if (chance.once(3)) some('pattern', 3)
  return `${lines.join('\n')}\n`
}

function accessClient(
  chance: Chance,
  known: ReadonlyMap<string, string>,
  twice: ReadonlySet<string>,
  listeners: readonly number[],
): Omit<AccessClient, 'hasAcl'> {
  const version = chance.of([3, 4, 5] as const)
  const clientId = chance.of(clientIds)
  const userName = chance.once(5) ? undefined : chance.once(6) ? chance.of(strangers) : chance.of([...known.keys()])
  const right = known.get(userName ?? '')
  const wrong = chance.of([undefined, '', 'wrong', 'secret'])
  const password = chance.once(5) ? wrong : right
  const placedTopic = (topic: string): string => topic.replace('%c', clientId).replace('%u', userName ?? 'none')
  const ofTopics = (count: number, all: readonly string[]): string[] =>
    chance.some([...new Set(all.map(placedTopic))].filter(isTopic), count)
  const toSubscribe = [...new Set(chance.some(subscriptions, 3).map(placedTopic))]
  return {
    listener: chance.of(listeners) - 1,
    version,
    clientId,
    userName,
    // before 5.0 nobody has a password without a name
    password: userName === undefined && version < 5 ? undefined : password,
    isOnTwoLines: userName !== undefined && twice.has(userName),
    filters: toSubscribe.map((topicFilter) => ({ topicFilter, qos: chance.below(3) })),
    publishes: [...ofTopics(5, topics), ...ofTopics(4, farTopics)].map((topicName) => ({
      topicName,
      qos: chance.below(3),
      retain: chance.once(3),
    })),
    will: { topicName: ofTopics(1, [...topics, ...farTopics])[0] ?? 'a', qos: chance.below(3), retain: chance.once(2) },
  }
}
